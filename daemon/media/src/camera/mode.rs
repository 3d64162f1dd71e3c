//! Which of a camera's many modes to take.

use serde::Serialize;
use std::cmp::Ordering;

/// One thing that a camera can do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mode {
    /// V4L2 format code, such as `YUYV` or `MJPG`.
    pub format: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pictures a second, at most.
    pub fps: f32,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{} at {} fps, {}", self.width, self.height, round(self.fps), self.format)
    }
}

/// A rate for people: `30` or `7.5`.
pub(crate) fn round(fps: f32) -> String {
    let text = format!("{fps:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// How a V4L2 format reaches the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Raw, by its GStreamer name; `direct` ones need no conversion.
    Raw { name: &'static str, direct: bool },
    /// Motion-JPEG: every picture is decoded first.
    Jpeg,
}

/// `None` for formats that nothing here reads (compressed ones, Bayer patterns, depth).
pub(crate) fn kind(format: &str) -> Option<Kind> {
    let (name, direct) = match format {
        "MJPG" | "JPEG" => return Some(Kind::Jpeg),
        "YU12" => ("I420", true),
        "NV12" => ("NV12", true),
        "YV12" => ("YV12", false),
        "NV21" => ("NV21", false),
        "NV16" => ("NV16", false),
        "YUYV" => ("YUY2", false),
        "UYVY" => ("UYVY", false),
        "YVYU" => ("YVYU", false),
        "422P" => ("Y42B", false),
        "RGB3" => ("RGB", false),
        "BGR3" => ("BGR", false),
        "GREY" => ("GRAY8", false),
        _ => return None,
    };
    Some(Kind::Raw { name, direct })
}

/// What is wanted of a camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fps: f32,
}

/// A rate this near to the wanted one is as good (29.97 for 30).
const NEARLY: f32 = 0.95;

/// The mode that costs the viewer, and then the board, the least; `None` when none is of use.
///
/// A size or a rate that is missing counts by how much of it is missing (half the rate is as bad as half the area),
/// a size to scale down and pictures to throw away a little, another shape somewhat, and between equals the format
/// decides: what the encoder takes as it is, before what is converted, before what has to be decoded.
pub(crate) fn choose<'a>(modes: &'a [Mode], wanted: &Wanted) -> Option<&'a Mode> {
    modes
        .iter()
        .filter(|mode| kind(&mode.format).is_some() && mode.width > 0 && mode.height > 0 && mode.fps > 0.0)
        .min_by(|a, b| cost(a, wanted).partial_cmp(&cost(b, wanted)).unwrap_or(Ordering::Equal))
}

#[allow(clippy::cast_precision_loss, reason = "sizes of pictures")]
fn cost(mode: &Mode, wanted: &Wanted) -> f32 {
    let shape = |width: u32, height: u32| (width as f32 / height as f32).ln();
    let area = (mode.width as f32 * mode.height as f32 / (wanted.width as f32 * wanted.height as f32)).ln();
    let rate = (mode.fps / wanted.fps).ln();
    let size_cost = if area < 0.0 { -area } else { area * 0.15 };
    let rate_cost = if rate < NEARLY.ln() { -rate } else { rate.max(0.0) * 0.05 };
    let shape_cost = (shape(mode.width, mode.height) - shape(wanted.width, wanted.height)).abs() * 0.5;
    let format_cost = match kind(&mode.format) {
        Some(Kind::Raw { direct: true, .. }) => 0.0,
        Some(Kind::Raw { direct: false, .. }) => 0.02,
        Some(Kind::Jpeg) => 0.04,
        None => f32::INFINITY,
    };
    size_cost + rate_cost + shape_cost + format_cost
}

/// Why `chosen` was, in one sentence.
pub(crate) fn explain(chosen: &Mode, modes: &[Mode], wanted: &Wanted) -> String {
    let mut why = Vec::new();
    let area = |mode: &Mode| u64::from(mode.width) * u64::from(mode.height);
    let wanted_area = u64::from(wanted.width) * u64::from(wanted.height);
    if (chosen.width, chosen.height) == (wanted.width, wanted.height) {
        why.push("the wanted size".to_owned());
    } else if area(chosen) > wanted_area {
        why.push(format!("scaled down to fit {}x{}", wanted.width, wanted.height));
    } else {
        why.push(format!("the nearest to {}x{} that it gives", wanted.width, wanted.height));
    }
    if chosen.fps < wanted.fps * NEARLY {
        why.push(format!("no mode comes nearer to {} fps at such a size", round(wanted.fps)));
    }
    why.push(match kind(&chosen.format) {
        Some(Kind::Raw { direct: true, .. }) => "raw, as the encoder takes it".to_owned(),
        Some(Kind::Raw { direct: false, .. }) => "raw, so nothing has to be decoded".to_owned(),
        _ => why_jpeg(chosen, modes),
    });
    format!("{chosen}: {}.", why.join("; "))
}

