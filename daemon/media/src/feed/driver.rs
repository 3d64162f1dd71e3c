//! The task of a feed: it opens the source, watches it, asks it for key frames, and closes it.

use super::FeedState;
use super::lifecycle::{Action, Event, Phase, transition};
use super::shared::Shared;
use super::stills::Taken;
use crate::snapshot::PATIENCE;
use crate::{OpenError, Opener, Running, Sink, SnapshotError};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

/// A source that gave frames and then none for so long has failed.
const STALL: Duration = Duration::from_secs(3);
/// As [`STALL`], from opening to the first frame: cameras take their time to start.
const FIRST_FRAME: Duration = Duration::from_secs(6);
/// The first pause after a failure; each next one is twice as long.
const RETRY_MIN: Duration = Duration::from_millis(500);
/// The longest pause.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// A source that ran for so long starts again with the shortest pause.
const HEALTHY: Duration = Duration::from_secs(10);

type Opening = JoinHandle<Result<Box<dyn Running>, OpenError>>;

/// Runs until the feed is stopped; then the source is gone.
pub(super) async fn run(shared: Arc<Shared>, opener: Arc<dyn Opener>) {
    let mut driver = Driver {
        shared,
        opener,
        phase: Phase::Closed,
        opening: None,
        source: None,
        still: None,
        opened: None,
        timer: None,
        failures: 0,
        message: String::new(),
    };
    while driver.phase != Phase::Ended {
        let event = driver.next_event().await;
        let (phase, action) = transition(driver.phase, event);
        driver.phase = phase;
        driver.act(action).await;
    }
}

struct Driver {
    shared: Arc<Shared>,
    opener: Arc<dyn Opener>,
    phase: Phase,
    opening: Option<Opening>,
    source: Option<Box<dyn Running>>,
    /// The snapshot under way, on a blocking thread.
    still: Option<JoinHandle<Taken>>,
    opened: Option<Instant>,
    timer: Option<Instant>,
    /// Failures in a row.
    failures: u32,
    /// Why it failed last.
    message: String,
}

impl Driver {
    async fn next_event(&mut self) -> Event {
        loop {
            if let Some(event) = self.look() {
                return event;
            }
            let deadline = self.deadline();
            let stopped = self.shared.stop.clone();
            tokio::select! {
                () = stopped.cancelled() => {}
                () = self.shared.wake.notified() => {}
                () = sleep(deadline) => {}
                opened = finished(&mut self.opening) => return self.opened(opened),
                taken = taken(&mut self.still) => self.shared.fanout().stills.answer(&taken),
            }
        }
    }

    /// What has happened by now. Everything here is a level, not an edge: nothing is missed by looking late.
    fn look(&mut self) -> Option<Event> {
        if self.shared.stop.is_cancelled() {
            return Some(Event::Stop);
        }
        let now = Instant::now();
        if self.timer.is_some_and(|at| at <= now) {
            self.timer = None;
            return Some(Event::Elapsed);
        }
        let watched = self.shared.fanout().watched();
        match self.phase {
            Phase::Closed => watched.then_some(Event::Watched),
            Phase::Opening | Phase::Ended => None,
            Phase::Waiting => {
                self.shared.fanout().stills.answer(&Err(SnapshotError::Source(self.message.clone())));
                (!watched).then_some(Event::Unwatched)
            }
            Phase::Running | Phase::Lingering => {
                if let Some(message) = self.failure(now) {
                    self.message = message;
                    return Some(Event::Failed);
                }
                self.serve(now);
                match (self.phase, watched) {
                    (Phase::Running, false) => Some(Event::Unwatched),
                    (Phase::Lingering, true) => Some(Event::Watched),
                    _ => None,
                }
            }
        }
    }

    fn failure(&self, now: Instant) -> Option<String> {
        let failure = self.shared.fanout().failure.take();
        failure.or_else(|| {
            let (_, limit) = self.stall().filter(|(at, _)| *at <= now)?;
            let seconds = limit.as_secs();
            Some(format!("The source gave nothing for {seconds} s; it is opened again."))
        })
    }

    /// When silence becomes a failure.
    fn stall(&self) -> Option<(Instant, Duration)> {
        let opened = self.opened?;
        Some(match self.shared.fanout().last_frame {
            Some(last) => (last + STALL, STALL),
            None => (opened + FIRST_FRAME, FIRST_FRAME),
        })
    }

