//! Cameras: which there are, which would be used, and who has them.

use super::{finding::Finding, holders::Holders};
use media::{CameraChoice, CameraInfo, VideoSettings};
use std::{fs, path::Path};

const NAME: &str = "cameras";

/// Looks at the cameras, and opens none that somebody uses; `daemon` runs, if one does. `settings` are `None` where the
/// owner wants no picture.
pub(super) fn look(settings: Option<&VideoSettings>, holders: &Holders, daemon: Option<i32>) -> Vec<Finding> {
    let Some(settings) = settings else {
        return vec![Finding::ok(NAME, "There is no picture: [video] source is \"none\".")];
    };
    if holders.hidden_watchword && settings.camera != CameraChoice::Test {
        // It may have a camera open, and this user cannot see which.
        let message = "A watchword of another user runs and may use a camera, so none is opened.";
        return vec![Finding::skipped(NAME, message).better_as_root()];
    }
    let cameras = media::cameras_except(settings, |node| !holders.of(node).is_empty());
    judge(settings, &cameras, holders, daemon)
}

fn judge(
    settings: &VideoSettings,
    cameras: &[CameraInfo],
    holders: &Holders,
    daemon: Option<i32>,
) -> Vec<Finding> {
    let wanted = match &settings.camera {
        CameraChoice::Test => {
            return vec![Finding::ok(NAME, "Viewers see the test picture: [video] source is \"test\".")];
        }
        // On the ribbon cable a camera has a name and no node.
        CameraChoice::Path(path) if !path.exists() && !media::is_ribbon_camera(path) => {
            return vec![Finding::failed(
                NAME,
                format!("There is no camera at {}, which [video] source names.", path.display()),
                "Plug it in, or choose another: watchword cameras lists them.",
            )];
        }
        CameraChoice::Path(path) => cameras.iter().position(|camera| same(path, Path::new(&camera.path))),
        CameraChoice::First => cameras.iter().position(|camera| camera.chosen.is_some() || camera.in_use),
    };
    if cameras.is_empty() {
        return vec![Finding::warning(
            NAME,
            "No camera is there: viewers see the test picture.",
            "Plug one in. One on the ribbon cable needs GStreamer's libcamera plugin (gstreamer1.0-libcamera).",
        )];
    }
    let line = |(index, camera)| judge_camera(camera, Some(index) == wanted, holders, daemon);
    cameras.iter().enumerate().map(line).collect()
}

fn judge_camera(camera: &CameraInfo, wanted: bool, holders: &Holders, daemon: Option<i32>) -> Finding {
    let name = if camera.name.is_empty() { "A camera" } else { &camera.name };
    let shown = if camera.path.is_empty() { name.to_owned() } else { format!("{name} ({})", camera.path) };
    let holding = holders.of(Path::new(&camera.path));
    if holding.iter().any(|holder| Some(holder.pid) == daemon) {
        return Finding::ok(NAME, format!("{shown} is in use by the running device."));
    }
    match (holding.first(), &camera.chosen) {
        (Some(other), _) if wanted => Finding::failed(
            NAME,
            format!("{shown} is in use by {other}, so the device cannot have it."),
            "Close that program, or choose another camera: `source` in [video].",
        ),
        (Some(other), _) => {
            Finding::ok(NAME, format!("{shown} is in use by {other}; the device does not need it."))
        }
        (None, Some(_)) if wanted => Finding::ok(NAME, format!("{shown}, {}", camera.choice)),
        (None, Some(mode)) => Finding::ok(NAME, format!("{shown} would give {mode}, and is not used.")),
        // Refused, or of no use: the sentence says which, and what to do.
        (None, None) if wanted => Finding::failed(NAME, shown, camera.choice.clone()),
        (None, None) => Finding::warning(NAME, format!("{shown} cannot be used."), camera.choice.clone()),
    }
}

fn same(one: &Path, other: &Path) -> bool {
    one == other
        || fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;
    use media::Mode;

    fn camera(path: &str, chosen: bool) -> CameraInfo {
        let mode = Mode { format: "MJPG".into(), width: 1280, height: 720, fps: 30.0 };
        CameraInfo {
            path: path.into(),
            stable: None,
            name: "C920".into(),
            driver: "uvcvideo".into(),
            bus: "usb1-1".into(),
            modes: Vec::new(),
            choice: if chosen {
                format!("{mode}: the wanted size.")
            } else {
                "No mode of it can be read.".into()
            },
            chosen: chosen.then_some(mode),
            in_use: false,
        }
    }

    fn judged(cameras: &[CameraInfo], holders: &Holders) -> Vec<Finding> {
        judge(&VideoSettings::default(), cameras, holders, Some(7))
    }

    #[test]
    fn the_camera_that_is_used_is_told_with_its_mode() {
        let findings =
            judged(&[camera("/dev/video0", true), camera("/dev/video2", true)], &Holders::default());
        assert!(findings.iter().all(|finding| finding.state == State::Ok));
        assert!(findings[0].message.contains("1280x720 at 30 fps, MJPG: the wanted size."), "{findings:?}");
        assert!(findings[1].message.contains("is not used"), "{findings:?}");
    }

    #[test]
    fn who_has_the_camera_is_named_and_only_the_device_may() {
        let held = |name, pid| {
            let camera = CameraInfo { in_use: true, ..camera("/dev/video-none", false) };
            judged(&[camera], &Holders::of_device("/dev/video-none", name, pid)).remove(0)
        };
        assert_eq!(held("watchword", 7).state, State::Ok);
        let other = held("motion", 8);
        assert_eq!(other.state, State::Failed);
        assert!(other.message.contains("motion (pid 8)"), "{other:?}");
    }

    #[test]
    fn without_a_camera_the_test_picture_is_told() {
        assert_eq!(judged(&[], &Holders::default())[0].state, State::Warning);
        let test = VideoSettings { camera: CameraChoice::Test, ..VideoSettings::default() };
        assert_eq!(judge(&test, &[], &Holders::default(), None)[0].state, State::Ok);
        assert_eq!(look(None, &Holders::default(), None)[0].state, State::Ok);
    }

    #[test]
    fn a_camera_that_is_named_and_not_there_fails() {
        let settings = VideoSettings {
            camera: CameraChoice::Path("/dev/video-none".into()),
            ..VideoSettings::default()
        };
        let findings = judge(&settings, &[camera("/dev/video0", true)], &Holders::default(), None);
        assert_eq!((findings.len(), findings[0].state), (1, State::Failed));
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let findings = judged(&[camera("/dev/video0", false)], &Holders::default());
        assert_eq!(findings[0].state, State::Warning, "another may be plugged in");
        assert_eq!(findings[0].advice.as_deref(), Some("No mode of it can be read."));
    }

    #[test]
    fn beside_a_watchword_that_is_not_seen_no_camera_is_opened() {
        let holders = Holders::beside_a_watchword();
        let findings = look(Some(&VideoSettings::default()), &holders, None);
        assert_eq!((findings.len(), findings[0].state), (1, State::Skipped));
    }
}
