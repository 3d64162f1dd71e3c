//! `watchword cameras`: what is plugged in, and which mode would be used.

use super::run::video_settings;
use crate::config::Config;
use anyhow::Result;
use std::io::Write as _;

/// Lists cameras with the mode that would be used, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Cameras {
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Cameras {
    pub(super) fn apply(self, config: &Config) -> Result<()> {
        let wanted = video_settings(&config.video).unwrap_or_default();
        let cameras = media::cameras_for(&wanted);
        let mut out = std::io::stdout().lock();
        if self.json {
            return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&cameras)?)?);
        }
        if cameras.is_empty() {
            writeln!(
                out,
                "No camera found. Is one plugged in, and may this user open /dev/video* (group video)?"
            )?;
            writeln!(out, "Without one, `watchword run` shows a test picture.")?;
        }
        for camera in cameras {
            writeln!(out, "{}  {}", camera.path, camera.name)?;
            writeln!(out, "    {}", camera.choice)?;
        }
        Ok(())
    }
}
