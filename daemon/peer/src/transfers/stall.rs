//! How slow a transfer may be.

use std::time::Duration;
use tokio::time::Instant;

/// How long a transfer waits for what has to come next.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// Least that moves in that time, bytes: who takes or gives less keeps a transfer for itself and does nothing with it.
const LEAST: u64 = 4096;

/// Finds out that a viewer moves too little.
pub(super) struct StallTimer {
    since: Instant,
    bytes: u64,
}

impl StallTimer {
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
        let mut stall = StallTimer::new(start);
        (1..3600).map(|second| second * SECOND).find(|passed| {
            stall.moved(bytes, start + *passed);
            start + *passed >= stall.deadline()
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
        let mut stall = StallTimer::new(start);
        stall.moved(LEAST, start + 50 * SECOND);
        assert_eq!(stall.deadline(), start + 50 * SECOND + PATIENCE);
        stall.moved(LEAST - 1, start + 100 * SECOND);
        assert_eq!(stall.deadline(), start + 50 * SECOND + PATIENCE);
    }
}
