//! The device's picture and sound, from the configuration.

use crate::config::{self, Config};
use media::{AudioSettings, CameraChoice, Feed, FeedSettings, MicrophoneChoice, Rotation, VideoSettings};
use std::time::Duration;

/// Half a second of pictures: a viewer whose path stands longer goes on at a key frame.
const PICTURES: usize = 15;
/// A second of sound.
const SOUNDS: usize = 50;

/// What is captured. Nothing is open until somebody watches.
#[derive(Clone)]
pub(super) struct Feeds {
    pub(super) video: Option<Feed>,
    pub(super) audio: Option<Feed>,
}

impl Feeds {
    /// The feeds that the configuration wants.
    pub(super) fn new(config: &Config) -> Self {
        let linger = Duration::from_secs_f32(config.video.linger);
        let settings = |queue| FeedSettings { linger, queue, ..FeedSettings::default() };
        let video = video_settings(&config.video);
        let audio = audio_settings(&config.audio);
        Self {
            video: video.map(|video| Feed::new(media::video_opener(video), settings(PICTURES))),
            audio: audio.map(|audio| Feed::new(media::audio_opener(audio), settings(SOUNDS))),
        }
    }

    /// What is captured, for a person.
    pub(super) fn picture(&self, config: &Config) -> String {
        match (config.video.source.as_str(), self.video.is_some()) {
            (_, false) => "sound only".into(),
            ("test", _) => "the test picture".into(),
            ("auto", _) => media::cameras()
                .first()
                .map_or("the test picture: no camera found".into(), |camera| camera.name.clone()),
            (path, _) => path.to_owned(),
        }
    }

    /// Stops all capture and waits until it is gone.
    pub(super) async fn close(&self) {
        for feed in [&self.video, &self.audio].into_iter().flatten() {
            feed.close().await;
        }
    }
}

/// The picture's settings; `None` where the owner wants none.
pub(in crate::cli) fn video_settings(video: &config::Video) -> Option<VideoSettings> {
    let camera = match video.source.as_str() {
        "none" => return None,
        "auto" => CameraChoice::First,
        "test" => CameraChoice::Test,
        path => CameraChoice::Path(path.into()),
    };
    let rotation = match (video.rotation, video.flip.as_str()) {
        (90, _) => Rotation::Clockwise90,
        (180, _) => Rotation::Half,
        (270, _) => Rotation::CounterClockwise90,
        (_, "horizontal") => Rotation::FlipHorizontal,
        (_, "vertical") => Rotation::FlipVertical,
        _ => Rotation::None,
    };
    Some(VideoSettings {
        camera,
        width: video.width,
        height: video.height,
        fps: video.fps,
        bitrate: video.bitrate,
        rotation,
        encoder: (video.encoder != "auto").then(|| video.encoder.clone()),
        time_code: video.time_code,
    })
}

fn audio_settings(audio: &config::Audio) -> Option<AudioSettings> {
    let microphone = match audio.source.as_str() {
        "none" => return None,
        "auto" => MicrophoneChoice::First,
        "test" => MicrophoneChoice::Test,
        device => MicrophoneChoice::Alsa(device.to_owned()),
    };
    Some(AudioSettings { microphone, bitrate: audio.bitrate, ..AudioSettings::default() })
}
