//! How slow a transfer may be.

use std::time::Duration;
use tokio::time::Instant;

/// How long a transfer waits for what has to come next.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// Least that moves in that time, bytes: who takes or gives less keeps a transfer for itself and does nothing with it.
const LEAST: u64 = 4096;

/// The pace of one transfer, as its viewer keeps it.
pub(super) struct Pace {
    since: Instant,
    bytes: u64,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, bytes: 0 }
    }

    /// So many bytes have come or gone.
    pub(super) fn moved(&mut self, bytes: u64, now: Instant) {
        self.bytes += bytes;
        if self.bytes >= LEAST {
            *self = Self::new(now);
        }
    }

    /// When it is too slow.
    pub(super) fn deadline(&self) -> Instant {
        self.since + PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// When a transfer of so many bytes a second is ended, if it is within an hour.
    fn ended(bytes: u64) -> Option<Duration> {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        (1..3600).map(|second| second * SECOND).find(|passed| {
            pace.moved(bytes, start + *passed);
            start + *passed >= pace.deadline()
        })
    }

    #[test]
    fn a_byte_now_and_then_is_no_transfer() {
        assert_eq!(ended(0), Some(PATIENCE));
        assert_eq!(ended(1), Some(PATIENCE));
        assert_eq!(ended(LEAST / 70), Some(PATIENCE));
        assert_eq!(ended(LEAST / 50), None, "slow, and on its way");
        assert_eq!(ended(LEAST), None);
    }

    #[test]
    fn its_time_begins_anew_with_what_moved() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.moved(LEAST, start + 50 * SECOND);
        assert_eq!(pace.deadline(), start + 50 * SECOND + PATIENCE);
        pace.moved(LEAST - 1, start + 100 * SECOND);
        assert_eq!(pace.deadline(), start + 50 * SECOND + PATIENCE);
    }
}
