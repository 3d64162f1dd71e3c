//! What the owner may choose.

use std::path::PathBuf;

/// Where the picture comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CameraChoice {
    /// The first camera of this board, or the test picture where there is none.
    #[default]
    First,
    /// The test picture.
    Test,
    /// The V4L2 device at this path, such as `/dev/video0` or a link in `/dev/v4l/by-id`; or libcamera's name of a camera
    /// on the ribbon cable, such as `/base/soc/i2c0mux/i2c@1/imx708@1a`.
    Path(PathBuf),
}

/// How the camera is mounted: what turns its picture upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// As it is.
    #[default]
    None,
    /// A quarter turn clockwise; width and height change places.
    Clockwise90,
    /// Half a turn.
    Half,
    /// A quarter turn counter-clockwise; width and height change places.
    CounterClockwise90,
    /// Left and right change places.
    FlipHorizontal,
    /// Top and bottom change places.
    FlipVertical,
}

impl Rotation {
    /// Whether width and height change places.
    #[must_use]
    pub fn swaps(self) -> bool {
        matches!(self, Self::Clockwise90 | Self::CounterClockwise90)
    }
}

/// The picture.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoSettings {
    /// Its source.
    pub camera: CameraChoice,
    /// Wanted width before rotation, pixels (even, 64 to 4096). What a camera gives larger is scaled down to fit; smaller
    /// is left alone.
    pub width: u32,
    /// Wanted height before rotation, pixels (even, 64 to 4096).
    pub height: u32,
    /// Wanted pictures a second (1 to 120).
    pub fps: u32,
    /// Target of the encoder, bits per second (50,000 to 50,000,000).
    pub bitrate: u32,
    /// How the camera is mounted.
    pub rotation: Rotation,
    /// The encoder element to use; `None` takes the first that works here.
    pub encoder: Option<String>,
    /// Whether real pictures, too, carry the time code of the test picture: for measuring.
    pub time_code: bool,
}

impl Default for VideoSettings {
    fn default() -> Self {
        Self {
            camera: CameraChoice::First,
            width: 1280,
            height: 720,
            fps: 30,
            bitrate: 2_000_000,
            rotation: Rotation::None,
            encoder: None,
            time_code: false,
        }
    }
}

/// Where the sound comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MicrophoneChoice {
    /// The first microphone of this board, or the test tone where there is none.
    #[default]
    First,
    /// A quiet test tone.
    Test,
    /// An ALSA device, such as `plughw:CARD=C920,DEV=0`.
    Alsa(String),
}

/// The sound.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioSettings {
    /// Its source.
    pub microphone: MicrophoneChoice,
    /// Target of the encoder, bits per second (6,000 to 510,000).
    pub bitrate: u32,
    /// 1 or 2.
    pub channels: u32,
    /// Frequency of the test tone, Hz.
    pub tone_hz: f64,
    /// Amplitude of the test tone, 0 to 1.
    pub tone_volume: f64,
}

impl Default for AudioSettings {
    fn default() -> Self {
        Self {
            microphone: MicrophoneChoice::First,
            bitrate: 40_000,
            channels: 1,
            tone_hz: 440.0,
            tone_volume: 0.05,
        }
    }
}
