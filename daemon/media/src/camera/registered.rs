//! What the system knows of a camera without opening it: to open one can disturb whoever uses it.

use super::device::{Identity, NO_CAMERAS, printable};
use std::fs;
use std::path::{Path, PathBuf};

/// The kernel driver of a node.
pub(crate) fn driver(node: &Path) -> Option<String> {
    let link = class(node)?.join("device/driver");
    Some(printable(fs::canonicalize(link).ok()?.file_name()?.to_str()?))
}

/// What sysfs and udev say of this node; `None` where it is no camera.
pub(crate) fn identity(node: &Path) -> Option<Identity> {
    from(node, &class(node)?, Path::new("/run/udev/data"))
}

fn class(node: &Path) -> Option<PathBuf> {
    Some(Path::new("/sys/class/video4linux").join(node.file_name()?))
}

fn from(node: &Path, class: &Path, udev: &Path) -> Option<Identity> {
    let read = |file: &str| fs::read_to_string(class.join(file)).map(|text| text.trim().to_owned()).ok();
    let last = |link: &str| {
        Some(fs::canonicalize(class.join(link)).ok()?.file_name()?.to_string_lossy().into_owned())
    };
    let driver = last("device/driver").unwrap_or_default();
    // udev has asked each device what it can do, when it came (v4l_id).
    let record = read("dev").and_then(|number| fs::read_to_string(udev.join(format!("c{number}"))).ok());
    let captures = record.is_none_or(|record| {
        !record.contains("E:ID_V4L_CAPABILITIES=") || record.contains("E:ID_V4L_CAPABILITIES=:capture:")
    });
    if !captures || NO_CAMERAS.contains(&driver.as_str()) {
        return None;
    }
    Some(Identity {
        path: node.to_owned(),
        name: printable(&read("name")?),
        driver: printable(&driver),
        bus: printable(&last("device").unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// Folders as the kernel and udev make them.
    struct System(tempfile::TempDir);

    impl System {
        fn with(driver: &str, capabilities: Option<&str>) -> Self {
            let system = Self(tempfile::tempdir().unwrap());
            for folder in [&format!("drivers/{driver}"), "devices/usb1-1", "class", "udev"] {
                fs::create_dir_all(system.path(folder)).unwrap();
            }
            symlink(system.path(&format!("drivers/{driver}")), system.path("devices/usb1-1/driver")).unwrap();
            symlink(system.path("devices/usb1-1"), system.path("class/device")).unwrap();
            fs::write(system.path("class/name"), "HD Pro\u{1b} Webcam C920\n").unwrap();
            fs::write(system.path("class/dev"), "81:3\n").unwrap();
            if let Some(capabilities) = capabilities {
                let record = format!("S:v4l/by-id/x\nE:ID_V4L_CAPABILITIES={capabilities}\n");
                fs::write(system.path("udev/c81:3"), record).unwrap();
            }
            system
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn identity(&self) -> Option<Identity> {
            from(Path::new("/dev/video3"), &self.path("class"), &self.path("udev"))
        }
    }

    #[test]
    fn a_camera_is_known_by_what_was_told_when_it_came() {
        let camera = System::with("uvcvideo", Some(":capture:")).identity().unwrap();
        assert_eq!((camera.name.as_str(), camera.driver.as_str()), ("HD Pro Webcam C920", "uvcvideo"));
        assert_eq!(camera.bus, "usb1-1");
        assert!(System::with("uvcvideo", None).identity().is_some(), "without udev");
    }

    #[test]
    fn metadata_and_codecs_are_no_cameras() {
        assert!(System::with("uvcvideo", Some(":")).identity().is_none());
        assert!(System::with("bcm2835-codec", Some(":capture:")).identity().is_none());
        assert!(identity(Path::new("/dev/video-none")).is_none());
    }
}
