//! The cameras, for people.

use super::Listed;
use crate::client::printable;
use media::Mode;
use std::fmt::Write as _;

/// Sizes of one format that are shown; the largest are the interesting ones.
const SIZES: usize = 6;

/// One paragraph a camera. The one that viewers see is marked by `*`, and so is the mode that it is used in.
pub(super) fn text(cameras: &[Listed]) -> String {
    if cameras.is_empty() {
        return "No camera found. Is one plugged in, and may this user open /dev/video* (group video)?\n\
                Without one, `watchword run` shows a test picture."
            .to_owned();
    }
    cameras.iter().map(paragraph).collect::<Vec<_>>().join("\n\n")
}

fn paragraph(listed: &Listed) -> String {
    let Listed { camera, used, held_by } = listed;
    let mark = if *used { '*' } else { ' ' };
    let name = if camera.name.is_empty() { "a camera that cannot be opened" } else { &camera.name };
    let path = if camera.path.is_empty() { String::new() } else { format!("{}  ", camera.path) };
    let mut text = format!("{mark} {path}{}", printable(name));
    let mut row = |key: &str, value: &str| {
        let _ = write!(text, "\n    {key:10}{}", printable(value));
    };
    if !camera.driver.is_empty() {
        row("Driver", &format!("{} at {}", camera.driver, camera.bus));
    }
    if let Some(stable) = &camera.stable {
        row("Config", &format!("source = {stable:?}"));
    }
    let mut key = "Modes";
    for (names, sizes) in alike(&camera.modes, camera.chosen.as_ref()) {
        row(key, &format!("{:4}  {sizes}", names.join(" ")));
        key = "";
    }
    row(if camera.chosen.is_some() { "Chosen" } else { "Problem" }, &camera.choice);
    if !held_by.is_empty() {
        row("In use by", &held_by.join(", "));
    }
    text
}

/// Names of formats, and the sizes that these have alike.
fn alike(modes: &[Mode], chosen: Option<&Mode>) -> Vec<(Vec<String>, String)> {
    let mut rows: Vec<(Vec<String>, String)> = Vec::new();
    for format in formats(modes) {
        let name = format.first().map_or_else(String::new, |mode| mode.format.clone());
        let sizes = summary(&format, chosen);
        match rows.iter_mut().find(|(_, other)| *other == sizes) {
            Some((names, _)) => names.push(name),
            None => rows.push((vec![name], sizes)),
        }
    }
    rows
}

/// Modes of one format together, in the order in which the camera names the formats.
fn formats(modes: &[Mode]) -> Vec<Vec<&Mode>> {
    let mut formats: Vec<Vec<&Mode>> = Vec::new();
    for mode in modes {
        match formats
            .iter_mut()
            .find(|format| format.first().is_some_and(|first| first.format == mode.format))
        {
            Some(format) => format.push(mode),
            None => formats.push(vec![mode]),
        }
    }
    formats
}

/// `1920x1080 30, *1280x720 30 15 fps, and 4 smaller`.
fn summary(format: &[&Mode], chosen: Option<&Mode>) -> String {
    let mut sizes: Vec<(u32, u32)> = format.iter().map(|mode| (mode.width, mode.height)).collect();
    sizes.sort_by_key(|(width, height)| std::cmp::Reverse(u64::from(*width) * u64::from(*height)));
    sizes.dedup();
    let name = format.first().map_or("", |mode| mode.format.as_str());
    let chosen = chosen.filter(|mode| mode.format == name);
    let is_chosen = |size: &(u32, u32)| chosen.is_some_and(|mode| (mode.width, mode.height) == *size);
    // The chosen one is shown, however many are larger.
    let shown = |(index, size): &(usize, &(u32, u32))| *index < SIZES || is_chosen(size);
    let parts: Vec<String> = sizes
        .iter()
        .enumerate()
        .filter(shown)
        .map(|(_, size)| {
            format!(
                "{}{}x{} {}",
                if is_chosen(size) { "*" } else { "" },
                size.0,
                size.1,
                rates(format, *size)
            )
        })
        .collect();
    let more = match sizes.len() - parts.len() {
        0 => String::new(),
        more => format!(", and {more} smaller"),
    };
    format!("{} fps{more}", parts.join(", "))
}