fn why_jpeg(chosen: &Mode, modes: &[Mode]) -> String {
    let raw = modes
        .iter()
        .filter(|mode| matches!(kind(&mode.format), Some(Kind::Raw { .. })))
        .filter(|mode| (mode.width, mode.height) == (chosen.width, chosen.height))
        .max_by(|a, b| a.fps.partial_cmp(&b.fps).unwrap_or(Ordering::Equal));
    match raw {
        Some(raw) => {
            format!("Motion-JPEG, because raw {} gives only {} fps at this size", raw.format, round(raw.fps))
        }
        None => "Motion-JPEG, because no raw format has this size".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HD: Wanted = Wanted { width: 1280, height: 720, fps: 30.0 };
    const VGA: Wanted = Wanted { width: 640, height: 360, fps: 30.0 };

    fn modes(table: &[(&str, u32, u32, f32)]) -> Vec<Mode> {
        let mode = |&(format, width, height, fps): &(&str, u32, u32, f32)| Mode {
            format: format.to_owned(),
            width,
            height,
            fps,
        };
        table.iter().map(mode).collect()
    }

    fn chosen(table: &[(&str, u32, u32, f32)], wanted: &Wanted) -> (String, String) {
        let modes = modes(table);
        let mode = choose(&modes, wanted).expect("a mode");
        (mode.to_string(), explain(mode, &modes, wanted))
    }

    /// A USB camera like Logitech's C920: raw is slow where it is large.
    const C920: [(&str, u32, u32, f32); 14] = [
        ("YUYV", 640, 480, 30.0),
        ("YUYV", 640, 360, 30.0),
        ("YUYV", 320, 180, 30.0),
        ("YUYV", 1280, 720, 10.0),
        ("YUYV", 1920, 1080, 5.0),
        ("YUYV", 2304, 1536, 2.0),
        ("H264", 1280, 720, 30.0),
        ("H264", 1920, 1080, 30.0),
        ("MJPG", 640, 480, 30.0),
        ("MJPG", 640, 360, 30.0),
        ("MJPG", 640, 360, 15.0),
        ("MJPG", 1280, 720, 30.0),
        ("MJPG", 1280, 720, 24.0),
        ("MJPG", 1920, 1080, 30.0),
    ];

    #[test]
    fn a_usb_camera() {
        let (mode, why) = chosen(&C920, &HD);
        assert_eq!(mode, "1280x720 at 30 fps, MJPG");
        assert!(why.contains("raw YUYV gives only 10 fps"), "{why}");
        assert_eq!(chosen(&C920, &VGA).0, "640x360 at 30 fps, YUYV");
        let full = Wanted { width: 1920, height: 1080, fps: 30.0 };
        assert_eq!(chosen(&C920, &full).0, "1920x1080 at 30 fps, MJPG");
    }

    #[test]
    fn a_pi_camera_by_its_old_driver() {
        let table = [
            ("YU12", 1280, 720, 30.0),
            ("YU12", 1280, 720, 90.0),
            ("YUYV", 1280, 720, 90.0),
            ("MJPG", 1280, 720, 90.0),
            ("H264", 1280, 720, 90.0),
            ("NV12", 1280, 720, 90.0),
        ];
        let (mode, why) = chosen(&table, &HD);
        assert_eq!(mode, "1280x720 at 30 fps, YU12");
        assert!(why.contains("as the encoder takes it"), "{why}");
    }

    #[test]
    fn a_virtual_one_with_many_formats_and_one_size() {
        let table = [
            ("YUYV", 1280, 720, 30.0),
            ("NV12", 1280, 720, 30.0),
            ("NM12", 1280, 720, 30.0),
            ("BA81", 1280, 720, 30.0),
            ("RGB3", 1280, 720, 30.0),
        ];
        assert_eq!(chosen(&table, &HD).0, "1280x720 at 30 fps, NV12");
        let (mode, why) = chosen(&table, &VGA);
        assert_eq!(mode, "1280x720 at 30 fps, NV12");
        assert!(why.contains("scaled down to fit 640x360"), "{why}");
    }

    #[test]
    fn what_is_missing_weighs_more_than_what_is_converted() {
        let table = [("YUYV", 640, 480, 30.0), ("YUYV", 1280, 960, 7.5), ("GREY", 160, 120, 120.0)];
        let (mode, why) = chosen(&table, &HD);
        assert_eq!(mode, "640x480 at 30 fps, YUYV");
        assert!(why.contains("nearest to 1280x720"), "{why}");
        let (mode, _) = chosen(&[("MJPG", 1280, 720, 29.97), ("YUYV", 1280, 720, 15.0)], &HD);
        assert_eq!(mode, "1280x720 at 30 fps, MJPG");
        let (mode, why) = chosen(&[("YUYV", 1280, 720, 7.5)], &HD);
        assert_eq!(mode, "1280x720 at 7.5 fps, YUYV");
        assert!(why.contains("no mode comes nearer to 30 fps"), "{why}");
    }

    #[test]
    fn nothing_usable_is_no_mode() {
        let table = modes(&[("H264", 1280, 720, 30.0), ("pRAA", 1280, 720, 30.0), ("YUYV", 0, 0, 0.0)]);
        assert_eq!(choose(&table, &HD), None);
        assert_eq!(choose(&[], &HD), None);
    }
}
