//! How many bytes may be under way on a path.
//!
//! SCTP alone (RFC 9260 section 7.2) sends more and more until something is lost. On a home's uplink that fills the
//! queue in front of it, and the picture and every answer stand in that queue. Here what is under way is what the path
//! holds, its rate times its shortest round trip, and a little more: the queue stays short, and where there is more
//! rate to be had, the little more finds it. The rate is what arrived in each of the last rounds, the best of them, as
//! in BBR (draft-cardwell-iccrg-bbr-congestion-control, sections 4.1 and 4.3); SCTP below still sees to fairness under
//! loss.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Rounds whose best rate counts.
const ROUNDS: usize = 4;
/// A round is at least this long: what arrives in less than that comes in bursts.
const SHORTEST_ROUND: Duration = Duration::from_millis(10);
/// Round trips of a round, once the rate is about known: then it is to be known better.
const ROUND: u32 = 4;
/// How much queue is put up with, and within which bounds, bytes.
const SLACK: Duration = Duration::from_millis(20);
const MOST_SLACK: u64 = 128 << 10;
/// While the rate still grows by a quarter in each round: how many times what the path holds is let go.
const GROWTH: f64 = 2.0;
const STILL_GROWS: f64 = 1.25;
/// Rounds without that which end it.
const PATIENCE: u32 = 3;
/// Under way before anything is known, bytes.
const BEGINNING: u64 = 64 << 10;
/// How often the path is emptied, to see its shortest round trip again: it may have become another path.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// What is let go at once: a part of the window, and not more than a message holds, bytes.
const PARTS: u64 = 8;
const MOST_GRAIN: u64 = 64 << 10;
/// Moments of sending that are remembered.
const MARKS: usize = 256;

/// What is known of a path, from what was let go and what has arrived.
#[derive(Debug)]
pub(crate) struct Path {
    /// Least that is let go at once, bytes. The least slack is twice that.
    grain: u64,
    /// What is let go on an empty path to see its round trip, bytes.
    probe: u64,
    let_go: u64,
    arrived: u64,
    /// What was let go when.
    marks: VecDeque<(u64, Instant)>,
    round: Round,
    rates: VecDeque<f64>,
    /// The rate of the path is still to be found, and has not grown for so many rounds.
    growing: Option<u32>,
    look: Look,
}

/// The round under way.
#[derive(Debug)]
struct Round {
    since: Instant,
    arrived: u64,
    /// The window was used up in it: what arrived is what the path can do.
    full: bool,
}

/// How the shortest round trip is found.
#[derive(Debug)]
enum Look {
    /// The first bytes on an empty path will tell it.
    First,
    /// It is known; at this time it is looked for again.
    Known(Duration, Instant),
    /// Nothing more is let go until the path is empty.
    Emptying(Duration),
}

impl Path {
    /// A path on which nothing is under way; bytes are counted from `position` on.
    pub(crate) fn new(position: u64, (grain, probe): (u64, u64), now: Instant) -> Self {
        Self {
            grain,
            probe,
            let_go: position,
            arrived: position,
            marks: VecDeque::new(),
            round: Round { since: now, arrived: position, full: false },
            rates: VecDeque::new(),
            growing: Some(0),
            look: Look::First,
        }
    }

    /// Bytes that may be let go now: none, or enough for it to be worth it.
    pub(crate) fn room(&self) -> u64 {
        let under_way = self.let_go - self.arrived;
        match self.look {
            Look::Emptying(_) => 0,
            Look::First if self.marks.is_empty() => self.probe,
            Look::First => 0,
            Look::Known(..) => {
                let window = self.window();
                let worth_it = (window / PARTS).clamp(self.grain, MOST_GRAIN.max(self.grain));
                Some(window.saturating_sub(under_way)).filter(|room| *room >= worth_it).unwrap_or(0)
            }
        }
    }

    /// The rate of the path, bytes a second; 0 before the first round is over.
    pub(crate) fn rate(&self) -> f64 {
        self.rates.iter().copied().fold(0.0, f64::max)
    }

    /// Bytes up to this one are let go.
    pub(crate) fn let_go(&mut self, until: u64, now: Instant) {
        self.let_go = self.let_go.max(until);
        if self.marks.len() < MARKS {
            self.marks.push_back((self.let_go, now));
        }
        self.round.full |= self.room() == 0;
    }

