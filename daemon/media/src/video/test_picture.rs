//! The test picture as a source: a thread that draws.

use super::Pump;
use crate::picture::{Canvas, Pattern, Plane, timecode};
use crate::{OpenError, VideoSettings};
use gst::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Pictures in flight: one being drawn, one waiting, one being encoded, and the last.
const BUFFERS: u32 = 5;

/// Draws the test picture until it is dropped. It is always upright: a rotation only turns its shape.
pub(super) struct TestPicture {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TestPicture {
    /// The first picture is given at once.
    pub(super) fn start(settings: &VideoSettings, pump: Arc<Pump>) -> Result<Self, OpenError> {
        let mut painter = Painter::new(settings)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let interval = Duration::from_secs(1) / settings.fps.max(1);
        let run = move || {
            let mut due = Instant::now();
            while !stopped.load(Ordering::Relaxed) {
                painter.paint(&pump);
                let now = Instant::now();
                due += interval;
                if due <= now {
                    // Late by a whole picture: it is left out, two at once would help nobody.
                    due = now + interval;
                }
                std::thread::park_timeout(due.saturating_duration_since(now));
            }
        };
        let failed = |error| OpenError::Failed(format!("The test picture could not be started: {error}."));
        let thread = Builder::new().name("test-picture".to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for TestPicture {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                log::error!("the test picture's thread panicked");
            }
        }
    }
}

struct Painter {
    pattern: Pattern,
    info: gst_video::VideoInfo,
    fps: f32,
    pool: gst::BufferPool,
    background: Vec<u8>,
}

impl Painter {
    #[allow(clippy::cast_precision_loss, reason = "rates are small")]
    fn new(settings: &VideoSettings) -> Result<Self, OpenError> {
        let (width, height) = match settings.rotation.swaps() {
            true => (settings.height, settings.width),
            false => (settings.width, settings.height),
        };
        let fps = settings.fps.max(1);
        let failed =
            |_| OpenError::Failed(format!("A test picture of {width}x{height} pixels cannot be made."));
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width & !1, height & !1)
            .fps(gst::Fraction::new(i32::try_from(fps).unwrap_or(30), 1))
            .build()
            .map_err(failed)?;
        let pool = pool(&info).map_err(failed)?;
        let caption = format!("WATCHWORD TEST {}X{} {fps} FPS", info.width(), info.height());
        let pattern = Pattern::new(caption);
        let mut background = vec![0; info.size()];
        if let Some(mut canvas) = canvas(&info, &mut background) {
            pattern.background(&mut canvas);
        }
        Ok(Self { pattern, info, fps: fps as f32, pool, background })
    }

    /// Draws one picture, unless all buffers are still in use: then the encoder is behind, and this one is left out.
    fn paint(&mut self, pump: &Pump) {
        let params = gst::BufferPoolAcquireParams::with_flags(gst::BufferPoolAcquireFlags::DONTWAIT);
        let Ok(mut buffer) = self.pool.acquire_buffer(Some(&params)) else { return };
        let captured = Instant::now();
        let Ok(mut map) = buffer.make_mut().map_writable() else { return };
        let pixels = map.as_mut_slice();
        if pixels.len() != self.background.len() {
            return;
        }
        pixels.copy_from_slice(&self.background);
        if let Some(mut canvas) = canvas(&self.info, pixels) {
            self.pattern.draw(&mut canvas, timecode::now_ms(), &clock());
        }
        drop(map);
        pump.picture(&self.info, self.fps, buffer, captured);
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        let _ = self.pool.set_active(false);
    }
}

fn pool(info: &gst_video::VideoInfo) -> Result<gst::BufferPool, gst::glib::BoolError> {
    let pool = gst::BufferPool::new();
    let mut config = pool.config();
    let size = u32::try_from(info.size()).unwrap_or(u32::MAX);
    config.set_params(Some(&info.to_caps()?), size, 0, BUFFERS);
    pool.set_config(config)?;
    pool.set_active(true)?;
    Ok(pool)
}

/// The three planes of an I420 picture.
fn canvas<'a>(info: &gst_video::VideoInfo, pixels: &'a mut [u8]) -> Option<Canvas<'a>> {
    let (width, height) = (usize::try_from(info.width()).ok()?, usize::try_from(info.height()).ok()?);
    let &[_, blue_at, red_at, ..] = info.offset() else { return None };
    let strides: Vec<usize> =
        info.stride().iter().map(|stride| usize::try_from(*stride).ok()).collect::<Option<_>>()?;
    let (luma, chroma) = pixels.split_at_mut_checked(blue_at)?;
    let (blue, red) = chroma.split_at_mut_checked(red_at.checked_sub(blue_at)?)?;
    let half = |data, stride| Plane { data, stride, width: width / 2, height: height / 2 };
    Some(Canvas {
        luma: Plane { data: luma, stride: *strides.first()?, width, height },
        chroma: [half(blue, *strides.get(1)?), half(red, *strides.get(2)?)],
    })
}

/// The time of day here, for people.
fn clock() -> String {
    let Ok(now) = gst::glib::DateTime::now_local() else { return String::new() };
    let milliseconds = now.microsecond() / 1000;
    format!("{:02}:{:02}:{:02}.{milliseconds:03}", now.hour(), now.minute(), now.second())
}
