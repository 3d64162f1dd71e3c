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
        }
    }

    /// The page of a rendezvous elsewhere, from its `wss://` URL.
    pub(crate) fn of_remote(url: &str, fingerprint: Option<String>) -> Self {
        let host = url.trim_start_matches("wss://").split('/').next().unwrap_or_default();
        Self { addresses: vec![format!("https://{host}/")], fingerprint }
    }

    /// The link that carries the word in its fragment, which no browser sends to a server.
    pub(crate) fn link(&self, phrase: &str) -> Option<String> {
        self.addresses.first().map(|address| format!("{address}#{phrase}"))
    }
}

/// The screen of a device that begins; `add`: what its owner types for a new word.
pub(crate) fn introduction(
    name: &str,
    pages: &Pages,
    added: Option<&Added>,
    picture: &str,
    add: &str,
) -> Zeroizing<String> {
    let mut text = Zeroizing::new(format!("\n  {name} is ready to be watched ({picture}).\n\n"));
    let page = pages.addresses.first().map_or("", String::as_str);
    *text += &format!("  Open      {page}\n");
    for other in pages.addresses.iter().skip(1) {
        *text += &format!("            {other}\n");
    }
    match added {
        Some(added) => {
            *text += &format!("  Word      {}\n", added.word.phrase());
            *text += &word_link(pages, added.word.phrase(), true);
            *text += &format!("  This word ends with this process. One that stays: {add}\n");
        }
        None => *text += &format!("  and type the secret word. A new one: {add}\n"),
    }
    if let Some(fingerprint) = &pages.fingerprint {
        *text += "  The browser warns once: this device made its certificate itself. Its fingerprint:\n";
        *text += &format!("  {fingerprint}\n");
    }
    text
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
