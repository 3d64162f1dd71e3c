//! Sends the first data of a session twice.
//!
//! SCTP's own handshake waits 1 s for a lost message, and then doubles: at 5 % loss each way one start in five took
//! longer than a second until its control channel was open. A copy of each small datagram a moment later costs 1 kB,
//! and makes the loss of ours a rare thing; a receiver that has the first one drops the copy as a replay (RFC 6347
//! section 4.1.2.6).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// After what time the copy leaves: losses come in bursts.
const AFTER: Duration = Duration::from_millis(15);
/// Largest datagram that is copied, bytes. What is larger is no handshake.
const SMALL: usize = 700;
/// Most copies of a session.
const MAX: u32 = 64;

/// Copies that wait.
#[derive(Debug)]
pub(super) struct Early {
    waiting: VecDeque<(Instant, SocketAddr, Vec<u8>)>,
    left: u32,
}

impl Early {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), left: MAX }
    }

    /// Notes a datagram of data that is sent.
    pub(super) fn sent(&mut self, destination: SocketAddr, datagram: &[u8], now: Instant) {
        if datagram.len() <= SMALL && self.left > 0 {
            self.left -= 1;
            self.waiting.push_back((now + AFTER, destination, datagram.to_vec()));
        }
    }

    /// The next copy that is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<(SocketAddr, Vec<u8>)> {
        if self.waiting.front()?.0 > now {
            return None;
        }
        let (_, destination, datagram) = self.waiting.pop_front()?;
        Some((destination, datagram))
    }

    /// The session has started: no more copies.
    pub(super) fn end(&mut self) {
        self.left = 0;
        self.waiting = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

    #[test]
    fn copies_what_is_small_once_and_only_at_the_start() {
        let start = Instant::now();
        let mut early = Early::new();
        early.sent(PEER, &[23; SMALL], start);
        early.sent(PEER, &[23; SMALL + 1], start);
        assert_eq!(early.due(start), None);
        assert_eq!(early.due(start + AFTER), Some((PEER, vec![23; SMALL])));
        assert_eq!(early.due(start + AFTER), None);
        (0..2 * MAX).for_each(|_| early.sent(PEER, &[23], start));
        let copies = std::iter::from_fn(|| early.due(start + AFTER)).count();
        assert_eq!(copies, MAX as usize - 1);
        let mut early = Early::new();
        early.sent(PEER, &[23], start);
        early.end();
        assert_eq!(early.due(start + AFTER), None);
    }
}
