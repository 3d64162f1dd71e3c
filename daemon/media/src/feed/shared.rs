//! What a feed's handles, its subscriptions, its source and its task share.

use super::backlog::Backlog;
use super::keyframes::KeyFrames;
use super::queue::Queue;
use super::stills::{Stills, Taken};
use super::{FeedSettings, FeedState, FeedStats};
use crate::{Frame, SnapshotError, StreamInfo};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Smallest queue.
const QUEUE_MIN: usize = 4;

/// The middle of a feed. No lock is held while anything waits or encodes.
pub(crate) struct Shared {
    pub(super) settings: FeedSettings,
    pub(super) state: watch::Sender<FeedState>,
    /// Something changed that the feed's task has to look at.
    pub(super) wake: Notify,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    fanout: Mutex<Fanout>,
}

/// Everything that a frame touches on its way.
pub(super) struct Fanout {
    /// The opening whose frames count; sinks of earlier ones are ignored.
    generation: u64,
    queues: Vec<Arc<Queue>>,
    backlog: Backlog,
    pub(super) keys: KeyFrames,
    pub(super) failure: Option<String>,
    pub(super) stills: Stills,
    /// The bitrate to set, once.
    pub(super) bitrate_wanted: Option<u32>,
    /// The bitrate that every opening starts with, if somebody chose one.
    bitrate: Option<u32>,
    pub(super) last_frame: Option<Instant>,
    stats: FeedStats,
    ended: bool,
}

impl Fanout {
    pub(super) fn watched(&self) -> bool {
        !self.queues.is_empty()
    }
}

impl Shared {
    pub(crate) fn new(mut settings: FeedSettings) -> Self {
        settings.queue = settings.queue.max(QUEUE_MIN);
        let fanout = Fanout {
            generation: 0,
            queues: Vec::new(),
            backlog: Backlog::new(settings.queue / 2),
            keys: KeyFrames::new(settings.key_frame_interval_min),
            failure: None,
            stills: Stills::default(),
            bitrate_wanted: None,
            bitrate: None,
            last_frame: None,
            stats: FeedStats::default(),
            ended: false,
        };
        Self {
            settings,
            state: watch::Sender::new(FeedState::Closed),
            wake: Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            fanout: Mutex::new(fanout),
        }
    }

    pub(super) fn fanout(&self) -> MutexGuard<'_, Fanout> {
        self.fanout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stats(&self) -> FeedStats {
        let fanout = self.fanout();
        FeedStats { subscribers: fanout.queues.len(), ..fanout.stats.clone() }
    }

    /// Why the source has failed, if it has and nobody has taken notice yet.
    #[cfg(feature = "gstreamer")]
    pub(crate) fn failure(&self) -> Option<String> {
        self.fanout().failure.clone()
    }

    // Called by subscriptions.

    pub(super) fn enter(&self) -> Arc<Queue> {
        let queue = Arc::new(Queue::new(self.settings.queue));
        let mut fanout = self.fanout();
        if fanout.ended {
            queue.close();
        }
        fanout.queues.push(queue.clone());
        drop(fanout);
        self.wake.notify_one();
        queue
    }

    pub(super) fn leave(&self, queue: &Arc<Queue>) {
        self.fanout().queues.retain(|other| !Arc::ptr_eq(other, queue));
        self.wake.notify_one();
    }

    pub(super) fn join(&self, queue: &Queue) {
        let mut fanout = self.fanout();
        let start = fanout.backlog.fresh(Instant::now());
        let must_ask = start.is_empty();
        queue.join(start);
        if must_ask {
            self.want_key_frame(&mut fanout);
        }
    }

    pub(super) fn request_key_frame(&self) {
        self.want_key_frame(&mut self.fanout());
    }

    /// Before its first frame a source need not be asked: it begins with a key frame.
    fn want_key_frame(&self, fanout: &mut Fanout) {
        if fanout.last_frame.is_some() {
            fanout.keys.want();
            self.wake.notify_one();
        }
    }

    pub(super) fn set_bitrate(&self, bits_per_second: u32) {
        let mut fanout = self.fanout();
        fanout.bitrate = Some(bits_per_second);
        fanout.bitrate_wanted = Some(bits_per_second);
        drop(fanout);
        self.wake.notify_one();
    }

    /// What the next snapshot comes to.
    pub(super) fn still(&self) -> Result<oneshot::Receiver<Taken>, SnapshotError> {
        let mut fanout = self.fanout();
        if fanout.ended {
            return Err(SnapshotError::Closed);
        }
        let taken = fanout.stills.wait()?;
        drop(fanout);
        self.wake.notify_one();
        Ok(taken)
    }

    // Called by the source, from threads of its own.

    pub(crate) fn push(&self, generation: u64, frame: Frame) {
        let mut fanout = self.fanout();
        if fanout.generation != generation {
            return;
        }
        let now = Instant::now();
        let first = fanout.last_frame.replace(now).is_none();
        fanout.stats.frames += 1;
        fanout.stats.bytes += frame.data.len() as u64;
        fanout.stats.key_frames += u64::from(frame.key);
        if frame.key {
            fanout.keys.came(now);
        }
        let frame = Arc::new(frame);
        fanout.backlog.push(&frame, now);
        for queue in &fanout.queues {
            queue.push(&frame);
        }
        drop(fanout);
        if first {
            self.wake.notify_one();
        }
    }

    pub(crate) fn info(&self, generation: u64, info: StreamInfo) {
        let mut fanout = self.fanout();
        if fanout.generation != generation {
            return;
        }
        fanout.stats.info = Some(info.clone());
        self.state.send_replace(FeedState::Live(info));
    }

    pub(crate) fn failed(&self, generation: u64, message: String) {
        let mut fanout = self.fanout();
        if fanout.generation == generation && fanout.failure.is_none() {
            fanout.failure = Some(message);
            drop(fanout);
            self.wake.notify_one();
        }
    }

    // Called by the feed's task.

    /// A source is about to be opened: the generation of its sink.
    pub(super) fn begin(&self, again: bool) -> u64 {
        let mut fanout = self.fanout();
        fanout.generation += 1;
        fanout.bitrate_wanted = fanout.bitrate;
        fanout.stats.running = true;
        fanout.stats.key_frames = 0;
        fanout.stats.restarts += u64::from(again);
        if !again {
            self.state.send_replace(FeedState::Opening);
        }
        fanout.generation
    }

    /// The source is to be heard no more; it is closed next.
    pub(super) fn hush(&self) {
        let mut fanout = self.fanout();
        fanout.generation += 1;
        fanout.backlog.clear();
        fanout.keys.reset();
        fanout.failure = None;
        fanout.last_frame = None;
        fanout.stats.info = None;
        for queue in &fanout.queues {
            queue.rejoin();
        }
    }

    /// The source is gone.
    pub(super) fn gone(&self) {
        self.fanout().stats.running = false;
    }

    /// Ends every subscription, those to come included.
    pub(super) fn end(&self) {
        let mut fanout = self.fanout();
        fanout.ended = true;
        fanout.stills.answer(&Err(SnapshotError::Closed));
        for queue in &fanout.queues {
            queue.close();
        }
    }
}
