//! The page of this device: does it answer, and with this device's own certificate?

use super::{finding::Finding, place::Place};
use crate::{
    config::Server,
    fingerprint::Fingerprint,
    link::{Health, Trust, Verdict, health},
};
use anyhow::Result;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::timeout;

const NAME: &str = "page";
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of asking.
struct Answer {
    address: SocketAddr,
    health: Result<Health>,
    verdict: Option<Verdict>,
    /// That of this device's own certificate, where this user may read it.
    own: Option<Fingerprint>,
}

/// Asks the page at this host; `runs`: whether the device does, which may not be known.
pub(super) async fn look(server: &Server, place: &Place, runs: Option<bool>) -> Finding {
    if runs == Some(false) {
        return Finding::skipped(NAME, "The device does not run, so it serves no page.");
    }
    let own = if server.plain { None } else { own_fingerprint(server, place) };
    let trust = (!server.plain).then(|| own.map_or_else(|| Trust::first_use(None), Trust::certificate));
    let address = reached(server.listen);
    let asked = timeout(PATIENCE, health(address, trust.clone())).await;
    let health = asked.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer in {} s", PATIENCE.as_secs())));
    if runs.is_none() && health.is_err() {
        return Finding::skipped(
            NAME,
            format!("Nothing answers at {address}; the watchword that runs here may be another."),
        );
    }
    Answer { address, health, verdict: trust.and_then(|trust| trust.verdict()), own }.judge(server.plain)
}

/// Where this host reaches what listens there.
fn reached(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        // It takes IPv4 as well, and some hosts have nothing else.
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip == Ipv6Addr::UNSPECIFIED => Ipv4Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listens.port())
}

/// What systemd hands to the running service in the place of `[server] certificate`.
const CREDENTIAL: &str = "/run/credentials/watchword.service/watchword.server.certificate";

fn own_fingerprint(server: &Server, place: &Place) -> Option<Fingerprint> {
    let file: PathBuf = match server.given_certificate() {
        Ok(Some(given)) => given.certificate,
        _ if Path::new(CREDENTIAL).exists() => CREDENTIAL.into(),
        _ => place.folder()?.join("server/certificate.pem"),
    };
    let certificate = CertificateDer::from_pem_file(file).ok()?;
    Some(Fingerprint(Sha256::digest(&certificate).into()))
}

impl Answer {
    fn judge(self, plain: bool) -> Finding {
        let url = format!("{}://{}/", if plain { "http" } else { "https" }, self.address);
        match (self.health, self.verdict) {
            (Ok(Health { version, .. }), _) if plain => {
                Finding::ok(NAME, format!("{url} answers (Watchword {version}).{}", older(&version)))
            }
            (Ok(Health { version, .. }), Some(Verdict::Known)) if self.own.is_some() => {
                let message = format!(
                    "{url} answers with this device's certificate (Watchword {version}).{}",
                    older(&version)
                );
                Finding::ok(NAME, message)
            }
            (Ok(Health { version, .. }), _) => Finding::ok(
                NAME,
                format!("{url} answers (Watchword {version}); only sudo could compare its certificate."),
            ),
            (Err(_), Some(Verdict::Changed { seen })) => Finding::failed(
                NAME,
                format!("At {url} answers somebody with another certificate ({seen})."),
                "Another program has the port, or the certificate was replaced while the device runs: restart it.",
            ),
            (Err(error), _) => Finding::failed(
                NAME,
                format!("The device runs, but {url} does not answer: {error:#}."),
                "Does the running device use the same configuration? Restart it, and look at its log.",
            ),
        }
    }
}

fn older(running: &str) -> &'static str {
    if running == env!("CARGO_PKG_VERSION") {
        ""
    } else {
        " It is another version than this program: restart it."
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    fn judged(health: Result<Health>, verdict: Option<Verdict>, own: bool) -> Finding {
        let own = own.then_some(Fingerprint([7; 32]));
        Answer { address: ([127, 0, 0, 1], 8443).into(), health, verdict, own }.judge(false)
    }

    fn healthy(version: &str) -> Result<Health> {
        Ok(Health { status: "ok".into(), version: version.into() })
    }

    #[test]
    fn the_pages_certificate_decides() {
        let finding = judged(healthy(env!("CARGO_PKG_VERSION")), Some(Verdict::Known), true);
        assert_eq!(finding.state, State::Ok);
        assert!(
            finding.message.contains("this device's certificate") && !finding.message.contains("restart")
        );
        let finding =
            judged(Err(anyhow::anyhow!("TLS")), Some(Verdict::Changed { seen: Fingerprint([1; 32]) }), true);
        assert_eq!(finding.state, State::Failed);
        assert!(finding.message.contains("another certificate (01:01"), "{finding:?}");
        assert_eq!(judged(Err(anyhow::anyhow!("refused")), None, true).state, State::Failed);
        let finding = judged(healthy("0.0.1"), Some(Verdict::New(Fingerprint([1; 32]))), false);
        assert_eq!(finding.state, State::Ok);
        assert!(finding.message.contains("sudo"), "{finding:?}");
    }

    #[test]
    fn what_listens_everywhere_is_reached_on_loopback() {
        let at = |text: &str| reached(text.parse().unwrap()).to_string();
        assert_eq!(at("[::]:8443"), "127.0.0.1:8443");
        assert_eq!(at("0.0.0.0:1"), "127.0.0.1:1");
        assert_eq!(at("[::1]:8443"), "[::1]:8443");
        assert_eq!(at("192.0.2.7:8443"), "192.0.2.7:8443");
    }
}
