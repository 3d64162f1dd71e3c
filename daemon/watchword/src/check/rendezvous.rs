//! The rendezvous: the ports of this device's own server, or the server elsewhere.

use super::{
    account::Account,
    finding::{AS_ROOT, Finding},
    holders::{Holder, Holders},
    stun,
};
use crate::{
    config::{Config, Server},
    link::{ConnectError, Remote, Trust, Verdict},
};
use protocol::signal::FromServer;
use std::{
    error::Error as _,
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
};

const NAME: &str = "rendezvous";

/// Looks at this device's own server. Whether it `runs` may not be known; `daemon` is the process, if it is.
pub(super) fn own(
    server: &Server,
    holders: &Holders,
    runs: Option<bool>,
    daemon: Option<i32>,
) -> Vec<Finding> {
    let stun = server.stun_address().ok().flatten();
    let tcp = Port {
        protocol: "TCP",
        key: "listen",
        address: server.listen,
        bound: TcpListener::bind(server.listen).map(drop),
        holder: holders.of_tcp(server.listen).cloned(),
    };
    let udp = stun.map(|address| Port {
        protocol: "UDP",
        key: "stun",
        address,
        bound: UdpSocket::bind(address).map(drop),
        holder: holders.of_udp(address).cloned(),
    });
    let ports: Vec<Port> = [Some(tcp), udp].into_iter().flatten().collect();
    let findings: Vec<Finding> = ports.iter().filter_map(|port| port.judge(runs, daemon)).collect();
    if !findings.is_empty() {
        return findings;
    }
    let shown: Vec<String> =
        ports.iter().map(|port| format!("{} port {}", port.protocol, port.address.port())).collect();
    let (is, free) = match (runs, shown.len()) {
        (Some(true), _) => ("is", ""),
        (Some(false) | None, 1) => ("will be", ", which is free"),
        (Some(false) | None, _) => ("will be", ", which are free"),
    };
    vec![Finding::ok(NAME, format!("This device {is} its own server, at {}{free}.", shown.join(" and ")))]
}

/// A port that the device's server wants.
struct Port {
    protocol: &'static str,
    /// In `[server]`.
    key: &'static str,
    address: SocketAddr,
    /// What came of taking it for a moment.
    bound: io::Result<()>,
    /// Who has it.
    holder: Option<Holder>,
}

impl Port {
    fn judge(&self, runs: Option<bool>, daemon: Option<i32>) -> Option<Finding> {
        let Self { protocol, key, address, .. } = self;
        let at = format!("{protocol} port {}", address.port());
        let choose = format!("or choose another port: `{key}` in [server]");
        match (&self.bound, &self.holder) {
            // systemd keeps the ports of a service that it starts by socket (process 1).
            (Err(_), Some(holder)) if Some(holder.pid) == daemon || holder.pid == 1 => None,
            (Err(error), Some(holder)) if error.kind() == ErrorKind::AddrInUse => {
                let message = format!("{at} is in use by {holder}.");
                Some(Finding::failed(NAME, message, remedy(holder, &choose)))
            }
            (Err(error), None) if error.kind() == ErrorKind::AddrInUse => match runs {
                // Whose it is cannot be seen; the page tells whether it is this device's.
                Some(true) => None,
                Some(false) => Some(Finding::failed(
                    NAME,
                    format!("{at} is in use by another program."),
                    format!("{AS_ROOT} names it. Stop it, {choose}."),
                )),
                None => {
                    let message = format!("{at} is in use, and may be so by the watchword that runs here.");
                    Some(Finding::skipped(NAME, message).better_as_root())
                }
            },
            (Err(error), _) if error.kind() == ErrorKind::PermissionDenied => {
                Some(Finding::skipped(NAME, format!("{at} is not for this user to try.")).better_as_root())
            }
            (Err(error), _) => Some(Finding::failed(
                NAME,
                format!("{protocol} {address} cannot be listened at: {error}."),
                format!("Give an address of this machine: `{key}` in [server]."),
            )),
            (Ok(()), _) if runs == Some(true) => Some(Finding::warning(
                NAME,
                format!("The device runs, but nothing listens at {at}."),
                "Was the configuration changed since it started? Restart it.",
            )),
            (Ok(()), _) => None,
        }
    }
}

