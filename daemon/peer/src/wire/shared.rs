//! What the sockets of one session share.

use super::pace::Demand;
use super::socket::Socket;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webrtc::runtime::Runtime;

/// State of one [`Wire`](super::Wire), seen by its sockets.
pub(super) struct Shared {
    pub(super) base: Arc<dyn Runtime>,
    pub(super) tasks: TaskTracker,
    pub(super) kill: CancellationToken,
    pub(super) counters: Counters,
    pub(super) demand: Demand,
    started: Instant,
    sockets: Mutex<Vec<Weak<Socket>>>,
    /// Nanoseconds from `started` to the last datagram that came.
    heard: AtomicU64,
}

/// What the wire did beside sending.
#[derive(Debug, Default)]
pub(super) struct Counters {
    repeated_flights: AtomicU64,
    dropped: AtomicU64,
}

impl Counters {
    pub(super) fn repeated_flights(&self) {
        self.repeated_flights.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> (u64, u64) {
        (self.repeated_flights.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed))
    }
}

impl Shared {
    pub(super) fn new(base: Arc<dyn Runtime>, tasks: TaskTracker, kill: CancellationToken) -> Self {
        let started = base.now();
        Self {
            base,
            tasks,
            kill,
            counters: Counters::default(),
            demand: Demand::default(),
            started,
            sockets: Mutex::new(Vec::new()),
            heard: AtomicU64::new(0),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.base.now()
    }

    /// Since the session began.
    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    pub(super) fn heard(&self, now: Instant) {
        let nanos = u64::try_from(self.age(now).as_nanos()).unwrap_or(u64::MAX);
        self.heard.store(nanos, Ordering::Relaxed);
    }

    /// Since the last datagram came.
    pub(super) fn silence(&self, now: Instant) -> Duration {
        self.age(now).saturating_sub(Duration::from_nanos(self.heard.load(Ordering::Relaxed)))
    }

    pub(super) fn add(&self, socket: &Arc<Socket>) {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        sockets.retain(|socket| socket.strong_count() > 0);
        sockets.push(Arc::downgrade(socket));
    }

    /// Sends again what is due on any socket.
    pub(super) fn repeat(&self, now: Instant) {
        self.each(|socket| socket.repeat_if_due(now));
    }

    /// The session has started.
    pub(super) fn settle(&self) {
        self.each(Socket::settle);
    }

    fn each(&self, act: impl Fn(&Socket)) {
        let sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for socket in sockets.iter().filter_map(Weak::upgrade) {
            act(&socket);
        }
    }

    /// Starts the task that empties a socket's queue of data. It lives for as long as there is something in it.
    pub(super) fn start_drain(&self, of: &Socket) {
        let sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let found = sockets.iter().find(|socket| std::ptr::eq(socket.as_ptr(), of)).cloned();
        drop(sockets);
        let Some(socket) = found else { return };
        let base = self.base.clone();
        let drain = async move {
            while let Some(pause) = socket.upgrade().and_then(|socket| socket.drain()) {
                base.sleep(pause).await;
            }
        };
        let kill = self.kill.clone();
        let task = self.tasks.track_future(async move {
            kill.run_until_cancelled(drain).await;
        });
        self.base.spawn(Box::pin(task)).detach();
    }
}
