//! What there is to send.

use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Why something is not sent.
const NEITHER: &str = "it is neither a file nor a folder";
const NO_UTF8: &str = "its name is no UTF-8: rename it";

/// One thing to send; its name is the path below the folder on the device.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A file of this machine.
    File { path: PathBuf, name: String },
    /// A folder with nothing in it.
    Folder { name: String },
}

/// What is not sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) path: PathBuf,
    pub(super) why: String,
}

/// The name that what was named on the command line gets on the device. Looked at before anybody is asked for a word.
///
/// # Errors
/// Where it is not there, or has no name.
pub(super) fn source(path: &Path) -> Result<String, Left> {
    let left = |why: &str| Left { path: path.to_owned(), why: why.to_owned() };
    let metadata = path.metadata().map_err(|error| left(&format!("it cannot be read: {error}")))?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(left(NEITHER));
    }
    // `.` and `..` have a name elsewhere.
    let named = match path.file_name() {
        Some(name) => Some(name.to_owned()),
        None => path.canonicalize().ok().and_then(|path| path.file_name().map(ToOwned::to_owned)),
    };
    let name = named.ok_or_else(|| left("it has no name"))?;
    name.into_string().map_err(|_| left(NO_UTF8))
}

/// What is at and below `path`, which is called `name` on the device. Links below it are left out: they lead to what
/// was not named.
pub(super) fn below(path: &Path, name: &str) -> impl Iterator<Item = Result<Item, Left>> {
    let (top, name) = (path.to_owned(), name.to_owned());
    WalkDir::new(path).sort_by_file_name().into_iter().filter_map(move |entry| match entry {
        Ok(entry) => item(&entry, &top, &name).transpose(),
        Err(error) => {
            let path = error.path().unwrap_or(&top).to_owned();
            let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
            Some(Err(Left { path, why: format!("it cannot be read: {why}") }))
        }
    })
}

fn item(entry: &DirEntry, top: &Path, name: &str) -> Result<Option<Item>, Left> {
    let path = entry.path().to_owned();
    let left = |why: &str| Left { path: path.clone(), why: why.to_owned() };
    let below = entry.path().strip_prefix(top).unwrap_or(Path::new(""));
    let mut named = name.to_owned();
    for part in below {
        named += "/";
        named += part.to_str().ok_or_else(|| left(NO_UTF8))?;
    }
    // What was named itself may be a link.
    let kind = if entry.depth() == 0 {
        path.metadata().map_err(|error| left(&format!("it cannot be read: {error}")))?.file_type()
    } else {
        entry.file_type()
    };
    if kind.is_file() {
        return Ok(Some(Item::File { path, name: named }));
    }
    if kind.is_dir() {
        // One with something in it is made by what is in it; one that cannot be read is told by the next entry.
        let empty = path.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        return Ok(empty.then_some(Item::Folder { name: named }));
    }
    Err(left(if kind.is_symlink() { "it is a link, which is not followed" } else { NEITHER }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _};

    #[test]
    fn a_folder_is_all_that_is_in_it_but_links_and_pipes() {
        let home = tempfile::tempdir().unwrap();
        let top = home.path().join("photos");
        fs::create_dir_all(top.join("2026/empty")).unwrap();
        fs::write(top.join("2026/été.jpg"), "x").unwrap();
        fs::write(top.join("a"), "").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", top.join("link")).unwrap();
        fs::write(top.join(OsStr::from_bytes(b"no\xff")), "").unwrap();
        let linked = home.path().join("linked");
        std::os::unix::fs::symlink(&top, &linked).unwrap();
        for path in [&top, &linked] {
            let all: Vec<_> = below(path, "pictures").collect();
            let file =
                |below: &str| Ok(Item::File { path: path.join(below), name: format!("pictures/{below}") });
            assert_eq!(all[0], Ok(Item::Folder { name: "pictures/2026/empty".into() }));
            assert_eq!(all[1], file("2026/été.jpg"));
            assert_eq!(all[2], file("a"));
            assert!(all[3].as_ref().is_err_and(|left| left.why.contains("a link")), "{all:?}");
            assert!(all[4].as_ref().is_err_and(|left| left.why.contains("no UTF-8")), "{all:?}");
            assert_eq!(all.len(), 5);
        }
    }

    #[test]
    fn what_is_named_has_to_be_there() {
        let home = tempfile::tempdir().unwrap();
        let missing = source(&home.path().join("missing")).unwrap_err();
        assert!(missing.why.starts_with("it cannot be read: "), "{missing:?}");
        let here = source(&home.path().join("."));
        assert_eq!(here.as_deref(), Ok(home.path().file_name().unwrap().to_str().unwrap()));
        assert!(source(Path::new("/")).is_err());
    }
}
