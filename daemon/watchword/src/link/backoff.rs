//! How long to wait before the next try.

use rand::Rng;
use std::time::{Duration, Instant};

/// In the first minute without a server tries come at most this far apart, so that its return is noticed at once.
const FIRST_MINUTE: Duration = Duration::from_secs(2);
/// Later tries come at most this far apart.
const LATER: Duration = Duration::from_secs(15);
/// The first wait.
const FIRST: Duration = Duration::from_millis(250);

/// Waits double, are never in step with those of other devices (each is 50 to 100 % of its length), and are bounded.
#[derive(Debug)]
pub(super) struct Backoff {
    since: Instant,
    tries: u32,
}

impl Backoff {
    /// The server was there until now.
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, tries: 0 }
    }

    /// How long to wait now.
    pub(super) fn next(&mut self, now: Instant, random: &mut impl Rng) -> Duration {
        let longest =
            if now.duration_since(self.since) < Duration::from_secs(60) { FIRST_MINUTE } else { LATER };
        let wait = (FIRST * 2_u32.saturating_pow(self.tries.min(10))).min(longest);
        self.tries += 1;
        wait.mul_f64(random.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_below_two_seconds_in_the_first_minute() {
        let (start, mut random) = (Instant::now(), rand::rng());
        let mut backoff = Backoff::new(start);
        let mut now = start;
        while now < start + Duration::from_secs(600) {
            let wait = backoff.next(now, &mut random);
            let longest = if now < start + Duration::from_secs(60) { FIRST_MINUTE } else { LATER };
            assert!(wait >= FIRST / 2 && wait <= longest, "{wait:?} at {:?}", now - start);
            now += wait;
        }
        assert!(backoff.tries < 120, "{} tries in ten minutes", backoff.tries);
    }
}
