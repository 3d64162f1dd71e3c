//! Opening the picture.

use super::Pump;
use super::test_picture::TestPicture;
use crate::camera::capture::Capture;
use crate::camera::{Plan, plan, plan_for};
use crate::gstreamer::init;
use crate::{OpenError, Opener, Running, Sink, VideoSettings};
use std::sync::{Arc, Mutex, PoisonError};

/// Opens the picture that the settings ask for.
#[must_use]
pub fn video_opener(settings: VideoSettings) -> Arc<dyn Opener> {
    Arc::new(VideoOpener { settings, known: Mutex::new(Known::Nothing) })
}

struct VideoOpener {
    settings: VideoSettings,
    known: Mutex<Known>,
}

/// What was found out at earlier openings.
#[derive(Clone)]
enum Known {
    Nothing,
    /// There is no camera: the test picture.
    Test,
    /// This camera, in this mode, worked.
    Camera(Plan),
    /// This camera was there once: it is waited for, and not replaced by the test picture.
    Missed(Plan),
}

impl Opener for VideoOpener {
    fn open(&self, sink: Sink) -> Result<Box<dyn Running>, OpenError> {
        init()?;
        let plan = self.plan()?;
        let source = plan.as_ref().map_or("test picture".to_owned(), |plan| plan.name.clone());
        let settings = &self.settings;
        let pump = Pump::new(sink.clone(), source, settings.encoder.as_deref(), settings.bitrate)?;
        let pump = Arc::new(pump);
        let source = match plan {
            None => Source::Test { _thread: TestPicture::start(settings, pump.clone())? },
            Some(plan) => Source::Camera { _capture: self.capture(plan, &pump, sink)? },
        };
        Ok(Box::new(RunningVideo { source: Some(source), pump }))
    }
}

impl VideoOpener {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looking at a camera takes time and can wake it: what worked is tried again without looking.
    fn plan(&self) -> Result<Option<Plan>, OpenError> {
        let known = self.known().clone();
        let plan = match known {
            Known::Camera(plan) if plan.path.exists() => return Ok(Some(plan)),
            Known::Test => return Ok(None),
            Known::Camera(plan) | Known::Missed(plan) => Some(plan_for(&plan.path, &self.settings)?),
            Known::Nothing => plan(&self.settings)?,
        };
        if let Some(plan) = &plan {
            log::info!(
                "camera {} ({}): {}",
                plan.name,
                plan.path.display().to_string().escape_debug(),
                plan.why
            );
        }
        *self.known() = plan.clone().map_or(Known::Test, Known::Camera);
        Ok(plan)
    }

    fn capture(&self, plan: Plan, pump: &Arc<Pump>, sink: Sink) -> Result<Capture, OpenError> {
        // Until it has worked: look again at the next opening, it may have become another.
        *self.known() = Known::Missed(plan.clone());
        let capture = Capture::start(&plan, &self.settings, pump.clone(), sink)?;
        *self.known() = Known::Camera(plan);
        Ok(capture)
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
}

impl Running for RunningVideo {
    fn request_key_frame(&self) {
        self.pump.request_key_frame();
    }

    fn set_bitrate(&self, bits_per_second: u32) {
        self.pump.set_bitrate(bits_per_second);
    }
}

impl Drop for RunningVideo {
    fn drop(&mut self) {
        // The source first: nothing is pushed into an encoder that is being stopped.
        self.source = None;
        self.pump.stop();
    }
}
