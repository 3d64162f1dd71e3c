//! What this board's encoder really does: the test picture, encoded for a while with a look at the clock.

use super::encoders::hardware;
use super::pump::Pump;
use super::test_picture::TestPicture;
use crate::feed::Shared;
use crate::gstreamer::init;
use crate::{FeedSettings, OpenError, Sink, StreamInfo, VideoSettings};
use serde::Serialize;
use std::fs;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the first frame may take: every encoder that is here may be tried in turn.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(5);

/// What an encoder did in a trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EncoderTrial {
    /// Its element, such as `x264enc`.
    pub encoder: String,
    /// Whether it is a part of the chip.
    pub hardware: bool,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pictures a second that were asked for.
    pub wanted_fps: u32,
    /// Pictures a second that it encoded.
    pub fps: f32,
    /// Bits per second that it made of them.
    pub bitrate: u32,
    /// Processor cores that this process used meanwhile, the drawing of the picture included.
    pub cores: f32,
}

impl EncoderTrial {
    /// Whether it keeps up with what was asked for.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "rates are small")]
    pub fn keeps_up(&self) -> bool {
        self.fps >= self.wanted_fps as f32 * 0.95
    }
}

/// Encodes the moving test picture in the size and at the rate of `settings` for `duration` (from its first frame on),
/// with the encoder that a viewer would get, or with the one that is asked for. Opens no camera. Blocks for that long,
/// and for up to 10 s more where encoders fail.
///
/// # Errors
/// When no encoder works, or the one asked for does not.
pub fn try_encoder(settings: &VideoSettings, duration: Duration) -> Result<EncoderTrial, OpenError> {
    init()?;
    // A feed's middle without its task: nobody watches, it only counts.
    let counted = Arc::new(Shared::new(FeedSettings::default()));
    let sink = Sink::new(counted.clone(), 0);
    let pump = Pump::new(sink, "test picture".to_owned(), settings.encoder.as_deref(), settings.bitrate)?;
    let pump = Arc::new(pump);
    let picture = TestPicture::start(settings, pump.clone());
    let trial = picture.and_then(|_picture| measure(&counted, settings, duration));
    pump.stop();
    trial
}

#[allow(clippy::cast_precision_loss, reason = "counts of a trial")]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates of a trial")]
fn measure(
    counted: &Shared,
    settings: &VideoSettings,
    duration: Duration,
) -> Result<EncoderTrial, OpenError> {
    first_frame(counted)?;
    let (begin, before, processor) = (Instant::now(), counted.stats(), processor_time());
    sleep(duration);
    let (after, info) = (counted.stats(), first_frame(counted)?);
    let seconds = begin.elapsed().as_secs_f32().max(f32::MIN_POSITIVE);
    let used = processor_time().saturating_sub(processor);
    Ok(EncoderTrial {
        hardware: hardware(&info.encoder),
        encoder: info.encoder,
        width: info.width,
        height: info.height,
        wanted_fps: settings.fps.max(1),
        fps: (after.frames - before.frames) as f32 / seconds,
        bitrate: ((after.bytes - before.bytes) as f32 * 8.0 / seconds) as u32,
        cores: used.as_secs_f32() / seconds,
    })
}

/// Waits for it, and says what it is of.
fn first_frame(counted: &Shared) -> Result<StreamInfo, OpenError> {
    let begin = Instant::now();
    loop {
        if let Some(problem) = counted.failure() {
            return Err(OpenError::Failed(problem));
        }
        let stats = counted.stats();
        if let Some(info) = stats.info.filter(|_| stats.frames > 0) {
            return Ok(info);
        }
        if begin.elapsed() > PATIENCE {
            let seconds = PATIENCE.as_secs();
            return Err(OpenError::Failed(format!(
                "No encoder gave a picture within {seconds} s: this board is busy, or the encoder is stuck."
            )));
        }
        sleep(LOOK);
    }
}

/// User and system time of this process (proc(5): fields 14 and 15 of `stat`, in ticks of 10 ms).
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may have blanks in it; what comes behind it has not.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>();
    Duration::from_millis(ticks.saturating_mul(10))
}
