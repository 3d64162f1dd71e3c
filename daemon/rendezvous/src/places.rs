//! Whose place is whose: the only thing that a server keeps. Words never come here.

use crate::{broker::Key, error::ServeError};
use redb::{
    Database, DatabaseError, MultimapTableDefinition, ReadableDatabase, ReadableMultimapTable, ReadableTable,
    TableDefinition,
};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Place to its key, and when it was last in use (seconds since the epoch).
const OWNERS: TableDefinition<&str, ([u8; 32], u64)> = TableDefinition::new("owners");
/// Key to its places.
const PLACES: MultimapTableDefinition<&[u8; 32], &str> = MultimapTableDefinition::new("places");
/// The table is small and read seldom: memory is better spent elsewhere.
const CACHE: usize = 512 * 1024;
/// 1 January 2026. A clock before this was never set (a board has none before NTP), and proves nothing unused.
const CLOCK_IS_SET: u64 = 1_767_225_600;
/// A place's last use is written again only when it is this much older: seldom, for the sake of memory cards.
const FRESH: u64 = 24 * 3600;

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// The place is this key's.
    Ours {
        /// And was nobody's before.
        created: bool,
    },
    /// The place is another key's.
    Taken,
    /// The key has as many places as it may have.
    TooMany,
    /// The place is nobody's, and this source may not take one now.
    NotNow,
    /// The database failed (the log says how).
    Failed,
}

/// How many places a key may have, and for how long unused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tenure {
    pub(crate) places_per_key: usize,
    pub(crate) unused: Duration,
}

/// The database. Each call may wait for the disk.
pub(crate) struct Places {
    path: PathBuf,
    database: Database,
    tenure: Tenure,
}