    /// Bytes up to this one have arrived.
    pub(crate) fn arrived(&mut self, until: u64, now: Instant) {
        self.arrived = self.arrived.max(until.min(self.let_go));
        while let Some((mark, at)) = self.marks.front().copied()
            && mark <= self.arrived
        {
            self.marks.pop_front();
            self.look.measured(now - at, now);
        }
        // What is less than a grain may be credit that is too little for its sender's messages.
        self.look.at(now, self.let_go - self.arrived < self.grain);
        self.end_round(now);
    }

    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bytes"
    )]
    fn window(&self) -> u64 {
        let (rate, round_trip) = match self.look {
            Look::Known(round_trip, _) if !self.rates.is_empty() => (self.rate(), round_trip),
            _ => return BEGINNING,
        };
        let slack = (rate * SLACK.as_secs_f64()) as u64;
        let growth = if self.growing.is_some() { GROWTH } else { 1.0 };
        (rate * round_trip.as_secs_f64() * growth) as u64
            + slack.clamp(2 * self.grain, MOST_SLACK.max(2 * self.grain))
    }

    #[allow(clippy::cast_precision_loss, reason = "bytes of one round")]
    fn end_round(&mut self, now: Instant) {
        let Look::Known(round_trip, _) = self.look else { return };
        let length = now - self.round.since;
        if length < round_trip.max(SHORTEST_ROUND) * if self.growing.is_some() { 1 } else { ROUND } {
            return;
        }
        let rate = (self.arrived - self.round.arrived) as f64 / length.as_secs_f64();
        // A round in which there was nothing to send says nothing against the path.
        if self.round.full || rate > self.rate() {
            let grows = rate > self.rate() * STILL_GROWS;
            self.growing = self
                .growing
                .map(|rounds| if grows { 0 } else { rounds + 1 })
                .filter(|rounds| *rounds < PATIENCE);
            if self.rates.len() == ROUNDS {
                self.rates.pop_front();
            }
            self.rates.push_back(rate);
        }
        self.round = Round { since: now, arrived: self.arrived, full: self.room() == 0 };
    }
}

impl Look {
    fn measured(&mut self, round_trip: Duration, now: Instant) {
        *self = match *self {
            Self::First => Self::Known(round_trip, now + LOOK_AGAIN),
            Self::Known(shortest, again) => Self::Known(shortest.min(round_trip), again),
            Self::Emptying(shortest) => Self::Emptying(shortest.min(round_trip)),
        };
    }

    fn at(&mut self, now: Instant, empty: bool) {
        match *self {
            Self::Known(shortest, again) if now >= again => *self = Self::Emptying(shortest),
            _ => {}
        }
        if empty && matches!(self, Self::Emptying(_)) {
            *self = Self::First;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link of a rate and a one-way delay, with a queue without end, stepped by the millisecond. Returns the rate
    /// from the third second on, and the longest queue then, in ms.
    fn through(rate: f64, delay_ms: u64, seconds: u64) -> (f64, f64) {
        let start = Instant::now();
        let mut path = Path::new(0, (8 << 10, 2_400), start);
        let (mut sent, mut free_at, mut acks) = (0_u64, 0.0_f64, VecDeque::new());
        let (mut arrived, mut before, mut longest) = (0, 0, 0.0_f64);
        for ms in 0..seconds * 1000 {
            let now = start + Duration::from_millis(ms);
            while acks.front().is_some_and(|(at, _)| *at <= ms as f64) {
                arrived = acks.pop_front().unwrap().1;
                path.arrived(arrived, now);
            }
            if ms == 2000 {
                before = arrived;
            }
            while path.room() > 0 {
                path.let_go(sent + path.room(), now);
                while sent < path.let_go {
                    let packet = (path.let_go - sent).min(1_200);
                    sent += packet;
                    free_at = free_at.max(ms as f64) + packet as f64 / rate * 1000.0;
                    acks.push_back((free_at + 2.0 * delay_ms as f64, sent));
                }
                if ms > 2000 {
                    longest = longest.max(free_at - ms as f64);
                }
            }
        }
        ((arrived - before) as f64 / (seconds - 2) as f64, longest)
    }

    #[test]
    fn a_path_is_filled_and_no_more() {
        for (rate, delay_ms) in [(2_500_000.0, 15), (250_000.0, 15), (17_000_000.0, 15), (5_000_000.0, 60)] {
            let (got, queue) = through(rate, delay_ms, 9);
            assert!(got > 0.9 * rate, "{got} of {rate} at {delay_ms} ms");
            assert!(queue < 30.0_f64.max(80_000.0 / rate * 1000.0), "{queue} ms of queue at {rate}");
        }
    }

    #[test]
    fn a_path_that_became_longer_is_found_out() {
        let start = Instant::now();
        let mut path = Path::new(0, (8 << 10, 2_400), start);
        let at = |ms| start + Duration::from_millis(ms);
        path.let_go(1000, at(0));
        path.arrived(1000, at(5));
        assert!(matches!(path.look, Look::Known(shortest, _) if shortest == Duration::from_millis(5)));
        path.let_go(20_000, at(10_010));
        path.let_go(40_000, at(10_011));
        path.arrived(20_000, at(10_060));
        assert_eq!(path.room(), 0, "it is emptied first");
        path.arrived(40_000, at(10_061));
        assert_eq!(path.room(), 2_400);
        path.let_go(42_400, at(10_070));
        assert_eq!(path.room(), 0, "one answer is waited for");
        path.arrived(42_400, at(10_120));
        assert!(matches!(path.look, Look::Known(shortest, _) if shortest == Duration::from_millis(50)));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_time_may_stand_still() {
        let now = Instant::now();
        let mut path = Path::new(7, (1, 1), now);
        for byte in 0..10_000 {
            path.let_go(8 + byte, now);
        }
        assert_eq!(path.marks.len(), MARKS);
        path.arrived(u64::MAX, now);
        assert_eq!((path.marks.len(), path.arrived), (0, 10_007));
        assert!(path.room() > 0);
    }
}
