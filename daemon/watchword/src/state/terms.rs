//! On which terms a word is given.

use protocol::grant::Grant;
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the owner allows with one word, for how long, and to how many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// What its viewers may do.
    #[serde(default)]
    pub grant: Grant,
    /// When it ends, seconds since the epoch; `None`: it does not.
    ///
    /// A board without a clock of its own begins in the past: until its clock is set, a word lasts longer, never
    /// shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// Viewers at once; `None`: as many as the configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewers: Option<usize>,
}

impl Terms {
    /// Whether the word has ended at `now`, seconds since the epoch.
    #[must_use]
    pub(crate) fn ended(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Seconds since the epoch.
#[must_use]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
