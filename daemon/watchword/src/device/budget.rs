//! How many guesses at a word the device allows, and to whom.
//!
//! A viewer learns from KE2 whether its word is right, so a guess is charged when KE2 leaves and given back when a
//! valid KE3 comes. Three meters must allow a stranger's guess: that of its socket (the next guess after a wrong one
//! waits), that of its address, and that of the word as a whole. A browser that was in before shows a pass and has a
//! meter of its own, so that strangers who know the place cannot lock its owner out.
//!
//! Pure: time comes in from outside.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

/// Longest wait that a meter asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A failure is forgotten after this time without another.
const FORGIVEN_AFTER: Duration = Duration::from_secs(600);
/// Meters kept of each kind; beyond, the one unused for longest makes room (the word's own meter still holds).
const METERS: usize = 1024;

/// Failures on one socket that cost no wait.
const FREE_PER_SOCKET: u32 = 0;
/// Failures from one address that cost no wait: a family behind one router mistypes now and then.
const FREE_PER_SOURCE: u32 = 3;
/// Failures at one word that cost no wait.
const FREE_PER_WORD: u32 = 5;
/// Failures with one pass that cost no wait.
const FREE_PER_PASS: u32 = 5;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Visitor {
    /// Came without a valid pass.
    Stranger {
        /// Its socket's handle.
        socket: String,
        /// Its address or prefix.
        source: String,
    },
    /// Showed a pass of this device.
    Known {
        /// The pass' random id.
        pass: [u8; 16],
    },
}

/// The meters of one word.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    word: Meter,
    sources: Meters<String>,
    sockets: Meters<String>,
    passes: Meters<[u8; 16]>,
}

/// A guess that was let through; give it to [`Budget::settle`] when its outcome is known.
#[derive(Debug)]
#[must_use = "a guess that is never settled stays charged"]
pub(crate) struct Guess(Visitor);

/// What became of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A valid KE3 came.
    Right,
    /// The viewer left, said nothing in time, or sent a KE3 that is not valid.
    Wrong,
}

impl Budget {
    /// Lets a guess through and charges it, or says how long to wait.
    pub(crate) fn ask(&mut self, visitor: Visitor, now: Instant) -> Result<Guess, Duration> {
        let wait = self.meters(&visitor, now).into_iter().map(|(meter, free)| meter.wait(free, now)).max();
        match wait {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                for (meter, _) in self.meters(&visitor, now) {
                    meter.charge(now);
                }
                Ok(Guess(visitor))
            }
        }
    }

    /// Ends a guess: a right one is given back, and clears the meters of those who made it (not the word's).
    pub(crate) fn settle(&mut self, guess: Guess, outcome: Outcome, now: Instant) {
        if outcome == Outcome::Wrong {
            return;
        }
        match &guess.0 {
            Visitor::Stranger { socket, source } => {
                self.sockets.of(socket.clone(), now).clear();
                self.sources.of(source.clone(), now).clear();
                self.word.give_back();
            }
            Visitor::Known { pass } => self.passes.of(*pass, now).clear(),
        }
    }

    /// Failures (and guesses under way) that count at this word now.
    #[must_use]
    pub(crate) fn charged(&self, now: Instant) -> u32 {
        self.word.charged(now)
    }

    /// The meters that a visitor's guess passes, with their free failures.
    fn meters(&mut self, visitor: &Visitor, now: Instant) -> Vec<(&mut Meter, u32)> {
        match visitor {
            Visitor::Stranger { socket, source } => vec![
                (self.sockets.of(socket.clone(), now), FREE_PER_SOCKET),
                (self.sources.of(source.clone(), now), FREE_PER_SOURCE),
                (&mut self.word, FREE_PER_WORD),
            ],
            Visitor::Known { pass } => vec![(self.passes.of(*pass, now), FREE_PER_PASS)],
        }
    }
}

#[derive(Debug)]
struct Meters<K>(HashMap<K, Meter>);

impl<K> Default for Meters<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Meters<K> {
    fn of(&mut self, key: K, now: Instant) -> &mut Meter {
        if self.0.len() >= METERS && !self.0.contains_key(&key) {
            self.0.retain(|_, meter| meter.charged(now) > 0);
            if self.0.len() >= METERS {
                let oldest = self.0.iter().min_by_key(|(_, meter)| meter.last).map(|(key, _)| key.clone());
                oldest.map(|key| self.0.remove(&key));
            }
        }
        self.0.entry(key).or_default()
    }
}

/// Guesses charged, and when the last was.
#[derive(Debug, Default)]
struct Meter {
    charged: u32,
    last: Option<Instant>,
}

