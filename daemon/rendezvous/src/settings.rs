//! What the owner of a server decides: addresses, certificate, names, limits.

use std::{
    net::{Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// TCP port of pages and signaling, when none is given.
pub const PORT: u16 = 8443;
/// UDP port of STUN, when none is given (RFC 8489 section 8).
pub const STUN_PORT: u16 = 3478;

/// Everything that a [`crate::Server`] is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where pages and signaling are served. An unspecified IPv6 address serves IPv4 as well. Default `[::]:8443`.
    pub listen: SocketAddr,
    /// Where STUN binding requests are answered; `None`: no STUN. Default `[::]:3478`.
    pub stun_listen: Option<SocketAddr>,
    /// Certificate and key.
    pub tls: Tls,
    /// Names and addresses that a self-signed certificate shall carry besides this host's own.
    pub names: Vec<String>,
    /// Web origins (`https://example.org`) besides the server's own whose pages may use it. Default: none.
    pub origins: Vec<String>,
    /// File of the database of places and their keys. Its folder is made when missing.
    pub state: PathBuf,
    /// What a claim must show, where the owner wants only invited devices.
    pub claim_token: Option<ClaimToken>,
    /// Limits on what strangers can use up.
    pub limits: Limits,
}

impl Settings {
    /// Default addresses and limits, with the given certificate and database.
    #[must_use]
    pub fn new(tls: Tls, state: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT)),
            stun_listen: Some(SocketAddr::from((Ipv6Addr::UNSPECIFIED, STUN_PORT))),
            tls,
            names: Vec::new(),
            origins: Vec::new(),
            state: state.into(),
            claim_token: None,
            limits: Limits::default(),
        }
    }
}

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// One that the server makes for itself at the first run, and keeps in this folder.
    SelfSigned {
        /// Made with mode 0700 when missing.
        directory: PathBuf,
    },
    /// PEM files: the chain, leaf first, and its private key.
    Files {
        /// Certificate chain.
        certificate: PathBuf,
        /// PKCS #8, PKCS #1 or SEC1 key.
        key: PathBuf,
    },
    /// Plain HTTP. Only for an address of the loopback interface; refused elsewhere.
    PlainLoopback,
}

/// A secret that a claim shows. Wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub struct ClaimToken(Zeroizing<String>);

impl ClaimToken {
    /// Whether `shown` is this token. Takes the same time wherever they differ.
    #[must_use]
    pub fn admits(&self, shown: &str) -> bool {
        use sha2::{Digest, Sha256};
        Sha256::digest(self.0.as_bytes()).ct_eq(&Sha256::digest(shown.as_bytes())).into()
    }
}

impl From<String> for ClaimToken {
    fn from(token: String) -> Self {
        Self(Zeroizing::new(token))
    }
}

impl std::fmt::Debug for ClaimToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimToken(..)")
    }
}

/// So many at once, and then so many a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// At once, after a pause.
    pub burst: u32,
    /// A second, for ever.
    pub per_second: f64,
}

impl Rate {
    const fn new(burst: u32, per_second: f64) -> Self {
        Self { burst, per_second }
    }
}

