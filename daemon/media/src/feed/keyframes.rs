//! When to ask the encoder for a key frame: soon for everyone who needs one, seldom for the sake of the others.

use std::time::Duration;
use tokio::time::Instant;

/// A request that was not answered is repeated after so many intervals.
const REPEAT: u32 = 5;

/// The throttle of key-frame requests (the encoder's side of PLI and FIR, RFC 4585 and RFC 5104).
pub(super) struct KeyFrames {
    interval: Duration,
    wanted: bool,
    last: Option<Instant>,
    asked: Option<Instant>,
}

impl KeyFrames {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, wanted: false, last: None, asked: None }
    }

    /// Somebody needs one.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// One came, for everyone who wanted it.
    pub(super) fn came(&mut self, now: Instant) {
        self.wanted = false;
        self.asked = None;
        self.last = Some(now);
    }

    /// The source was closed or opened anew: it begins with a key frame by itself.
    pub(super) fn reset(&mut self) {
        self.wanted = false;
        self.asked = None;
        self.last = None;
    }

    /// When the source is to be asked next, if somebody waits.
    pub(super) fn due(&self) -> Option<Instant> {
        if !self.wanted {
            return None;
        }
        let after_key = self.last.map(|at| at + self.interval);
        let after_ask = self.asked.map(|at| at + self.interval * REPEAT);
        Some(after_key.max(after_ask).unwrap_or_else(Instant::now))
    }

    /// The source has been asked.
    pub(super) fn asked(&mut self, now: Instant) {
        self.asked = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(100);

    #[test]
    fn at_once_after_a_pause_and_later_after_a_key_frame() {
        let start = Instant::now();
        let mut keys = KeyFrames::new(INTERVAL);
        assert_eq!(keys.due(), None);
        keys.came(start);
        keys.want();
        assert_eq!(keys.due(), Some(start + INTERVAL));
        keys.came(start + INTERVAL);
        assert_eq!(keys.due(), None, "one key frame serves everyone");
    }

    #[test]
    fn one_request_is_enough_until_it_seems_lost() {
        let start = Instant::now();
        let mut keys = KeyFrames::new(INTERVAL);
        keys.came(start);
        keys.want();
        keys.asked(start + INTERVAL);
        keys.want();
        assert_eq!(keys.due(), Some(start + INTERVAL * (REPEAT + 1)));
    }
}
