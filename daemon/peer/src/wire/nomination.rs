//! Remembers a nomination that comes too early.
//!
//! Browsers nominate with their first check (USE-CANDIDATE, RFC 8445 section 8.1.1). When the device does not know
//! their address yet, which is the rule with browsers that hide it behind mDNS, that check comes before the device's own
//! check of the pair, and the agent above neither answers it nor remembers it as section 7.3.1.5 asks: the session then
//! waits for the browser's next check, 48 ms later. So the check is delivered once more as soon as the pair has been
//! checked. It is the same datagram, with the same integrity; a network may double any datagram.

use std::net::SocketAddr;

/// Most addresses whose nomination is remembered; a viewer has a few.
const MAX: usize = 8;
/// Largest check that is remembered, bytes.
const LARGEST: usize = 512;

/// STUN, RFC 8489 section 5.
const HEADER: usize = 20;
const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
/// RFC 8445 section 16.1.
const USE_CANDIDATE: u16 = 0x0025;

/// The nominations of a session that is starting.
#[derive(Debug, Default)]
pub(super) struct Nominations {
    held: Vec<(SocketAddr, Vec<u8>)>,
    due: Option<(SocketAddr, Vec<u8>)>,
    over: bool,
}

impl Nominations {
    /// Notes a datagram that came.
    pub(super) fn received(&mut self, from: SocketAddr, datagram: &[u8]) {
        if self.over || datagram.get(4..8) != Some(&MAGIC[..]) {
            return;
        }
        let held = self.held.iter().position(|(address, _)| *address == from);
        match (datagram.get(..2), held) {
            (Some(kind), None) if kind == BINDING_REQUEST && self.held.len() < MAX && nominates(datagram) => {
                self.held.push((from, datagram.to_vec()));
            }
            (Some(kind), Some(index)) if kind == BINDING_SUCCESS => {
                self.due = Some(self.held.swap_remove(index))
            }
            _ => {}
        }
    }

    /// The nomination that is to be delivered once more now.
    pub(super) fn due(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.due.take()
    }

    /// The session has started.
    pub(super) fn end(&mut self) {
        *self = Self { over: true, ..Self::default() };
    }
}

/// Whether a STUN message has the attribute USE-CANDIDATE.
fn nominates(message: &[u8]) -> bool {
    let mut rest = message.get(HEADER..).unwrap_or_default();
    if message.len() > LARGEST {
        return false;
    }
    while let [a, b, c, d, value @ ..] = rest {
        if u16::from_be_bytes([*a, *b]) == USE_CANDIDATE {
            return true;
        }
        // Values are padded to four bytes (RFC 8489 section 14).
        let length = usize::from(u16::from_be_bytes([*c, *d])).next_multiple_of(4);
        rest = value.get(length..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);
    const OTHER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 10);

    fn message(kind: [u8; 2], attributes: &[u8]) -> Vec<u8> {
        let mut message = kind.to_vec();
        message.extend(u16::try_from(attributes.len()).unwrap().to_be_bytes());
        message.extend(MAGIC);
        message.extend([7; 12]);
        message.extend(attributes);
        message
    }

    #[test]
    fn comes_again_once_its_pair_has_been_checked() {
        // USERNAME of five bytes, padded, then USE-CANDIDATE.
        let check = message(BINDING_REQUEST, &[0, 6, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0x25, 0, 0]);
        let mut nominations = Nominations::default();
        nominations.received(PEER, &check);
        nominations.received(OTHER, &message(BINDING_SUCCESS, &[]));
        assert_eq!(nominations.due(), None, "another pair");
        nominations.received(PEER, &message(BINDING_SUCCESS, &[]));
        assert_eq!(nominations.due(), Some((PEER, check)));
        nominations.received(PEER, &message(BINDING_SUCCESS, &[]));
        assert_eq!(nominations.due(), None, "once");
    }

    #[test]
    fn other_checks_are_not_remembered_nor_anything_later() {
        let mut nominations = Nominations::default();
        nominations.received(PEER, &message(BINDING_REQUEST, &[0, 6, 0, 4, 0, 0x25, 0, 0]));
        nominations.received(PEER, &message(BINDING_SUCCESS, &[]));
        assert_eq!(nominations.due(), None);
        nominations.end();
        nominations.received(PEER, &message(BINDING_REQUEST, &[0, 0x25, 0, 0]));
        nominations.received(PEER, &message(BINDING_SUCCESS, &[]));
        assert_eq!(nominations.due(), None);
    }

    #[test]
    fn takes_any_bytes() {
        let mut nominations = Nominations::default();
        for length in 0..80 {
            let mut bytes = message(BINDING_REQUEST, &[0xff; 60]);
            bytes.truncate(length);
            nominations.received(PEER, &bytes);
        }
        assert_eq!(nominations.due(), None);
    }
}
