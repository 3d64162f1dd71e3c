//! What the device remembers: `$STATE_DIRECTORY` under systemd, else `$XDG_STATE_HOME/watchword`.
//!
//! ```text
//! identity.key   Ed25519 key that claims places        } 0600, made at the first start
//! opaque.key     OPAQUE server setup                   }
//! pass.key       key of the passes given to browsers   }
//! words.json     label, place, terms and OPAQUE record of each word (never a word)
//! audit.jsonl    what viewers did; audit.jsonl.1 and so on are older
//! server/        certificate and places of the rendezvous
//! control.sock   `watchword word` speaks to the running daemon here
//! lock           held by whoever writes
//! ```

mod keys;
mod service;
mod terms;
mod words;

pub(crate) use keys::Keys;
pub(crate) use terms::{Terms, now};
pub(crate) use words::{Entry, Words, WordsError};

use crate::folder::{state_folder, write_atomically};
use anyhow::{Context as _, Result};
use std::{
    fs::{self, File},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::PathBuf,
};

/// The state folder. Cheap to clone; the lock is separate.
#[derive(Clone, Debug)]
pub(crate) struct StateDirectory(PathBuf);

/// The right to write the state, held by the daemon for its life and by `watchword word` without one for a moment.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "held for its drop")] File);

impl StateDirectory {
    /// The folder of this environment, made (0700) where it is missing.
    pub(crate) fn open() -> Result<Self> {
        Self::made(state_folder()?)
    }

    /// The folder that the owner's `command` is about: the service's, where there is one. Root becomes its owner, for
    /// good, so that nothing in it ever belongs to root; to be called while there are no other threads.
    ///
    /// # Errors
    /// Where the service's folder is not for the caller, who has none either.
    pub(crate) fn of_owner(command: &str) -> Result<Self> {
        match service::folder(command)? {
            Some(path) => Ok(Self(path)),
            None => Self::open(),
        }
    }

    fn made(path: PathBuf) -> Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make the state folder {}", path.display()))?;
        Ok(Self(path))
    }

    /// The folder that an onlooker means. It need not be there, nor be for him to enter; nothing is made.
    pub(crate) fn seen() -> Result<PathBuf> {
        service::seen().map_or_else(state_folder, Ok)
    }

    /// A folder that is there already.
    pub(crate) fn existing(path: PathBuf) -> Self {
        Self(path)
    }

    /// A folder that a test made.
    #[cfg(test)]
    pub(crate) fn at(path: &std::path::Path) -> Self {
        Self(path.to_owned())
    }

    /// A file or folder in it.
    #[must_use]
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What the owner types for `command`: the service's state is root's to change.
    #[must_use]
    pub(crate) fn typed(&self, command: &str) -> String {
        if service::is(&self.0) { format!("sudo {command}") } else { command.to_owned() }
    }

    /// What starts the device of this state.
    #[must_use]
    pub(crate) fn start(&self) -> &'static str {
        if service::is(&self.0) {
            "start it with sudo systemctl start watchword"
        } else {
            "start it with watchword run"
        }
    }

    /// Takes the lock; `None` while another process holds it.
    pub(crate) fn try_lock(&self) -> Result<Option<Lock>> {
        let path = self.path("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error).context("cannot lock the state folder"),
        }
    }
}
