//! What the device tells its viewers of itself.

use crate::{process::Process, state::Keys};
use media::{Feed, FeedState};
use protocol::{
    bytes::B64,
    control::{DeviceInfo, DeviceStats},
    grant::Grant,
    word::Place,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Figures younger than this are shown again instead of measured anew: many viewers ask each second.
const FRESH: Duration = Duration::from_millis(900);

/// The device's own figures; cheap to clone.
#[derive(Clone)]
pub(crate) struct About {
    name: String,
    video: Option<Feed>,
    viewers: Arc<AtomicU32>,
    measured: Arc<Mutex<Measured>>,
}

/// What was measured last, and the counters of then.
struct Measured {
    process: Process,
    at: Option<Instant>,
    frames: u64,
    bytes: u64,
    stats: DeviceStats,
}

/// What one place's viewers are told: the device, and passes to this place.
struct AtPlace {
    about: About,
    pass: Box<dyn Fn() -> B64 + Send + Sync>,
}

impl About {
    /// A device of this name, with this picture.
    #[must_use]
    pub(crate) fn new(name: String, video: Option<Feed>) -> Self {
        let measured = Measured {
            process: Process::default(),
            at: None,
            frames: 0,
            bytes: 0,
            stats: DeviceStats::default(),
        };
        Self { name, video, viewers: Arc::default(), measured: Arc::new(Mutex::new(measured)) }
    }

    /// What viewers of this place are told.
    pub(super) fn for_place(&self, place: &str, keys: &Keys) -> Arc<dyn peer::Device> {
        let passes = keys.passes.clone();
        let place = Place::parse(place).ok();
        let pass = move || place.as_ref().map(|place| passes.issue(place)).unwrap_or_default();
        Arc::new(AtPlace { about: self.clone(), pass: Box::new(pass) })
    }

    /// So many sessions there are now.
    pub(super) fn set_viewers(&self, count: usize) {
        self.viewers.store(u32::try_from(count).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    fn stats(&self, now: Instant) -> DeviceStats {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if measured.at.is_none_or(|at| now.duration_since(at) >= FRESH) {
            measured.measure(self.video.as_ref(), now);
        }
        DeviceStats { viewers: self.viewers.load(Ordering::Relaxed), ..measured.stats.clone() }
    }
}

impl Measured {
    fn measure(&mut self, video: Option<&Feed>, now: Instant) {
        let seconds = self.at.map_or(1.0, |at| now.duration_since(at).as_secs_f32());
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut stats = DeviceStats {
            time_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            cpu_cores: self.process.cpu_cores(now),
            rss: self.process.resident_bytes(),
            temperature: self.process.temperature(),
            ..DeviceStats::default()
        };
        if let Some(feed) = video {
            let figures = feed.stats();
            stats.encoders = figures.running.into();
            stats.key_frames = figures.key_frames;
            stats.fps = figures.frames.saturating_sub(self.frames) as f32 / seconds;
            stats.bitrate = (figures.bytes.saturating_sub(self.bytes) as f32 * 8.0 / seconds) as u64;
            if let (true, Some(info)) = (figures.running, figures.info) {
                (stats.encoder, stats.width, stats.height) = (info.encoder, info.width, info.height);
            }
            (self.frames, self.bytes) = (figures.frames, figures.bytes);
        }
        self.at = Some(now);
        self.stats = stats;
    }
}

impl peer::Device for AtPlace {
    fn info(&self, you: &str) -> DeviceInfo {
        let state = self.about.video.as_ref().map(|feed| feed.state().borrow().clone());
        let (camera, picture, encoder) = match state {
            Some(FeedState::Live(info)) => {
                (info.source, format!("{}x{} at {:.0} fps", info.width, info.height, info.fps), info.encoder)
            }
            Some(FeedState::Closed | FeedState::Opening | FeedState::Waiting { .. }) | None => {
                Default::default()
            }
        };
        DeviceInfo {
            name: self.about.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            you: you.to_owned(),
            camera,
            picture,
            encoder,
            pass: (self.pass)(),
            grant: Grant::default(),
            expires: None,
        }
    }

    fn stats(&self) -> DeviceStats {
        self.about.stats(Instant::now())
    }
}
