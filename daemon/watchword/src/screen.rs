//! The one screen that a person sees at the start: where to go, the word, a link, and a QR code of it.

use crate::device::Added;
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use std::net::IpAddr;
use zeroize::Zeroizing;

/// Where the page of this process (or of the rendezvous elsewhere) is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Best first, such as `https://192.168.1.20:8443/`.
    pub addresses: Vec<String>,
    /// SHA-256 of a certificate that the server made itself.
    pub fingerprint: Option<String>,
    /// The `wss://` URL of a server elsewhere, which need not be there.
    pub server: Option<String>,
}

impl Pages {
    /// The pages of a server of this process: the address that other machines reach first, the host's name, the rest.
    pub(crate) fn of_this_host(
        scheme: &str,
        bound: std::net::SocketAddr,
        fingerprint: Option<String>,
    ) -> Self {
        let hosts =
            if bound.ip().is_unspecified() { lan_hosts(bound.is_ipv6()) } else { vec![shown(bound.ip())] };
        let port = bound.port();
        Self {
            addresses: hosts.iter().map(|host| format!("{scheme}://{host}:{port}/")).collect(),
            fingerprint,
            server: None,
        }
    }

    /// The page of a rendezvous elsewhere, from its `wss://` URL.
    pub(crate) fn of_remote(url: &str, fingerprint: Option<String>) -> Self {
        let host = url.trim_start_matches("wss://").split('/').next().unwrap_or_default();
        Self { addresses: vec![format!("https://{host}/")], fingerprint, server: Some(url.to_owned()) }
    }

    /// The link that carries the word in its fragment, which no browser sends to a server.
    pub(crate) fn link(&self, phrase: &str) -> Option<String> {
        self.addresses.first().map(|address| format!("{address}#{phrase}"))
    }
}

/// Which words there are when a device begins.
pub(crate) enum Words<'a> {
    /// None: nobody can come in.
    None,
    /// Those that are kept.
    Kept,
    /// One that ends with the process.
    New(&'a Added),
}

/// The screen of a device that begins; `add`: what its owner types for a new word.
pub(crate) fn introduction(
    name: &str,
    pages: &Pages,
    words: &Words<'_>,
    picture: &str,
    add: &str,
) -> Zeroizing<String> {
    let mut text = Zeroizing::new(format!("\n  {name} {}\n\n", standing(pages, words, picture)));
    let page = pages.addresses.first().map_or("", String::as_str);
    *text += &format!("  Open      {page}\n");
    for other in pages.addresses.iter().skip(1) {
        *text += &format!("            {other}\n");
    }
    match words {
        Words::New(added) => {
            *text += &format!("  Word      {}\n", added.word.phrase());
            *text += &word_link(pages, added.word.phrase(), true);
            *text += &format!("  This word ends with this process. One that stays: {add}\n");
        }
        Words::Kept => *text += &format!("  and type the secret word. A new one: {add}\n"),
        Words::None => {
            *text += &format!("  There is no secret word yet, so nobody can come in. Make one: {add}\n");
        }
    }
    if let Some(fingerprint) = &pages.fingerprint {
        let made = if pages.server.is_some() { "that server" } else { "this device" };
        *text += &format!("  The browser warns once: {made} made its certificate itself. Its fingerprint:\n");
        *text += &format!("  {fingerprint}\n");
    }
    text
}

/// What can be said of it now. A server elsewhere may be out of reach or refuse the place: the log goes on from here.
fn standing(pages: &Pages, words: &Words<'_>, picture: &str) -> String {
    match (&pages.server, words) {
        (None, Words::None) => format!("runs ({picture})."),
        (None, _) | (Some(_), Words::New(Added { registered: true, .. })) => {
            format!("is ready to be watched ({picture}).")
        }
        (Some(url), _) => format!(
            "runs ({picture}), and is looking for its server {url}\n  \
             (the log says when it is registered there, or why not)."
        ),
    }
}

