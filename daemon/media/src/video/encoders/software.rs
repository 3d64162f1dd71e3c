//! Encoders that are programs.

use super::{Target, key_interval};
use crate::board::{Board, Family, board};
use crate::gstreamer::property::set;

/// How much of a core's time an encoder may take before its work is spread over more of them.
const FULL: f32 = 0.5;
/// What x264's `superfast` costs, compared with `ultrafast`: 1.3 to 1.7 times as much was measured, for two fifths
/// fewer bytes where little moves. The next one, `veryfast`, costs 2.7 times as much and hardly brings more.
const SUPERFAST: f32 = 1.7;
/// More slices than that cost more bytes than they bring time.
const THREADS_MAX: f32 = 4.0;

/// How hard the processor is to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Effort {
    /// x264's.
    preset: &'static str,
    /// Each encodes a slice of every picture, so that none waits for the next (ITU-T H.264 section 7.3.3).
    threads: u8,
}

impl Effort {
    /// One thread where that is enough: slices cost a few percent of the bytes. A better picture only where the cores
    /// are known to have time for it; others have a camera, a network and perhaps an emulator to serve as well.
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 4")]
    fn of(target: &Target, board: &Board) -> Self {
        let macroblocks = target.width.div_ceil(16).saturating_mul(target.height.div_ceil(16));
        let load = macroblocks as f32 * target.fps.max(1.0) / speed(board.family);
        let cores = board.cores as f32;
        let better = board.family == Family::Pi5 && load * SUPERFAST <= cores * FULL;
        let (preset, load) = if better { ("superfast", load * SUPERFAST) } else { ("ultrafast", load) };
        Self { preset, threads: (load / FULL).ceil().clamp(1.0, cores.min(THREADS_MAX)) as u8 }
    }
}

/// Macroblocks that one core encodes a second with `ultrafast`. An EPYC server's core was measured (1,200,000 of a
/// moving pattern); the others are estimates by clock rate and width of their vector units, on the low side.
fn speed(family: Family) -> f32 {
    match family {
        Family::Pi1 => 12_000.0,
        Family::Pi2 => 40_000.0,
        Family::PiZero2 => 70_000.0,
        Family::Pi3 | Family::Allwinner => 90_000.0,
        Family::Other => 150_000.0,
        Family::Pi4 | Family::Rockchip | Family::Jetson => 200_000.0,
        Family::JetsonOrinNano => 350_000.0,
        Family::Pi5 => 450_000.0,
        Family::X86 => 500_000.0,
    }
}

/// Small VBV, so that a key frame is not a burst; no scene cuts, since key frames come when somebody needs one.
pub(super) fn x264(encoder: &gst::Element, target: &Target) {
    let effort = Effort::of(target, board());
    for (name, value) in [
        ("tune", "zerolatency"),
        ("speed-preset", effort.preset),
        ("threads", &effort.threads.to_string()),
        ("sliced-threads", if effort.threads > 1 { "true" } else { "false" }),
        ("byte-stream", "true"),
        ("aud", "false"),
        ("key-int-max", &key_interval(target).to_string()),
        ("vbv-buf-capacity", "50"),
        ("option-string", "scenecut=0"),
    ] {
        set(encoder, name, value);
    }
}

pub(super) fn x264_bitrate(encoder: &gst::Element, bits_per_second: u32) {
    set(encoder, "bitrate", &(bits_per_second / 1000).max(1).to_string());
}

pub(super) fn openh264(encoder: &gst::Element, target: &Target) {
    let effort = Effort::of(target, board());
    for (name, value) in [
        ("usage-type", "camera"),
        ("complexity", "low"),
        ("rate-control", "bitrate"),
        ("enable-frame-skip", "false"),
        ("scene-change-detection", "false"),
        ("multi-thread", &effort.threads.to_string()),
        ("gop-size", &key_interval(target).to_string()),
    ] {
        set(encoder, name, value);
    }
}

pub(super) fn openh264_bitrate(encoder: &gst::Element, bits_per_second: u32) {
    set(encoder, "max-bitrate", &bits_per_second.saturating_add(bits_per_second / 10).to_string());
    set(encoder, "bitrate", &bits_per_second.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effort(family: Family, cores: usize, width: u32, height: u32, fps: f32) -> (&'static str, u8) {
        let board = Board { model: None, chip: None, family, cores };
        let effort = Effort::of(&Target { width, height, fps, bitrate: 1_000_000 }, &board);
        (effort.preset, effort.threads)
    }

    #[test]
    fn as_hard_as_the_cores_allow() {
        // A small picture needs one thread anywhere.
        for family in [Family::PiZero2, Family::Pi3, Family::Pi4, Family::X86, Family::Other] {
            assert_eq!(effort(family, 4, 640, 360, 30.0), ("ultrafast", 1), "{family:?}");
        }
        assert_eq!(effort(Family::Pi5, 4, 640, 360, 30.0), ("superfast", 1));
        assert_eq!(effort(Family::Pi5, 4, 1280, 720, 30.0), ("superfast", 1));
        assert_eq!(effort(Family::Pi5, 4, 1920, 1080, 30.0), ("superfast", 2));
        assert_eq!(effort(Family::Pi5, 4, 1920, 1080, 90.0), ("ultrafast", 4), "no time for a better one");
        assert_eq!(effort(Family::Pi4, 4, 1280, 720, 30.0), ("ultrafast", 2), "when its encoder has failed");
        assert_eq!(effort(Family::PiZero2, 4, 1280, 720, 30.0), ("ultrafast", 4));
        assert_eq!(effort(Family::X86, 2, 1280, 720, 30.0), ("ultrafast", 1));
        assert_eq!(effort(Family::Pi3, 1, 1920, 1080, 30.0), ("ultrafast", 1), "no more threads than cores");
        assert_eq!(effort(Family::Pi1, 1, u32::MAX, u32::MAX, f32::MAX).1, 1);
    }
}
