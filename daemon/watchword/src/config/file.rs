//! Reading the configuration file, and saying what is wrong with it.

use super::{Config, credentials};
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
    let wrong = |Mistake(message)| ConfigError::Wrong { path: path.to_owned(), message };
    let mut config = read(&text).map_err(wrong)?;
    let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    credentials::fill(&mut config, credentials.as_deref())?;
    config.check().map_err(|message| wrong(Mistake(message)))?;
    Ok(config)
}

/// What is wrong with a text, one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Mistake(String);

/// What the text says, whole and within its bounds.
#[cfg(test)]
pub(super) fn parse(text: &str) -> Result<Config, Mistake> {
    let config = read(text)?;
    config.check().map_err(Mistake)?;
    Ok(config)
}

/// What the text says. Values are not checked yet.
fn read(text: &str) -> Result<Config, Mistake> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Mistake(format!("line {line}: {}", with_nearest(error.message())))
    })
}

/// Serde says "unknown field `a`, expected one of `b`, `c`"; a person wants "did you mean `b`?".
fn with_nearest(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((unknown, known)) if message.starts_with("unknown field") => known
            .iter()
            .map(|name| (strsim::damerau_levenshtein(unknown, name), name))
            .filter(|(distance, _)| *distance <= 1 + unknown.len() / 4)
            .min()
            .map_or_else(
                || message.to_owned(),
                |(_, name)| format!("unknown key `{unknown}`: did you mean `{name}`?"),
            ),
        _ => message.to_owned(),
    }
}
