//! What is told of a server that is tried again and again: each reason once, then at most each minute.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How long the same reason is not told again.
const QUIET: Duration = Duration::from_secs(60);

/// The reasons told in the last minute. A server is tried a few times a second at most, so they are few.
#[derive(Debug, Default)]
pub(super) struct Complaints(HashMap<String, Instant>);

impl Complaints {
    /// Whether to tell it now.
    pub(super) fn is_due(&mut self, why: &str, now: Instant) -> bool {
        self.0.retain(|_, told| now.saturating_duration_since(*told) < QUIET);
        if self.0.contains_key(why) {
            return false;
        }
        self.0.insert(why.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_once_a_minute() {
        let (mut complaints, start) = (Complaints::default(), Instant::now());
        assert!(complaints.is_due("refused", start));
        assert!(!complaints.is_due("refused", start + QUIET / 2));
        assert!(complaints.is_due("another certificate", start + QUIET / 2), "another reason is news");
        assert!(!complaints.is_due("refused", start + QUIET / 2), "also when they take turns");
        assert!(complaints.is_due("refused", start + QUIET));
    }
}
