//! The encoders that a board may have, and how each is told to be quick.

use crate::gstreamer::{element, exists};
use crate::{OpenError, h264};
use gst::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Most time between two key frames that nobody asked for, in seconds of pictures.
const KEY_INTERVAL_S: u32 = 30;

/// An encoder that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The V4L2 codec of the board (Raspberry Pi Zero to 4).
    V4l2,
    /// libx264.
    X264,
    /// Cisco's OpenH264.
    OpenH264,
}

/// What the encoder is to make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) fps: f32,
    /// Bits per second.
    pub(super) bitrate: u32,
}

impl Kind {
    const ALL: [Self; 3] = [Self::V4l2, Self::X264, Self::OpenH264];

    /// Its element.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V4l2 => "v4l2h264enc",
            Self::X264 => "x264enc",
            Self::OpenH264 => "openh264enc",
        }
    }

    /// Raw formats that it takes.
    pub(super) fn formats(self) -> &'static [&'static str] {
        match self {
            Self::V4l2 | Self::X264 => &["I420", "NV12"],
            Self::OpenH264 => &["I420"],
        }
    }

    /// Whether its output needs parameter sets put before key frames, and access units put together.
    pub(super) fn needs_parser(self) -> bool {
        self == Self::V4l2
    }

    pub(super) fn build(self, target: &Target) -> Result<gst::Element, OpenError> {
        let encoder = element(self.name())?;
        match self {
            Self::V4l2 => {}
            Self::X264 => x264(&encoder, target),
            Self::OpenH264 => openh264(&encoder, target),
        }
        self.set_bitrate(&encoder, target.bitrate, key_interval(target));
        Ok(encoder)
    }

    /// Also while it runs.
    pub(super) fn set_bitrate(self, encoder: &gst::Element, bits_per_second: u32, key_interval: u32) {
        match self {
            Self::V4l2 => encoder.set_property("extra-controls", controls(bits_per_second, key_interval)),
            Self::X264 => encoder.set_property("bitrate", (bits_per_second / 1000).max(1)),
            Self::OpenH264 => {
                encoder.set_property("max-bitrate", bits_per_second + bits_per_second / 10);
                encoder.set_property("bitrate", bits_per_second);
            }
        }
    }

    /// What it is to send: constrained baseline in the byte stream format, a whole access unit at a time.
    pub(super) fn caps(self, target: &Target) -> gst::Caps {
        let caps = gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .field("profile", "constrained-baseline");
        match self {
            Self::X264 | Self::V4l2 => caps.field("level", level_name(target)).build(),
            Self::OpenH264 => caps.build(),
        }
    }
}

fn level_name(target: &Target) -> String {
    let level = h264::level(target.width, target.height, target.fps);
    match level % 10 {
        0 => (level / 10).to_string(),
        minor => format!("{}.{minor}", level / 10),
    }
}

/// Key frames of its own accord, in pictures.
pub(super) fn key_interval(target: &Target) -> u32 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates are small and positive"
    )]
    let fps = target.fps.round().clamp(1.0, 240.0) as u32;
    fps * KEY_INTERVAL_S
}

/// One thread, so that no picture waits for the next; a small VBV, so that a key frame is not a burst; no scene cuts,
/// since key frames come when somebody needs one.
fn x264(encoder: &gst::Element, target: &Target) {
    encoder.set_property_from_str("tune", "zerolatency");
    encoder.set_property_from_str("speed-preset", "ultrafast");
    encoder.set_property("threads", 1_u32);
    encoder.set_property("byte-stream", true);
    encoder.set_property("aud", false);
    encoder.set_property("key-int-max", key_interval(target));
    encoder.set_property("vbv-buf-capacity", 50_u32);
    encoder.set_property("option-string", "scenecut=0");
}

fn openh264(encoder: &gst::Element, target: &Target) {
    encoder.set_property_from_str("usage-type", "camera");
    encoder.set_property_from_str("complexity", "low");
    encoder.set_property_from_str("rate-control", "bitrate");
    encoder.set_property("enable-frame-skip", false);
    encoder.set_property("scene-change-detection", false);
    encoder.set_property("multi-thread", 1_u32);
    encoder.set_property("gop-size", key_interval(target));
}

/// V4L2 controls by the names that GStreamer derives from the kernel's; a driver ignores those that it does not have.
fn controls(bits_per_second: u32, key_interval: u32) -> gst::Structure {
    gst::Structure::builder("controls")
        .field("video_bitrate", int(bits_per_second))
        .field("video_bitrate_mode", 1)
        .field("repeat_sequence_header", 1)
        .field("h264_i_frame_period", int(key_interval))
        .field("video_gop_size", int(key_interval))
        .field("video_b_frames", 0)
        .build()
}

fn int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The encoder that worked last in this process: what to try first.
static WORKED: Mutex<Option<Kind>> = Mutex::new(None);

/// `kind` has encoded a picture.
pub(super) fn worked(kind: Kind) {
    *WORKED.lock().unwrap_or_else(PoisonError::into_inner) = Some(kind);
}

/// What to try, in order.
pub(super) fn candidates(wish: Option<&str>) -> Result<Vec<Kind>, OpenError> {
    if let Some(wish) = wish {
        let known = Kind::ALL.into_iter().find(|kind| kind.name() == wish);
        let unknown = || {
            let names = Kind::ALL.map(Kind::name).join(", ");
            OpenError::Failed(format!(
                "The encoder '{}' is not known here; these are: {names}.",
                wish.escape_debug()
            ))
        };
        return known.ok_or_else(unknown).map(|kind| vec![kind]);
    }
    let worked = *WORKED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut kinds: Vec<_> =
        Kind::ALL.into_iter().filter(|kind| Some(*kind) != worked && there(*kind)).collect();
    kinds.splice(0..0, worked);
    Ok(kinds)
}

/// Whether it is worth trying. GStreamer looks for codecs on all video devices when its V4L2 plugin is loaded, which
/// takes a while: not where there is no device that could be one.
fn there(kind: Kind) -> bool {
    match kind {
        Kind::V4l2 => crate::camera::codecs() && exists(kind.name()),
        Kind::X264 | Kind::OpenH264 => true,
    }
}
