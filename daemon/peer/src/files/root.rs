//! One root: a folder opened once, below which every step is taken by name, one at a time, and through no link.

use super::config::RootConfig;
use super::error::FilesError;
use super::path::is_reserved;
use super::space::Disk;
use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions};
use rustix::fs::{Access, AtFlags, Mode, OFlags};
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Where partial files lie, in each writable root.
const HIDDEN: &str = ".watchword-partial";

pub(super) struct Root {
    pub(super) name: String,
    pub(super) writable: bool,
    dir: Dir,
    device: u64,
    /// Kept open, so that its inode number stays what it is on file systems that invent those.
    hidden: Mutex<Option<Arc<Hidden>>>,
}

/// The folder of partial files.
pub(super) struct Hidden {
    pub(super) dir: Dir,
    inode: (u64, u64),
}

impl Root {
    /// Opens the folder, and in a writable one that of the partial files.
    pub(super) fn open(config: &RootConfig) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(&config.path, ambient_authority())?;
        let device = dir.dir_metadata()?.dev();
        let root = Self {
            name: config.name.clone(),
            writable: config.writable,
            dir,
            device,
            hidden: Mutex::new(None),
        };
        if root.writable {
            // Before the first upload fails: the disk may be read-only, or the folder somebody else's.
            let write = Access::WRITE_OK | Access::EXEC_OK;
            for dir in [&root.dir, &root.hidden()?.dir] {
                rustix::fs::accessat(dir, ".", write, AtFlags::empty())?;
            }
        }
        Ok(root)
    }

    /// The folder of partial files; made where it is missing.
    pub(super) fn hidden(&self) -> io::Result<Arc<Hidden>> {
        let mut kept = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hidden) = &*kept
            && self.dir.symlink_metadata(HIDDEN).is_ok_and(|metadata| inode(&metadata) == hidden.inode)
        {
            return Ok(hidden.clone());
        }
        match rustix::fs::mkdirat(&self.dir, HIDDEN, Mode::RWXU) {
            Ok(()) => sync_dir(&self.dir)?,
            Err(rustix::io::Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
        let dir = self.dir.open_dir_nofollow(HIDDEN)?;
        let hidden = Arc::new(Hidden { inode: inode(&dir.dir_metadata()?), dir });
        *kept = Some(hidden.clone());
        Ok(hidden)
    }

    /// Whether this is our own folder, by whatever name it was found: some file systems have two for each.
    pub(super) fn is_hidden(&self, metadata: &Metadata) -> bool {
        let kept = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().is_some_and(|hidden| hidden.inode == inode(metadata))
    }

    /// The folder that these names lead to.
    ///
    /// # Errors
    /// [`FilesError::NotFound`] where one is missing or a link, [`FilesError::IsFile`] where one is a file.
    pub(super) fn walk(&self, names: &[String]) -> Result<Dir, FilesError> {
        names.iter().try_fold(self.dir.try_clone()?, |dir, name| self.step(&dir, name))
    }

    /// One step down.
    pub(super) fn step(&self, dir: &Dir, name: &str) -> Result<Dir, FilesError> {
        let next = match dir.open_dir_nofollow(name) {
            Err(_) if is_regular(dir, name) => return Err(FilesError::IsFile),
            result => result?,
        };
        if self.is_hidden(&next.dir_metadata()?) { Err(FilesError::NotFound) } else { Ok(next) }
    }

    /// What has this name, if it is a file or a folder that viewers are told of.
    pub(super) fn metadata(&self, dir: &Dir, name: &str) -> Result<Metadata, FilesError> {
        let metadata = dir.symlink_metadata(name)?;
        let told =
            (metadata.is_file() || metadata.is_dir()) && !is_reserved(name) && !self.is_hidden(&metadata);
        if told { Ok(metadata) } else { Err(FilesError::NotFound) }
    }

    /// The folder's own.
    pub(super) fn own_metadata(&self) -> io::Result<Metadata> {
        self.dir.dir_metadata()
    }

    /// The disk that it is on.
    pub(super) fn disk(&self) -> Disk {
        // Some file systems in user space say nothing, which is not the same as being full.
        let stat = rustix::fs::fstatvfs(&self.dir).ok().filter(|stat| stat.f_blocks > 0);
        Disk { device: self.device, free: stat.map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize)) }
    }

    /// Whether a folder below it is on the same disk, so that files can be renamed into it.
    pub(super) fn has_on_its_disk(&self, dir: &Dir) -> io::Result<bool> {
        Ok(dir.dir_metadata()?.dev() == self.device)
    }
}

/// Opens a regular file for reading; nothing else is touched, and nothing can make this wait.
///
/// # Errors
/// [`FilesError::IsFolder`]; [`FilesError::NotFound`] for a link or a device as well.
pub(super) fn open_file(dir: &Dir, name: &str) -> Result<File, FilesError> {
    // To open some devices is to use them: so it is looked at before, and after, when it is certain.
    match dir.symlink_metadata(name)? {
        metadata if metadata.is_dir() => return Err(FilesError::IsFolder),
        metadata if !metadata.is_file() => return Err(FilesError::NotFound),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).follow(FollowSymlinks::No).nonblock(true);
    let file = dir.open_with(name, &options)?.into_std();
    if file.metadata()?.is_file() { Ok(file) } else { Err(FilesError::NotFound) }
}

/// Makes the names in a folder last: what was created, renamed or removed there.
pub(super) fn sync_dir(dir: &Dir) -> io::Result<()> {
    // The handle may be one that only names the folder (O_PATH), and such cannot be synced.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let dir = rustix::fs::openat(dir, ".", flags, Mode::empty())?;
    match rustix::fs::fsync(dir) {
        // File systems without that (some in user space) keep their own promises.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => Ok(()),
        result => Ok(result?),
    }
}

/// A time of last change as milliseconds since the epoch; 0 before it.
pub(super) fn to_ms(seconds: i64, nanoseconds: i64) -> u64 {
    let millis = u64::try_from(nanoseconds).unwrap_or(0) / 1_000_000;
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1000).saturating_add(millis)
}

/// That of a file.
pub(super) fn modified_ms(metadata: &Metadata) -> u64 {
    to_ms(metadata.mtime(), metadata.mtime_nsec())
}

fn is_regular(dir: &Dir, name: &str) -> bool {
    dir.symlink_metadata(name).is_ok_and(|metadata| metadata.is_file())
}

fn inode(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
