//! The tree of files: its roots, and the books over them.

use super::config::{FilesConfig, RootConfig};
use super::count;
use super::error::FilesError;
use super::partial::Claims;
use super::path::{PathError, TreePath};
use super::rename::Renamer;
use super::root::Root;
use super::space::{Disk, PartialKey, Reservation, Space};
use cap_std::fs::Dir;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The files of a device. Clones are handles of the same tree.
#[derive(Clone)]
pub struct Tree(pub(super) Arc<Inner>);

pub(super) struct Inner {
    /// In the order of their names.
    pub(super) roots: Vec<Root>,
    pub(super) largest: u64,
    pub(super) keep_partials: Duration,
    pub(super) space: Space,
    pub(super) renamer: Renamer,
    pub(super) claims: Claims,
}

/// Why the files cannot be had; for the owner, so it names folders of the device.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The name of a root is not one name of a path.
    #[error("the files' folder cannot be called {name:?}: {reason}")]
    Name {
        /// As it was written.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two roots have one name.
    #[error("two of the files' folders are called {0:?}; give each a name of its own")]
    Twice(String),
    /// The folder is not there, or not ours to use.
    #[error("the files' folder {name:?} ({}) cannot be {}: {reason}; make it, or give it to the user that runs this", path.display(), if *writable { "written" } else { "read" })]
    Root {
        /// What viewers call it.
        name: String,
        /// Where it is.
        path: PathBuf,
        /// Whether it was to be writable.
        writable: bool,
        /// What the disk said. It is in the sentence: no `source`, which a caller would print once more.
        reason: io::Error,
    },
}

impl Tree {
    /// Opens the roots, removes old partial files and counts what is there. Takes as long as a walk through all
    /// writable roots.
    ///
    /// # Errors
    /// When a name is none, or a folder cannot be used.
    pub fn open(config: &FilesConfig) -> Result<Self, OpenError> {
        let mut roots = config.roots.iter().map(open_root).collect::<Result<Vec<Root>, _>>()?;
        roots.sort_by(|one, other| one.name.cmp(&other.name));
        if let Some(pair) = roots.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(OpenError::Twice(pair[0].name.clone()));
        }
        let tree = Self(Arc::new(Inner {
            roots,
            largest: config.largest,
            keep_partials: config.keep_partials,
            space: Space::new(config.quota, config.floor),
            renamer: Renamer::default(),
            claims: Claims::default(),
        }));
        tree.0.count_partials();
        tree.sweep();
        Ok(tree)
    }

    /// Bytes that count towards the quota now, in whole blocks, uploads that run included.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.0.space.used()
    }

    /// Counts again what is in the writable roots: what others put there or took away is known then.
    pub fn recount(&self) {
        self.0.recount();
    }
}

impl Inner {
    /// The root, and the names below it.
    pub(super) fn root<'a>(&self, path: &'a TreePath) -> Result<(usize, &Root, &'a [String]), FilesError> {
        let (name, names) = path.split_root().ok_or(FilesError::IsRoot)?;
        let found = self.roots.iter().enumerate().find(|(_, root)| root.name == name);
        found.map(|(index, root)| (index, root, names)).ok_or(FilesError::NotFound)
    }

    /// A root that may be changed, the folders above the last name, and that name.
    pub(super) fn target<'a>(&self, path: &'a TreePath) -> Result<Target<'a, &Root>, FilesError> {
        let (index, root, names) = self.root(path)?;
        let (name, parents) = names.split_last().ok_or(FilesError::IsRoot)?;
        if !root.writable {
            return Err(FilesError::ReadOnly);
        }
        Ok(Target { index, root, parents, name })
    }

    /// Takes room; where the quota is in the way, others may have removed something since the last count.
    pub(super) fn reserve(
        &self,
        disk: Disk,
        size: u64,
        partial: Option<&PartialKey>,
    ) -> Result<Reservation, FilesError> {
        match self.space.reserve(disk, size, partial) {
            Err(FilesError::Quota { .. }) if self.space.is_stale() => {
                self.recount();
                self.space.reserve(disk, size, partial)
            }
            result => result,
        }
    }

    /// The folder that these names lead to; what is missing of it is made. Also whether anything was.
    pub(super) fn make_folders(&self, root: &Root, names: &[String]) -> Result<(Dir, bool), FilesError> {
        let mut dir = root.walk(&[])?;
        let mut made = false;
        for name in names {
            let next = match root.step(&dir, name) {
                Err(FilesError::NotFound) => {
                    made |= self.make_folder(root, &dir, name)?;
                    root.step(&dir, name)
                }
                // A file is in the way, and the folder cannot be made.
                Err(FilesError::IsFile) => Err(FilesError::Exists),
                result => result,
            };
            dir = next?;
        }
        Ok((dir, made))
    }

    fn make_folder(&self, root: &Root, dir: &Dir, name: &str) -> Result<bool, FilesError> {
        let room = self.reserve(root.disk(), 0, None)?;
        match dir.create_dir(name) {
            Ok(()) => {
                room.became_file();
                super::root::sync_dir(dir)?;
                Ok(true)
            }
            // Somebody else made it just now; or it is a link, and the next step says so.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn recount(&self) {
        self.space.recount(|| {
            let folders = self.roots.iter().filter(|root| root.writable);
            folders
                .filter_map(|root| root.walk(&[]).ok())
                .map(|dir| count::cost_below(&dir))
                .fold(0, u64::saturating_add)
        });
    }
}

/// Where something is to be changed.
pub(super) struct Target<'a, R> {
    /// Number of the root.
    pub(super) index: usize,
    pub(super) root: R,
    pub(super) parents: &'a [String],
    pub(super) name: &'a str,
}

fn open_root(config: &RootConfig) -> Result<Root, OpenError> {
    let refused =
        |reason: PathError| OpenError::Name { name: config.name.clone(), reason: reason.to_string() };
    let path = TreePath::parse(&config.name).map_err(refused)?;
    let config = match path.names() {
        [name] => RootConfig { name: name.clone(), ..config.clone() },
        [] => return Err(refused(PathError::Empty)),
        _ => return Err(refused(PathError::Separator)),
    };
    Root::open(&config).map_err(|reason| OpenError::Root {
        name: config.name.clone(),
        path: config.path.clone(),
        writable: config.writable,
        reason,
    })
}
