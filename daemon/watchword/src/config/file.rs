//! Reading the configuration file, and saying what is wrong with it.

use super::{Config, credentials, mistake::Mistake};
use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Where the configuration is looked for when `--config` is not given.
const SYSTEM_FILE: &str =
    if cfg!(feature = "client") { "/etc/watchword/config.toml" } else { "/etc/watchword/server.toml" };

/// Why a configuration cannot be used. Each is a sentence for a person.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something that cannot be.
    #[error("{path}: {message}", path = path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What, where, and what was probably meant.
        message: String,
    },
}

/// The file that [`load`] reads: `path`; without one, the system's file if there is one.
#[cfg(feature = "device")]
pub(crate) fn source(path: Option<&Path>) -> Option<&Path> {
    let there = |file: &&Path| file.try_exists().unwrap_or(true); // what may not be looked at may be there
    path.or_else(|| Some(Path::new(SYSTEM_FILE)).filter(there))
}

/// Reads `path`; without one, the system's file if there is one, else the defaults. Secrets that systemd hands over are
/// filled in.
pub(crate) fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
    let named = path.is_some();
    let path = path.unwrap_or(Path::new(SYSTEM_FILE));
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !named => String::new(),
        Err(source) => return Err(ConfigError::Read { path: path.to_owned(), source }),
    };
    let wrong = |mistake: Mistake| ConfigError::Wrong { path: path.to_owned(), message: mistake.to_string() };
    let mut config = read(&text).map_err(wrong)?;
    let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    credentials::fill(&mut config, credentials.as_deref())?;
    config.check().map_err(|sentence| wrong(Mistake::found(&text, &sentence)))?;
    Ok(config)
}

/// What the text says, whole and within its bounds.
#[cfg(test)]
pub(super) fn parse(text: &str) -> Result<Config, Mistake> {
    let config = read(text)?;
    config.check().map_err(|sentence| Mistake::found(text, &sentence))?;
    Ok(config)
}

/// What the text says. Values are not checked yet.
fn read(text: &str) -> Result<Config, Mistake> {
    toml::from_str(text).map_err(|error| Mistake::read(text, &error))
}
