//! A file that is being fetched: bytes beside the place where it is to be, until it is whole.
//!
//! For `photo.jpg` they are in `.photo.jpg.part`, and what is needed to go on later in `.photo.jpg.part.json`. A name
//! that would be too long with that is replaced by a hash of it. The bytes are locked while somebody writes them.

use peer::viewer::Target;
use protocol::control::GetReady;
use rustix::{
    fs::{CWD, OFlags, RenameFlags},
    io::Errno,
};
use serde::{Deserialize, Serialize};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, TryLockError},
    io,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

/// Downloads go on at multiples of this, bytes.
const STEP: u64 = protocol::control::RESUME_STEP;
/// Longest name of a file on the file systems of Linux, bytes.
const LONGEST_NAME: usize = 255;
/// How often one that another process takes away just now is opened again.
const TRIES: usize = 8;
/// More is no note of ours, bytes.
const LARGEST_NOTE: u64 = 64 * 1024;

/// A file that is being fetched.
pub(crate) struct Partial {
    target: PathBuf,
    part: PathBuf,
    note: PathBuf,
    file: File,
    overwrite: bool,
    modified_ms: u64,
    /// There is something worth keeping.
    begun: bool,
}

/// What is needed to go on.
#[derive(Serialize, Deserialize)]
struct Note {
    /// The path on the device.
    path: String,
    /// Of the file there.
    version: String,
}

impl Partial {
    /// Opens, or makes, what is beside `target`.
    ///
    /// # Errors
    /// A sentence: where `target` is there already and is not to be overwritten, where somebody else fetches it, or of
    /// the disk.
    pub(crate) fn open(target: &Path, overwrite: bool) -> Result<Self, String> {
        let shown = || super::printable(&target.to_string_lossy()).into_owned();
        match fs::symlink_metadata(target) {
            Ok(there) if there.is_dir() => return Err(format!("{} is a folder", shown())),
            Ok(_) if !overwrite => {
                return Err(format!("{} is there already; --overwrite replaces it", shown()));
            }
            Ok(_) | Err(_) => {}
        }
        let name = target.file_name().ok_or_else(|| format!("{} is no name of a file", shown()))?;
        let (part, note) = beside(target, name);
        let file = locked(&part).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => format!("{} is being fetched already", shown()),
            _ => format!("{} cannot be written: {error}", shown()),
        })?;
        Ok(Self { target: target.to_owned(), part, note, file, overwrite, modified_ms: 0, begun: false })
    }

    /// From which byte on it can go on, and with which version of the file at `path` on the device; from the beginning
    /// where nothing is known.
    pub(crate) fn resumable(&self, path: &str) -> (u64, String) {
        let offset = self.file.metadata().map_or(0, |metadata| metadata.len() / STEP * STEP);
        match self.read_note() {
            Some(note) if note.path == path && offset > 0 => (offset, note.version),
            Some(_) | None => (0, String::new()),
        }
    }

    fn read_note(&self) -> Option<Note> {
        let metadata = fs::symlink_metadata(&self.note).ok()?;
        if !metadata.is_file() || metadata.len() > LARGEST_NOTE {
            return None;
        }
        serde_json::from_slice(&fs::read(&self.note).ok()?).ok()
    }

    /// Writes down what is needed to go on. Bytes of another version are gone by now.
    fn write_note(&self, path: &str, version: &str) -> io::Result<()> {
        let note = serde_json::to_vec(&Note { path: path.to_owned(), version: version.to_owned() })?;
        // Anew, so that nothing is written through a link that somebody put there.
        remove(&self.note)?;
        io::Write::write_all(
            &mut fs::OpenOptions::new().write(true).create_new(true).open(&self.note)?,
            &note,
        )
    }

    /// Gives up what is there.
    pub(crate) fn forget(&mut self) {
        self.begun = false;
        let _ = self.file.set_len(0);
    }
}

/// A [`Partial`] that is filled with the file at this path on the device.
pub(crate) struct Fetched {
    pub(crate) partial: Partial,
    pub(crate) path: String,
}

impl Target for Fetched {
    fn hash(&mut self, offset: u64, hasher: &mut blake3::Hasher) -> io::Result<()> {
        Target::hash(&mut self.partial.file, offset, hasher)
    }

