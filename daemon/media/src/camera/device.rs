//! V4L2 devices: which are cameras, and what they can do.

use super::mode::{Mode, Wanted, kind};
use super::ribbon::is_receiver;
use crate::OpenError;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use v4l::capability::Flags;
use v4l::fraction::Fraction;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture;
use v4l::{Device, FourCC};

/// Most sizes, and most rates of a size, that are looked at in one format.
const MOST: usize = 128;

/// Drivers whose capture nodes belong to an image processor or a codec.
pub(super) const NO_CAMERAS: [&str; 6] =
    ["bcm2835-codec", "bcm2835-isp", "pispbe", "rpivid", "rpi-hevc-dec", "rkvdec"];

/// What a device says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) driver: String,
    pub(crate) bus: String,
}

/// Nodes of the kernel's V4L2 devices, `/dev/video0` first.
pub(crate) fn nodes() -> Vec<PathBuf> {
    let number = |path: &PathBuf| {
        path.file_name()?
            .to_str()?
            .strip_prefix("video")?
            .parse::<u32>()
            .ok()
            .map(|number| (number, path.clone()))
    };
    let entries = fs::read_dir("/dev").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut nodes: Vec<_> = entries.filter_map(|path| number(&path)).collect();
    nodes.sort();
    nodes.into_iter().map(|(_, path)| path).collect()
}

/// The name of a node that stays the same whatever is plugged in first.
pub(crate) fn stable_name(node: &Path) -> Option<PathBuf> {
    let target = fs::canonicalize(node).ok()?;
    ["/dev/v4l/by-id", "/dev/v4l/by-path"].into_iter().find_map(|folder| {
        let mut links: Vec<_> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
        links.sort();
        links.into_iter().find(|link| fs::canonicalize(link).is_ok_and(|found| found == target))
    })
}

/// Opens the node, and says what it is if it is a camera.
///
/// # Errors
/// When it cannot be opened, or is no camera.
pub(crate) fn identify(path: &Path) -> Result<(Device, Identity), OpenError> {
    let shown = path.display().to_string().escape_debug().to_string();
    let kind = fs::metadata(path).map_err(|error| refused(&shown, &error))?.file_type();
    if !kind.is_char_device() {
        return Err(OpenError::Unsuitable(format!(
            "{shown} is no camera: it is not a device. 'watchword cameras' lists the cameras."
        )));
    }
    let device = Device::with_path(path).map_err(|error| refused(&shown, &error))?;
    let no_camera = || {
        OpenError::Unsuitable(format!(
            "{shown} is no camera that gives pictures. 'watchword cameras' lists the cameras."
        ))
    };
    // The library panics over a name that is not UTF-8; the name is the hardware's.
    let caps = catch_unwind(|| device.query_caps()).map_err(|_| no_camera())?.map_err(|_| no_camera())?;
    if is_receiver(&caps.driver) {
        return Err(OpenError::Unsuitable(format!(
            "{shown} is a sensor on the ribbon cable, which libcamera reads: 'watchword cameras' says its name."
        )));
    }
    let other = Flags::VIDEO_M2M | Flags::VIDEO_M2M_MPLANE | Flags::META_CAPTURE;
    let camera = caps.capabilities.contains(Flags::VIDEO_CAPTURE | Flags::STREAMING)
        && !caps.capabilities.intersects(other)
        && !NO_CAMERAS.contains(&caps.driver.as_str());
    if !camera {
        return Err(no_camera());
    }
    let identity = Identity {
        path: path.to_owned(),
        name: printable(&caps.card),
        driver: printable(&caps.driver),
        bus: printable(&caps.bus),
    };
    Ok((device, identity))
}

/// Whether the node turns pictures into other pictures: codecs, scalers.
pub(crate) fn is_codec(path: &Path) -> bool {
    let flags = || Some(Device::with_path(path).ok()?.query_caps().ok()?.capabilities);
    catch_unwind(flags)
        .ok()
        .flatten()
        .is_some_and(|flags| flags.intersects(Flags::VIDEO_M2M | Flags::VIDEO_M2M_MPLANE))
}

