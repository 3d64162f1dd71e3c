//! The cameras of this board.

pub(crate) mod capture;
mod device;
pub(crate) mod mode;
mod registered;
pub(crate) mod ribbon;

pub use mode::Mode;
pub use ribbon::is_name as is_ribbon_camera;

use crate::{CameraChoice, OpenError, VideoSettings};
use mode::Wanted;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A camera, for people.
#[derive(Clone, Debug, Serialize)]
pub struct CameraInfo {
    /// Its node, such as `/dev/video0`, or libcamera's name of it.
    pub path: String,
    /// A name of it that stays the same whatever is plugged in first; the one to put into a config.
    pub stable: Option<String>,
    /// What it calls itself.
    pub name: String,
    /// Its kernel driver.
    pub driver: String,
    /// Where it is plugged in.
    pub bus: String,
    /// What it can do (and something here can read).
    pub modes: Vec<Mode>,
    /// What would be taken of that for the settings given.
    pub chosen: Option<Mode>,
    /// Why, in one sentence; or what stands in the way.
    pub choice: String,
    /// Whether it was left alone because it is in use: its modes are not known then.
    pub in_use: bool,
}

/// The cameras, with the modes for the default settings. As [`cameras_for`].
#[must_use]
pub fn cameras() -> Vec<CameraInfo> {
    cameras_for(&VideoSettings::default())
}

/// The cameras, with the mode that each would be used in. Nodes of codecs, image processors and metadata are no
/// cameras. Blocks for some milliseconds a device.
#[must_use]
pub fn cameras_for(settings: &VideoSettings) -> Vec<CameraInfo> {
    cameras_except(settings, |_| false)
}

/// As [`cameras_for`], but those that are `in_use` are not opened: what is told of them is what the system knows.
#[must_use]
pub fn cameras_except(settings: &VideoSettings, in_use: impl Fn(&Path) -> bool) -> Vec<CameraInfo> {
    let wanted = wanted(settings);
    let nodes = device::nodes();
    let held: Vec<&PathBuf> = nodes.iter().filter(|path| in_use(path)).collect();
    let ribbon = match held.as_slice() {
        [] => on_ribbon(&ribbon::look(), &wanted),
        // libcamera opens more than the camera that it is asked for.
        held => held.iter().find_map(|path| receiver(path)).into_iter().collect(),
    };
    let plugged = nodes.iter().filter_map(|path| match held.contains(&path) {
        true if receiver(path).is_some() => None,
        true => registered::identity(path).map(left_alone),
        false => look_at(path, &wanted),
    });
    plugged.chain(ribbon).collect()
}

/// A receiver of the ribbon cable that is in use: whose camera it is, only its user knows.
fn receiver(path: &Path) -> Option<CameraInfo> {
    let driver = registered::driver(path).filter(|driver| ribbon::is_receiver(driver))?;
    let (name, bus) = ("a camera on the ribbon cable".to_owned(), "ribbon cable".to_owned());
    Some(left_alone(device::Identity { path: path.to_owned(), name, driver, bus }))
}

/// The cameras on the ribbon cable, or what stands in the way of the one that is there.
fn on_ribbon(found: &ribbon::Ribbon, wanted: &Wanted) -> Vec<CameraInfo> {
    let driver = found.receiver.clone().unwrap_or_default();
    let camera = |name: &String| {
        let mode = ribbon::mode(wanted);
        CameraInfo {
            path: name.clone(),
            stable: Some(name.clone()),
            name: ribbon::short(name).to_owned(),
            driver: driver.clone(),
            bus: "ribbon cable".to_owned(),
            choice: format!("{mode}: by libcamera, whose image processor gives the wanted size."),
            modes: vec![mode.clone()],
            chosen: Some(mode),
            in_use: false,
        }
    };
    let problem = |problem: &String| CameraInfo {
        path: String::new(),
        stable: None,
        name: "a camera on the ribbon cable".to_owned(),
        driver: driver.clone(),
        bus: "ribbon cable".to_owned(),
        modes: Vec::new(),
        chosen: None,
        choice: problem.clone(),
        in_use: false,
    };
    found.cameras.iter().map(camera).chain(found.problem.iter().map(problem)).collect()
}

fn look_at(path: &Path, wanted: &Wanted) -> Option<CameraInfo> {
    match device::identify(path) {
        Ok((device, identity)) => Some(describe(identity, device::modes(&device, wanted), wanted)),
        Err(OpenError::Unsuitable(_) | OpenError::NotFound(_)) => None,
        Err(error) => Some(unknown(path, &error)),
    }
}

/// Whether any V4L2 device could be a codec: one that is there, and is no camera.
pub(crate) fn codecs() -> bool {
    device::nodes().iter().any(|path| device::is_codec(path))
}

