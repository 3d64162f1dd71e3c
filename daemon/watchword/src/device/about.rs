//! What the device tells its viewers of itself.

use crate::{
    audit::{Allowance, Audit, Line, Verdict},
    process::Process,
    state::{Entry, Keys, Terms},
};
use media::{Feed, FeedState};
use peer::Act;
use protocol::{
    bytes::B64,
    control::{DeviceInfo, DeviceStats},
    grant::Grant,
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

/// The device as one session sees it: what it is told, what its word allows, and where its acts are recorded.
struct Seen {
    about: About,
    pass: Box<dyn Fn() -> B64 + Send + Sync>,
    label: String,
    terms: Terms,
    session: String,
    audit: Audit,
    allowance: Mutex<Allowance>,
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

    /// The device for a session with this word.
    pub(super) fn for_session(
        &self,
        entry: &Entry,
        session: &str,
        keys: &Keys,
        audit: &Audit,
    ) -> Arc<dyn peer::Device> {
        let (passes, place) = (keys.passes.clone(), entry.place.clone());
        Arc::new(Seen {
            about: self.clone(),
            pass: Box::new(move || passes.issue(&place)),
            label: entry.label.clone(),
            terms: entry.terms.clone(),
            session: super::doors::short(session),
            audit: audit.clone(),
            allowance: Mutex::new(Allowance::new(Instant::now())),
        })
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

impl peer::Device for Seen {
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
            grant: self.terms.grant,
            expires: self.terms.expires,
        }
    }

    fn stats(&self) -> DeviceStats {
        self.about.stats(Instant::now())
    }

    fn grant(&self) -> Grant {
        self.terms.grant
    }

    fn audit(&self, act: &Act<'_>) {
        let verdict = self.allowance.lock().unwrap_or_else(PoisonError::into_inner).next(Instant::now());
        let Verdict::Write { left_out } = verdict else { return };
        let line = |what, on, refused, count| Line {
            word: &self.label,
            session: &self.session,
            what,
            on,
            refused,
            count,
        };
        if left_out > 0 {
            self.audit.tell(&line("left-out", "", None, Some(left_out)));
        }
        self.audit.tell(&line(act.what, act.on, act.refused, None));
    }
}
