//! Repeats lost DTLS handshake flights.
//!
//! RFC 6347 section 4.2.4 wants the last flight sent again when nothing comes for a while, and when the peer repeats
//! its own. The handshaker above stops its timer at any handshake record that arrives, a repeated one included, and
//! then waits for ever: at 10 % loss each way some sessions never connect. The datagrams of a flight may be sent again
//! as they are, so this can be done below it.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// First silence after which the flight is repeated; doubles up to [`LONGEST`]. RFC 6347 advises 1 s for the open
/// internet; a start that waits for 1 s is one that a person notices, and a handshake is 4 kB.
const FIRST: Duration = Duration::from_millis(100);
/// Longest silence between two repetitions.
const LONGEST: Duration = Duration::from_millis(1600);
/// Repetitions on the peer's account are at least this far apart: it repeats several datagrams at once.
const SPACING: Duration = Duration::from_millis(30);
/// Most datagrams remembered of one flight (a certificate chain of 16 fragments is far above what browsers send).
const MAX_FLIGHT: usize = 16;
/// Most handshake messages remembered of the peer.
const MAX_SEEN: usize = 128;

/// Record content types, RFC 6347 section 4.1.
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// Bytes of a DTLS 1.2 record header.
const RECORD_HEADER: usize = 13;
/// Bytes of a DTLS handshake header, RFC 6347 section 4.2.2.
const HANDSHAKE_HEADER: usize = 12;

/// The last flight that was sent, and when to send it again.
#[derive(Debug)]
pub(super) struct Flight {
    seen: HashSet<(u16, u8, u32)>,
    datagrams: Vec<Vec<u8>>,
    destination: Option<SocketAddr>,
    /// The peer has said something new since: the next datagram sent begins a new flight.
    answered: bool,
    due: Option<Instant>,
    wait: Duration,
    repeated: Option<Instant>,
    /// We spoke first: the last flight of the handshake is the peer's.
    client: bool,
    done: bool,
}

impl Flight {
    pub(super) fn new() -> Self {
        Self {
            seen: HashSet::new(),
            datagrams: Vec::new(),
            destination: None,
            answered: true,
            due: None,
            wait: FIRST,
            repeated: None,
            client: false,
            done: false,
        }
    }

    /// Notes a datagram that is sent.
    pub(super) fn sent(&mut self, destination: SocketAddr, datagram: &[u8], now: Instant) {
        if self.done {
            return;
        }
        match datagram.first() {
            Some(&(CHANGE_CIPHER_SPEC | HANDSHAKE)) => {
                if self.answered {
                    self.client |= self.seen.is_empty();
                    self.datagrams.clear();
                    self.answered = false;
                    self.wait = FIRST;
                }
                if self.datagrams.len() < MAX_FLIGHT {
                    self.datagrams.push(datagram.to_vec());
                }
                self.destination = Some(destination);
                self.due = Some(now + self.wait);
            }
            // Media or data: the handshake is over, and what the peer lacks it will ask for no more.
            Some(&(APPLICATION_DATA | 128..=191)) => self.finish(),
            _ => {}
        }
    }

    /// Notes a datagram that came in. True if the flight is to be sent again now, since the peer repeats itself.
    pub(super) fn received(&mut self, datagram: &[u8], now: Instant) -> bool {
        if self.done {
            return false;
        }
        match datagram.first() {
            // A server that sends data has sent its last flight before. It is over for us when we send some, too; should
            // that flight have been lost, the server sends it again only when it is asked for.
            Some(&APPLICATION_DATA) if self.client => {
                self.due = self.due.map(|due| due.min(now + SPACING));
                return false;
            }
            Some(&APPLICATION_DATA) => {
                self.finish();
                return false;
            }
            Some(&(CHANGE_CIPHER_SPEC..=25)) => {}
            _ => return false,
        }
        let (new, repeated) = self.look(datagram);
        if new {
            self.answered = true;
        }
        let recently = self.repeated.is_some_and(|at| now.saturating_duration_since(at) < SPACING);
        repeated && !new && !recently && !self.datagrams.is_empty()
    }