/// Everything that the camera offers and something here can read: each format, size and rate.
pub(crate) fn modes(device: &Device, wanted: &Wanted) -> Vec<Mode> {
    let mut modes = Vec::new();
    for format in device.enum_formats().unwrap_or_default() {
        let Some(name) = format.fourcc.str().ok().filter(|name| kind(name).is_some()) else { continue };
        let sizes = device.enum_framesizes(format.fourcc).unwrap_or_default();
        for (width, height) in sizes.into_iter().take(MOST).map(|size| pixels(size.size, wanted)) {
            for fps in rates(device, format.fourcc, width, height, wanted) {
                modes.push(Mode { format: name.to_owned(), width, height, fps });
            }
        }
    }
    modes
}

fn pixels(size: FrameSizeEnum, wanted: &Wanted) -> (u32, u32) {
    match size {
        FrameSizeEnum::Discrete(size) => (size.width, size.height),
        FrameSizeEnum::Stepwise(range) => (
            step(wanted.width, range.min_width, range.max_width, range.step_width),
            step(wanted.height, range.min_height, range.max_height, range.step_height),
        ),
    }
}

/// The largest allowed value that is not above the wanted one.
fn step(wanted: u32, min: u32, max: u32, step: u32) -> u32 {
    let wanted = wanted.clamp(min, max.max(min));
    wanted - (wanted - min) % step.max(1)
}

fn rates(device: &Device, format: FourCC, width: u32, height: u32, wanted: &Wanted) -> Vec<f32> {
    let intervals = device.enum_frameintervals(format, width, height).unwrap_or_default();
    if intervals.is_empty() {
        // The driver does not say: it runs at its own rate, and most run at the usual one.
        return vec![wanted.fps];
    }
    let rate = |interval: FrameIntervalEnum| match interval {
        FrameIntervalEnum::Discrete(interval) => per_second(&interval),
        FrameIntervalEnum::Stepwise(range) => {
            wanted.fps.clamp(per_second(&range.max), per_second(&range.min).max(per_second(&range.max)))
        }
    };
    intervals
        .into_iter()
        .take(MOST)
        .map(|interval| rate(interval.interval))
        .filter(|fps| *fps > 0.0)
        .collect()
}

#[allow(clippy::cast_precision_loss, reason = "fractions of a second, of small numbers")]
fn per_second(interval: &Fraction) -> f32 {
    if interval.numerator == 0 { 0.0 } else { interval.denominator as f32 / interval.numerator as f32 }
}

/// The sentence for a device that could not be opened.
pub(crate) fn refused(shown: &str, error: &io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::NotFound => OpenError::NotFound(format!(
            "There is no camera at {shown}: plug it in, or choose another ('watchword cameras' lists them)."
        )),
        io::ErrorKind::PermissionDenied => OpenError::Forbidden(format!(
            "This user may not open {shown}: add it to the group 'video' (sudo usermod -aG video USER), then log in again."
        )),
        io::ErrorKind::ResourceBusy => {
            OpenError::Busy(format!("Another program uses the camera {shown}: close it there."))
        }
        _ if error.raw_os_error().is_some_and(|code| code == 19 || code == 6) => {
            OpenError::NotFound(format!("The camera {shown} is not there any more: plug it in again."))
        }
        _ => OpenError::Failed(format!("The camera {shown} could not be opened: {error}.")),
    }
}

/// Names come from the hardware: without control characters, and of bounded length.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(256).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_within_the_range() {
        assert_eq!(step(1280, 64, 1920, 2), 1280);
        assert_eq!(step(1281, 64, 1920, 2), 1280);
        assert_eq!(step(4000, 64, 1920, 2), 1920);
        assert_eq!(step(10, 64, 1920, 0), 64);
        assert_eq!(step(10, 64, 32, 2), 64);
    }

    #[test]
    fn what_is_no_camera_is_refused_with_a_sentence() {
        let error = |path: &str| identify(Path::new(path)).err().expect("no camera");
        assert!(
            matches!(error("/dev/video-none"), OpenError::NotFound(text) if text.contains("/dev/video-none"))
        );
        assert!(matches!(error("/proc/cpuinfo"), OpenError::Unsuitable(_)));
        assert!(matches!(error("/dev/null"), OpenError::Unsuitable(_)));
        assert!(matches!(error("/dev/evil\n\u{1b}[2J"), OpenError::NotFound(text) if !text.contains('\n')));
    }
}
