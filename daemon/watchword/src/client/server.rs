//! Where the rendezvous is.

use std::{fmt, str::FromStr};
use tokio_tungstenite::tungstenite::http::Uri;

/// A rendezvous, as a person names it: `https://host:8443`, `host:8443` or `host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerAddress {
    /// Name, IPv4 address, or IPv6 address in brackets.
    host: String,
    port: u16,
}

/// A text that is no address of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAddress {
    /// Not understood.
    #[error("a server is named like https://example.org:8443, example.org:8443 or example.org")]
    Unreadable,
    /// Plain HTTP, or something else.
    #[error("a server is reached by https:// alone")]
    Scheme,
    /// Somebody pasted the link with the word in it.
    #[error(
        "this link carries a secret word: name the server alone, and give the word by --word-file or when asked"
    )]
    WithWord,
}

impl ServerAddress {
    /// Its WebSocket.
    #[must_use]
    pub(crate) fn url(&self) -> String {
        format!("wss://{self}/ws")
    }

    /// Its STUN server, where it says that it has one.
    #[must_use]
    pub(crate) fn stun(&self, port: u16) -> String {
        format!("stun:{}:{port}", self.host)
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for ServerAddress {
    type Err = NoAddress;

    /// Without a scheme and a port it is the port of a Watchword server, after `https://` that of HTTPS.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let text = text.trim();
        if text.contains('#') {
            return Err(NoAddress::WithWord);
        }
        let (rest, default) = match text.split_once("://") {
            Some((scheme, rest)) if ["https", "wss"].contains(&scheme.to_ascii_lowercase().as_str()) => {
                (rest, 443)
            }
            Some(_) => return Err(NoAddress::Scheme),
            None => (text, rendezvous::PORT),
        };
        let rest = rest.strip_suffix("/ws").unwrap_or(rest);
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.parse::<std::net::Ipv6Addr>().is_ok() {
            return Ok(Self { host: format!("[{rest}]"), port: default });
        }
        let uri: Uri = format!("https://{rest}/").parse().map_err(|_| NoAddress::Unreadable)?;
        let plain = uri.path() == "/" && uri.query().is_none() && !rest.contains('@');
        let host = uri.host().filter(|host| plain && !host.is_empty()).ok_or(NoAddress::Unreadable)?;
        // Nothing but a port may follow the host, and a port that is none is not told from none by the parser.
        let port = match rest.strip_prefix(host) {
            Some("") => default,
            Some(_) => uri.port_u16().filter(|port| *port != 0).ok_or(NoAddress::Unreadable)?,
            None => return Err(NoAddress::Unreadable),
        };
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_name_servers_in_several_ways() {
        for (text, shown) in [
            ("https://example.org:9000", "example.org:9000"),
            ("https://Example.org/", "example.org:443"),
            ("wss://example.org:8443/ws", "example.org:8443"),
            (" example.org ", "example.org:8443"),
            ("192.168.1.20:1234", "192.168.1.20:1234"),
            ("[fd00::1]:1234", "[fd00::1]:1234"),
            ("https://[fd00::1]", "[fd00::1]:443"),
            ("::1", "[::1]:8443"),
            ("garden.local", "garden.local:8443"),
        ] {
            assert_eq!(text.parse::<ServerAddress>().map(|server| server.to_string()).as_deref(), Ok(shown));
        }
        let server: ServerAddress = "::1".parse().unwrap();
        assert_eq!(server.url(), "wss://[::1]:8443/ws");
        assert_eq!(server.stun(3478), "stun:[::1]:3478");
    }

    #[test]
    fn what_names_no_server_is_refused() {
        let refused = |text: &str| text.parse::<ServerAddress>().unwrap_err();
        assert_eq!(refused("http://example.org"), NoAddress::Scheme);
        assert_eq!(refused("https://example.org/#garden-otter-violin-cobalt"), NoAddress::WithWord);
        for text in [
            "",
            "https://",
            "a b",
            "example.org/path",
            "user@example.org",
            "host:",
            "host:0",
            "host:99999",
            "host?x",
        ] {
            assert_eq!(refused(text), NoAddress::Unreadable, "{text}");
        }
    }
}