/// All rates of a size, the fastest first.
fn rates(format: &[&Mode], size: (u32, u32)) -> String {
    let mut rates: Vec<f32> =
        format.iter().filter(|mode| (mode.width, mode.height) == size).map(|mode| mode.fps).collect();
    rates.sort_by(|one, other| other.total_cmp(one));
    let mut shown: Vec<String> = rates.into_iter().map(rounded).collect();
    shown.dedup();
    shown.join(" ")
}

/// `30` or `7.5`.
fn rounded(fps: f32) -> String {
    let text = format!("{fps:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::CameraInfo;

    fn mode(format: &str, width: u32, height: u32, fps: f32) -> Mode {
        Mode { format: format.into(), width, height, fps }
    }

    fn camera() -> CameraInfo {
        let modes = vec![
            mode("YUYV", 640, 480, 30.0),
            mode("YUYV", 640, 480, 7.5),
            mode("MJPG", 640, 480, 30.0),
            mode("MJPG", 1280, 720, 30.0),
            mode("MJPG", 1280, 720, 15.0),
        ];
        CameraInfo {
            path: "/dev/video0".into(),
            stable: Some("/dev/v4l/by-id/usb-C920-index0".into()),
            name: "HD Pro Webcam C920".into(),
            driver: "uvcvideo".into(),
            bus: "usb-1.2".into(),
            chosen: Some(modes[3].clone()),
            choice: "1280x720 at 30 fps, MJPG: the wanted size.".into(),
            modes,
            in_use: false,
        }
    }

    #[test]
    fn a_camera_is_told_with_its_modes_and_the_chosen_one_is_marked() {
        let listed = Listed { camera: camera(), used: true, held_by: vec!["motion (pid 8)".into()] };
        let expected = "* /dev/video0  HD Pro Webcam C920\n    \
            Driver    uvcvideo at usb-1.2\n    \
            Config    source = \"/dev/v4l/by-id/usb-C920-index0\"\n    \
            Modes     YUYV  640x480 30 7.5 fps\n              \
            MJPG  *1280x720 30 15, 640x480 30 fps\n    \
            Chosen    1280x720 at 30 fps, MJPG: the wanted size.\n    \
            In use by motion (pid 8)";
        assert_eq!(text(&[listed]), expected);
    }

    #[test]
    fn many_sizes_are_summed_up_and_the_chosen_one_stays() {
        let modes: Vec<Mode> = (1..=9).map(|step| mode("NV12", step * 160, step * 90, 30.0)).collect();
        let all: Vec<&Mode> = modes.iter().collect();
        let told = summary(&all, Some(&modes[0]));
        assert!(
            told.starts_with("1440x810 30, ") && told.contains("*160x90 30 fps, and 2 smaller"),
            "{told}"
        );
    }

    #[test]
    fn formats_with_the_same_sizes_share_a_line_and_the_chosen_one_has_its_own() {
        let modes = ["YUYV", "NV12", "RGB3"].map(|format| mode(format, 1280, 720, 30.0));
        let rows = alike(&modes, Some(&modes[1]));
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0], (vec!["YUYV".to_owned(), "RGB3".to_owned()], "1280x720 30 fps".to_owned()));
        assert_eq!(rows[1].1, "*1280x720 30 fps");
    }

    #[test]
    fn names_of_hardware_cannot_move_the_cursor() {
        let camera = CameraInfo { name: "evil\u{1b}[2J".into(), chosen: None, ..camera() };
        let told = text(&[Listed { camera, used: false, held_by: Vec::new() }]);
        assert!(!told.contains('\u{1b}') && told.contains("Problem"), "{told}");
        assert!(text(&[]).contains("No camera found"));
    }
}
