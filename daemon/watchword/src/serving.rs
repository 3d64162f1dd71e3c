//! From the configuration to a bound server.

use crate::{config, folder::state_folder};
use anyhow::{Context as _, Result, anyhow};
use rendezvous::{Server, Settings, Sockets, Tls};
use std::path::{Path, PathBuf};

/// Where a server keeps its certificate and its places.
pub(crate) fn server_directory() -> Result<PathBuf> {
    Ok(state_folder()?.join("server"))
}

/// Binds the server's ports, but for those that are open already.
pub(crate) fn bind(config: &config::Server, directory: &Path, open: Sockets) -> Result<Server> {
    let tls = match config.given_certificate().map_err(|message| anyhow!(message))? {
        _ if config.plain => Tls::PlainLoopback,
        Some(given) => Tls::Files { certificate: given.certificate, key: given.key },
        None => Tls::SelfSigned { directory: directory.to_owned() },
    };
    let mut settings = Settings::new(tls, directory.join("places.redb"));
    settings.listen = config.listen;
    settings.stun_listen = config.stun_address().map_err(|message| anyhow!(message))?;
    settings.names.clone_from(&config.names);
    settings.origins.clone_from(&config.origins);
    settings.claim_token = (!config.claim_token.is_empty()).then(|| config.claim_token.clone().into());
    Server::bind_on(settings, open).context("the server cannot start")
}
