//! `watchword cameras`: what is plugged in, and which mode would be used.

mod table;

use super::run::video_settings;
use crate::{check::Holders, config::Config};
use anyhow::Result;
use media::{CameraChoice, CameraInfo};
use serde::Serialize;
use std::{io::Write as _, path::Path};

/// Lists cameras with the mode that would be used, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Cameras {
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// A camera with what this host says of it.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    camera: CameraInfo,
    /// Whether it is the one that viewers see.
    used: bool,
    /// Who has it open: names and process ids, as far as this user may know.
    held_by: Vec<String>,
}

impl Cameras {
    pub(super) fn apply(self, config: &Config) -> Result<()> {
        let wanted = video_settings(&config.video).unwrap_or_default();
        let holders = Holders::look();
        let cameras = media::cameras_for(&wanted);
        let used = used(&wanted.camera, &cameras);
        let listed = |(index, camera): (usize, CameraInfo)| {
            let held_by = holders.of(Path::new(&camera.path)).iter().map(ToString::to_string).collect();
            Listed { used: used == Some(index), held_by, camera }
        };
        let cameras: Vec<Listed> = cameras.into_iter().enumerate().map(listed).collect();
        let text = match self.json {
            true => serde_json::to_string_pretty(&cameras)?,
            false => table::text(&cameras),
        };
        Ok(writeln!(std::io::stdout(), "{text}")?)
    }
}

/// The index of the one that would be taken for `choice`, if any.
fn used(choice: &CameraChoice, cameras: &[CameraInfo]) -> Option<usize> {
    let found = |camera: &CameraInfo, path: &Path| {
        let node = Path::new(&camera.path);
        path == node || std::fs::canonicalize(path).is_ok_and(|found| found == node)
    };
    match choice {
        CameraChoice::First => cameras.iter().position(|camera| camera.chosen.is_some()),
        CameraChoice::Path(path) => cameras.iter().position(|camera| found(camera, path)),
        CameraChoice::Test => None,
    }
}
