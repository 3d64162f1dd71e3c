//! What is remembered between two visits: certificates that no authority signed, the devices' keys, and their passes.
//!
//! `known.json` in the state folder, readable by its owner alone. No word is in it.

use super::{Failure, ServerAddress};
use crate::{
    fingerprint::Fingerprint,
    folder::{state_folder, write_atomically},
    link::Trust,
};
use anyhow::{Context as _, Result};
use protocol::{bytes::B64, word::Place};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The file. Several commands may run at once: each change reads it anew, under a lock.
pub(crate) struct Known {
    path: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    servers: BTreeMap<String, Server>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Server {
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    /// An authority signed its certificate: one that nobody signed is none of this server's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    signed: bool,
    places: BTreeMap<String, Device>,
}

/// A device that was visited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    /// Its OPAQUE public key.
    pub(crate) key: B64,
    /// What it gave for the next knock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pass: Option<B64>,
}

impl Known {
    /// The file of this environment; it need not be there yet.
    ///
    /// # Errors
    /// Where there is no place for it.
    pub(crate) fn open() -> Result<Self> {
        Ok(Self { path: state_folder()?.join("known.json") })
    }

    /// For a person to look at.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What a server may show, by what it showed before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn trust(&self, server: &ServerAddress) -> Result<Arc<Trust>> {
        let Server { fingerprint, signed, .. } = self.server(server)?;
        let fingerprint = fingerprint.map(|text| text.parse()).transpose().with_context(|| self.damaged())?;
        Ok(match (fingerprint, signed) {
            (None, true) => Trust::authorities(),
            (fingerprint, _) => Trust::first_use(fingerprint),
        })
    }

    /// The device that was found at a place before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn device(&self, server: &ServerAddress, place: &Place) -> Result<Option<Device>> {
        Ok(self.server(server)?.places.remove(place.as_ref()))
    }

    /// Keeps a server's certificate.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn keep_certificate(
        &self,
        server: &ServerAddress,
        fingerprint: Fingerprint,
    ) -> Result<(), Failure> {
        self.change(server, |server| server.fingerprint = Some(fingerprint.to_string()))
    }

    /// Keeps that an authority signed a server's certificate.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn keep_signed(&self, server: &ServerAddress) -> Result<(), Failure> {
        if self.server(server)?.signed {
            return Ok(());
        }
        self.change(server, |server| (server.signed, server.fingerprint) = (true, None))
    }

    /// Keeps a device's key and pass.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn keep_device(
        &self,
        server: &ServerAddress,
        place: &Place,
        device: Device,
    ) -> Result<(), Failure> {
        self.change(server, |server| drop(server.places.insert(place.to_string(), device)))
    }

    fn change(&self, server: &ServerAddress, change: impl FnOnce(&mut Server)) -> Result<(), Failure> {
        let _lock = self.lock()?;
        let mut content = self.read()?;
        change(content.servers.entry(server.to_string()).or_default());
        let text = serde_json::to_vec_pretty(&content).context("known.json")?;
        Ok(write_atomically(&self.path, &text)?)
    }

    fn lock(&self) -> Result<File> {
        let path = self.path.with_extension("lock");
        let lock = || -> std::io::Result<File> {
            if let Some(folder) = self.path.parent() {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().with_context(|| format!("cannot lock {}", path.display()))
    }

    fn server(&self, server: &ServerAddress) -> Result<Server> {
        Ok(self.read()?.servers.remove(&server.to_string()).unwrap_or_default())
    }

    fn read(&self) -> Result<Content> {
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| self.damaged()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Content::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        }
    }

    fn damaged(&self) -> String {
        format!(
            "{} is damaged: restore it, or remove it and compare the fingerprints anew",
            self.path.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_kept_is_there_at_the_next_visit() {
        let folder = tempfile::tempdir().unwrap();
        let known = || Known { path: folder.path().join("state/known.json") };
        let fingerprint = |server| known().server(server).unwrap().fingerprint;
        let server: ServerAddress = "example.org".parse().unwrap();
        let (garden, hall) = (Place::parse("garden").unwrap(), Place::parse("hall").unwrap());
        assert_eq!(fingerprint(&server), None);
        known().keep_certificate(&server, Fingerprint([7; 32])).unwrap();
        let device = Device { key: vec![1; 32].into(), pass: Some(vec![2; 48].into()) };
        known().keep_device(&server, &garden, device.clone()).unwrap();
        known().keep_certificate(&"other.org".parse().unwrap(), Fingerprint([8; 32])).unwrap();
        assert_eq!(fingerprint(&server), Some(Fingerprint([7; 32]).to_string()));
        known().keep_signed(&server).unwrap();
        assert_eq!(fingerprint(&server), None, "what an authority signs changes each month");
        assert_eq!(known().device(&server, &garden).unwrap(), Some(device));
        assert_eq!(known().device(&server, &hall).unwrap(), None);
        let mode = fs::metadata(known().path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others can read it: {mode:o}");
    }

    #[test]
    fn many_commands_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known.json");
        std::thread::scope(|scope| {
            for number in 0..8_u8 {
                let known = Known { path: path.clone() };
                scope.spawn(move || {
                    let server: ServerAddress = format!("server{number}").parse().unwrap();
                    known.keep_certificate(&server, Fingerprint([number; 32])).unwrap();
                });
            }
        });
        assert_eq!(Known { path }.read().unwrap().servers.len(), 8);
    }

    #[test]
    fn a_damaged_file_is_not_forgotten_silently() {
        let folder = tempfile::tempdir().unwrap();
        let known = Known { path: folder.path().join("known.json") };
        let server: ServerAddress = "example.org".parse().unwrap();
        for text in ["{", r#"{"servers":{"example.org:8443":{"fingerprint":"12"}}}"#] {
            fs::write(&known.path, text).unwrap();
            let error = known.trust(&server).unwrap_err();
            assert!(error.to_string().contains("known.json is damaged"), "{error}");
        }
    }
}
