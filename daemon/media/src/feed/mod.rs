//! One source, any number of viewers: opened at the first, closed after the last, and encoded once.

mod backlog;
mod driver;
mod keyframes;
mod lifecycle;
mod queue;
mod shared;
mod stills;
mod subscription;

pub(crate) use shared::Shared;
pub use subscription::Subscription;

use crate::snapshot::PATIENCE;
use crate::{Opener, SnapshotError, StreamInfo};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::DropGuard;

/// How a [`Feed`] behaves.
#[derive(Clone, Debug)]
pub struct FeedSettings {
    /// How long the source stays open after the last subscriber has left.
    pub linger: Duration,
    /// Frames that wait for one subscriber, 4 at least. When a queue is full it is emptied, and its subscriber goes
    /// on at a key frame; nobody else notices.
    pub queue: usize,
    /// Least time between two key frames that subscribers ask for.
    pub key_frame_interval_min: Duration,
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self { linger: Duration::from_secs(5), queue: 30, key_frame_interval_min: Duration::from_millis(100) }
    }
}

/// Where the source is.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedState {
    /// Nobody watches.
    Closed,
    /// Being opened for the first time.
    Opening,
    /// Running.
    Live(StreamInfo),
    /// It failed, and is tried again by itself while somebody watches.
    Waiting {
        /// What is wrong and what to do, one sentence.
        message: String,
    },
}

/// Counters of a [`Feed`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedStats {
    /// Subscribers now, those included that have not asked for a frame yet.
    pub subscribers: usize,
    /// Whether the source is open.
    pub running: bool,
    /// What it gives, once it has said so.
    pub info: Option<StreamInfo>,
    /// Frames since the feed was made.
    pub frames: u64,
    /// Bytes of those frames.
    pub bytes: u64,
    /// Key frames since the source was opened.
    pub key_frames: u64,
    /// How often the source was opened again after a failure.
    pub restarts: u64,
}

/// The fan-out of one source. Clones are handles of the same feed.
#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
    owner: Arc<DropGuard>,
}

impl Feed {
    /// A feed of what `opener` opens. Must be called within a tokio runtime: one task per feed opens, watches and
    /// closes the source, until [`Feed::close`] or until the last handle and subscription are gone.
    #[must_use]
    pub fn new(opener: Arc<dyn Opener>, settings: FeedSettings) -> Self {
        let shared = Arc::new(Shared::new(settings));
        let owner = Arc::new(shared.stop.clone().drop_guard());
        shared.tasks.spawn(driver::run(shared.clone(), opener));
        shared.tasks.close();
        Self { shared, owner }
    }

    /// One more viewer. The source is opened at once if it is not; the viewer takes its place in the stream at its
    /// first [`Subscription::next`], so that it may subscribe early and connect meanwhile.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.shared.clone(), self.owner.clone())
    }

    /// The state, and its changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<FeedState> {
        self.shared.state.subscribe()
    }

    /// The counters now.
    #[must_use]
    pub fn stats(&self) -> FeedStats {
        self.shared.stats()
    }

    /// Sets the encoder's target, bits per second, now and at every later opening.
    pub fn set_bitrate(&self, bits_per_second: u32) {
        self.shared.set_bitrate(bits_per_second);
    }

    /// A JPEG of the first picture from now on, in the size and as upright as viewers see it. The source is opened as for
    /// one viewer more, and no second video encoder runs. One at a time: whoever asks while one is being made
    /// gets that. Safe to cancel.
    ///
    /// # Errors
    /// When there is none within 5 s, or none to be had: see [`SnapshotError`].
    pub async fn snapshot(&self) -> Result<Bytes, SnapshotError> {
        let _open = self.subscribe();
        let taken = self.shared.still()?;
        match tokio::time::timeout(PATIENCE, taken).await {
            Ok(taken) => taken.unwrap_or(Err(SnapshotError::Closed)),
            Err(_) => Err(SnapshotError::NotInTime),
        }
    }

    /// Ends every subscription, closes the source and returns when all of it is gone.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.wait().await;
    }
}
