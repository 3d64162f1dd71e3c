//! What a trial of the encoder says, against the real encoders of this machine.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on fails")]

use std::time::Duration;
use watchword_media::{EncoderTrial, OpenError, VideoSettings, try_encoder};

fn trial(encoder: &str) -> Result<EncoderTrial, OpenError> {
    let settings = VideoSettings {
        width: 320,
        height: 180,
        fps: 30,
        encoder: Some(encoder.to_owned()),
        ..VideoSettings::default()
    };
    try_encoder(&settings, Duration::from_millis(500))
}

#[test]
fn a_trial_says_what_the_encoder_does() {
    for encoder in ["x264enc", "openh264enc"] {
        let trial = trial(encoder).unwrap();
        println!("{trial:?}");
        assert_eq!((trial.encoder.as_str(), trial.hardware), (encoder, false));
        assert_eq!((trial.width, trial.height, trial.wanted_fps), (320, 180, 30));
        assert!(trial.fps > 0.0 && trial.bitrate > 0, "{trial:?}");
        assert!(trial.fps < 40.0, "no more than was asked for: {trial:?}");
    }
}

#[test]
fn an_encoder_that_is_not_here_is_said_so() {
    let missing = trial("nvv4l2h264enc");
    assert!(
        matches!(&missing, Err(OpenError::Failed(text)) if text.contains("No H.264 encoder")),
        "{missing:?}"
    );
    let unknown = trial("nonsense");
    assert!(matches!(&unknown, Err(OpenError::Failed(text)) if text.contains("x264enc")), "{unknown:?}");
}

#[test]
fn without_a_wish_a_viewer_s_encoder_is_tried() {
    let settings = VideoSettings { width: 320, height: 180, ..VideoSettings::default() };
    let trial = try_encoder(&settings, Duration::from_millis(200)).unwrap();
    assert!(trial.fps > 0.0, "{trial:?}");
}
