//! How much of the picture a viewer loses on its way, told by what it asks for again.
//!
//! A picture that is shown the moment it is there (`playout-delay` 0 to 0) stands still while a lost packet is fetched.
//! On a path that loses much, a viewer that may hold pictures back for up to 100 ms shows them evenly instead, at the
//! price of some of those milliseconds; on any other path they would be wasted. So this follows the loss.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two judgements.
const WINDOW: Duration = Duration::from_secs(1);
/// What counts of the windows before: the memory is some four of them long.
const MEMORY: f32 = 0.75;
/// Share of packets asked for again from which loss is heavy.
const HEAVY: f32 = 0.02;
/// Share below which it is no longer.
const LIGHT: f32 = 0.008;
/// Fewer packets asked for again than this may be chance.
const CHANCE: f32 = 3.0;

/// Whether loss is heavy now; read by the sender of the picture.
#[derive(Debug, Default)]
pub(crate) struct HeavyLoss(AtomicBool);

impl HeavyLoss {
    pub(crate) fn now(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Judges the loss from packets sent and asked for again. Time comes in from outside.
#[derive(Debug, Default)]
pub(super) struct LossMeter {
    sent: f32,
    lost: f32,
    judged: Option<Instant>,
}

impl LossMeter {
    /// A packet of the picture leaves.
    pub(super) fn sent(&mut self, now: Instant, heavy: &HeavyLoss) {
        self.sent += 1.0;
        let judged = *self.judged.get_or_insert(now);
        if now.saturating_duration_since(judged) >= WINDOW {
            self.judged = Some(now);
            self.judge(heavy);
        }
    }

    /// The viewer asks for so many packets again.
    pub(super) fn lost(&mut self, packets: usize) {
        self.lost += packets as f32;
    }

    fn judge(&mut self, heavy: &HeavyLoss) {
        let share = self.lost / self.sent.max(1.0);
        if share >= HEAVY && self.lost >= CHANCE {
            heavy.0.store(true, Ordering::Relaxed);
        } else if share < LIGHT {
            heavy.0.store(false, Ordering::Relaxed);
        }
        self.sent *= MEMORY;
        self.lost *= MEMORY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of 100 packets each, of which every `nth` is lost (0: none); whether loss counts as heavy afterwards.
    fn after(meter: &mut LossMeter, heavy: &HeavyLoss, start: Instant, seconds: u32, nth: u32) -> bool {
        for packet in 1..=seconds * 100 {
            if nth > 0 && packet % nth == 0 {
                meter.lost(1);
            }
            meter.sent(start + Duration::from_millis(10) * packet, heavy);
        }
        heavy.now()
    }

    #[test]
    fn heavy_loss_is_seen_within_seconds_and_forgotten_when_it_is_over() {
        let (mut meter, heavy, start) = (LossMeter::default(), HeavyLoss::default(), Instant::now());
        assert!(!after(&mut meter, &heavy, start, 5, 0), "nothing is lost");
        assert!(after(&mut meter, &heavy, start + Duration::from_secs(10), 4, 20), "5 % within 4 s");
        assert!(after(&mut meter, &heavy, start + Duration::from_secs(20), 2, 0), "not at once");
        assert!(!after(&mut meter, &heavy, start + Duration::from_secs(30), 12, 0), "in time");
    }

    #[test]
    fn a_good_path_stays_one() {
        let (mut meter, heavy, start) = (LossMeter::default(), HeavyLoss::default(), Instant::now());
        assert!(!after(&mut meter, &heavy, start, 60, 100), "1 % is fetched again in time");
        meter.lost(2);
        assert!(!after(&mut meter, &heavy, start + Duration::from_secs(70), 3, 0), "two packets are chance");
    }
}
