//! A token bucket: how often is too often.

use crate::settings::Rate;
use std::time::{Duration, Instant};

/// Tokens that flow in at a rate up to a burst. Time comes from outside and may stand still, never runs back.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn full(rate: Rate, now: Instant) -> Self {
        Self { tokens: f64::from(rate.burst), at: now }
    }

    /// Takes `cost` tokens, or says how long until they are there. A cost above the burst takes all of a full bucket.
    pub(crate) fn take(&mut self, rate: Rate, cost: u32, now: Instant) -> Result<(), Duration> {
        self.refill(rate, now);
        let cost = f64::from(cost.min(rate.burst.max(1)));
        if self.tokens >= cost {
            self.tokens -= cost;
            return Ok(());
        }
        Err(until(cost - self.tokens, rate))
    }

    /// Whether [`Self::take`] of one token would succeed; takes nothing.
    pub(crate) fn has_one(&mut self, rate: Rate, now: Instant) -> bool {
        self.refill(rate, now);
        self.tokens >= 1.0
    }

    /// Whether it holds its burst, so that forgetting it changes nothing.
    pub(crate) fn is_full(&mut self, rate: Rate, now: Instant) -> bool {
        self.refill(rate, now);
        self.tokens >= f64::from(rate.burst)
    }

    fn refill(&mut self, rate: Rate, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * rate.per_second).min(f64::from(rate.burst));
        self.at = self.at.max(now);
    }
}

/// A day at most, also for a rate of nothing.
fn until(missing: f64, rate: Rate) -> Duration {
    const DAY: f64 = 86_400.0;
    let seconds = missing / rate.per_second;
    Duration::from_secs_f64(if seconds.is_finite() { seconds.clamp(0.0, DAY) } else { DAY })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, per_second: 2.0 };

    #[test]
    fn burst_then_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::full(RATE, start);
        for _ in 0..3 {
            assert_eq!(bucket.take(RATE, 1, start), Ok(()));
        }
        assert_eq!(bucket.take(RATE, 1, start), Err(Duration::from_millis(500)));
        assert_eq!(bucket.take(RATE, 1, start + Duration::from_millis(500)), Ok(()));
        assert!(!bucket.is_full(RATE, start + Duration::from_secs(1)));
        assert!(bucket.is_full(RATE, start + Duration::from_secs(60)));
        assert_eq!(bucket.take(RATE, 99, start + Duration::from_secs(60)), Ok(()));
        assert!(!bucket.has_one(RATE, start));
    }

    #[test]
    fn a_rate_of_nothing_waits_a_day() {
        let none = Rate { burst: 0, per_second: 0.0 };
        let start = Instant::now();
        assert!(
            Bucket::full(none, start).take(none, 1, start).is_err(),
            "a limit of nothing lets nothing pass"
        );
        let one = Rate { burst: 1, per_second: 0.0 };
        let mut bucket = Bucket::full(one, start);
        assert_eq!(bucket.take(one, 1, start), Ok(()));
        assert_eq!(bucket.take(one, 1, start), Err(Duration::from_secs(86_400)));
    }
}
