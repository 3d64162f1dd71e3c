//! How much room there is: the quota over all writable roots, and what has to stay free on a disk.
//!
//! Room is taken before bytes come, and held by a [`Reservation`]; so two uploads cannot both have the last of it.

use super::error::FilesError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a file takes at least, and what its size is rounded up to: a block of most file systems. So empty files are
/// bounded in number as well.
pub(super) const BLOCK: u64 = 4096;
/// A full quota is counted again at most this often: others may have removed something.
const RECOUNT: Duration = Duration::from_secs(60);

/// What a file of `size` bytes counts.
pub(super) fn cost(size: u64) -> u64 {
    size.max(1).checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX)
}

/// The books. Clones are handles of the same.
#[derive(Clone)]
pub(super) struct Space(Arc<Inner>);

struct Inner {
    quota: u64,
    floor: u64,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    /// Files and folders, as counted and kept up to date since.
    files: u64,
    /// Bytes of the partial files of uploads that do not run.
    partials: HashMap<PartialKey, u64>,
    /// Whole files of uploads that run.
    reserved: u64,
    /// Bytes that running uploads have still to write, by the device number of the disk.
    pending: HashMap<u64, u64>,
    /// What came into the folders since the count that runs began.
    since: u64,
    /// When the last count began.
    counted: Option<Instant>,
}

/// A partial file: the number of its root, and its name there.
pub(super) type PartialKey = (usize, String);

/// A disk, as it is now.
#[derive(Clone, Copy)]
pub(super) struct Disk {
    /// Its device number.
    pub(super) device: u64,
    /// Free bytes; none where the file system does not say.
    pub(super) free: Option<u64>,
}

impl Books {
    fn used(&self) -> u64 {
        let parts =
            [self.files, self.reserved].into_iter().chain(self.partials.values().map(|bytes| cost(*bytes)));
        parts.fold(0, u64::saturating_add)
    }
}

impl Space {
    pub(super) fn new(quota: u64, floor: u64) -> Self {
        Self(Arc::new(Inner { quota, floor, books: Mutex::default() }))
    }

    /// Takes room for a file of `size` bytes; what is in its partial file, if there is one, is part of them.
    ///
    /// # Errors
    /// [`FilesError::Quota`] or [`FilesError::DiskFull`]; nothing has changed then.
    pub(super) fn reserve(
        &self,
        disk: Disk,
        size: u64,
        partial: Option<&PartialKey>,
    ) -> Result<Reservation, FilesError> {
        let mut books = self.books();
        let there = partial.and_then(|key| books.partials.get(key)).copied();
        let taken = books.used().saturating_sub(there.map_or(0, cost));
        let left = self.0.quota.saturating_sub(taken);
        if cost(size) > left {
            return Err(FilesError::Quota { left });
        }
        let rest = size.saturating_sub(there.unwrap_or(0));
        let pending = books.pending.get(&disk.device).copied().unwrap_or(0);
        let needed = self.0.floor.saturating_add(pending).saturating_add(cost(rest));
        if disk.free.is_some_and(|free| free < needed) {
            return Err(FilesError::DiskFull);
        }
        partial.and_then(|key| books.partials.remove(key));
        books.reserved = books.reserved.saturating_add(cost(size));
        books.pending.insert(disk.device, pending.saturating_add(rest));
        Ok(Reservation { space: self.clone(), device: disk.device, cost: cost(size), pending: rest })
    }

    /// A file or folder of this cost is gone.
    pub(super) fn removed(&self, cost: u64) {
        let mut books = self.books();
        books.files = books.files.saturating_sub(cost);
    }

    /// A partial file that nobody uploads just now has so many bytes; `None`: it is gone.
    pub(super) fn set_partial(&self, key: &PartialKey, bytes: Option<u64>) {
        let mut books = self.books();
        match bytes {
            Some(bytes) => books.partials.insert(key.clone(), bytes),
            None => books.partials.remove(key),
        };
    }

    /// Whether a refusal for the quota is worth a new count.
    pub(super) fn is_stale(&self) -> bool {
        self.books().counted.is_none_or(|at| at.elapsed() >= RECOUNT)
    }

    /// Counts anew, by `walk`. What is changed meanwhile may have been met or not; what came is counted anyway, so
    /// that the sum is never too small by our own doing, and is right again after the next count.
    pub(super) fn recount(&self, walk: impl FnOnce() -> u64) {
        {
            let mut books = self.books();
            books.since = 0;
            books.counted = Some(Instant::now());
        }
        let counted = walk();
        let mut books = self.books();
        books.files = counted.saturating_add(books.since);
    }

