//! Partial files: what has come of an upload, in the root's hidden folder, until it is whole.

use super::error::FilesError;
use super::hash::{PIECE, PieceHasher, Subtrees, piece_value};
use super::index::{Header, Index};
use super::rename::Place;
use super::root::{Hidden, open_file, sync_dir};
use super::space::PartialKey;
use blake3::Hash;
use blake3::hazmat::ChainingValue;
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{MetadataExt as _, OpenOptions};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many pieces that are not what the index says are stepped over before all is begun anew.
const STEPS_BACK: u64 = 16;

/// A partial file that one upload has for itself.
pub(super) struct Partial {
    hidden: Arc<Hidden>,
    names: Names,
    data: Locked,
    index: Index,
    hasher: PieceHasher,
    /// Of whole pieces that are not in the index yet. As many as come between two syncs.
    fresh: Vec<ChainingValue>,
    /// Whether the names in the hidden folder are certain to last.
    names_synced: bool,
}

/// Names of a partial file and its index.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) part: String,
    pub(super) index: String,
}

impl Names {
    /// They tell nothing of the file's own name, so nothing a stranger wrote is a name here.
    pub(super) fn of_upload(path: &str, size: u64, owner: &str) -> (String, Self) {
        let mut hasher = blake3::Hasher::new_derive_key("watchword partial file name v1");
        for part in [path, owner] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        let hash = hasher.update(&size.to_le_bytes()).finalize().to_hex();
        let id: String = hash.chars().take(32).collect();
        (id.clone(), Self::of_id(&id))
    }

    pub(super) fn of_id(id: &str) -> Self {
        Self { part: format!("{id}.part"), index: format!("{id}.index") }
    }

    /// Bytes of the partial file, if there is one.
    pub(super) fn len(&self, hidden: &Hidden) -> Option<u64> {
        hidden.dir.symlink_metadata(&self.part).ok().map(|metadata| metadata.len())
    }

    /// Whether another process has them.
    pub(super) fn are_locked(&self, hidden: &Hidden) -> bool {
        open_file(&hidden.dir, &self.part)
            .is_ok_and(|file| matches!(Locked::lock(hidden, &self.part, file), Err(FilesError::Busy)))
    }