    /// Hands on what subscribers asked for.
    fn serve(&mut self, now: Instant) {
        let Some(source) = &self.source else { return };
        let mut fanout = self.shared.fanout();
        let bitrate = fanout.bitrate_wanted.take();
        let key = fanout.keys.due().is_some_and(|at| at <= now);
        if key {
            fanout.keys.asked(now);
        }
        let still = self.still.is_none() && fanout.stills.wanted();
        drop(fanout);
        if let Some(bitrate) = bitrate {
            source.set_bitrate(bitrate);
        }
        if key {
            source.request_key_frame();
        }
        if still {
            match source.still() {
                Some(still) => self.still = Some(spawn_blocking(move || still(PATIENCE))),
                None => self.shared.fanout().stills.answer(&Err(SnapshotError::NoPicture)),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let running = matches!(self.phase, Phase::Running | Phase::Lingering);
        let stall = self.stall().filter(|_| running).map(|(at, _)| at);
        let key = if running { self.shared.fanout().keys.due() } else { None };
        [self.timer, stall, key].into_iter().flatten().min()
    }

    fn opened(&mut self, result: Result<Box<dyn Running>, String>) -> Event {
        self.opening = None;
        match result {
            Ok(source) => {
                self.source = Some(source);
                self.opened = Some(Instant::now());
                Event::Opened
            }
            Err(message) => {
                self.message = message;
                Event::Failed
            }
        }
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Nothing => {}
            Action::Open => {
                let sink = Sink::new(self.shared.clone(), self.shared.begin(self.failures > 0));
                let opener = self.opener.clone();
                self.opening = Some(spawn_blocking(move || opener.open(sink)));
            }
            Action::Linger => self.timer = Some(Instant::now() + self.shared.settings.linger),
            Action::Stay => self.timer = None,
            Action::Retry => self.retry().await,
            Action::Close => {
                if self.phase == Phase::Ended {
                    self.shared.end();
                }
                self.timer = None;
                self.failures = 0;
                self.close().await;
                self.shared.state.send_replace(FeedState::Closed);
            }
        }
    }

    async fn retry(&mut self) {
        if self.opened.is_some_and(|at| at.elapsed() >= HEALTHY) {
            self.failures = 0;
        }
        let pause = (RETRY_MIN * 2_u32.saturating_pow(self.failures.min(8))).min(RETRY_MAX);
        self.failures = self.failures.saturating_add(1);
        if self.failures == 1 {
            log::warn!("{}", self.message);
        } else {
            log::debug!("try {}: {}", self.failures, self.message);
        }
        self.shared.state.send_replace(FeedState::Waiting { message: self.message.clone() });
        self.close().await;
        self.timer = Some(Instant::now() + pause);
    }

    /// Frees the source, on a blocking thread; an opening under way is waited for and undone.
    async fn close(&mut self) {
        self.shared.hush();
        self.opened = None;
        let source = self.source.take();
        if self.opening.is_some() {
            let late = finished(&mut self.opening).await;
            self.opening = None;
            let _ = spawn_blocking(move || drop(late)).await;
        }
        if source.is_some() && spawn_blocking(move || drop(source)).await.is_err() {
            log::error!("a source panicked while it was closed");
        }
        // It ended with its source. Without a picture, what comes next tells those who wait: another opening, or why
        // there is none.
        if self.still.is_some()
            && let Ok(jpeg) = taken(&mut self.still).await
        {
            self.shared.fanout().stills.answer(&Ok(jpeg));
        }
        self.shared.gone();
    }
}

async fn sleep(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn finished(opening: &mut Option<Opening>) -> Result<Box<dyn Running>, String> {
    let Some(opening) = opening else { return std::future::pending().await };
    match opening.await {
        Ok(Ok(source)) => Ok(source),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("The source could not be opened because of a fault in this program.".to_owned()),
    }
}

/// What the snapshot under way came to; it is under way no more.
async fn taken(still: &mut Option<JoinHandle<Taken>>) -> Taken {
    let Some(under_way) = still else { return std::future::pending().await };
    let taken = under_way.await;
    *still = None;
    taken.unwrap_or_else(|_| {
        Err(SnapshotError::Encoder(
            "The snapshot could not be made because of a fault in this program.".to_owned(),
        ))
    })
}