    /// Bytes that count towards the quota now.
    pub(super) fn used(&self) -> u64 {
        self.books().used()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for one file. It is given back when this is dropped.
pub(super) struct Reservation {
    space: Space,
    device: u64,
    cost: u64,
    pending: u64,
}

impl Reservation {
    /// So many bytes of it have been written, and `free` is left on the disk.
    ///
    /// # Errors
    /// When others have filled the disk, or the folders, meanwhile.
    pub(super) fn wrote(&mut self, bytes: u64, free: Option<u64>) -> Result<(), FilesError> {
        self.settle(bytes);
        if free.is_some_and(|free| free < self.space.0.floor) {
            return Err(FilesError::DiskFull);
        }
        let used = self.space.used();
        if used > self.space.0.quota { Err(FilesError::Quota { left: 0 }) } else { Ok(()) }
    }

    /// The file is in its folder.
    pub(super) fn became_file(self) {
        let mut books = self.space.books();
        books.files = books.files.saturating_add(self.cost);
        books.since = books.since.saturating_add(self.cost);
        drop(books);
    }

    /// The upload broke off; so many bytes stay for a later one.
    pub(super) fn became_partial(self, key: &PartialKey, bytes: u64) {
        self.space.set_partial(key, Some(bytes));
    }

    fn settle(&mut self, bytes: u64) {
        let bytes = bytes.min(self.pending);
        self.pending -= bytes;
        let mut books = self.space.books();
        if let Some(pending) = books.pending.get_mut(&self.device) {
            *pending = pending.saturating_sub(bytes);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.settle(self.pending);
        let mut books = self.space.books();
        books.reserved = books.reserved.saturating_sub(self.cost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISK: Disk = Disk { device: 1, free: Some(100 * BLOCK) };

    #[test]
    fn the_last_room_is_given_once_and_comes_back() {
        let (space, key) = (Space::new(10 * BLOCK, 0), (0, "partial".to_owned()));
        let first = space.reserve(DISK, 6 * BLOCK, None).unwrap();
        assert!(
            matches!(space.reserve(DISK, 4 * BLOCK + 1, None), Err(FilesError::Quota { left }) if left == 4 * BLOCK)
        );
        drop(space.reserve(DISK, 4 * BLOCK, None).unwrap());
        first.became_file();
        assert_eq!(space.used(), 6 * BLOCK);
        space.reserve(DISK, 4 * BLOCK, None).unwrap().became_partial(&key, 2 * BLOCK);
        assert_eq!(space.used(), 8 * BLOCK);
        // Going on with it needs only the rest.
        assert!(space.reserve(DISK, 4 * BLOCK, Some(&key)).is_ok());
        space.removed(6 * BLOCK);
        assert_eq!(space.used(), 0);
    }

    #[test]
    fn what_has_to_stay_free_does() {
        let space = Space::new(u64::MAX, 40 * BLOCK);
        let mut first = space.reserve(DISK, 50 * BLOCK, None).unwrap();
        assert!(matches!(space.reserve(DISK, 11 * BLOCK, None), Err(FilesError::DiskFull)));
        let other = Disk { device: 2, free: Some(51 * BLOCK) };
        assert!(space.reserve(other, 11 * BLOCK, None).is_ok(), "another disk");
        first.wrote(20 * BLOCK, Some(80 * BLOCK)).unwrap();
        let now = Disk { device: 1, free: Some(80 * BLOCK) };
        assert!(space.reserve(now, 10 * BLOCK, None).is_ok());
        assert!(matches!(first.wrote(BLOCK, Some(39 * BLOCK)), Err(FilesError::DiskFull)));
        assert!(space.reserve(Disk { device: 3, free: None }, 1 << 40, None).is_ok(), "unknown");
    }

    #[test]
    fn sizes_at_the_edge_do_not_overflow() {
        let space = Space::new(u64::MAX, u64::MAX);
        assert!(space.reserve(Disk { device: 1, free: None }, u64::MAX, None).is_ok());
        assert!(matches!(space.reserve(DISK, u64::MAX, None), Err(FilesError::DiskFull)));
        assert_eq!((cost(0), cost(1), cost(BLOCK), cost(BLOCK + 1)), (BLOCK, BLOCK, BLOCK, 2 * BLOCK));
    }
}
