//! Opening the picture.

use super::Pump;
use super::test_picture::TestPicture;
use crate::camera::capture::Capture;
use crate::camera::{Plan, plan, plan_for};
use crate::gstreamer::init;
use crate::{OpenError, Opener, Running, Sink, Still, VideoSettings};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Opens the picture that the settings ask for.
#[must_use]
pub fn video_opener(settings: VideoSettings) -> Arc<dyn Opener> {
    Arc::new(VideoOpener { settings, known: Arc::default() })
}

struct VideoOpener {
    settings: VideoSettings,
    known: Arc<Mutex<Known>>,
}

/// What was found out at earlier openings.
#[derive(Clone, Default)]
enum Known {
    /// No camera yet: the next opening looks again, for one may have been plugged in.
    #[default]
    Nothing,
    /// This camera, in this mode, gave pictures.
    Camera(Plan),
    /// This camera was there once: it is waited for, and not replaced by the test picture.
    Missed(Plan),
}

impl Known {
    fn of(shared: &Mutex<Self>) -> MutexGuard<'_, Self> {
        shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opener for VideoOpener {
    fn open(&self, sink: Sink) -> Result<Box<dyn Running>, OpenError> {
        init()?;
        let plan = self.plan()?;
        let source = plan.as_ref().map_or("test picture".to_owned(), |plan| plan.name.clone());
        let settings = &self.settings;
        let pump = Pump::new(sink.clone(), source, settings.encoder.as_deref(), settings.bitrate)?;
        let pump = Arc::new(pump);
        let (source, learns) = match plan {
            None => (Source::Test { _thread: TestPicture::start(settings, pump.clone())? }, None),
            Some(plan) => {
                let capture = self.capture(&plan, &pump, sink)?;
                (Source::Camera { _capture: capture }, Some((plan, self.known.clone())))
            }
        };
        Ok(Box::new(RunningVideo { source: Some(source), pump, learns }))
    }
}

impl VideoOpener {
    /// Looking at a camera takes time and can wake it: what worked is tried again without looking.
    fn plan(&self) -> Result<Option<Plan>, OpenError> {
        let known = Known::of(&self.known).clone();
        let (plan, before) = match known {
            Known::Camera(plan) if plan.is_there() => return Ok(Some(plan)),
            Known::Camera(plan) | Known::Missed(plan) => {
                // What comes back at this path may be another camera.
                *Known::of(&self.known) = Known::Missed(plan.clone());
                (Some(plan_for(&plan.path, &self.settings)?), Some(plan))
            }
            Known::Nothing => (plan(&self.settings)?, None),
        };
        // Said once, not at each attempt.
        if let Some(plan) = plan.as_ref().filter(|plan| before.as_ref() != Some(*plan)) {
            log::info!(
                "camera {} ({}): {}",
                plan.name,
                plan.path.display().to_string().escape_debug(),
                plan.why
            );
        }
        // Until it has given a picture, the next opening looks again.
        *Known::of(&self.known) = plan.clone().map_or(Known::Nothing, Known::Missed);
        Ok(plan)
    }

    fn capture(&self, plan: &Plan, pump: &Arc<Pump>, sink: Sink) -> Result<Capture, OpenError> {
        // A camera that was plugged in again may have other modes, and says so only after it has started.
        *Known::of(&self.known) = Known::Missed(plan.clone());
        Capture::start(plan, &self.settings, pump.clone(), sink)
    }
}

/// What gives the pictures; dropping it stops it.
enum Source {
    Test { _thread: TestPicture },
    Camera { _capture: Capture },
}

struct RunningVideo {
    source: Option<Source>,
    pump: Arc<Pump>,
    /// The camera's plan, and where to note that it worked.
    learns: Option<(Plan, Arc<Mutex<Known>>)>,
}

impl Running for RunningVideo {
    fn request_key_frame(&self) {
        self.pump.request_key_frame();
    }

    fn set_bitrate(&self, bits_per_second: u32) {
        self.pump.set_bitrate(bits_per_second);
    }

    fn still(&self) -> Option<Still> {
        Some(self.pump.still())
    }
}

impl Drop for RunningVideo {
    fn drop(&mut self) {
        if let Some((plan, known)) = self.learns.take().filter(|_| self.pump.has_pictures()) {
            *Known::of(&known) = Known::Camera(plan);
        }
        // The encoder first: a camera stops cleanly when it has all its buffers back. What it still gives is dropped.
        self.pump.stop();
        self.source = None;
    }
}
