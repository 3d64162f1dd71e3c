//! The sections of the configuration file, with their defaults and bounds.

use super::{commands::Command, files::Files, video::Video};
use crate::fingerprint::{Fingerprint, NoFingerprint};
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// What the device is called.
    pub device: Device,
    /// Where viewers meet the device.
    pub rendezvous: Rendezvous,
    /// The server of this process, embedded or alone.
    pub server: Server,
    /// The picture.
    pub video: Video,
    /// The sound.
    pub audio: Audio,
    /// Addresses and ports of media.
    pub network: Network,
    /// How many viewers.
    pub sessions: Sessions,
    /// The folders that viewers see.
    pub files: Files,
    /// Logging.
    pub log: Log,
    /// What viewers may have the device do.
    pub commands: Vec<Command>,
}

/// `[device]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Device {
    /// Name for people; empty: the host's name.
    pub name: String,
}

/// `[rendezvous]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rendezvous {
    /// `wss://host:port/ws` of a server elsewhere; empty: this process serves its own.
    pub url: String,
    /// SHA-256 of that server's certificate, as the server prints it, where no authority signed it.
    pub fingerprint: String,
    /// What that server's owner gave, where it asks for a token.
    pub token: String,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    /// HTTPS and WSS.
    pub listen: Listen,
    /// STUN, UDP; empty: none.
    pub stun: String,
    /// PEM file; empty: a self-signed certificate is made and kept.
    pub certificate: PathBuf,
    /// PEM file of the certificate's private key.
    pub key: PathBuf,
    /// Plain HTTP without TLS, on loopback only (behind a proxy of the owner's).
    pub plain: bool,
    /// More names and addresses that the self-signed certificate carries.
    pub names: Vec<String>,
    /// Pages of other origins that may use this server, such as `https://example.org`.
    pub origins: Vec<String>,
    /// Devices must show this to claim a place; empty: anyone may.
    pub claim_token: String,
}

/// Where the HTTPS server listens.
pub(crate) type Listen = SocketAddr;

/// A certificate given by its owner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Certificate {
    /// PEM chain.
    pub certificate: PathBuf,
    /// PEM key.
    pub key: PathBuf,
}

/// `[audio]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audio {
    /// `auto` (first microphone, else a quiet tone), `test`, `none`, or an ALSA device such as `hw:1,0`.
    pub source: String,
    /// Bits a second.
    pub bitrate: u32,
}

/// `[network]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Network {
    /// Addresses to offer to viewers; empty: every address of this host.
    pub addresses: Vec<IpAddr>,
    /// UDP ports for media, such as `50000-50100`; empty: any.
    pub ports: String,
    /// STUN servers, such as `stun:stun.example.org:3478`; the rendezvous' own needs no mention.
    pub stun: Vec<String>,
}

/// `[sessions]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sessions {
    /// Viewers at once with one word.
    pub per_word: usize,
    /// Viewers at once on this device.
    pub per_device: usize,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,watchword_peer=debug`.
    pub level: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 8443),
            stun: "[::]:3478".into(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            plain: false,
            names: Vec::new(),
            origins: Vec::new(),
            claim_token: String::new(),
        }
    }
}

impl Default for Audio {
    fn default() -> Self {
        Self { source: "auto".into(), bitrate: 40_000 }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self { per_word: 8, per_device: 16 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into() }
    }
}

impl Config {
    /// Bounds that a type cannot tell. The sentence names the key and what it may be.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { rendezvous, server, video, audio, network, sessions, log, .. } = self;
        video.check()?;
        within("audio.bitrate", audio.bitrate, 6_000, 510_000)?;
        if sessions.per_word == 0 || sessions.per_device == 0 {
            return Err("sessions.per_word and sessions.per_device must be at least 1".into());
        }
        let names_host = |host: &str| !host.is_empty() && !host.starts_with(['/', ':']);
        if !rendezvous.url.is_empty() && !rendezvous.url.strip_prefix("wss://").is_some_and(names_host) {
            return Err(
                "rendezvous.url must begin with wss:// and name a host (such as wss://example.org:8443/ws)"
                    .into(),
            );
        }
        crate::logging::check(&log.level).map_err(|problem| format!("log.level: {problem}"))?;
        self.files.check()?;
        rendezvous.certificate()?;
        server.check_plain()?;
        server.given_certificate()?;
        server.stun_address()?;
        network.port_range()?;
        #[cfg(feature = "device")]
        self.commands().map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// Refuses what is out of bounds.
pub(super) fn within(key: &str, value: u32, low: u32, high: u32) -> Result<(), String> {
    match (low..=high).contains(&value) {
        true => Ok(()),
        false => Err(format!("{key} is {value}; it may be {low} to {high}")),
    }
}

#[cfg(feature = "device")]
impl Config {
    /// The commands, checked and ready to run; else the first mistake.
    pub(crate) fn commands(&self) -> Result<peer::commands::Commands, peer::commands::SpecError> {
        super::commands::commands(&self.commands)
    }
}

impl Rendezvous {
    /// The fingerprint, where one is given.
    pub(crate) fn certificate(&self) -> Result<Option<Fingerprint>, String> {
        if self.fingerprint.is_empty() {
            return Ok(None);
        }
        let fingerprint = self.fingerprint.parse().map(Some);
        fingerprint.map_err(|wrong: NoFingerprint| format!("rendezvous.fingerprint: {wrong}"))
    }
}

impl Server {
    /// The certificate given by the owner, if any; both files or none.
    pub(crate) fn given_certificate(&self) -> Result<Option<Certificate>, String> {
        match (self.certificate.as_os_str().is_empty(), self.key.as_os_str().is_empty()) {
            (true, true) => Ok(None),
            (false, false) => {
                Ok(Some(Certificate { certificate: self.certificate.clone(), key: self.key.clone() }))
            }
            _ => Err("server.certificate and server.key go together: give both, or none".into()),
        }
    }

    /// What is sent in plain text is for this host alone.
    fn check_plain(&self) -> Result<(), String> {
        // Where systemd opens the socket, `listen` does not count; the server itself judges what it is given.
        let given = std::env::var_os("LISTEN_FDS").is_some();
        if self.plain && !given && !self.listen.ip().to_canonical().is_loopback() {
            return Err(format!(
                "server.plain is true and server.listen is \"{}\": plain HTTP would be readable by others, so it is for \
                 loopback only; listen at \"127.0.0.1:{}\", or leave plain away",
                self.listen,
                self.listen.port()
            ));
        }
        Ok(())
    }

    /// Where STUN listens, if it does.
    pub(crate) fn stun_address(&self) -> Result<Option<SocketAddr>, String> {
        if self.stun.is_empty() {
            return Ok(None);
        }
        let wrong = |_| {
            format!("server.stun is {:?}; it must be an address and a port, such as [::]:3478", self.stun)
        };
        self.stun.parse().map(Some).map_err(wrong)
    }
}

impl Network {
    /// The range of UDP ports, if one is given.
    pub(crate) fn port_range(&self) -> Result<Option<std::ops::RangeInclusive<u16>>, String> {
        if self.ports.is_empty() {
            return Ok(None);
        }
        let wrong = || format!("network.ports is {:?}; it must be a range such as 50000-50100", self.ports);
        let (low, high) = self.ports.split_once('-').ok_or_else(wrong)?;
        let low: u16 = low.trim().parse().map_err(|_| wrong())?;
        let high: u16 = high.trim().parse().map_err(|_| wrong())?;
        if low == 0 || low > high { Err(wrong()) } else { Ok(Some(low..=high)) }
    }
}
