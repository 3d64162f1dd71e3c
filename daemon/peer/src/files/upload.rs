//! Uploads: bytes in, a whole file under its name out, or nothing.

use super::begin::{free_or_replaced, look, receive};
use super::error::FilesError;
use super::partial::{Claim, Partial};
use super::path::TreePath;
use super::present::Present;
use super::rename::Place;
use super::root::sync_dir;
use super::space::{Reservation, cost};
use super::tree::Tree;
use blake3::Hash;
use std::time::{Duration, UNIX_EPOCH};

/// Bytes after which what came is synced: what a break in the current costs at most.
const SYNC_EVERY: u64 = 8 << 20;

/// What is to be uploaded.
#[derive(Clone, Copy, Debug)]
pub struct UploadRequest<'a> {
    /// Where it is to be. Folders above it that are missing are made.
    pub path: &'a TreePath,
    /// Its whole size, bytes.
    pub size: u64,
    /// Its last change, milliseconds since the epoch. A time that the file system cannot hold is left out.
    pub modified_ms: Option<u64>,
    /// Replaces a file that is there.
    pub overwrite: bool,
    /// Goes on where an upload of this path, size and owner broke off.
    pub resume: bool,
    /// On whose behalf. Nobody goes on with what somebody else sent.
    pub owner: &'a str,
}

/// A file that is coming in.
///
/// Dropped, it keeps what was synced for a later upload with `resume`; a caller that has the time calls
/// [`Upload::sync`] before. After an error all further calls fail; where the bytes were wrong or there was no room,
/// the partial file is gone as well.
pub struct Upload {
    tree: Tree,
    path: TreePath,
    size: u64,
    modified_ms: Option<u64>,
    overwrite: bool,
    offset: u64,
    before: Option<Hash>,
    written: u64,
    /// Of `written`, what was not synced.
    unsynced: u64,
    // Before the claim: a partial file is let go before another upload can claim it.
    state: State,
    claim: Option<Claim>,
}

/// What becomes of the bytes.
enum State {
    /// They are kept.
    Receiving(Box<Partial>, Reservation),
    /// The file is there already.
    Present(Present),
    /// Nothing more: it succeeded, failed or was given up.
    Ended,
}

/// How an upload ends.
#[derive(Clone, Copy)]
enum Ending {
    /// What was synced stays.
    Keep,
    /// Nothing stays.
    Remove,
}

impl Upload {
    /// Begins an upload, or goes on with one: [`Self::offset`] says from which byte on to send.
    ///
    /// # Errors
    /// [`FilesError::Exists`] where something has the name that is not to be replaced, [`FilesError::Busy`] where it
    /// is being uploaded already, and whenever there is no room for all of it.
    pub fn begin(tree: &Tree, request: &UploadRequest<'_>) -> Result<Self, FilesError> {
        let target = tree.0.target(request.path)?;
        if request.size > tree.0.largest {
            return Err(FilesError::TooLarge { largest: tree.0.largest });
        }
        let (state, claim) = match look(&target, request)? {
            Some(present) => (State::Present(present), None),
            None => {
                let (partial, room, claim) = receive(tree, &target, request)?;
                (State::Receiving(Box::new(partial), room), Some(claim))
            }
        };
        let (offset, before) = match &state {
            State::Receiving(partial, _) => (partial.synced(), partial.hash_before()?),
            State::Present(present) => (present.offset(), present.hash_before()?),
            State::Ended => (0, None),
        };
        Ok(Self {
            tree: tree.clone(),
            path: request.path.clone(),
            size: request.size,
            modified_ms: request.modified_ms,
            overwrite: request.overwrite,
            offset,
            before,
            written: offset,
            unsynced: 0,
            state,
            claim,
        })
    }

    /// From which byte on to send; a multiple of a MiB.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// BLAKE3 of the MiB before the offset, hexadecimal; empty at offset 0.
    #[must_use]
    pub fn before(&self) -> String {
        self.before.map(|hash| hash.to_hex().to_string()).unwrap_or_default()
    }

    /// Whether the file seems to be there already: what comes is compared with it.
    #[must_use]
    pub fn is_present(&self) -> bool {
        matches!(self.state, State::Present(_))
    }

