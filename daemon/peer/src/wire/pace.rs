//! Paces data, so that a burst is not lost in the receiver's socket.
//!
//! SCTP's slow start doubles up to the peer's window, which is 5 MB with browsers, whose sockets hold 208 KiB: it loses
//! a burst, halves its window, and then grows by one packet a round trip. At 30 ms that is 2 MB/s for the whole
//! transfer, against 17 MB/s with a token bucket of that rate below it. A transfer that sees its path carry more asks for
//! more ([`Share`]).
//!
//! What is paced stays in its order, SACKs included: DTLS records that arrive more than 64 behind the newest are
//! dropped as replays (RFC 6347 section 4.1.2.6).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes a second, unless a transfer asks for more.
const RATE: f64 = 17_000_000.0;
/// Bytes a second at most.
const MOST: f64 = 250_000_000.0;
/// What may leave at once, as seconds of the rate: timers come up to 2 ms late.
const DEPTH: f64 = 0.003;
/// A transfer is let go faster than its path was seen to be, else it would never be seen to be faster.
const HEADROOM: f64 = 1.25;
/// Most bytes that wait. SCTP above keeps no more than its send-buffer limit (1 MiB a channel) in flight. When it is
/// full, the newest datagram is dropped, as a full socket would do, and SCTP sends it again.
const CAPACITY: usize = 4 << 20;

/// A datagram, or a run of equal ones for one system call (UDP GSO).
#[derive(Debug)]
pub(super) struct Run {
    pub(super) destination: SocketAddr,
    pub(super) contents: Vec<u8>,
    pub(super) segment_size: Option<usize>,
}

/// The rate that a session's transfers ask for together, bytes a second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demand(Arc<AtomicU64>);

/// One transfer's part of it. Dropped, it asks for nothing.
#[derive(Debug)]
pub(crate) struct Share {
    demand: Demand,
    asked: u64,
}

impl Demand {
    /// A part that asks for nothing yet.
    pub(crate) fn share(&self) -> Share {
        Share { demand: self.clone(), asked: 0 }
    }

    #[allow(clippy::cast_precision_loss, reason = "bytes a second")]
    fn rate(&self) -> f64 {
        (self.0.load(Ordering::Relaxed) as f64 * HEADROOM).clamp(RATE, MOST)
    }
}

impl Share {
    /// The path carries so many bytes a second.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate, and clamped")]
    pub(crate) fn ask(&mut self, rate: f64) {
        let asked = rate.clamp(0.0, MOST) as u64;
        self.demand.0.fetch_add(asked, Ordering::Relaxed);
        self.demand.0.fetch_sub(std::mem::replace(&mut self.asked, asked), Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.ask(0.0);
    }
}

/// A token bucket and the queue behind it.
#[derive(Debug)]
pub(super) struct Pace {
    queue: VecDeque<Run>,
    bytes: usize,
    demand: Demand,
    tokens: f64,
    filled: Option<Instant>,
    draining: bool,
}

/// What is to happen with data that is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may leave at once.
    Now,
    /// Queue it; `drain` says that nobody drains the queue yet.
    Later {
        /// Whether the caller has to start a drain.
        drain: bool,
    },
    /// The queue is full.
    Drop,
}

impl Pace {
    pub(super) fn new(demand: Demand) -> Self {
        let tokens = RATE * DEPTH;
        Self { queue: VecDeque::new(), bytes: 0, demand, tokens, filled: None, draining: false }
    }

    /// Decides about `length` bytes of data.
    pub(super) fn admit(&mut self, length: usize, now: Instant) -> Verdict {
        self.fill(now);
        if self.queue.is_empty() && !self.draining && self.tokens > 0.0 {
            self.spend(length);
            return Verdict::Now;
        }
        if self.bytes + length > CAPACITY {
            return Verdict::Drop;
        }
        Verdict::Later { drain: !std::mem::replace(&mut self.draining, true) }
    }

    /// The socket did not take `length` bytes that might leave at once: they wait. Whether the caller has to start a drain.
    pub(super) fn hold(&mut self, length: usize) -> bool {
        self.give_back(length);
        !std::mem::replace(&mut self.draining, true)
    }

    pub(super) fn push(&mut self, run: Run) {
        self.bytes += run.contents.len();
        self.queue.push_back(run);
    }