    fn begin(&mut self, ready: &GetReady) -> io::Result<()> {
        let partial = &mut self.partial;
        Target::begin(&mut partial.file, ready)?;
        partial.write_note(&self.path, &ready.version)?;
        partial.modified_ms = ready.modified_ms;
        partial.begun = true;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        Target::write(&mut self.partial.file, bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        let partial = &mut self.partial;
        if let Some(modified) = UNIX_EPOCH.checked_add(Duration::from_millis(partial.modified_ms)) {
            // Some file systems know no times, or not this one.
            let _ = partial.file.set_modified(modified);
        }
        partial.file.sync_all()?;
        rename(&partial.part, &partial.target, partial.overwrite)?;
        remove(&partial.note)?;
        File::open(folder(&partial.target))?.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let empty = self.file.metadata().is_ok_and(|metadata| metadata.len() == 0);
        if !self.begun && empty && is_at(&self.file, &self.part) {
            let _ = remove(&self.part);
            let _ = remove(&self.note);
        }
    }
}

/// The names of the bytes and of the note.
fn beside(target: &Path, name: &OsStr) -> (PathBuf, PathBuf) {
    let hidden = |name: &OsStr, end: &str| {
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(end);
        hidden
    };
    let (mut part, mut note) = (hidden(name, ".part"), hidden(name, ".part.json"));
    if note.len() > LONGEST_NAME {
        let short = OsString::from(blake3::hash(name.as_bytes()).to_hex().as_str());
        (part, note) = (hidden(&short, ".part"), hidden(&short, ".part.json"));
    }
    (folder(target).join(part), folder(target).join(note))
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens the file, through no link, and locks it.
fn locked(path: &Path) -> io::Result<File> {
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    for _ in 0..TRIES {
        let mut options = fs::OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(false).custom_flags(no_link).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(format!("{} is no file", path.display())));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Who had it before may have renamed it just now.
        if is_at(&file, path) {
            return Ok(file);
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(file), Ok(there)) => (file.dev(), file.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Renames; replaces nothing unless it is to.
fn rename(from: &Path, to: &Path, overwrite: bool) -> io::Result<()> {
    if overwrite {
        return fs::rename(from, to);
    }
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Of file systems that cannot do it in one: there a hard link replaces nothing.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            fs::hard_link(from, to).and_then(|()| remove(from))
        }
        renamed => Ok(renamed?),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(offset: u64, version: &str) -> GetReady {
        GetReady { transfer: "1".into(), size: 9, offset, modified_ms: 1_000_000, version: version.into() }
    }

    fn fetched(target: &Path, overwrite: bool) -> Result<Fetched, String> {
        Partial::open(target, overwrite).map(|partial| Fetched { partial, path: "files/a".into() })
    }

    #[test]
    fn what_came_is_kept_with_its_version_and_named_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let mut first = fetched(&target, false).unwrap();
        assert_eq!(first.partial.resumable("files/a"), (0, String::new()));
        first.begin(&ready(0, "v1")).unwrap();
        first.write(&vec![7; STEP as usize + 5]).unwrap();
        assert!(fetched(&target, false).is_err_and(|error| error.contains("already")), "one at a time");
        drop(first);
        assert!(!target.exists());

        let mut second = fetched(&target, false).unwrap();
        assert_eq!(second.partial.resumable("files/b"), (0, String::new()), "that is another file");
        assert_eq!(second.partial.resumable("files/a"), (STEP, "v1".into()));
        let mut hasher = blake3::Hasher::new();
        second.hash(STEP, &mut hasher).unwrap();
        assert_eq!(hasher.finalize(), blake3::hash(&vec![7; STEP as usize]));
        second.begin(&ready(STEP, "v1")).unwrap();
        second.write(b"end").unwrap();
        second.finish().unwrap();
        drop(second);
        assert_eq!(fs::read(&target).unwrap().len() as u64, STEP + 3);
        assert_eq!(fs::metadata(&target).unwrap().mtime(), 1000);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn nothing_is_replaced_unless_it_is_to_and_no_link_is_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let mut early = fetched(&target, false).unwrap();
        early.begin(&ready(0, "v1")).unwrap();
        fs::write(&target, "somebody's").unwrap();
        assert_eq!(early.finish().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        drop(early);
        assert!(fetched(&target, false).is_err_and(|error| error.contains("--overwrite")));
        assert_eq!(fs::read_to_string(&target).unwrap(), "somebody's");
        let mut wanted = fetched(&target, true).unwrap();
        wanted.begin(&ready(0, "v2")).unwrap();
        wanted.write(b"new").unwrap();
        wanted.finish().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");

        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "").unwrap();
        std::os::unix::fs::symlink(&elsewhere, folder.path().join(".b.part")).unwrap();
        assert!(fetched(&folder.path().join("b"), true).is_err());
    }

    #[test]
    fn a_name_of_any_length_has_room_beside_it_and_what_never_began_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("é".repeat(127));
        let mut one = fetched(&long, false).unwrap();
        one.begin(&ready(0, "v")).unwrap();
        one.finish().unwrap();
        assert!(long.is_file());
        drop(one);
        drop(fetched(&folder.path().join("c"), false).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
