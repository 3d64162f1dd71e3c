//! One viewer's end of a feed.

use super::queue::{Queue, Taken};
use super::shared::Shared;
use crate::Frame;
use std::sync::Arc;
use tokio_util::sync::DropGuard;

/// One viewer of a [`Feed`](super::Feed). It keeps the source open; dropping it is leaving.
pub struct Subscription {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    _owner: Arc<DropGuard>,
}

impl Subscription {
    pub(super) fn new(shared: Arc<Shared>, owner: Arc<DropGuard>) -> Self {
        let queue = shared.enter();
        Self { shared, queue, _owner: owner }
    }

    /// The next frame; `None` once the feed is closed. Safe to cancel.
    ///
    /// The first frame is a key frame, and so is the first after a gap: at the first call, and whenever its queue
    /// overflowed since the last one, the subscriber starts with the last key frame and what followed it, if that is
    /// young, or else with one that the source is asked for.
    pub async fn next(&mut self) -> Option<Arc<Frame>> {
        loop {
            match self.queue.take() {
                Taken::Frame(frame) => return Some(frame),
                Taken::Empty => self.queue.ready.notified().await,
                Taken::Outside => self.shared.join(&self.queue),
                Taken::Closed => return None,
            }
        }
    }

    /// This viewer lost its picture (PLI, RFC 4585 section 6.3.1; FIR, RFC 5104 section 4.3.1). Throttled over all
    /// viewers, never lost.
    pub fn request_key_frame(&self) {
        self.shared.request_key_frame();
    }

    /// Frames that this viewer missed because it was slow.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.queue.skipped()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.leave(&self.queue);
    }
}
