//! The encoders that a board may have, and how each is told to be quick.

mod chip;
mod choice;
mod software;

pub(super) use choice::{candidates, failed};

use crate::gstreamer::element;
use crate::{OpenError, h264};
use gst::prelude::*;

/// Most time between two key frames that nobody asked for, in seconds of pictures.
const KEY_INTERVAL_S: u32 = 30;

/// An encoder that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A codec of the kernel's, by V4L2 (Raspberry Pi Zero 2 to 4).
    V4l2,
    /// Rockchip's Media Process Platform.
    Mpp,
    /// NVIDIA's encoder on a Jetson.
    Nvidia,
    /// A PC's graphics processor, by VA-API.
    Va,
    /// The same, where the driver has its low-power encoder only.
    VaLowPower,
    /// libx264.
    X264,
    /// Cisco's OpenH264.
    OpenH264,
}

/// What the encoder is to make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fps: f32,
    /// Bits per second.
    pub(crate) bitrate: u32,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::V4l2, Self::Mpp, Self::Nvidia, Self::Va, Self::VaLowPower, Self::X264, Self::OpenH264];

    /// Its element.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V4l2 => "v4l2h264enc",
            Self::Mpp => "mpph264enc",
            Self::Nvidia => "nvv4l2h264enc",
            Self::Va => "vah264enc",
            Self::VaLowPower => "vah264lpenc",
            Self::X264 => "x264enc",
            Self::OpenH264 => "openh264enc",
        }
    }

    /// Whether it is a part of the chip: it costs next to no processor time, and can fail in ways that no program does.
    pub(crate) fn hardware(self) -> bool {
        !matches!(self, Self::X264 | Self::OpenH264)
    }

    /// Raw formats that it takes from memory.
    fn formats(self) -> &'static [&'static str] {
        match self {
            Self::V4l2 | Self::Mpp | Self::Nvidia | Self::X264 => &["I420", "NV12"],
            Self::Va | Self::VaLowPower => &["NV12"],
            Self::OpenH264 => &["I420"],
        }
    }

    /// What goes before it: a conversion where it does not take pictures of `format`, and the way into memory of its own.
    pub(super) fn before(self, format: &str) -> Result<Vec<gst::Element>, OpenError> {
        let mut chain = Vec::new();
        if !self.formats().contains(&format) {
            let caps = gst::Caps::builder("video/x-raw").field("format", gst::List::new(self.formats()));
            chain.extend([element("videoconvert")?, filter(caps.build())?]);
        }
        if self == Self::Nvidia {
            chain.extend(chip::into_nvmm()?);
        }
        Ok(chain)
    }

    /// The encoder itself, told what to make, and what has to come behind it.
    pub(super) fn build(self, target: &Target) -> Result<Built, OpenError> {
        let encoder = element(self.name())?;
        let mut after = Vec::new();
        match self {
            Self::V4l2 => after.push(chip::parser()?),
            Self::Mpp => chip::mpp(&encoder, target),
            Self::Nvidia => chip::nvidia(&encoder, target),
            Self::Va | Self::VaLowPower => chip::va(&encoder, target),
            Self::X264 => software::x264(&encoder, target),
            Self::OpenH264 => software::openh264(&encoder, target),
        }
        self.set_bitrate(&encoder, target.bitrate, key_interval(target));
        Ok(Built { encoder, after })
    }

    /// Also while it runs.
    pub(super) fn set_bitrate(self, encoder: &gst::Element, bits_per_second: u32, key_interval: u32) {
        match self {
            Self::V4l2 => chip::v4l2_controls(encoder, bits_per_second, key_interval),
            Self::Mpp => chip::mpp_bitrate(encoder, bits_per_second),
            Self::Nvidia => chip::nvidia_bitrate(encoder, bits_per_second),
            Self::Va | Self::VaLowPower => chip::va_bitrate(encoder, bits_per_second),
            Self::X264 => software::x264_bitrate(encoder, bits_per_second),
            Self::OpenH264 => software::openh264_bitrate(encoder, bits_per_second),
        }
    }

    /// The next picture becomes a key frame.
    pub(super) fn force_key(self, encoder: &gst::Element) {
        let asked = match self {
            Self::V4l2 => chip::v4l2_force_key(encoder),
            Self::Nvidia => chip::nvidia_force_key(encoder),
            _ => false,
        };
        if asked {
            return;
        }
        encoder.send_event(gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build());
    }

    /// What it is to send: constrained baseline in the byte stream format, a whole access unit at a time.
    pub(super) fn caps(self, target: &Target) -> gst::Caps {
        let caps =
            gst::Caps::builder("video/x-h264").field("stream-format", "byte-stream").field("alignment", "au");
        match self {
            Self::X264 | Self::V4l2 => {
                caps.field("profile", "constrained-baseline").field("level", level_name(target)).build()
            }
            Self::Va | Self::VaLowPower | Self::OpenH264 => {
                caps.field("profile", "constrained-baseline").build()
            }
            // By properties of theirs: their caps do not tell baseline from constrained baseline.
            Self::Mpp | Self::Nvidia => caps.build(),
        }
    }
}

/// The elements that may be wished for by name.
#[must_use]
pub fn encoder_names() -> Vec<&'static str> {
    Kind::ALL.into_iter().map(Kind::name).collect()
}

/// Whether the encoder with this element is a part of the chip.
pub(super) fn hardware(element: &str) -> bool {
    Kind::ALL.into_iter().any(|kind| kind.name() == element && kind.hardware())
}

/// An encoder with its settings.
pub(super) struct Built {
    pub(super) encoder: gst::Element,
    pub(super) after: Vec<gst::Element>,
}

fn filter(caps: gst::Caps) -> Result<gst::Element, OpenError> {
    let filter = element("capsfilter")?;
    filter.set_property("caps", caps);
    Ok(filter)
}

/// As GStreamer writes it: `3.1`, `4`.
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