/// What helps where somebody else has a port.
fn remedy(holder: &Holder, choose: &str) -> String {
    match Account::of_process(holder.pid) {
        Some(account) if holder.is_watchword() => format!(
            "That is another watchword, of the user {}. If it is the one that you mean, ask as that user; else stop it, {choose}.",
            account.name
        ),
        _ => format!("Stop that program, {choose}."),
    }
}

/// Looks at the server elsewhere.
pub(super) async fn elsewhere(config: &Config) -> Vec<Finding> {
    let rendezvous = &config.rendezvous;
    let trust = match rendezvous.certificate() {
        Ok(fingerprint) => fingerprint.map_or_else(Trust::authorities, Trust::certificate),
        Err(message) => return vec![Finding::failed(NAME, message, "Correct it in [rendezvous].")],
    };
    let remote = match Remote::new(&rendezvous.url, trust.clone()) {
        Ok(remote) => remote,
        Err(error) => return vec![Finding::failed(NAME, format!("{error:#}."), "Correct [rendezvous] url.")],
    };
    let greeting = remote.greeting().await;
    let port = match &greeting {
        Ok(FromServer::Welcome { stun_port, .. }) => *stun_port,
        _ => None,
    };
    let mut findings = vec![judge_greeting(&rendezvous.url, &greeting, &trust)];
    if let Some(port) = port {
        let host = remote.host().trim_matches(['[', ']']);
        findings.push(judge_stun(host, port, &stun::ask(host, port).await));
    }
    findings
}

fn judge_greeting(url: &str, greeting: &Result<FromServer, ConnectError>, trust: &Arc<Trust>) -> Finding {
    match greeting {
        Ok(FromServer::Welcome { v, .. }) if *v == protocol::VERSION => {
            let by = match trust.verdict() {
                Some(Verdict::Known) => "its certificate has the fingerprint of the configuration",
                _ => "an authority of this system signed its certificate",
            };
            Finding::ok(NAME, format!("{url} answers; {by}."))
        }
        Ok(FromServer::Welcome { v, .. }) => Finding::failed(
            NAME,
            format!(
                "{url} speaks version {v} of the protocol, and this device version {}.",
                protocol::VERSION
            ),
            "Update the older of the two.",
        ),
        Ok(_) => Finding::failed(
            NAME,
            format!("{url} does not answer as a Watchword server."),
            "Correct [rendezvous] url.",
        ),
        Err(error) => not_greeted(url, error, trust),
    }
}

fn not_greeted(url: &str, error: &ConnectError, trust: &Arc<Trust>) -> Finding {
    let why = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    match (error, trust.verdict()) {
        (ConnectError::Tls(_), Some(Verdict::Changed { seen })) => Finding::failed(
            NAME,
            format!("{url} shows a certificate with another fingerprint than the configuration's: {seen}."),
            "Ask the server's owner for its fingerprint (`watchword serve` prints it). If it is this one, put it into \
             [rendezvous] fingerprint; if not, somebody is in between.",
        ),
        (ConnectError::Tls(_), Some(Verdict::Wrong { seen, why })) => Finding::failed(
            NAME,
            format!("The certificate of {url} is not trusted: {why}."),
            format!(
                "Is the clock right? If the server made its certificate itself, and prints this fingerprint, put it into [rendezvous] fingerprint: {seen}"
            ),
        ),
        (ConnectError::Tls(source), _) => Finding::failed(
            NAME,
            format!("{url} speaks no TLS that can be trusted: {source}."),
            "Is the port in [rendezvous] url that of the server?",
        ),
        (ConnectError::Unreachable { source, .. }, _) => {
            let advice = match source.kind() {
                ErrorKind::ConnectionRefused => {
                    "The host is there, and nothing listens at that port: is the server started, and the port right?"
                }
                // The kernel says nothing of names.
                _ if source.raw_os_error().is_none() => {
                    "Is the name right, and does this board reach a name server? (getent hosts NAME)"
                }
                _ => {
                    "Is this board connected to a network that leads there, and does no firewall stand between?"
                }
            };
            Finding::failed(NAME, format!("The server is out of reach: {why}."), advice)
        }
        (ConnectError::Silent(_), _) => Finding::failed(
            NAME,
            format!("{why}."),
            "Does a firewall stand between? Is the server overloaded, or the address another host's?",
        ),
        (ConnectError::NoServer { .. }, _) => Finding::failed(
            NAME,
            format!("{why}."),
            "Correct [rendezvous] url: wss://HOST:PORT/ws, as `watchword serve` prints it.",
        ),
    }
}

