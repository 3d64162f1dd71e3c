//! Cameras, microphones and encoders, and the fan-out of what they make.
//!
//! Two halves. Without features there is the seam ([`Opener`], [`Running`], [`Sink`]), the unit that crosses it
//! ([`Frame`]) and the fan-out behind it ([`Feed`]): what a session needs, without GStreamer. The feature
//! `gstreamer` adds the sources and encoders of a real board.

#[cfg(feature = "gstreamer")]
mod audio;
#[cfg(feature = "gstreamer")]
mod board;
#[cfg(feature = "gstreamer")]
mod camera;
mod feed;
mod frame;
#[cfg(feature = "gstreamer")]
mod gstreamer;
pub mod h264;
#[cfg(feature = "gstreamer")]
mod picture;
#[cfg(feature = "gstreamer")]
mod settings;
mod sink;
mod snapshot;
mod source;
#[cfg(feature = "gstreamer")]
mod video;

#[cfg(feature = "gstreamer")]
pub use audio::{Microphone, audio_opener, microphones};
#[cfg(feature = "gstreamer")]
pub use board::{Board, Family, board};
#[cfg(feature = "gstreamer")]
pub use camera::{CameraInfo, Mode, cameras, cameras_except, cameras_for, is_ribbon_camera};
pub use feed::{Feed, FeedSettings, FeedState, FeedStats, Subscription};
pub use frame::{Frame, StreamInfo};
#[cfg(feature = "gstreamer")]
pub use gstreamer::{init, warm_up};
#[cfg(feature = "gstreamer")]
pub use picture::timecode;
#[cfg(feature = "gstreamer")]
pub use settings::{AudioSettings, CameraChoice, MicrophoneChoice, Rotation, VideoSettings};
pub use sink::Sink;
pub use snapshot::{SnapshotError, Still};
pub use source::{OpenError, Opener, Running};
#[cfg(feature = "gstreamer")]
pub use video::{EncoderTrial, encoder_names, try_encoder, video_opener};