    /// The next run that may leave now.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Run> {
        self.fill(now);
        if self.tokens <= 0.0 {
            return None;
        }
        let run = self.queue.pop_front()?;
        self.bytes -= run.contents.len();
        self.spend(run.contents.len());
        Some(run)
    }

    /// Puts a run back that the socket did not take.
    pub(super) fn put_back(&mut self, run: Run) {
        self.bytes += run.contents.len();
        self.give_back(run.contents.len());
        self.queue.push_front(run);
    }

    /// How long the drain has to wait; `None` ends it, since nothing is left.
    pub(super) fn pause(&mut self) -> Option<Duration> {
        if self.queue.is_empty() {
            self.draining = false;
            self.queue = VecDeque::new();
            return None;
        }
        Some(Duration::from_millis(1))
    }

    fn fill(&mut self, now: Instant) {
        if let Some(filled) = self.filled {
            let elapsed = now.saturating_duration_since(filled).as_secs_f64();
            let rate = self.demand.rate();
            self.tokens = (self.tokens + elapsed * rate).min(rate * DEPTH);
        }
        self.filled = Some(now);
    }

    #[allow(clippy::cast_precision_loss, reason = "a run is at most 64 KiB")]
    fn spend(&mut self, length: usize) {
        self.tokens -= length as f64;
    }

    #[allow(clippy::cast_precision_loss, reason = "a run is at most 64 KiB")]
    fn give_back(&mut self, length: usize) {
        self.tokens += length as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(length: usize) -> Run {
        let destination = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);
        Run { destination, contents: vec![0; length], segment_size: None }
    }

    #[test]
    fn little_leaves_at_once_and_much_waits() {
        let now = Instant::now();
        let mut pace = Pace::new(Demand::default());
        let mut at_once = 0;
        while pace.admit(1_200, now) == Verdict::Now {
            at_once += 1;
        }
        assert_eq!(at_once, 43, "3 ms of 17 MB/s");
        pace.push(run(1_200));
        assert_eq!(pace.admit(1_200, now), Verdict::Later { drain: false }, "one drain is enough");
    }

    #[test]
    fn keeps_its_rate_and_ends_when_empty() {
        let start = Instant::now();
        let mut pace = Pace::new(Demand::default());
        let mut sent = 0;
        for _ in 0..2_000 {
            match pace.admit(1_200, start) {
                Verdict::Now => sent += 1_200,
                Verdict::Later { .. } => pace.push(run(1_200)),
                Verdict::Drop => panic!("2.4 MB fit"),
            }
        }
        let mut now = start;
        while pace.pause().is_some() {
            now += Duration::from_millis(1);
            while let Some(run) = pace.pop(now) {
                sent += run.contents.len();
            }
        }
        assert_eq!(sent, 2_400_000);
        let seconds = (now - start).as_secs_f64();
        assert!((0.13..0.15).contains(&seconds), "{seconds} s for 2.4 MB");
        now += Duration::from_secs(1);
        assert_eq!(pace.admit(100, now), Verdict::Now);
    }

    #[test]
    fn what_the_socket_did_not_take_waits_and_keeps_its_place() {
        let now = Instant::now();
        let mut pace = Pace::new(Demand::default());
        assert_eq!(pace.admit(1_200, now), Verdict::Now);
        assert!(pace.hold(1_200), "a drain is needed");
        pace.push(run(1_200));
        assert_eq!(pace.admit(100, now), Verdict::Later { drain: false }, "nothing overtakes it");
        pace.push(run(100));
        let lengths: Vec<_> = std::iter::from_fn(|| pace.pop(now)).map(|run| run.contents.len()).collect();
        assert_eq!(lengths, [1_200, 100]);
        assert!((pace.tokens - (RATE * DEPTH - 1_300.0)).abs() < 1.0, "each is paid for once");
        assert_eq!(pace.pause(), None);
    }

    #[test]
    fn keeps_the_rate_that_transfers_ask_for_together() {
        let demand = Demand::default();
        let (mut one, mut other) = (demand.share(), demand.share());
        one.ask(30_000_000.0);
        other.ask(10_000_000.0);
        other.ask(20_000_000.0);
        assert!((demand.rate() - 50_000_000.0 * HEADROOM).abs() < 1.0);
        drop(one);
        assert!((demand.rate() - 20_000_000.0 * HEADROOM).abs() < 1.0);
        other.ask(f64::INFINITY);
        assert!((demand.rate() - MOST).abs() < 1.0);
        drop(other);
        assert!((demand.rate() - RATE).abs() < 1.0);
    }

    #[test]
    fn is_bounded() {
        let now = Instant::now();
        let mut pace = Pace::new(Demand::default());
        let mut queued = 0;
        loop {
            match pace.admit(1_200, now) {
                Verdict::Now => {}
                Verdict::Later { .. } => {
                    pace.push(run(1_200));
                    queued += 1_200;
                }
                Verdict::Drop => break,
            }
        }
        assert!(queued <= CAPACITY && queued > CAPACITY - 2_400);
    }
}
