//! The device's secret keys: made once, kept readable by their owner alone.

use super::{StateDirectory, write_atomically};
use anyhow::{Context as _, Result};
use protocol::{identity::Identity, pass::PassKey, proof::ServerSetup};
use std::{fs, io::ErrorKind};
use zeroize::Zeroizing;

/// All secret keys of a device.
pub(crate) struct Keys {
    /// Claims places.
    pub identity: Identity,
    /// Answers proofs.
    pub setup: ServerSetup,
    /// Makes and checks passes.
    pub passes: PassKey,
}

impl Keys {
    /// Reads the keys, making each that is missing. A file that cannot be read as a key is an error: a new key would
    /// silently lose the device's places and make every browser warn.
    pub(crate) fn load_or_make(state: &StateDirectory) -> Result<Self> {
        Ok(Self {
            identity: load_or_make(state, "identity.key", Identity::generate, Identity::to_bytes, |bytes| {
                Identity::from_bytes(bytes).ok()
            })?,
            setup: load_or_make(
                state,
                "opaque.key",
                ServerSetup::generate,
                ServerSetup::to_bytes,
                |bytes| ServerSetup::from_bytes(bytes).ok(),
            )?,
            passes: load_or_make(state, "pass.key", PassKey::generate, PassKey::to_bytes, |bytes| {
                PassKey::from_bytes(bytes).ok()
            })?,
        })
    }
}

fn load_or_make<T, B: AsRef<[u8]>>(
    state: &StateDirectory,
    name: &str,
    make: impl FnOnce() -> T,
    to_bytes: impl FnOnce(&T) -> B,
    from_bytes: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<T> {
    let path = state.path(name);
    match fs::read(&path).map(Zeroizing::new) {
        Ok(bytes) => from_bytes(&bytes).with_context(|| {
            format!("{} is damaged: restore it from a backup, or remove it to get a new one", path.display())
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = make();
            write_atomically(&path, to_bytes(&key).as_ref())?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
