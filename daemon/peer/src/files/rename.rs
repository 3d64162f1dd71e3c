//! Renaming that replaces nothing, on file systems that can do that by themselves and on others.

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, RenameFlags};
use rustix::io::Errno;
use std::io;
use std::sync::{Mutex, PoisonError};

/// A name in a folder.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) dir: &'a Dir,
    pub(super) name: &'a str,
}

/// Renames within a file system.
#[derive(Default)]
pub(super) struct Renamer {
    /// Held between looking and renaming, where that takes two steps.
    two_steps: Mutex<()>,
}

impl Renamer {
    /// Renames `from` to `to`; with `overwrite`, in the place of what is there.
    ///
    /// # Errors
    /// Of kind `AlreadyExists` where something is there and is to stay.
    pub(super) fn rename(&self, from: Place<'_>, to: Place<'_>, overwrite: bool) -> io::Result<()> {
        if overwrite {
            return Ok(rustix::fs::renameat(from.dir, from.name, to.dir, to.name)?);
        }
        match rustix::fs::renameat_with(from.dir, from.name, to.dir, to.name, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => self.rename_without_flag(from, to),
            result => Ok(result?),
        }
    }

    /// A hard link never replaces anything. Where there are none either, we look first; that is safe against our own
    /// viewers by the lock, and others write to the folder at their own risk.
    fn rename_without_flag(&self, from: Place<'_>, to: Place<'_>) -> io::Result<()> {
        match rustix::fs::linkat(from.dir, from.name, to.dir, to.name, AtFlags::empty()) {
            Ok(()) => return Ok(rustix::fs::unlinkat(from.dir, from.name, AtFlags::empty())?),
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK | Errno::INVAL) => {}
            Err(errno) => return Err(errno.into()),
        }
        let _held = self.two_steps.lock().unwrap_or_else(PoisonError::into_inner);
        match to.dir.symlink_metadata(to.name) {
            Ok(_) => Err(Errno::EXIST.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(rustix::fs::renameat(from.dir, from.name, to.dir, to.name)?)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;

    #[test]
    fn nothing_is_replaced_by_any_way() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        fn place<'a>(dir: &'a Dir, name: &'a str) -> Place<'a> {
            Place { dir, name }
        }
        let renamer = Renamer::default();
        let in_one_step = |from: &str, to: &str| renamer.rename(place(&dir, from), place(&dir, to), false);
        let without_flag =
            |from: &str, to: &str| renamer.rename_without_flag(place(&dir, from), place(&dir, to));
        for way in [&in_one_step as &dyn Fn(&str, &str) -> io::Result<()>, &without_flag] {
            dir.write("a", "a").unwrap();
            dir.write("b", "b").unwrap();
            dir.create_dir("folder").unwrap();
            dir.symlink("nowhere", "link").unwrap();
            for taken in ["b", "folder", "link"] {
                assert_eq!(way("a", taken).unwrap_err().kind(), io::ErrorKind::AlreadyExists, "{taken}");
                assert_eq!(way("folder", taken).unwrap_err().kind(), io::ErrorKind::AlreadyExists, "{taken}");
            }
            way("a", "c").unwrap();
            way("folder", "folder 2").unwrap();
            assert!(dir.read("c").unwrap() == b"a" && dir.read("b").unwrap() == b"b" && !dir.exists("a"));
            dir.remove_dir("folder 2").unwrap();
            dir.remove_file("link").unwrap();
            dir.remove_file("c").unwrap();
        }
        dir.write("a", "new").unwrap();
        renamer.rename(place(&dir, "a"), place(&dir, "b"), true).unwrap();
        assert_eq!(dir.read("b").unwrap(), b"new");
    }
}