impl Places {
    /// Opens the file, or makes it and its folder. Its mode is 0600.
    pub(crate) fn open(path: &Path, tenure: Tenure) -> Result<Self, ServeError> {
        let state = |reason| ServeError::State { path: path.to_owned(), reason };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(state)?;
        }
        let database =
            Database::builder().set_cache_size(CACHE).create(path).map_err(|error| match error {
                DatabaseError::DatabaseAlreadyOpen => ServeError::StateInUse(path.to_owned()),
                DatabaseError::Storage(redb::StorageError::Io(source))
                    if source.kind() != io::ErrorKind::InvalidData =>
                {
                    state(source)
                }
                other => ServeError::Database { path: path.to_owned(), reason: other.to_string() },
            })?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(state)?;
        let places = Self { path: path.to_owned(), database, tenure };
        places
            .make_tables()
            .map_err(|error| ServeError::Database { path: path.to_owned(), reason: error.to_string() })?;
        Ok(places)
    }

    /// Makes the place this key's, if it is nobody's and `may_create`; on disk before it returns.
    pub(crate) fn reserve(&self, place: &str, key: &Key, may_create: bool, now: SystemTime) -> Reservation {
        self.try_reserve(place, key, may_create, seconds(now)).unwrap_or_else(|error| {
            log::error!("cannot write the database of places {}: {error}", self.path.display());
            Reservation::Failed
        })
    }

    /// Notes that these places are in use.
    pub(crate) fn touch(&self, places: &[(String, Key)], now: SystemTime) {
        if let Err(error) = self.try_touch(places, seconds(now)) {
            log::error!("cannot write the database of places {}: {error}", self.path.display());
        }
    }

    fn make_tables(&self) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(OWNERS)?;
        transaction.open_multimap_table(PLACES)?;
        transaction.commit()?;
        Ok(())
    }

    fn try_reserve(
        &self,
        place: &str,
        key: &Key,
        may_create: bool,
        now: u64,
    ) -> Result<Reservation, redb::Error> {
        if let Some(answer) = self.known(place, key, now)? {
            return Ok(answer);
        }
        let transaction = self.database.begin_write()?;
        let answer = {
            let mut owners = transaction.open_table(OWNERS)?;
            let mut places = transaction.open_multimap_table(PLACES)?;
            let owner = owners.get(place)?.map(|found| found.value());
            match owner {
                Some((owner, _)) if owner == *key => Reservation::Ours { created: false },
                _ if !may_create => Reservation::NotNow,
                _ if places.get(key)?.count() >= self.tenure.places_per_key => Reservation::TooMany,
                _ => {
                    if let Some((former, _)) = owner {
                        places.remove(&former, place)?;
                    }
                    places.insert(key, place)?;
                    Reservation::Ours { created: true }
                }
            }
            .also_if_ours(|| owners.insert(place, (*key, now.max(CLOCK_IS_SET))).map(drop))?
        };
        transaction.commit()?;
        Ok(answer)
    }

    /// The answer that needs no writing, if there is one.
    fn known(&self, place: &str, key: &Key, now: u64) -> Result<Option<Reservation>, redb::Error> {
        let owners = self.database.begin_read()?.open_table(OWNERS)?;
        let Some((owner, used)) = owners.get(place)?.map(|found| found.value()) else { return Ok(None) };
        Ok(if owner == *key {
            (now < used.saturating_add(FRESH)).then_some(Reservation::Ours { created: false })
        } else if now.saturating_sub(used) < self.tenure.unused.as_secs() || now < CLOCK_IS_SET {
            Some(Reservation::Taken)
        } else {
            None
        })
    }

    fn try_touch(&self, places: &[(String, Key)], now: u64) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut owners = transaction.open_table(OWNERS)?;
            for (place, key) in places {
                let owner = owners.get(place.as_str())?.map(|found| found.value());
                if let Some((owner, used)) = owner
                    && owner == *key
                    && now > used
                {
                    owners.insert(place.as_str(), (owner, now))?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

impl Reservation {
    fn also_if_ours<E>(self, write: impl FnOnce() -> Result<(), E>) -> Result<Self, E> {
        if let Self::Ours { .. } = self {
            write()?;
        }
        Ok(self)
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    const A: Key = [1; 32];
    const B: Key = [2; 32];
    const OURS: Reservation = Reservation::Ours { created: false };
    const NEW: Reservation = Reservation::Ours { created: true };

    fn open(folder: &tempfile::TempDir) -> Places {
        Places::open(&folder.path().join("state/places.redb"), Tenure { places_per_key: 2, unused: YEAR })
            .unwrap()
    }

    /// 2027, plus so many days.
    fn day(days: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(CLOCK_IS_SET + YEAR.as_secs() + days * FRESH)
    }

    #[test]
    fn the_first_key_keeps_the_place_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let places = open(&folder);
        assert_eq!(places.reserve("garden", &A, false, day(0)), Reservation::NotNow);
        assert_eq!(places.reserve("garden", &A, true, day(0)), NEW);
        assert_eq!(places.reserve("garden", &A, false, day(1)), OURS);
        assert_eq!(places.reserve("garden", &B, true, day(1)), Reservation::Taken);
        drop(places);
        assert_eq!(open(&folder).reserve("garden", &B, true, day(2)), Reservation::Taken);
        let mode = fs::metadata(folder.path().join("state/places.redb")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_place_unused_for_a_year_is_free_and_its_key_has_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let places = open(&folder);
        for place in ["garden", "kitchen"] {
            assert_eq!(places.reserve(place, &A, true, day(0)), NEW);
        }
        assert_eq!(places.reserve("cellar", &A, true, day(0)), Reservation::TooMany);
        assert_eq!(places.reserve("garden", &B, true, day(364)), Reservation::Taken);
        places.touch(&[("kitchen".into(), A), ("garden".into(), B)], day(300));
        assert_eq!(places.reserve("garden", &B, true, day(365)), NEW);
        assert_eq!(places.reserve("kitchen", &B, true, day(365)), Reservation::Taken, "it was in use");
        assert_eq!(places.reserve("cellar", &A, true, day(365)), NEW);
        assert_eq!(places.reserve("garden", &A, true, day(366)), Reservation::Taken);
    }

    #[test]
    fn a_clock_that_was_never_set_frees_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let places = open(&folder);
        let boot = UNIX_EPOCH + Duration::from_secs(60);
        assert_eq!(places.reserve("garden", &A, true, boot), NEW);
        assert_eq!(places.reserve("garden", &B, true, boot), Reservation::Taken);
        let soon_after = UNIX_EPOCH + Duration::from_secs(CLOCK_IS_SET + FRESH);
        assert_eq!(places.reserve("garden", &B, true, soon_after), Reservation::Taken);
        assert_eq!(places.reserve("kitchen", &A, true, day(900)), NEW);
        assert_eq!(places.reserve("kitchen", &B, true, boot), Reservation::Taken);
    }

    #[test]
    fn two_servers_do_not_share_a_file_and_a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.redb");
        let tenure = Tenure { places_per_key: 2, unused: YEAR };
        let first = Places::open(&path, tenure).unwrap();
        let error = Places::open(&path, tenure).err().unwrap();
        assert!(matches!(error, ServeError::StateInUse(_)), "{error}");
        drop(first);
        fs::write(&path, vec![7; 100_000]).unwrap();
        let error = Places::open(&path, tenure).err().unwrap();
        assert!(matches!(error, ServeError::Database { .. }), "{error}");
        assert!(error.to_string().contains("places.redb"));
        let blocked = Places::open(&path.join("below/places.redb"), tenure).err().unwrap();
        assert!(matches!(blocked, ServeError::State { .. }), "{blocked}");
    }
}
