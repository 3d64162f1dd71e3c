//! The encoder: which one works here, and is it quick enough for what the owner wants?

use super::finding::Finding;
use media::{EncoderTrial, OpenError, VideoSettings};
use std::time::Duration;

const NAME: &str = "encoder";
/// How long it encodes.
const TRIAL: Duration = Duration::from_secs(1);
/// Pictures that a second's count may miss at its ends: that is not slowness.
const COUNTED: f32 = 1.5;
/// Of all cores: above this, nothing is left for viewers and their files.
const BUSY: f32 = 0.8;

/// What stands in the way of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing.
    None,
    /// Somebody watches: the picture would suffer.
    Watched,
    /// A device runs, and this user cannot see whether somebody watches.
    Unseen,
}

/// Encodes the test picture for a second. Blocks.
pub(super) fn look(settings: Option<&VideoSettings>, rest: Rest) -> Finding {
    let Some(settings) = settings else {
        return Finding::skipped(NAME, "There is no picture to encode: [video] source is \"none\".");
    };
    match rest {
        Rest::None => {}
        Rest::Watched => {
            let message = "Somebody watches now, and a measurement would take from the picture.";
            return Finding::skipped(NAME, message)
                .advising("Ask again when nobody is here, or see the statistics on the page.");
        }
        Rest::Unseen => {
            let message = "A watchword of another user runs, and a measurement could take from its picture.";
            return Finding::skipped(NAME, message).better_as_root();
        }
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    judge(media::try_encoder(settings, TRIAL), cores)
}

fn judge(trial: Result<EncoderTrial, OpenError>, cores: usize) -> Finding {
    let trial = match trial {
        Ok(trial) => trial,
        Err(error) => {
            return Finding::failed(
                NAME,
                format!("No picture can be encoded: {error}"),
                "Install an encoder: gstreamer1.0-plugins-ugly (x264) or gstreamer1.0-plugins-bad (OpenH264).",
            );
        }
    };
    let measured = measured(&trial, cores);
    if !trial.keeps_up() && as_f32(trial.wanted_fps as usize) - trial.fps > COUNTED {
        let message = format!("{measured}: too slow for {} a second.", trial.wanted_fps);
        return Finding::warning(NAME, message, slower(&trial));
    }
    if cores > 1 && trial.cores > BUSY * as_f32(cores) {
        return Finding::warning(
            NAME,
            format!("{measured}: little is left for anything else."),
            slower(&trial),
        );
    }
    Finding::ok(NAME, format!("{measured}."))
}

/// `x264enc (software): 30.0 of 30 pictures a second at 1280x720, and that second took 0.61 of 4 cores`.
fn measured(trial: &EncoderTrial, cores: usize) -> String {
    let EncoderTrial { encoder, width, height, wanted_fps, fps, cores: used, .. } = trial;
    let kind = if trial.hardware { "hardware" } else { "software" };
    // A second has its edges: one picture more than wanted says nothing.
    let fps = fps.min(f32::from(u16::try_from(*wanted_fps).unwrap_or(u16::MAX)));
    format!(
        "{encoder} ({kind}): {fps:.0} of {wanted_fps} pictures a second at {width}x{height}, and that second took {used:.2} of {cores} cores"
    )
}

/// What would fit: each step of the ladder has a quarter of the pixels.
fn slower(trial: &EncoderTrial) -> String {
    let (width, height) = match trial.width {
        1281.. => (1280, 720),
        641..=1280 => (640, 360),
        _ => (320, 180),
    };
    if trial.width <= 320 {
        return "Choose fewer pictures a second: `fps` in [video].".into();
    }
    format!(
        "Choose a smaller picture in [video], such as width = {width} and height = {height}, or fewer a second (fps)."
    )
}

#[allow(clippy::cast_precision_loss, reason = "a number of cores")]
fn as_f32(cores: usize) -> f32 {
    cores as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    fn trial(fps: f32, cores: f32) -> EncoderTrial {
        EncoderTrial {
            encoder: "x264enc".into(),
            hardware: false,
            width: 1280,
            height: 720,
            wanted_fps: 30,
            fps,
            bitrate: 2_000_000,
            cores,
        }
    }

    #[test]
    fn an_encoder_that_keeps_up_is_fine() {
        let finding = judge(Ok(trial(30.0, 0.61)), 4);
        assert_eq!(finding.state, State::Ok);
        assert_eq!(
            finding.message,
            "x264enc (software): 30 of 30 pictures a second at 1280x720, and that second took 0.61 of 4 cores."
        );
    }

    #[test]
    fn one_that_is_too_slow_is_told_with_a_size_that_fits() {
        let finding = judge(Ok(trial(11.0, 1.0)), 4);
        assert_eq!(finding.state, State::Warning);
        assert!(finding.advice.unwrap().contains("width = 640 and height = 360"));
        let seldom = EncoderTrial { wanted_fps: 10, ..trial(9.0, 0.1) };
        assert_eq!(judge(Ok(seldom), 4).state, State::Ok, "one picture is at the edge of the second");
        let small = EncoderTrial { width: 320, height: 180, ..trial(11.0, 1.0) };
        assert!(judge(Ok(small), 4).advice.unwrap().contains("`fps`"));
        assert_eq!(judge(Ok(trial(30.0, 3.5)), 4).state, State::Warning, "nothing is left");
        assert_eq!(judge(Ok(trial(30.0, 0.9)), 1).state, State::Ok, "one core has nothing to share");
    }

    #[test]
    fn without_an_encoder_it_fails_and_with_viewers_it_is_not_tried() {
        assert_eq!(judge(Err(OpenError::Failed("None.".into())), 4).state, State::Failed);
        assert_eq!(look(Some(&VideoSettings::default()), Rest::Watched).state, State::Skipped);
        assert_eq!(look(Some(&VideoSettings::default()), Rest::Unseen).state, State::Skipped);
        assert_eq!(look(None, Rest::None).state, State::Skipped);
    }
}
