//! Changing: folders made, things moved and removed.

use super::count::DEEPEST;
use super::error::FilesError;
use super::path::{TreePath, is_reserved};
use super::rename::Place;
use super::root::sync_dir;
use super::space::{BLOCK, Space, cost};
use super::tree::Tree;
use cap_fs_ext::DirExt;
use cap_std::fs::{Dir, Metadata};
use std::ffi::OsStr;
use std::io;

/// How often a folder that is being removed is gone through, while others put things into it.
const ROUNDS: usize = 8;

impl Tree {
    /// Makes a folder, and those above it. One that is there already is as good; `false` says so.
    ///
    /// # Errors
    /// [`FilesError::Exists`] where a file is in the way.
    pub fn mkdir(&self, path: &TreePath) -> Result<bool, FilesError> {
        let (_, root, names) = self.0.root(path)?;
        if names.is_empty() {
            return Ok(false);
        }
        if !root.writable {
            return Err(FilesError::ReadOnly);
        }
        Ok(self.0.make_folders(root, names)?.1)
    }

    /// Moves or renames a file or a folder within its root. With `overwrite` it replaces a file that is there, never
    /// a folder.
    ///
    /// # Errors
    /// [`FilesError::Exists`] where something has the new name and stays.
    pub fn rename(&self, from: &TreePath, to: &TreePath, overwrite: bool) -> Result<(), FilesError> {
        let (source, target) = (self.0.target(from)?, self.0.target(to)?);
        if source.index != target.index {
            return Err(FilesError::OtherRoot);
        }
        let root = source.root;
        let (from_dir, to_dir) = (root.walk(source.parents)?, root.walk(target.parents)?);
        let moved = root.metadata(&from_dir, source.name)?;
        if from == to {
            return Ok(());
        }
        if to.names().starts_with(from.names()) {
            return Err(FilesError::IntoItself);
        }
        let replaced = replaced(&to_dir, target.name)?;
        let allowed = replaced.as_ref().is_none_or(|there| overwrite && there.is_file() && moved.is_file());
        if !allowed {
            return Err(FilesError::Exists);
        }
        let (from, to) =
            (Place { dir: &from_dir, name: source.name }, Place { dir: &to_dir, name: target.name });
        self.0.renamer.rename(from, to, replaced.is_some())?;
        self.0.space.removed(replaced.map_or(0, |there| cost(there.len())));
        sync_dir(&to_dir)?;
        Ok(sync_dir(&from_dir)?)
    }

    /// Removes a file, or a folder: an empty one, or with `recursive` all that is in it. Links in it are removed, what
    /// they point to stays.
    ///
    /// # Errors
    /// [`FilesError::NotEmpty`]; [`FilesError::TooDeep`] for folders that only others can have made.
    pub fn remove(&self, path: &TreePath, recursive: bool) -> Result<(), FilesError> {
        let target = self.0.target(path)?;
        let dir = target.root.walk(target.parents)?;
        let metadata = target.root.metadata(&dir, target.name)?;
        if metadata.is_dir() {
            let folder = target.root.step(&dir, target.name)?;
            remove_folder(&dir, OsStr::new(target.name), folder, recursive, DEEPEST, &self.0.space)?;
        } else {
            dir.remove_file(target.name)?;
            self.0.space.removed(cost(metadata.len()));
        }
        Ok(sync_dir(&dir)?)
    }
}

/// What has this name already.
pub(super) fn replaced(dir: &Dir, name: &str) -> Result<Option<Metadata>, FilesError> {
    match dir.symlink_metadata(name) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn remove_folder(
    parent: &Dir,
    name: &OsStr,
    folder: Dir,
    recursive: bool,
    depth: usize,
    space: &Space,
) -> Result<(), FilesError> {
    for _ in 0..ROUNDS {
        if recursive {
            empty(&folder, depth, space)?;
        }
        match parent.remove_dir(name).map_err(FilesError::from) {
            Ok(()) => {
                space.removed(BLOCK);
                return Ok(());
            }
            Err(FilesError::NotEmpty | FilesError::Exists) if recursive => {}
            Err(FilesError::Exists) => return Err(FilesError::NotEmpty),
            Err(error) => return Err(error),
        }
    }
    Err(FilesError::NotEmpty)
}

fn empty(folder: &Dir, depth: usize, space: &Space) -> Result<(), FilesError> {
    let depth = depth.checked_sub(1).ok_or(FilesError::TooDeep)?;
    for entry in folder.entries()? {
        let name = entry?.file_name();
        // The partial files of another root that lies in this one are not the viewer's to remove.
        if name.to_str().is_some_and(is_reserved) {
            continue;
        }
        let Ok(metadata) = folder.symlink_metadata(&name) else { continue };
        if metadata.is_dir() {
            let below = folder.open_dir_nofollow(&name)?;
            remove_folder(folder, &name, below, true, depth, space)?;
        } else {
            folder.remove_file(&name)?;
            space.removed(cost(metadata.len()));
        }
    }
    Ok(())
}