/// The link with the word in its fragment and, if wanted, its QR code.
pub(crate) fn word_link(pages: &Pages, phrase: &str, qr: bool) -> String {
    let Some(link) = pages.link(phrase) else { return String::new() };
    let code = if qr { qr_code(&link) } else { String::new() };
    format!("  Link      {link}\n{code}")
}

/// Light on dark, as terminals are; medium correction keeps it small enough for 80 columns by 24 lines.
fn qr_code(text: &str) -> String {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else { return String::new() };
    let drawn = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    drawn.lines().map(|line| format!("  {line}\n")).collect()
}

/// Names and addresses of this host on its networks, the one that leads out first.
fn lan_hosts(ipv6: bool) -> Vec<String> {
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .filter(|address| address.is_ipv4() || ipv6)
        .collect();
    addresses.sort_by_key(|address| (Some(*address) != leading_out(), address.is_ipv6(), *address));
    let mut hosts: Vec<String> = addresses.into_iter().map(shown).collect();
    if std::path::Path::new("/run/avahi-daemon/socket").exists() {
        let name = gethostname::gethostname().to_string_lossy().into_owned();
        hosts.insert(hosts.len().min(1), format!("{name}.local"));
    }
    if hosts.is_empty() {
        hosts.push("localhost".into());
    }
    hosts
}

/// The address that a packet to elsewhere would carry. Connecting a UDP socket asks the kernel and sends nothing.
fn leading_out() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?; // TEST-NET-1, RFC 5737
    Some(socket.local_addr().ok()?.ip())
}

fn shown(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_the_word_in_the_fragment() {
        let pages = Pages::of_this_host("https", ([127, 0, 0, 1], 8443).into(), None);
        assert_eq!(pages.addresses, ["https://127.0.0.1:8443/"]);
        assert_eq!(pages.link("a-b-c-d").as_deref(), Some("https://127.0.0.1:8443/#a-b-c-d"));
        let pages = Pages::of_remote("wss://example.org:8443/ws", None);
        assert_eq!(pages.addresses, ["https://example.org:8443/"]);
    }

    #[test]
    fn ready_is_only_who_can_be_watched() {
        let here = Pages::of_this_host("https", ([127, 0, 0, 1], 8443).into(), Some("AB:CD".into()));
        let elsewhere = Pages::of_remote("wss://example.org:8443/ws", Some("AB:CD".into()));
        let added = |registered| Added {
            label: "this run".into(),
            word: protocol::word::SecretWord::generate(None),
            registered,
        };
        let screen = |pages: &Pages, words: &Words<'_>| {
            introduction("garden", pages, words, "the test picture", "watchword word add").to_string()
        };
        let (ready, seeking) = (
            "garden is ready to be watched (the test picture).",
            "looking for its server wss://example.org:8443/ws",
        );
        for (pages, words, is_ready) in [
            (&here, Words::Kept, true),
            (&here, Words::New(&added(true)), true),
            (&here, Words::None, false),
            (&elsewhere, Words::None, false),
            (&elsewhere, Words::Kept, false),
            (&elsewhere, Words::New(&added(false)), false),
            (&elsewhere, Words::New(&added(true)), true),
        ] {
            let text = screen(pages, &words);
            assert_eq!(text.contains(ready), is_ready, "{text}");
            assert_eq!(text.contains(seeking), pages.server.is_some() && !is_ready, "{text}");
            assert_eq!(text.contains("no secret word yet"), matches!(words, Words::None), "{text}");
            assert_eq!(text.contains("that server made its certificate"), pages.server.is_some(), "{text}");
            assert_eq!(text.contains("this device made its certificate"), pages.server.is_none(), "{text}");
        }
    }

    #[test]
    fn a_qr_code_fits_a_terminal() {
        let code = qr_code("https://192.168.100.200:8443/#headstand27-otter-violin-cobalt");
        assert!(!code.is_empty());
        assert!(code.lines().count() <= 22 && code.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn an_unspecified_address_shows_addresses_that_others_reach() {
        let pages = Pages::of_this_host("https", ([0, 0, 0, 0], 8443).into(), None);
        assert!(!pages.addresses.is_empty());
        assert!(pages.addresses.iter().all(|address| !address.contains("0.0.0.0")));
    }
}
