//! Starting GStreamer, and finding its elements.

use crate::OpenError;
use std::fs;
use std::path::PathBuf;
use std::sync::{LazyLock, Once, OnceLock};

/// Starts GStreamer, once per process; later calls return at once. Blocks: about 10 ms with its registry cached, and
/// a second where the cache cannot be written (it then looks through all plugins).
///
/// With `GST_REGISTRY_DISABLE=yes` in the environment no cache is read or written: the few plugins that are needed
/// are loaded by name when they are needed, which takes 1 ms here and a third of the memory.
///
/// # Errors
/// When GStreamer does not start.
pub fn init() -> Result<(), OpenError> {
    static STARTED: OnceLock<Result<(), OpenError>> = OnceLock::new();
    let start = || {
        gst::init().map_err(|error| OpenError::Failed(format!("GStreamer does not start: {error}.")))?;
        // Threads of closed pipelines end at once instead of after 15 s: nobody watches, nothing runs.
        gst::glib::ThreadPool::set_max_unused_threads(Some(0));
        Ok(())
    };
    STARTED.get_or_init(start).clone()
}

/// Starts GStreamer, loads what a picture and a sound need, and finds the encoder that works here by encoding one
/// small picture, without opening a camera or a microphone: worth calling when somebody is at the door, so that the
/// first picture does not wait for it. Later calls return at once. Blocks: for 20 ms as a rule, for seconds where an
/// encoder does not answer.
pub fn warm_up() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        if init().is_ok() {
            for name in ["audioconvert", "audioresample", "opusenc"] {
                exists(name);
            }
            crate::video::warm_up();
        }
    });
}

/// Whether there is such an element; loads its plugin.
fn exists(name: &str) -> bool {
    element(name).is_ok()
}

/// Whether GStreamer knows such an element; makes none, and loads its plugin only where no registry knows it.
pub(crate) fn known(name: &str) -> bool {
    init().is_ok() && gst::ElementFactory::find(name).or_else(|| load(name)).is_some()
}

/// Makes an element.
pub(crate) fn element(name: &str) -> Result<gst::Element, OpenError> {
    let missing = || {
        OpenError::Failed(format!(
            "GStreamer's element '{name}' is missing: install {} (Debian's name).",
            package(name)
        ))
    };
    init()?;
    let factory = gst::ElementFactory::find(name).or_else(|| load(name)).ok_or_else(missing)?;
    factory.create().build().map_err(|_| missing())
}

/// Loads the plugin of an element by its file: where the registry is disabled, nothing else would.
fn load(name: &str) -> Option<gst::ElementFactory> {
    let file = format!("libgst{}.so", plugin(name)?);
    let path = FOLDERS.iter().map(|folder| folder.join(&file)).find(|path| path.exists())?;
    match gst::Plugin::load_file(&path) {
        Ok(_) => gst::ElementFactory::find(name),
        Err(error) => {
            log::debug!("{}: {error}", path.display());
            None
        }
    }
}

/// Where the plugins are: beside the library that this process has loaded.
static FOLDERS: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let library = maps.lines().filter_map(|line| Some(&line[line.find('/')?..]));
    let mut folders: Vec<PathBuf> = library
        .filter(|path| path.contains("/libgstreamer-1.0.so"))
        .filter_map(|path| Some(PathBuf::from(path).parent()?.join("gstreamer-1.0")))
        .collect();
    folders.dedup();
    folders
});

fn plugin(element: &str) -> Option<&'static str> {
    Some(match element {
        "appsrc" | "appsink" => "app",
        "queue" | "capsfilter" | "identity" => "coreelements",
        "videoconvert" | "videoscale" => "videoconvertscale",
        "videoflip" => "videofilter",
        "v4l2src" | "v4l2h264enc" => "video4linux2",
        "jpegdec" | "jpegenc" => "jpeg",
        "libcamerasrc" => "libcamera",
        "mpph264enc" => "rockchipmpp",
        "nvv4l2h264enc" => "nvvideo4linux2",
        "nvvidconv" => "nvvidconv",
        "vah264enc" | "vah264lpenc" => "va",
        "x264enc" => "x264",
        "openh264enc" | "openh264dec" => "openh264",
        "h264parse" => "videoparsersbad",
        "alsasrc" => "alsa",
        "audiotestsrc" => "audiotestsrc",
        "audioconvert" => "audioconvert",
        "audioresample" => "audioresample",
        "opusenc" | "opusdec" => "opus",
        _ => return None,
    })
}

fn package(element: &str) -> &'static str {
    match element {
        "x264enc" => "gstreamer1.0-plugins-ugly",
        "openh264enc" | "openh264dec" | "h264parse" | "vah264enc" | "vah264lpenc" => {
            "gstreamer1.0-plugins-bad"
        }
        "libcamerasrc" => "gstreamer1.0-libcamera",
        "mpph264enc" => "gstreamer1.0-rockchip1",
        "nvv4l2h264enc" | "nvvidconv" => "nvidia-l4t-gstreamer",
        "v4l2src" | "v4l2h264enc" | "jpegdec" | "jpegenc" | "videoflip" => "gstreamer1.0-plugins-good",
        "alsasrc" => "gstreamer1.0-alsa",
        "queue" | "capsfilter" | "identity" => "libgstreamer1.0-0",
        _ => "gstreamer1.0-plugins-base",
    }
}
