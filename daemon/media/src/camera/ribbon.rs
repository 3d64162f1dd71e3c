//! Cameras on the ribbon cable (MIPI CSI). What V4L2 has of them are raw values of a sensor; libcamera makes pictures of
//! these, with the board's image processor.

use super::device;
use super::mode::{Mode, Wanted};
use super::registered;
use crate::gstreamer::known;
use gst::prelude::*;
use std::path::Path;

/// Kernel drivers of a sensor's receiver: a node of theirs is there when a sensor is.
const RECEIVERS: [&str; 4] = ["bcm2835-unicam", "rkisp1", "rp1-cfe", "unicam"];

/// The element that reads them, and the provider that lists them.
pub(crate) const SOURCE: &str = "libcamerasrc";
const PROVIDER: &str = "libcameraprovider";
/// The only format that every pipeline of libcamera's makes and every encoder here takes.
pub(crate) const FORMAT: &str = "NV12";

/// What is on the ribbon cable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ribbon {
    /// libcamera's names of the cameras that it can open, such as `/base/soc/i2c0mux/i2c@1/imx708@1a`.
    pub(super) cameras: Vec<String>,
    /// The kernel driver that has a sensor.
    pub(super) receiver: Option<String>,
    /// Why there are none, and what to do.
    pub(super) problem: Option<String>,
}

/// Looks. Loads libcamera only where a sensor is: it asks every media device of the board, for half a second.
pub(super) fn look() -> Ribbon {
    let receiver =
        device::nodes().iter().find_map(|node| registered::driver(node).filter(|name| is_receiver(name)));
    let Some(receiver) = receiver else { return Ribbon::default() };
    let cameras = listed();
    let problem = cameras.is_empty().then(|| match known(SOURCE) {
        false => format!(
            "A camera on the ribbon cable ({receiver}) needs libcamera: install gstreamer1.0-libcamera (Debian's name)."
        ),
        true => format!(
            "libcamera does not see the camera on the ribbon cable ({receiver}): is another program using it, and may \
             this user open /dev/media* and /dev/dma_heap (group video)?"
        ),
    });
    Ribbon { cameras, receiver: Some(receiver), problem }
}

/// Whether this is libcamera's name of a camera: the path of its sensor in the device tree. It is no file's.
#[must_use]
pub fn is_name(path: &Path) -> bool {
    path.starts_with("/base")
}

pub(super) fn is_receiver(driver: &str) -> bool {
    RECEIVERS.contains(&driver)
}

/// For people: `imx708`.
pub(super) fn short(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split('@').next().unwrap_or(last)
}

/// What would be taken: the image processor scales, and gives the size and rate that are asked for.
pub(super) fn mode(wanted: &Wanted) -> Mode {
    Mode { format: FORMAT.to_owned(), width: wanted.width & !1, height: wanted.height & !1, fps: wanted.fps }
}

fn listed() -> Vec<String> {
    // Also loads the plugin where no registry knows it.
    if !known(SOURCE) {
        return Vec::new();
    }
    let Some(provider) = gst::DeviceProviderFactory::by_name(PROVIDER) else { return Vec::new() };
    let mut names: Vec<_> = provider
        .devices()
        .iter()
        .map(|device| device.display_name().to_string())
        .filter(|name| on_ribbon(name))
        .collect();
    names.sort();
    names
}

/// libcamera lists USB cameras too; these are read without it.
fn on_ribbon(name: &str) -> bool {
    is_name(Path::new(name)) && !name.contains("/usb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_libcamera_gives_them() {
        for (name, ribbon, called) in [
            ("/base/soc/i2c0mux/i2c@1/imx708@1a", true, "imx708"),
            ("/base/axi/pcie@1000120000/rp1/i2c@88000/ov5647@36", true, "ov5647"),
            ("/base/scb/pcie@7d500000/pci@0,0/usb@0,0-1.2:1.0-046d:0825", false, "usb"),
            (
                "\\_SB_.PCI0.XHC_.RHUB.HS07-7:1.0-0bda:5539",
                false,
                "\\_SB_.PCI0.XHC_.RHUB.HS07-7:1.0-0bda:5539",
            ),
        ] {
            assert_eq!(on_ribbon(name), ribbon, "{name}");
            assert_eq!(short(name), called);
        }
        assert!(!is_name(Path::new("/dev/video0")) && !is_name(Path::new("/dev/v4l/by-id/base")));
    }

    #[test]
    fn it_gives_the_size_that_is_wanted() {
        let mode = mode(&Wanted { width: 1281, height: 720, fps: 30.0 });
        assert_eq!(mode.to_string(), "1280x720 at 30 fps, NV12");
    }

    #[test]
    fn without_a_sensor_nothing_is_asked() {
        if device::nodes().is_empty() {
            assert_eq!(look(), Ribbon::default());
        }
    }
}
