//! Secrets that systemd hands over instead of the configuration (`LoadCredential=`, systemd.exec(5)).
//!
//! Each is a file in `$CREDENTIALS_DIRECTORY` that only this process's user can read, named after the key that it stands
//! for. A key that the configuration gives is the one that counts.

use super::{Config, ConfigError};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Fills what the configuration leaves empty. `folder` is `$CREDENTIALS_DIRECTORY`, where there is one.
///
/// # Errors
/// A credential that is there and cannot be read, or holds nothing.
pub(super) fn fill(config: &mut Config, folder: Option<&Path>) -> Result<(), ConfigError> {
    let Some(folder) = folder else { return Ok(()) };
    let path = |key: &str| folder.join(format!("watchword.{key}"));
    for (value, key) in [
        (&mut config.rendezvous.token, "rendezvous.token"),
        (&mut config.server.claim_token, "server.claim_token"),
    ] {
        if value.is_empty() {
            *value = secret(&path(key))?;
        }
    }
    // The server reads these itself.
    for (file, key) in
        [(&mut config.server.certificate, "server.certificate"), (&mut config.server.key, "server.key")]
    {
        let given = path(key);
        if file.as_os_str().is_empty() && given.exists() {
            *file = given;
        }
    }
    Ok(())
}

/// The credential's text without the line's end that editors leave; empty where there is none.
fn secret(path: &Path) -> Result<String, ConfigError> {
    let wrong = |message: String| ConfigError::Wrong { path: path.to_owned(), message };
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Err(wrong("this credential is empty".to_owned())),
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(ConfigError::Read { path: PathBuf::from(path), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Result;

    #[test]
    fn what_the_configuration_leaves_empty_comes_from_the_credentials() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for (name, text) in
            [("rendezvous.token", "open sesame\n"), ("server.claim_token", "other"), ("server.key", "PEM")]
        {
            fs::write(folder.path().join(format!("watchword.{name}")), text)?;
        }
        let mut config = Config::default();
        config.server.claim_token = "from the file".to_owned();
        fill(&mut config, Some(folder.path()))?;
        assert_eq!(config.rendezvous.token, "open sesame");
        assert_eq!(config.server.claim_token, "from the file");
        assert_eq!(config.server.key, folder.path().join("watchword.server.key"));
        assert_eq!(config.server.certificate, PathBuf::new());
        Ok(())
    }

    #[test]
    fn without_credentials_nothing_changes_and_an_empty_one_is_named() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut config = Config::default();
        fill(&mut config, Some(folder.path()))?;
        fill(&mut config, None)?;
        assert_eq!(config, Config::default());
        fs::write(folder.path().join("watchword.rendezvous.token"), "\n")?;
        let error = fill(&mut config, Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("watchword.rendezvous.token") && error.contains("empty"), "{error}");
        Ok(())
    }
}
