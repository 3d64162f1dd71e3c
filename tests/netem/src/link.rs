//! One direction of a wire as a queue: what is lost, what waits, and until when. It has no clock and no sockets of
//! its own.

use crate::shape::Shape;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::Serialize;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Bytes that wait at most, whatever the delay: a second of 512 Mbit/s. More is dropped, as a full router does.
const MOST_BYTES: usize = 64 << 20;

/// A wire in one direction.
pub(crate) struct Link {
    shape: Shape,
    rng: StdRng,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// When the last packet has left the sender at the rate.
    free_at: Option<Instant>,
    counts: Counts,
}

struct Waiting {
    due: Instant,
    packet: Vec<u8>,
}

/// Packets so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Let through.
    pub(crate) passed: u64,
    /// Lost by the dice.
    pub(crate) lost: u64,
    /// Dropped because the queue was full.
    pub(crate) dropped: u64,
}

impl Link {
    /// A wire of this shape; `seed` decides which packets are lost.
    pub(crate) fn new(shape: Shape, seed: u64) -> Self {
        Self {
            shape,
            rng: StdRng::seed_from_u64(seed),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            free_at: None,
            counts: Counts::default(),
        }
    }

    /// From now on another shape; packets that wait keep their time. A seed in it begins the dice anew.
    pub(crate) fn reshape(&mut self, shape: Shape) {
        if let Some(seed) = shape.seed.filter(|_| shape.seed != self.shape.seed) {
            self.rng = StdRng::seed_from_u64(seed);
        }
        self.shape = shape;
    }

    /// A packet comes in at `now`.
    pub(crate) fn send(&mut self, now: Instant, packet: &[u8]) {
        if self.rng.random_bool(self.shape.loss / 100.0) {
            self.counts.lost += 1;
            return;
        }
        let Some(sent) = self.through_the_rate(now, packet.len()) else {
            self.counts.dropped += 1;
            return;
        };
        // A delay that has just become shorter must not let a packet overtake those before it.
        let earliest = self.waiting.back().map_or(sent, |last| last.due);
        self.waiting_bytes += packet.len();
        self.waiting
            .push_back(Waiting { due: earliest.max(sent + self.shape.delay()), packet: packet.to_vec() });
    }

