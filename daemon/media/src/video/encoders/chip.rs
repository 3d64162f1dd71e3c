//! Encoders that are part of a chip.
//!
//! Of these only `v4l2h264enc` has been run by this project, and that with a virtual encoder; the others follow their
//! makers' sources. A property that another version does not have is left out, and a key frame without parameter sets
//! gets them later, so that a difference costs quality and not the picture.

use super::{Target, filter, key_interval, level_name};
use crate::OpenError;
use crate::gstreamer::element;
use crate::gstreamer::property::{set, set_structure};
use gst::glib::subclass::SignalId;
use gst::prelude::*;

/// Puts parameter sets before key frames, and settles profile and level with the driver.
pub(super) fn parser() -> Result<gst::Element, OpenError> {
    let parser = element("h264parse")?;
    set(&parser, "config-interval", "-1");
    Ok(parser)
}

/// V4L2 controls by the names that GStreamer derives from the kernel's; a driver ignores those that it does not have.
/// Constant bitrate: a viewer's path does not take bursts.
pub(super) fn v4l2_controls(encoder: &gst::Element, bits_per_second: u32, key_interval: u32) {
    let controls = gst::Structure::builder("controls")
        .field("video_bitrate", int(bits_per_second))
        .field("video_bitrate_mode", 1)
        .field("repeat_sequence_header", 1)
        .field("h264_i_frame_period", int(key_interval))
        .field("video_gop_size", int(key_interval))
        .field("video_b_frames", 0);
    set_structure(encoder, "extra-controls", &controls.build());
}

/// By a control too: the element of GStreamer 1.22 does not hand on the event that asks other encoders.
pub(super) fn v4l2_force_key(encoder: &gst::Element) -> bool {
    let control = gst::Structure::builder("controls").field("force_key_frame", 1);
    set_structure(encoder, "extra-controls", &control.build())
}

/// Rockchip's (gstreamer-rockchip): settings are taken over at the next picture, so the bitrate may change at any time.
pub(super) fn mpp(encoder: &gst::Element, target: &Target) {
    set(encoder, "profile", "baseline");
    set(encoder, "level", &level_name(target));
    set(encoder, "rc-mode", "cbr");
    set(encoder, "header-mode", "each-idr");
    set(encoder, "gop", &key_interval(target).to_string());
    // Its default for constant bitrate, 28, is not coarse enough for a narrow path.
    set(encoder, "qp-max", "48");
}

pub(super) fn mpp_bitrate(encoder: &gst::Element, bits_per_second: u32) {
    set(encoder, "bps", &bits_per_second.to_string());
    set(encoder, "bps-max", &(bits_per_second / 16 * 17).to_string());
    set(encoder, "bps-min", &(bits_per_second / 16 * 15).to_string());
}

/// A Jetson's encoder reads its own kind of memory only.
pub(super) fn into_nvmm() -> Result<[gst::Element; 2], OpenError> {
    let caps = gst::Caps::builder("video/x-raw").features(["memory:NVMM"]).field("format", "NV12");
    Ok([element("nvvidconv")?, filter(caps.build())?])
}

/// A Jetson's (Accelerated GStreamer): the preset decides speed, and both intervals have to be set.
pub(super) fn nvidia(encoder: &gst::Element, target: &Target) {
    let interval = key_interval(target).to_string();
    for (name, value) in [
        ("profile", "0"),
        ("control-rate", "1"),
        ("preset-level", "1"),
        ("maxperf-enable", "true"),
        ("insert-sps-pps", "true"),
        ("num-B-Frames", "0"),
        ("poc-type", "2"),
        ("iframeinterval", &interval),
        ("idrinterval", &interval),
    ] {
        set(encoder, name, value);
    }
}

pub(super) fn nvidia_bitrate(encoder: &gst::Element, bits_per_second: u32) {
    set(encoder, "bitrate", &bits_per_second.to_string());
}

/// It has a signal for what is an event elsewhere; `false` where it has not.
pub(super) fn nvidia_force_key(encoder: &gst::Element) -> bool {
    let plain = |signal: SignalId| {
        let signal = signal.query();
        signal.n_params() == 0 && signal.return_type() == gst::glib::Type::UNIT
    };
    let there = SignalId::lookup("force-IDR", encoder.type_()).is_some_and(plain);
    if there {
        encoder.emit_by_name::<()>("force-IDR", &[]);
    }
    there
}

/// VA-API's: no B-frames and one reference, so that no picture waits for another; a buffer model of a quarter of a
/// second, so that a key frame is not a burst.
pub(super) fn va(encoder: &gst::Element, target: &Target) {
    for (name, value) in [
        ("rate-control", "cbr"),
        ("b-frames", "0"),
        ("ref-frames", "1"),
        ("target-usage", "6"),
        ("key-int-max", &key_interval(target).to_string()),
        ("cabac", "false"),
        ("dct8x8", "false"),
        ("aud", "false"),
        ("cpb-size", &(target.bitrate / 4000).max(1).to_string()),
    ] {
        set(encoder, name, value);
    }
}

pub(super) fn va_bitrate(encoder: &gst::Element, bits_per_second: u32) {
    set(encoder, "bitrate", &(bits_per_second / 1000).max(1).to_string());
}

fn int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
