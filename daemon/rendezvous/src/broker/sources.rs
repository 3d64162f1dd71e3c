//! What each source has used up.

use crate::{bucket::Bucket, settings::Limits, source::Source};
use std::{
    collections::{HashMap, hash_map::Entry},
    time::{Duration, Instant},
};

/// One source's share.
pub(super) struct Usage {
    pub(super) sockets: usize,
    knocks: Bucket,
    claims: Bucket,
    new_places: Bucket,
}

/// All sources that were here lately, at most [`Limits::sources`].
#[derive(Default)]
pub(super) struct Sources(HashMap<Source, Usage>);

impl Sources {
    /// The share of `source`; `None` when too many others are remembered.
    pub(super) fn usage(&mut self, source: Source, limits: &Limits, now: Instant) -> Option<&mut Usage> {
        if self.0.len() >= limits.sources && !self.0.contains_key(&source) {
            self.prune(limits, now);
            if self.0.len() >= limits.sources {
                return None;
            }
        }
        Some(self.0.entry(source).or_insert_with(|| Usage {
            sockets: 0,
            knocks: Bucket::full(limits.knocks_per_source, now),
            claims: Bucket::full(limits.claims_per_source, now),
            new_places: Bucket::full(limits.new_places_per_source, now),
        }))
    }

    /// A socket of this source is gone.
    pub(super) fn socket_gone(&mut self, source: Source) {
        if let Entry::Occupied(mut entry) = self.0.entry(source) {
            let usage = entry.get_mut();
            usage.sockets = usage.sockets.saturating_sub(1);
        }
    }

    /// Forgets those that have no socket and nothing to answer for.
    pub(super) fn prune(&mut self, limits: &Limits, now: Instant) {
        self.0.retain(|_, usage| usage.sockets > 0 || !usage.is_untouched(limits, now));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Usage {
    /// Charges a knock, or says how long to wait.
    pub(super) fn knock(&mut self, limits: &Limits, now: Instant) -> Result<(), Duration> {
        self.knocks.take(limits.knocks_per_source, 1, now)
    }

    /// Charges a claim, or says how long to wait.
    pub(super) fn claim(&mut self, limits: &Limits, now: Instant) -> Result<(), Duration> {
        self.claims.take(limits.claims_per_source, 1, now)
    }

    /// Whether a new place may be taken; charged when it was.
    pub(super) fn may_take_new_place(&mut self, limits: &Limits, now: Instant) -> bool {
        self.new_places.has_one(limits.new_places_per_source, now)
    }

    /// Charges a new place.
    pub(super) fn took_new_place(&mut self, limits: &Limits, now: Instant) {
        // Several claims may have been let through on the last token; the first pays and the next finds nothing.
        let _ = self.new_places.take(limits.new_places_per_source, 1, now);
    }

    fn is_untouched(&mut self, limits: &Limits, now: Instant) -> bool {
        self.knocks.is_full(limits.knocks_per_source, now)
            && self.claims.is_full(limits.claims_per_source, now)
            && self.new_places.is_full(limits.new_places_per_source, now)
    }
}
