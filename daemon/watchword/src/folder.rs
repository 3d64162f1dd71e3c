//! Where this process keeps what it must remember.

use anyhow::{Result, bail};
use std::path::PathBuf;

/// `$STATE_DIRECTORY` under systemd, else the XDG state folder. It need not be there yet.
pub(crate) fn state_folder() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("STATE_DIRECTORY") {
        return Ok(folder);
    }
    if let Some(folder) = set("XDG_STATE_HOME") {
        return Ok(folder.join("watchword"));
    }
    match set("HOME") {
        Some(home) => Ok(home.join(".local/state/watchword")),
        None => bail!("no place to keep state: set STATE_DIRECTORY or HOME"),
    }
}
