//! Trees in temporary folders, and what is done to them.

use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use watchword_peer::files::{
    Download, FilesConfig, FilesError, RootConfig, Tree, TreePath, Upload, UploadRequest,
};

pub(crate) const MIB: usize = 1 << 20;

/// A folder `files` that viewers see as `files`, and beside it one that they must never reach.
pub(crate) struct Fixture {
    pub(crate) config: FilesConfig,
    pub(crate) tree: Tree,
    pub(crate) dir: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut FilesConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["files", "outside", "readonly"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("outside/secret"), "secret").unwrap();
        let root = |name: &str, writable| RootConfig {
            name: name.to_owned(),
            path: dir.path().join(name),
            writable,
        };
        let mut config = FilesConfig {
            roots: vec![root("readonly", false), root("files", true)],
            floor: 0,
            ..FilesConfig::default()
        };
        change(&mut config);
        let tree = Tree::open(&config).unwrap();
        Self { config, tree, dir }
    }

    /// Where a path of viewers is on the disk.
    pub(crate) fn on_disk(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// As after a restart of the daemon.
    pub(crate) fn reopen(&mut self) {
        self.tree = Tree::open(&self.config).unwrap();
    }

    /// Names in the hidden folder.
    pub(crate) fn partials(&self) -> Vec<PathBuf> {
        files_in(&self.on_disk("files/.watchword-partial"))
    }

    pub(crate) fn begin(&self, path: &str, size: usize) -> Result<Upload, FilesError> {
        Upload::begin(&self.tree, &request(&self::path(path), size))
    }

    pub(crate) fn resume(&self, path: &str, size: usize) -> Result<Upload, FilesError> {
        let path = self::path(path);
        Upload::begin(&self.tree, &UploadRequest { resume: true, ..request(&path, size) })
    }

    /// Uploads all of it.
    pub(crate) fn put(&self, path: &str, data: &[u8]) -> Result<(), FilesError> {
        let mut upload = self.begin(path, data.len())?;
        upload.write(data)?;
        upload.finish(&hash(data))
    }

    /// Downloads all of it, and checks the hash.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>, FilesError> {
        let mut download = Download::open(&self.tree, &self::path(path), 0, "")?;
        let data = read_all(&mut download)?;
        assert_eq!(download.finish()?, hash(&data));
        Ok(data)
    }

    /// Nothing outside was read, written or removed.
    pub(crate) fn assert_outside_untouched(&self) {
        assert_eq!(files_in(&self.dir.path().join("outside")), [self.on_disk("outside/secret")]);
        assert_eq!(std::fs::read(self.on_disk("outside/secret")).unwrap(), b"secret");
    }
}

pub(crate) fn request(path: &TreePath, size: usize) -> UploadRequest<'_> {
    let size = size as u64;
    UploadRequest { path, size, modified_ms: None, overwrite: false, resume: false, owner: "workshop" }
}

pub(crate) fn path(text: &str) -> TreePath {
    TreePath::parse(text).unwrap()
}

pub(crate) fn hash(data: &[u8]) -> String {
    blake3::hash(data).to_hex().to_string()
}

pub(crate) fn read_all(download: &mut Download) -> Result<Vec<u8>, FilesError> {
    let (mut data, mut buffer) = (Vec::new(), vec![0; 70_001]);
    loop {
        match download.read(&mut buffer)? {
            0 => return Ok(data),
            n => data.extend_from_slice(&buffer[..n]),
        }
    }
}

/// Bytes that repeat nowhere.
pub(crate) fn bytes(size: usize, seed: u8) -> Vec<u8> {
    let mut data = vec![0; size];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut data);
    data
}

pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// Makes a file as if nobody had touched it for so long.
pub(crate) fn age(file: &Path, by: Duration) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_modified(std::time::SystemTime::now() - by).unwrap();
}