    /// Removes both files. The index first: what remains after a crash proves nothing.
    pub(super) fn remove(&self, hidden: &Hidden) -> io::Result<()> {
        for name in [&self.index, &self.part] {
            match hidden.dir.remove_file(name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Partial {
    /// A new one, in the place of what may be there.
    pub(super) fn create(hidden: Arc<Hidden>, names: Names, header: &Header) -> Result<Self, FilesError> {
        names.remove(&hidden)?;
        let data = Locked::lock(&hidden, &names.part, open_own(&hidden, &names.part, true)?)?;
        let index = Index::create(open_own(&hidden, &names.index, true)?, header)?;
        let hasher = PieceHasher::starting_at(0);
        Ok(Self { hidden, names, data, index, hasher, fresh: Vec::new(), names_synced: false })
    }

    /// Goes on with an earlier one, as far as its index proves it. `None`: there is nothing to go on with.
    pub(super) fn resume(
        hidden: Arc<Hidden>,
        names: Names,
        path: &str,
        size: u64,
    ) -> Result<Option<Self>, FilesError> {
        let opened = (open_own(&hidden, &names.part, false), open_own(&hidden, &names.index, false));
        let (Ok(data), Ok(index)) = opened else { return Ok(None) };
        let data = Locked::lock(&hidden, &names.part, data)?;
        let Some(mut index) = Index::read(index, path, size)? else { return Ok(None) };
        let proven = index.len().min(data.0.metadata()?.len() / PIECE);
        let Some((pieces, last)) = last_good_piece(&data.0, &index, proven)? else { return Ok(None) };
        let mut done = Subtrees::default();
        for piece in 0..pieces - 1 {
            let Some(value) = index.entry(piece)? else { return Ok(None) };
            done.push_piece(value);
        }
        let mut hasher = PieceHasher::continuing(done);
        hasher.update(&last, |_| {});
        index.truncate(pieces)?;
        data.0.set_len(pieces * PIECE)?;
        (&data.0).seek(SeekFrom::End(0))?;
        Ok(Some(Self { hidden, names, data, index, hasher, fresh: Vec::new(), names_synced: false }))
    }

    /// Bytes that are on the disk for certain: a multiple of a MiB.
    pub(super) fn synced(&self) -> u64 {
        self.index.len() * PIECE
    }

    /// BLAKE3 of the MiB before [`Self::synced`]; `None` at 0.
    pub(super) fn hash_before(&self) -> io::Result<Option<Hash>> {
        let Some(start) = self.synced().checked_sub(PIECE) else { return Ok(None) };
        Ok(Some(blake3::hash(&read_piece(&self.data.0, start / PIECE)?)))
    }

    /// The bytes that follow.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&self.data.0).write_all(bytes)?;
        self.hasher.update(bytes, |value| self.fresh.push(value));
        Ok(())
    }

    /// Makes all whole pieces last, and then says so in the index.
    pub(super) fn sync(&mut self) -> io::Result<u64> {
        if !self.fresh.is_empty() {
            self.data.0.sync_data()?;
            self.index.append(&self.fresh)?;
            self.fresh.clear();
            if !self.names_synced {
                sync_dir(&self.hidden.dir)?;
                self.names_synced = true;
            }
        }
        Ok(self.synced())
    }

    /// The hash of all that came.
    pub(super) fn hash(&self) -> Hash {
        self.hasher.clone().finish()
    }

    /// The last step before it gets its name: the time of its last change, and all of it on the disk.
    pub(super) fn seal(&self, modified: Option<std::time::SystemTime>) -> io::Result<()> {
        if let Some(time) = modified
            && let Err(error) = self.data.0.set_modified(time)
        {
            // A time that this file system cannot hold; the file is as good without.
            log::debug!("files: the time of a file's last change is not kept: {error}");
        }
        self.data.0.sync_all()
    }

    /// Where it is.
    ///
    /// # Errors
    /// [`FilesError::Ended`] where somebody took it away.
    pub(super) fn place(&self) -> Result<Place<'_>, FilesError> {
        if is_named(&self.hidden, &self.names.part, &self.data.0) {
            Ok(Place { dir: &self.hidden.dir, name: &self.names.part })
        } else {
            Err(FilesError::Ended)
        }
    }

    /// Its file has its name now; only the index is left to remove.
    pub(super) fn placed(self) {
        if let Err(error) = self.hidden.dir.remove_file(&self.names.index) {
            log::debug!("files: an index stays until the next sweep: {error}");
        }
    }

    /// Lets go of it; what is proven stays for a later upload. Tells how much that is.
    pub(super) fn keep(self) -> Option<u64> {
        let synced = self.synced();
        if synced == 0 {
            self.remove();
            return None;
        }
        if let Err(error) = self.data.0.set_len(synced) {
            log::debug!("files: a partial file stays longer than it needs to be: {error}");
        }
        Some(synced)
    }

    /// Removes it.
    pub(super) fn remove(self) {
        if self.place().is_err() {
            return;
        }
        if let Err(error) = self.names.remove(&self.hidden) {
            log::warn!("files: a partial file cannot be removed: {error}");
        }
    }
}

/// How many pieces are as the index says, counted from the beginning, and the last of them.
fn last_good_piece(data: &File, index: &Index, proven: u64) -> Result<Option<(u64, Vec<u8>)>, FilesError> {
    for pieces in (proven.saturating_sub(STEPS_BACK) + 1..=proven).rev() {
        let bytes = read_piece(data, pieces - 1)?;
        if index.entry(pieces - 1)? == Some(piece_value(pieces - 1, &bytes)) {
            return Ok(Some((pieces, bytes)));
        }
        log::warn!("files: a partial file is not what its index says; going back by one MiB");
    }
    Ok(None)
}

/// One whole MiB of a file.
pub(super) fn read_piece(file: &File, piece: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(PIECE).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, piece * PIECE)?;
    Ok(bytes)
}

/// Opens a file of our own in the hidden folder: a regular one, with no other name anywhere.
fn open_own(hidden: &Hidden, name: &str, new: bool) -> Result<File, FilesError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(new).follow(FollowSymlinks::No).nonblock(true);
    let file = hidden.dir.open_with(name, &options)?.into_std();
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.nlink() == 1 { Ok(file) } else { Err(FilesError::NotFound) }
}

/// A partial file, locked against other processes that serve the same folder.
struct Locked(File);

impl Locked {
    fn lock(hidden: &Hidden, name: &str, file: File) -> Result<Self, FilesError> {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return Err(FilesError::Busy),
            Err(errno) => log::debug!("files: this file system has no locks: {errno}"),
            Ok(()) => {}
        }
        let locked = Self(file);
        // Between opening and locking, its last owner may have removed or placed it.
        if is_named(hidden, name, &locked.0) { Ok(locked) } else { Err(FilesError::Busy) }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing is not enough: a command that is being started has a copy of the handle for a moment.
        if let Err(errno) = rustix::fs::flock(&self.0, FlockOperation::Unlock) {
            log::debug!("files: this file system has no locks: {errno}");
        }
    }
}

fn is_named(hidden: &Hidden, name: &str, file: &File) -> bool {
    let (Ok(there), Ok(here)) = (hidden.dir.symlink_metadata(name), file.metadata()) else { return false };
    (there.dev(), there.ino()) == (here.dev(), here.ino())
}

/// Which partial files are in use, so that each has one upload at most.
#[derive(Clone, Default)]
pub(super) struct Claims(Arc<Mutex<HashSet<PartialKey>>>);

impl Claims {
    /// The right to a partial file of a root, until it is dropped.
    pub(super) fn claim(&self, key: PartialKey) -> Result<Claim, FilesError> {
        if !self.held().insert(key.clone()) {
            return Err(FilesError::Busy);
        }
        Ok(Claim { claims: self.clone(), key })
    }

    fn held(&self) -> MutexGuard<'_, HashSet<PartialKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Claims::claim`].
pub(super) struct Claim {
    claims: Claims,
    pub(super) key: PartialKey,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.held().remove(&self.key);
    }
}