    /// Whether the peer has been silent for long enough.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        !self.done && !self.datagrams.is_empty() && self.due.is_some_and(|due| due <= now)
    }

    /// The flight, to be sent again now.
    pub(super) fn again(&mut self, now: Instant) -> Option<(SocketAddr, Vec<Vec<u8>>)> {
        self.repeated = Some(now);
        self.wait = (self.wait * 2).min(LONGEST);
        self.due = Some(now + self.wait);
        Some((self.destination?, self.datagrams.clone()))
    }

    fn finish(&mut self) {
        self.done = true;
        self.due = None;
        self.datagrams = Vec::new();
        self.seen = HashSet::new();
    }

    /// Whether the datagram holds something new, and whether something known.
    fn look(&mut self, mut rest: &[u8]) -> (bool, bool) {
        let (mut new, mut repeated) = (false, false);
        while let Some((kind, epoch, body, next)) = record(rest) {
            rest = next;
            match (kind, epoch) {
                (HANDSHAKE, 0) if body.len() >= HANDSHAKE_HEADER => {
                    let sequence = u16::from_be_bytes([body[4], body[5]]);
                    let offset = u32::from_be_bytes([0, body[6], body[7], body[8]]);
                    let key = (sequence, body[0], offset);
                    if self.seen.contains(&key) {
                        repeated = true;
                    } else {
                        new = true;
                        if self.seen.len() < MAX_SEEN {
                            self.seen.insert(key);
                        }
                    }
                }
                // Encrypted (Finished) or ChangeCipherSpec: these say nothing of themselves, and end a flight.
                (HANDSHAKE | CHANGE_CIPHER_SPEC, _) => new = true,
                _ => {}
            }
        }
        (new, repeated)
    }
}

/// The first record: content type, epoch, body, and what follows it.
fn record(datagram: &[u8]) -> Option<(u8, u16, &[u8], &[u8])> {
    let header = datagram.get(..RECORD_HEADER)?;
    let epoch = u16::from_be_bytes([header[3], header[4]]);
    let length = usize::from(u16::from_be_bytes([header[11], header[12]]));
    let rest = &datagram[RECORD_HEADER..];
    let (body, next) = rest.split_at(length.min(rest.len()));
    Some((header[0], epoch, body, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

    fn handshake(sequence: u16) -> Vec<u8> {
        let mut datagram = vec![HANDSHAKE, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12];
        datagram.extend([1, 0, 0, 0]);
        datagram.extend(sequence.to_be_bytes());
        datagram.extend([0; 6]);
        datagram
    }

    #[test]
    fn repeats_after_silence_with_growing_pauses() {
        let start = Instant::now();
        let mut flight = Flight::new();
        assert!(!flight.is_due(start + LONGEST));
        flight.sent(PEER, &handshake(0), start);
        assert!(!flight.is_due(start + FIRST / 2));
        assert!(flight.is_due(start + FIRST));
        let (to, datagrams) = flight.again(start + FIRST).expect("a destination");
        assert_eq!((to, datagrams.len()), (PEER, 1));
        assert!(!flight.is_due(start + FIRST * 2));
        assert!(flight.is_due(start + FIRST * 3));
    }

    #[test]
    fn repeats_when_the_peer_does_and_not_when_it_goes_on() {
        let start = Instant::now();
        let mut flight = Flight::new();
        assert!(!flight.received(&handshake(0), start), "nothing sent yet");
        flight.sent(PEER, &handshake(0), start);
        assert!(!flight.received(&handshake(1), start), "new");
        flight.sent(PEER, &handshake(1), start);
        assert!(flight.received(&handshake(1), start));
        let (_, datagrams) = flight.again(start).expect("a destination");
        assert_eq!(datagrams, [handshake(1)], "only the last flight");
        assert!(!flight.received(&handshake(1), start + SPACING / 2), "not for each datagram of a burst");
        assert!(flight.received(&handshake(1), start + SPACING));
    }

    #[test]
    fn ends_with_the_first_data() {
        let start = Instant::now();
        let mut flight = Flight::new();
        flight.sent(PEER, &handshake(0), start);
        flight.sent(PEER, &[APPLICATION_DATA; 20], start);
        assert!(!flight.is_due(start + LONGEST));
        assert!(!flight.received(&handshake(0), start));
    }

    #[test]
    fn a_client_asks_for_the_last_flight_that_data_overtook() {
        let start = Instant::now();
        let mut client = Flight::new();
        client.sent(PEER, &handshake(0), start);
        client.received(&handshake(0), start);
        client.sent(PEER, &handshake(1), start);
        assert!(!client.received(&[APPLICATION_DATA; 20], start), "it may only have been overtaken");
        assert!(client.is_due(start + SPACING));
        client.again(start + SPACING);
        client.sent(PEER, &[APPLICATION_DATA; 20], start + SPACING);
        assert!(!client.is_due(start + 2 * LONGEST), "it has come");
    }

    #[test]
    fn a_server_is_done_when_its_client_sends_data() {
        let start = Instant::now();
        let mut server = Flight::new();
        server.received(&handshake(0), start);
        server.sent(PEER, &handshake(0), start);
        server.received(&[APPLICATION_DATA; 20], start);
        assert!(!server.is_due(start + LONGEST));
    }

    #[test]
    fn takes_any_bytes() {
        let mut flight = Flight::new();
        let now = Instant::now();
        flight.sent(PEER, &handshake(0), now);
        for length in 0..40 {
            for first in [0, 20, 22, 23, 25, 128, 255] {
                let mut bytes = vec![0xff; length];
                if let Some(byte) = bytes.first_mut() {
                    *byte = first;
                }
                let mut flight = Flight::new();
                flight.received(&bytes, now);
                flight.sent(PEER, &bytes, now);
            }
        }
    }
}
