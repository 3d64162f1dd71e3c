//! The last key frame and what followed it, for those who come just after it.

use crate::Frame;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Oldest key frame that a newcomer is started with. Longer than the least time between two key frames on demand, so
/// that there is always either this or a new one; and short, since a newcomer has to catch up with all of it.
const MAX_AGE: Duration = Duration::from_millis(250);
/// Most bytes held.
const MAX_BYTES: usize = 160 * 1024;
/// Most frames held.
const MAX_FRAMES: usize = 12;

/// A decodable run of frames that begins with a key frame, or nothing.
pub(super) struct Backlog {
    frames: Vec<Arc<Frame>>,
    bytes: usize,
    since: Option<Instant>,
    most: usize,
}

impl Backlog {
    /// Holds at most `most` frames (and never more than [`MAX_FRAMES`]).
    pub(super) fn new(most: usize) -> Self {
        Self { frames: Vec::new(), bytes: 0, since: None, most: most.min(MAX_FRAMES) }
    }

    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
        self.since = None;
    }

    /// Takes the next frame of the stream. What no longer fits empties it until the next key frame: the rest could
    /// not be decoded.
    pub(super) fn push(&mut self, frame: &Arc<Frame>, now: Instant) {
        if frame.key {
            self.clear();
            self.since = Some(now);
        }
        let Some(since) = self.since else { return };
        self.bytes += frame.data.len();
        self.frames.push(frame.clone());
        if self.frames.len() > self.most || self.bytes > MAX_BYTES || now - since > MAX_AGE {
            self.clear();
        }
    }

    /// What a newcomer starts with now; empty if it has to be a new key frame.
    pub(super) fn fresh(&self, now: Instant) -> &[Arc<Frame>] {
        match self.since {
            Some(since) if now - since <= MAX_AGE => &self.frames,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn frame(key: bool, size: usize) -> Arc<Frame> {
        Arc::new(Frame { data: Bytes::from(vec![0; size]), key, captured: std::time::Instant::now() })
    }

    #[test]
    fn begins_with_a_key_frame_and_never_has_a_gap() {
        let now = Instant::now();
        let mut backlog = Backlog::new(12);
        backlog.push(&frame(false, 10), now);
        assert!(backlog.fresh(now).is_empty());
        backlog.push(&frame(true, 10), now);
        backlog.push(&frame(false, 10), now);
        assert_eq!(backlog.fresh(now).len(), 2);
        backlog.push(&frame(false, MAX_BYTES), now);
        assert!(backlog.fresh(now).is_empty());
        backlog.push(&frame(false, 10), now);
        assert!(backlog.fresh(now).is_empty(), "what follows a gap cannot be decoded");
    }

    #[test]
    fn is_bounded_in_age_and_frames() {
        let now = Instant::now();
        let mut backlog = Backlog::new(3);
        backlog.push(&frame(true, 10), now);
        assert!(backlog.fresh(now + MAX_AGE + Duration::from_millis(1)).is_empty());
        backlog.push(&frame(false, 10), now);
        backlog.push(&frame(false, 10), now);
        assert_eq!(backlog.fresh(now).len(), 3);
        backlog.push(&frame(false, 10), now);
        assert!(backlog.fresh(now).is_empty());
    }
}