    /// The next packet that comes out at or before `now`.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.waiting.front().filter(|first| first.due <= now)?;
        let first = self.waiting.pop_front()?;
        self.waiting_bytes -= first.packet.len();
        self.counts.passed += 1;
        Some(first.packet)
    }

    /// When the next packet comes out.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.waiting.front().map(|first| first.due)
    }

    /// Packets so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// When the packet's last bit has left the sender; none when the queue is full.
    fn through_the_rate(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        if self.waiting_bytes + bytes > MOST_BYTES {
            return None;
        }
        let Some(kbps) = self.shape.rate_kbps else { return Some(now) };
        let begins = self.free_at.map_or(now, |free| free.max(now));
        if begins - now > self.shape.queue() {
            return None;
        }
        let ends = begins + Duration::from_secs_f64(bytes as f64 * 8.0 / (f64::from(kbps) * 1000.0));
        self.free_at = Some(ends);
        Some(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Everything that comes out until `end`, with the time it was due.
    fn drain(link: &mut Link, end: Instant) -> Vec<(Instant, Vec<u8>)> {
        let mut out = Vec::new();
        while let Some(due) = link.next_due().filter(|due| *due <= end) {
            out.push((due, link.take_due(due).unwrap()));
        }
        out
    }

    #[test]
    fn delay_is_kept_to_the_instant() {
        let start = Instant::now();
        let mut link = Link::new(Shape { delay_ms: 15.0, ..Shape::default() }, 1);
        link.send(start, b"one");
        link.send(start + millis(4), b"two");
        assert_eq!(link.take_due(start + millis(14)), None);
        assert_eq!(
            drain(&mut link, start + millis(100)),
            [(start + millis(15), b"one".to_vec()), (start + millis(19), b"two".to_vec())]
        );
    }

    #[test]
    fn loss_is_as_often_as_it_says() {
        let start = Instant::now();
        let mut link = Link::new(Shape { loss: 5.0, ..Shape::default() }, 42);
        for _ in 0..100_000 {
            link.send(start, b"x");
        }
        let lost = link.counts().lost;
        // Five standard deviations of a binomial of 100,000 throws at 5 %.
        assert!((4_655..=5_345).contains(&lost), "{lost} of 100,000 were lost");
    }

    #[test]
    fn another_seed_loses_other_packets_and_the_same_seed_the_same() {
        let survivors = |seed| {
            let start = Instant::now();
            let mut link = Link::new(Shape { loss: 50.0, ..Shape::default() }, seed);
            for n in 0..64_u8 {
                link.send(start, &[n]);
            }
            drain(&mut link, start).into_iter().map(|(_, packet)| packet[0]).collect::<Vec<_>>()
        };
        assert_eq!(survivors(1), survivors(1));
        assert_ne!(survivors(1), survivors(2));
    }

    #[test]
    fn rate_spaces_packets_and_a_full_queue_drops() {
        let start = Instant::now();
        let shape = Shape { rate_kbps: Some(1_000), queue_ms: 20.0, ..Shape::default() };
        let mut link = Link::new(shape, 1);
        // 1,250 bytes are 10 ms at 1 Mbit/s: the fourth would wait 30 ms.
        for _ in 0..4 {
            link.send(start, &[0; 1_250]);
        }
        let due: Vec<_> = drain(&mut link, start + millis(100)).iter().map(|(due, _)| *due - start).collect();
        assert_eq!(due, [millis(10), millis(20), millis(30)]);
        assert_eq!(link.counts(), Counts { passed: 3, lost: 0, dropped: 1 });
        // The wire is idle again: nothing of the past is charged.
        link.send(start + millis(200), &[0; 1_250]);
        assert_eq!(link.next_due(), Some(start + millis(210)));
    }

    #[test]
    fn a_shorter_delay_does_not_reorder() {
        let start = Instant::now();
        let mut link = Link::new(Shape { delay_ms: 50.0, ..Shape::default() }, 1);
        link.send(start, b"slow");
        link.reshape(Shape::default());
        link.send(start + millis(1), b"fast");
        let order: Vec<_> = drain(&mut link, start + millis(100)).into_iter().map(|(_, p)| p).collect();
        assert_eq!(order, [b"slow".to_vec(), b"fast".to_vec()]);
    }

    #[test]
    fn memory_is_bounded_whatever_the_delay() {
        let start = Instant::now();
        let mut link = Link::new(Shape { delay_ms: 60_000.0, ..Shape::default() }, 1);
        for _ in 0..70_000 {
            link.send(start, &[0; 1_500]);
        }
        assert!(link.waiting_bytes <= MOST_BYTES);
        assert!(link.counts().dropped > 0);
    }

    proptest! {
        #[test]
        fn every_packet_has_one_fate_and_order_is_kept(
            loss in 0.0..=100.0_f64,
            delay_ms in 0.0..100.0_f64,
            rate_kbps in proptest::option::of(1..10_000_u32),
            gaps in proptest::collection::vec(0..20_u64, 1..200),
        ) {
            let start = Instant::now();
            let mut link = Link::new(Shape { loss, delay_ms, rate_kbps, ..Shape::default() }, 9);
            let mut now = start;
            for (n, gap) in gaps.iter().enumerate() {
                now += millis(*gap);
                link.send(now, &(n as u32).to_be_bytes());
            }
            let out = drain(&mut link, now + Duration::from_secs(3_600));
            prop_assert!(out.is_sorted());
            let counts = link.counts();
            prop_assert_eq!(counts.passed + counts.lost + counts.dropped, gaps.len() as u64);
            prop_assert_eq!(counts.passed as usize, out.len());
            prop_assert_eq!(link.waiting_bytes, 0);
        }
    }
}