impl Meter {
    /// What still counts: one failure is forgotten for each [`FORGIVEN_AFTER`] since the last.
    fn charged(&self, now: Instant) -> u32 {
        let since = self.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        let forgiven = u32::try_from(since.as_secs() / FORGIVEN_AFTER.as_secs()).unwrap_or(u32::MAX);
        self.charged.saturating_sub(forgiven)
    }

    /// 1 s after the first failure that is not free, doubling up to [`LONGEST_WAIT`].
    fn wait(&self, free: u32, now: Instant) -> Duration {
        let (Some(over), Some(last)) = (self.charged(now).checked_sub(free + 1), self.last) else {
            return Duration::ZERO;
        };
        let wait = Duration::from_secs(1 << over.min(6)).min(LONGEST_WAIT);
        (last + wait).saturating_duration_since(now)
    }

    fn charge(&mut self, now: Instant) {
        self.charged = self.charged(now).saturating_add(1);
        self.last = Some(now);
    }

    fn give_back(&mut self) {
        self.charged = self.charged.saturating_sub(1);
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger(socket: &str, source: &str) -> Visitor {
        Visitor::Stranger { socket: socket.into(), source: source.into() }
    }

    fn wrong(budget: &mut Budget, visitor: Visitor, now: Instant) {
        let guess = budget.ask(visitor, now).unwrap();
        budget.settle(guess, Outcome::Wrong, now);
    }

    #[test]
    fn a_wrong_word_slows_the_next_guess_of_that_socket_only() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        wrong(&mut budget, stranger("a", "10.0.0.1"), now);
        assert_eq!(budget.ask(stranger("a", "10.0.0.1"), now).unwrap_err(), Duration::from_secs(1));
        assert!(budget.ask(stranger("b", "10.0.0.1"), now).is_ok(), "another browser behind the same router");
        assert!(budget.ask(stranger("a", "10.0.0.1"), now + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn new_sockets_do_not_buy_new_guesses() {
        let (mut budget, mut now) = (Budget::default(), Instant::now());
        let (start, mut guesses) = (now, 0);
        while now < start + Duration::from_secs(3600) {
            match budget.ask(stranger(&guesses.to_string(), "10.0.0.1"), now) {
                Ok(guess) => {
                    guesses += 1;
                    budget.settle(guess, Outcome::Wrong, now);
                }
                Err(wait) => now += wait,
            }
        }
        assert!((60..=75).contains(&guesses), "{guesses} guesses in an hour");
    }

    #[test]
    fn new_addresses_do_not_buy_new_guesses_either() {
        let (mut budget, mut now) = (Budget::default(), Instant::now());
        let (start, mut guesses) = (now, 0);
        while now < start + Duration::from_secs(3600) {
            match budget.ask(stranger(&guesses.to_string(), &format!("10.{guesses}")), now) {
                Ok(guess) => {
                    guesses += 1;
                    budget.settle(guess, Outcome::Wrong, now);
                }
                Err(wait) => now += wait,
            }
        }
        assert!((60..=80).contains(&guesses), "{guesses} guesses in an hour");
    }

    #[test]
    fn guesses_under_way_count_so_a_flood_at_once_gains_nothing() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        let flood: Vec<_> = (0..1000)
            .filter_map(|n| budget.ask(stranger(&n.to_string(), &format!("10.{n}")), now).ok())
            .collect();
        assert_eq!(flood.len(), 6);
    }

    #[test]
    fn the_right_word_costs_nothing() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        for _ in 0..1000 {
            let guess = budget.ask(stranger("a", "10.0.0.1"), now).unwrap();
            budget.settle(guess, Outcome::Right, now);
        }
        assert_eq!(budget.charged(now), 0);
    }

    #[test]
    fn a_browser_with_a_pass_gets_in_while_strangers_hammer() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        while let Ok(guess) = budget.ask(stranger("x", "10.0.0.1"), now) {
            budget.settle(guess, Outcome::Wrong, now);
        }
        for n in 0..100 {
            let _ = budget
                .ask(stranger(&n.to_string(), &n.to_string()), now)
                .map(|g| budget.settle(g, Outcome::Wrong, now));
        }
        assert!(budget.ask(stranger("new", "10.9.9.9"), now).is_err());
        assert!(budget.ask(Visitor::Known { pass: [7; 16] }, now).is_ok());
    }

    #[test]
    fn failures_are_forgotten_in_time_and_memory_is_bounded() {
        let (mut budget, mut now) = (Budget::default(), Instant::now());
        for n in 0..5000 {
            if let Ok(guess) = budget.ask(stranger(&n.to_string(), &n.to_string()), now) {
                budget.settle(guess, Outcome::Wrong, now);
            }
            now += Duration::from_secs(61);
        }
        assert!(budget.sources.0.len() <= METERS && budget.sockets.0.len() <= METERS);
        assert_eq!(budget.charged(now + FORGIVEN_AFTER * 5001), 0);
    }
}