/// Limits on what a stranger can use up. A *source* is one IPv4 address or one IPv6 /56 prefix.
///
/// The size of a message is part of the wire ([`protocol::signal::MAX_MESSAGE`]) and no setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// TCP connections at once, all together. Default 4096.
    pub connections: usize,
    /// TCP connections at once of one source. Default 128.
    pub connections_per_source: usize,
    /// Signaling sockets (WebSockets and event streams) at once. Default 4096.
    pub sockets: usize,
    /// Signaling sockets of one source. Default 64.
    pub sockets_per_source: usize,
    /// Messages of a viewer's socket. Default 100 at once, 25 a second.
    pub viewer_messages: Rate,
    /// Messages of a device's socket, which serves many viewers. Default 2000 at once, 500 a second.
    pub device_messages: Rate,
    /// Bytes of messages of a viewer's socket. Default 1 MiB at once, 64 KiB a second.
    pub viewer_bytes: Rate,
    /// Bytes of messages of a device's socket. Default 8 MiB at once, 1 MiB a second.
    pub device_bytes: Rate,
    /// Refused messages after which a socket is closed. Default 32 at once, 1 in 10 seconds.
    pub refusals: Rate,
    /// Knocks of one source. Default 60 at once, 2 a second.
    pub knocks_per_source: Rate,
    /// Knocks at one place. Default 120 at once, 10 a second.
    pub knocks_per_place: Rate,
    /// Sessions at once at one place (one secret word). Default 64.
    pub sessions_per_place: usize,
    /// Sessions at once of one device's socket. Default 256.
    pub sessions_per_device: usize,
    /// Sessions at once of one viewer's socket. Default 4.
    pub sessions_per_viewer: usize,
    /// Sessions of one source at one place that were not proved yet. Default 8.
    pub unproved_per_source: usize,
    /// Places that belong to one key. Default 16.
    pub places_per_key: usize,
    /// Claims of one source. Default 64 at once, 1 a second.
    pub claims_per_source: Rate,
    /// Claims of one source at places that belong to nobody. Default 32 at once, 1 an hour.
    pub new_places_per_source: Rate,
    /// Viewers that wait for a device at one place. Default 256.
    pub waiting_per_place: usize,
    /// Places that one viewer's socket waits for. Default 4.
    pub waiting_per_viewer: usize,
    /// Sources remembered at once. Default 65536.
    pub sources: usize,
    /// Messages on their way to one socket; one more closes it. Default 256.
    pub outbox_messages: usize,
    /// Bytes on their way to one socket; more closes it. Default 1 MiB.
    pub outbox_bytes: usize,
    /// STUN requests of one source. Default 60 at once, 20 a second.
    pub stun: Rate,
    /// Times.
    pub times: Times,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_source: 128,
            sockets: 4096,
            sockets_per_source: 64,
            viewer_messages: Rate::new(100, 25.0),
            device_messages: Rate::new(2000, 500.0),
            viewer_bytes: Rate::new(1 << 20, 65_536.0),
            device_bytes: Rate::new(8 << 20, 1_048_576.0),
            refusals: Rate::new(32, 0.1),
            knocks_per_source: Rate::new(60, 2.0),
            knocks_per_place: Rate::new(120, 10.0),
            sessions_per_place: 64,
            sessions_per_device: 256,
            sessions_per_viewer: 4,
            unproved_per_source: 8,
            places_per_key: 16,
            claims_per_source: Rate::new(64, 1.0),
            new_places_per_source: Rate::new(32, 1.0 / 3600.0),
            waiting_per_place: 256,
            waiting_per_viewer: 4,
            sources: 65_536,
            outbox_messages: 256,
            outbox_bytes: 1 << 20,
            stun: Rate::new(60, 20.0),
            times: Times::default(),
        }
    }
}

/// How long the server waits for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// A TLS handshake, a request's head, a request's body. Default 10 s.
    pub request: Duration,
    /// Between WebSocket pings. Default 20 s.
    pub ping: Duration,
    /// From a ping to any sign of life. Default 10 s.
    pub pong: Duration,
    /// For one message to be taken by the reader. Default 10 s.
    pub write: Duration,
    /// From a socket's welcome to its first claim or knock (a page opens its socket while the word is typed).
    /// Default 15 minutes.
    pub hello: Duration,
    /// From a knock to the device's reply. Default 10 s.
    pub reply: Duration,
    /// From the reply to the viewer's proof (its browser stretches the word meanwhile). Default 30 s.
    pub proof: Duration,
    /// Of a proved session in which nothing is said. Default 10 minutes.
    pub idle: Duration,
    /// For all sockets and requests to end when the server stops. Default 2 s.
    pub drain: Duration,
    /// After which an unused place belongs to nobody again. Default 365 days.
    pub place_unused: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            ping: Duration::from_secs(20),
            pong: Duration::from_secs(10),
            write: Duration::from_secs(10),
            hello: Duration::from_secs(15 * 60),
            reply: Duration::from_secs(10),
            proof: Duration::from_secs(30),
            idle: Duration::from_secs(10 * 60),
            drain: Duration::from_secs(2),
            place_unused: Duration::from_secs(365 * 24 * 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_token_admits_itself_alone_and_is_never_printed() {
        let token = ClaimToken::from("open sesame".to_owned());
        assert!(token.admits("open sesame"));
        for other in ["", "open sesam", "open sesame ", "Open sesame"] {
            assert!(!token.admits(other), "{other:?}");
        }
        assert!(!format!("{token:?}").contains("sesame"));
    }
}