fn judge_stun(host: &str, port: u16, answer: &anyhow::Result<SocketAddr>) -> Finding {
    match answer {
        Ok(mapped) => Finding::ok(
            NAME,
            format!("UDP comes through to {host}:{port} (STUN); it sees this board at {}.", mapped.ip()),
        ),
        Err(error) => Finding::warning(
            NAME,
            format!("No answer over UDP from {host}:{port} (STUN): {error:#}."),
            "A firewall may stop UDP: viewers outside this network may then not reach the device.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check::finding::State, fingerprint::Fingerprint};

    fn port(bound: Result<(), ErrorKind>, holder: Option<(i32, &str)>) -> Port {
        Port {
            protocol: "TCP",
            key: "listen",
            address: ([0, 0, 0, 0], 8443).into(),
            bound: bound.map_err(io::Error::from),
            holder: holder.map(|(pid, name)| Holder { pid, name: name.into() }),
        }
    }

    #[test]
    fn a_port_is_free_or_ours_or_somebody_elses() {
        let used = Err(ErrorKind::AddrInUse);
        assert_eq!(port(Ok(()), None).judge(Some(false), None), None);
        assert_eq!(port(used, Some((7, "watchword"))).judge(Some(true), Some(7)), None);
        assert_eq!(port(used, Some((1, "systemd"))).judge(Some(true), Some(7)), None, "socket activation");
        assert_eq!(port(used, None).judge(Some(true), Some(7)), None, "unseen: the page decides");
        let finding = port(used, Some((8, "nginx"))).judge(Some(false), None).unwrap();
        assert_eq!(
            (finding.state, finding.message.as_str()),
            (State::Failed, "TCP port 8443 is in use by nginx (pid 8).")
        );
        assert_eq!(port(used, Some((8, "nginx"))).judge(Some(true), Some(7)).unwrap().state, State::Failed);
        assert_eq!(port(used, None).judge(Some(false), None).unwrap().state, State::Failed);
        assert_eq!(port(used, None).judge(None, None).unwrap().state, State::Skipped, "perhaps ours");
        assert_eq!(port(Ok(()), None).judge(Some(true), Some(7)).unwrap().state, State::Warning);
        assert_eq!(
            port(Err(ErrorKind::PermissionDenied), None).judge(Some(false), None).unwrap().state,
            State::Skipped
        );
        assert_eq!(
            port(Err(ErrorKind::AddrNotAvailable), None).judge(Some(false), None).unwrap().state,
            State::Failed
        );
    }

    #[test]
    fn a_server_out_of_reach_is_told_by_how_far_it_came() {
        let trust = Trust::certificate(Fingerprint([1; 32]));
        let refused =
            ConnectError::Unreachable { address: "a:1".into(), source: ErrorKind::ConnectionRefused.into() };
        let finding = not_greeted("wss://a:1/ws", &refused, &trust);
        assert_eq!(finding.state, State::Failed);
        assert!(finding.advice.unwrap().contains("nothing listens"));
        let silent = ConnectError::Silent("wss://a:1/ws".into());
        assert!(not_greeted("wss://a:1/ws", &silent, &trust).advice.unwrap().contains("firewall"));
        let wrong = ConnectError::Tls(io::Error::other("no TLS"));
        assert!(not_greeted("wss://a:1/ws", &wrong, &trust).message.contains("no TLS"));
    }

    #[test]
    fn udp_that_does_not_come_through_is_a_warning() {
        assert_eq!(judge_stun("a", 1, &Ok(([192, 0, 2, 1], 9).into())).state, State::Ok);
        assert_eq!(judge_stun("a", 1, &Err(anyhow::anyhow!("no answer"))).state, State::Warning);
    }

    #[test]
    fn a_server_of_another_version_fails() {
        let welcome = FromServer::Welcome {
            v: protocol::VERSION + 1,
            handle: String::new(),
            challenge: Vec::new().into(),
            stun_port: None,
            stream: None,
        };
        let trust = Trust::authorities();
        assert!(judge_greeting("wss://a/ws", &Ok(welcome), &trust).message.contains("version"));
        assert_eq!(judge_greeting("wss://a/ws", &Ok(FromServer::Pong), &trust).state, State::Failed);
    }
}
