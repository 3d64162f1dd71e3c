//! `watchword serve`: the rendezvous alone.

use crate::{
    config::Config,
    serving,
    stopping::{self, Signals},
    systemd,
};
use anyhow::Result;
use rendezvous::Sockets;
use std::io::Write as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Runs the server alone. Devices reach it by `[rendezvous] url` and, where the certificate is its own, `fingerprint`.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {}

impl Serve {
    pub(super) async fn apply(self, config: Config, open: Sockets) -> Result<()> {
        let server = serving::bind(&config.server, &serving::server_directory()?, open)?;
        let signals = Signals::listen()?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", introduction(&config, &server))?;
        out.flush()?;
        drop(out);
        let (address, stop) = (server.local_addr(), CancellationToken::new());
        let mut essential = JoinSet::new();
        let serving = server.run(stop.clone());
        essential.spawn(async move { Ok(serving.await?) });
        systemd::ready();
        systemd::status(&format!("serving at {address}"));
        stopping::until_told(signals, essential, stop).await
    }
}

/// What a device's owner needs to put into its configuration.
fn introduction(config: &Config, server: &rendezvous::Server) -> String {
    let port = server.local_addr().port();
    let scheme = if config.server.plain { "http" } else { "https" };
    let mut lines = vec![format!(
        "Watchword {} serves at {scheme}://{}/",
        env!("CARGO_PKG_VERSION"),
        server.local_addr()
    )];
    if let Some(stun) = server.stun_addr() {
        lines.push(format!("STUN at {stun} (UDP)"));
    }
    lines.push("In the configuration of a device:".into());
    lines.push("  [rendezvous]".into());
    lines.push(format!("  url = \"wss://NAME-OF-THIS-HOST:{port}/ws\""));
    if let Some(fingerprint) = server.fingerprint() {
        lines.push(format!("  fingerprint = \"{fingerprint}\""));
    }
    lines.join("\n")
}