/// A camera and the mode to run it in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) why: String,
}

impl Plan {
    /// Whether libcamera reads it, and not V4L2.
    pub(crate) fn on_ribbon(&self) -> bool {
        ribbon::is_name(&self.path)
    }

    /// Whether it is still there, as far as that can be told without opening it.
    pub(crate) fn is_there(&self) -> bool {
        self.on_ribbon() || self.path.exists()
    }
}

/// What to open for these settings; `None` is the test picture.
pub(crate) fn plan(settings: &VideoSettings) -> Result<Option<Plan>, OpenError> {
    match &settings.camera {
        CameraChoice::Test => Ok(None),
        CameraChoice::Path(path) => plan_for(path, settings).map(Some),
        CameraChoice::First => first(settings),
    }
}

pub(crate) fn plan_for(path: &Path, settings: &VideoSettings) -> Result<Plan, OpenError> {
    let wanted = wanted(settings);
    if ribbon::is_name(path) {
        return plan_on_ribbon(path, ribbon::look(), &wanted);
    }
    let (device, identity) = device::identify(path)?;
    let info = describe(identity, device::modes(&device, &wanted), &wanted);
    match info.chosen {
        Some(mode) => Ok(Plan { path: path.to_owned(), name: info.name, mode, why: info.choice }),
        None => Err(OpenError::Unsuitable(info.choice)),
    }
}

fn plan_on_ribbon(path: &Path, found: ribbon::Ribbon, wanted: &Wanted) -> Result<Plan, OpenError> {
    let Some(info) = on_ribbon(&found, wanted).into_iter().find(|camera| Path::new(&camera.path) == path)
    else {
        let missing = || format!("There is no camera {} on the ribbon cable: is it plugged in?", text(path));
        return Err(OpenError::NotFound(found.problem.unwrap_or_else(missing)));
    };
    let mode = ribbon::mode(wanted);
    Ok(Plan { path: path.to_owned(), name: info.name, mode, why: info.choice })
}

/// The first camera that can be used, by its stable name: one that is plugged in, else one on the ribbon cable. One that
/// is there and cannot be opened is an error: it is what the owner meant.
fn first(settings: &VideoSettings) -> Result<Option<Plan>, OpenError> {
    let mut problem = None;
    for node in device::nodes() {
        let path = device::stable_name(&node).unwrap_or(node);
        match plan_for(&path, settings) {
            Ok(plan) => return Ok(Some(plan)),
            Err(OpenError::Unsuitable(_) | OpenError::NotFound(_)) => {}
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    if let Some(problem) = problem {
        return Err(problem);
    }
    let found = ribbon::look();
    if let Some(name) = found.cameras.first().map(PathBuf::from) {
        return plan_on_ribbon(&name, found, &wanted(settings)).map(Some);
    }
    if let Some(problem) = found.problem {
        // The receivers of some chips are there without a sensor: that is no reason for no picture at all.
        log::warn!("{problem}");
    }
    Ok(None)
}

fn describe(identity: device::Identity, modes: Vec<Mode>, wanted: &Wanted) -> CameraInfo {
    let chosen = mode::choose(&modes, wanted).cloned();
    let choice = match &chosen {
        Some(mode) => mode::explain(mode, &modes, wanted),
        None => format!("{} gives no picture format that can be read here.", identity.name),
    };
    let device::Identity { path, name, driver, bus } = identity;
    let (path, stable) = (text(&path), stable(&path));
    CameraInfo { path, stable, name, driver, bus, modes, chosen, choice, in_use: false }
}

fn left_alone(device::Identity { path, name, driver, bus }: device::Identity) -> CameraInfo {
    let (path, stable) = (text(&path), stable(&path));
    let choice = "It is in use, and was left alone.".to_owned();
    CameraInfo { path, stable, name, driver, bus, modes: Vec::new(), chosen: None, choice, in_use: true }
}

fn unknown(path: &Path, error: &OpenError) -> CameraInfo {
    CameraInfo {
        path: text(path),
        stable: stable(path),
        name: String::new(),
        driver: String::new(),
        bus: String::new(),
        modes: Vec::new(),
        chosen: None,
        choice: error.to_string(),
        in_use: matches!(error, OpenError::Busy(_)),
    }
}

fn text(path: &Path) -> String {
    device::printable(&path.display().to_string())
}

fn stable(path: &Path) -> Option<String> {
    device::stable_name(path)?.to_str().map(str::to_owned)
}

#[allow(clippy::cast_precision_loss, reason = "rates are small")]
fn wanted(settings: &VideoSettings) -> Wanted {
    Wanted { width: settings.width.max(1), height: settings.height.max(1), fps: settings.fps.max(1) as f32 }
}
