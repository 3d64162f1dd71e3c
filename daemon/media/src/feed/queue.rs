//! What waits for one subscriber.

use crate::Frame;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Where a subscriber is with respect to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It has not asked for a frame yet, or it fell behind: nothing is kept for it until it asks (again).
    Outside,
    /// It gets everything from the next key frame on.
    Joining,
    /// It gets everything.
    Inside,
    /// The feed has ended.
    Closed,
}

struct Inner {
    frames: VecDeque<Arc<Frame>>,
    place: Place,
    /// It was inside, fell behind, and has not caught up: what passes it by counts.
    behind: bool,
    skipped: u64,
}

/// Result of [`Queue::take`].
pub(super) enum Taken {
    /// The next frame.
    Frame(Arc<Frame>),
    /// None yet; wait for [`Queue::ready`].
    Empty,
    /// The subscriber has to join the stream first.
    Outside,
    /// None any more.
    Closed,
}

/// A bounded queue of one subscriber. Full, it is emptied, and its subscriber starts again like a newcomer: what is
/// late is of no use to a live picture, and a queue that keeps its latency would keep it for good.
pub(super) struct Queue {
    inner: Mutex<Inner>,
    most: usize,
    pub(super) ready: Notify,
}

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        let inner = Inner { frames: VecDeque::new(), place: Place::Outside, behind: false, skipped: 0 };
        Self { inner: Mutex::new(inner), most, ready: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Taken {
        let mut inner = self.lock();
        match (inner.place, inner.frames.pop_front()) {
            (Place::Closed, _) => Taken::Closed,
            (_, Some(frame)) => Taken::Frame(frame),
            (Place::Outside, None) => Taken::Outside,
            (Place::Joining | Place::Inside, None) => Taken::Empty,
        }
    }

    /// Joins the stream with `start`, or at the next key frame if that is empty.
    pub(super) fn join(&self, start: &[Arc<Frame>]) {
        let mut inner = self.lock();
        if inner.place == Place::Closed {
            return;
        }
        inner.frames.clear();
        inner.frames.extend(start.iter().cloned());
        inner.place = if start.is_empty() { Place::Joining } else { Place::Inside };
        inner.behind &= start.is_empty();
    }

    /// The stream begins anew: whoever was inside goes on at its first key frame.
    pub(super) fn rejoin(&self) {
        let mut inner = self.lock();
        if inner.place == Place::Inside {
            inner.place = Place::Joining;
        }
    }

    pub(super) fn push(&self, frame: &Arc<Frame>) {
        let mut inner = self.lock();
        if inner.place == Place::Joining && frame.key {
            inner.place = Place::Inside;
            inner.behind = false;
        }
        if inner.place != Place::Inside {
            inner.skipped += u64::from(inner.behind);
            return;
        }
        if inner.frames.len() < self.most {
            inner.frames.push_back(frame.clone());
        } else if frame.key {
            inner.skipped += inner.frames.len() as u64;
            inner.frames.clear();
            inner.frames.push_back(frame.clone());
        } else {
            inner.skipped += inner.frames.len() as u64 + 1;
            inner.frames.clear();
            inner.place = Place::Outside;
            inner.behind = true;
        }
        drop(inner);
        self.ready.notify_one();
    }

    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.place = Place::Closed;
        inner.frames.clear();
        drop(inner);
        self.ready.notify_one();
    }

    pub(super) fn skipped(&self) -> u64 {
        self.lock().skipped
    }
}
