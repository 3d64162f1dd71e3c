//! What a viewer may do to the control channel, and what may wait for it.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Calls a second, on average.
const RATE: f64 = 50.0;
/// Calls at once.
const BURST: f64 = 200.0;
/// Calls of one viewer that wait for the disk or the camera at once.
pub(super) const AT_ONCE: usize = 16;
/// Refused calls after which the session ends.
const REFUSALS: u32 = 500;
/// Most messages that wait for a viewer.
const WAITING: usize = 256;
/// Most bytes of them.
const WAITING_BYTES: usize = 512 * 1024;
/// How long a message may wait for a viewer that takes none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a call may run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pass {
    Yes,
    /// It is answered with an error.
    TooFast,
    /// It did not stop: the session ends.
    Enough,
}

/// A token bucket of calls.
pub(super) struct Calls {
    tokens: f64,
    at: Instant,
    refused: u32,
}

impl Calls {
    pub(super) fn new(now: Instant) -> Self {
        Self { tokens: BURST, at: now, refused: 0 }
    }

    pub(super) fn pass(&mut self, now: Instant) -> Pass {
        self.tokens = (self.tokens + (now - self.at).as_secs_f64() * RATE).min(BURST);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Pass::Yes;
        }
        self.refused += 1;
        if self.refused > REFUSALS { Pass::Enough } else { Pass::TooFast }
    }
}

/// Messages that wait to be sent. When it is full, or its first message has waited for too long, the viewer does not
/// read, and its session ends.
pub(super) struct Outbox {
    messages: VecDeque<String>,
    bytes: usize,
    moved: Instant,
    full: bool,
}

impl Outbox {
    pub(super) fn new(now: Instant) -> Self {
        Self { messages: VecDeque::new(), bytes: 0, moved: now, full: false }
    }

    pub(super) fn push(&mut self, message: String, now: Instant) {
        if self.messages.is_empty() {
            self.moved = now;
        }
        if self.messages.len() >= WAITING || self.bytes + message.len() > WAITING_BYTES {
            self.full = true;
            return;
        }
        self.bytes += message.len();
        self.messages.push_back(message);
    }

    pub(super) fn first(&self) -> Option<&str> {
        self.messages.front().map(String::as_str)
    }

    /// The first message is on its way.
    pub(super) fn sent(&mut self, now: Instant) {
        if let Some(message) = self.messages.pop_front() {
            self.bytes -= message.len();
            self.moved = now;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether the viewer does not read.
    pub(super) fn stuck(&self, now: Instant) -> bool {
        self.full || (!self.messages.is_empty() && now - self.moved > PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_a_flood_is_refused_and_then_ended() {
        let start = Instant::now();
        let mut calls = Calls::new(start);
        assert!((0..200).all(|_| calls.pass(start) == Pass::Yes));
        assert_eq!(calls.pass(start), Pass::TooFast);
        assert_eq!(calls.pass(start + Duration::from_millis(100)), Pass::Yes);
        let ended = (0..600)
            .map(|_| calls.pass(start + Duration::from_millis(100)))
            .filter(|pass| *pass == Pass::Enough);
        assert!(ended.count() > 0);
    }

    #[test]
    fn an_outbox_is_bounded_in_messages_bytes_and_time() {
        let start = Instant::now();
        let mut outbox = Outbox::new(start);
        for _ in 0..WAITING {
            outbox.push("x".to_owned(), start);
        }
        assert!(!outbox.stuck(start));
        assert!(outbox.stuck(start + PATIENCE + Duration::from_millis(1)));
        outbox.sent(start + PATIENCE);
        assert!(!outbox.stuck(start + PATIENCE + Duration::from_millis(1)), "it moves");
        outbox.push("x".to_owned(), start);
        outbox.push("x".to_owned(), start);
        assert!(outbox.stuck(start), "full");
        let mut outbox = Outbox::new(start);
        outbox.push("x".repeat(WAITING_BYTES + 1), start);
        assert!(outbox.stuck(start));
    }
}
