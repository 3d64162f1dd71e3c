//! Where this process keeps what it must remember.

use anyhow::{Result, bail};
use std::path::PathBuf;
#[cfg(feature = "client")]
use {
    anyhow::Context as _,
    std::{
        fs::{self, File},
        io::Write as _,
        os::unix::fs::OpenOptionsExt as _,
        path::Path,
    },
};

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

/// A path as a shell reads it, for a command that is printed.
#[cfg(feature = "device")]
pub(crate) fn quoted(path: &Path) -> String {
    shell_word(&path.to_string_lossy())
}

/// A word as a shell reads it. What no shell could be given (a NUL) stays as it is.
#[cfg(feature = "device")]
pub(crate) fn shell_word(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

/// Writes `bytes` to `path` so that a crash leaves the old content or the new, readable by the owner alone.
#[cfg(feature = "client")]
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let partial = path.with_extension("partial");
    let write = || -> std::io::Result<()> {
        let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        File::open(folder)?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