    /// Bytes that have come, those before the offset included.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The whole size, bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes that follow. Syncs after each 8 MiB, and takes as long as that takes.
    ///
    /// # Errors
    /// [`FilesError::Mismatch`] for more bytes than were announced, [`FilesError::DiskFull`], and others of the disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        let result = self.take(bytes);
        self.end_after(&result);
        result
    }

    /// Makes what came last, in whole MiB. Returns how many bytes would not have to be sent again.
    ///
    /// # Errors
    /// Of the disk; or others have filled it, or the folders, meanwhile.
    pub fn sync(&mut self) -> Result<u64, FilesError> {
        let result = self.sync_now();
        self.end_after(&result);
        result
    }

    /// All bytes were sent, and this is BLAKE3 of the whole file at the sender, 64 hexadecimal digits. When this
    /// returns, the file has its name and is on the disk.
    ///
    /// # Errors
    /// [`FilesError::Mismatch`] where it is another file than announced; [`FilesError::Exists`] where something got
    /// the name meanwhile: then what came is kept, and can be placed by another upload with `overwrite`.
    pub fn finish(mut self, hash: &str) -> Result<(), FilesError> {
        let result = self.place(hash);
        self.end_after(&result);
        result
    }

    /// Gives it up; nothing of it stays.
    pub fn abandon(mut self) {
        self.end(Ending::Remove);
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        if self.size - self.written < bytes.len() as u64 {
            return Err(FilesError::Mismatch);
        }
        match &mut self.state {
            State::Receiving(partial, _) => partial.write(bytes)?,
            State::Present(_) => {}
            State::Ended => return Err(FilesError::Ended),
        }
        self.written += bytes.len() as u64;
        self.unsynced += bytes.len() as u64;
        if self.unsynced >= SYNC_EVERY { self.sync_now().map(drop) } else { Ok(()) }
    }

    fn sync_now(&mut self) -> Result<u64, FilesError> {
        let unsynced = std::mem::take(&mut self.unsynced);
        match &mut self.state {
            State::Receiving(partial, room) => {
                let synced = partial.sync()?;
                let disk = self.tree.0.target(&self.path)?.root.disk();
                room.wrote(unsynced, disk.free)?;
                Ok(synced)
            }
            State::Present(present) => Ok(present.offset()),
            State::Ended => Err(FilesError::Ended),
        }
    }

    fn place(&mut self, hash: &str) -> Result<(), FilesError> {
        let hash = Hash::from_hex(hash).map_err(|_| FilesError::Hash)?;
        if self.written != self.size {
            return Err(FilesError::Mismatch);
        }
        match &self.state {
            State::Present(present) if present.is(hash)? => Ok(()),
            State::Present(_) if self.overwrite => Err(FilesError::Mismatch),
            State::Present(_) => Err(FilesError::Exists),
            State::Receiving(partial, _) if partial.hash() != hash => Err(FilesError::Mismatch),
            State::Receiving(..) => match self.give_name() {
                Err(FilesError::Exists) => self.sync_now().and(Err(FilesError::Exists)),
                result => result,
            },
            State::Ended => Err(FilesError::Ended),
        }
    }

    fn give_name(&mut self) -> Result<(), FilesError> {
        let State::Receiving(partial, _) = &self.state else { return Err(FilesError::Ended) };
        partial.seal(self.modified_ms.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms))))?;
        let target = self.tree.0.target(&self.path)?;
        let (dir, _) = self.tree.0.make_folders(target.root, target.parents)?;
        if !target.root.has_on_its_disk(&dir)? {
            return Err(FilesError::OtherDisk);
        }
        let old = free_or_replaced(&dir, target.name, self.overwrite)?;
        let to = Place { dir: &dir, name: target.name };
        self.tree.0.renamer.rename(partial.place()?, to, old.is_some())?;
        // From here on the handle is that of the file itself: nothing may be cut off it any more.
        if let State::Receiving(partial, room) = std::mem::replace(&mut self.state, State::Ended) {
            room.became_file();
            partial.placed();
        }
        self.tree.0.space.removed(old.map_or(0, |old| cost(old.len())));
        Ok(sync_dir(&dir)?)
    }

    /// An error is the end. Bytes that were wrong, or that there is no room for, are of no use to a later upload.
    fn end_after<T>(&mut self, result: &Result<T, FilesError>) {
        match result {
            Ok(_) => {}
            Err(
                FilesError::Mismatch
                | FilesError::DiskFull
                | FilesError::Quota { .. }
                | FilesError::TooLarge { .. },
            ) => self.end(Ending::Remove),
            Err(_) => self.end(Ending::Keep),
        }
    }

    fn end(&mut self, ending: Ending) {
        let State::Receiving(partial, room) = std::mem::replace(&mut self.state, State::Ended) else {
            return;
        };
        match ending {
            Ending::Remove => partial.remove(),
            Ending::Keep => {
                if let (Some(bytes), Some(claim)) = (partial.keep(), &self.claim) {
                    room.became_partial(&claim.key, bytes);
                }
            }
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.end(Ending::Keep);
    }
}
