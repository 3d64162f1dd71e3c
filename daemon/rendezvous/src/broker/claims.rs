//! Devices: claims of places, and their end.

use super::{Broker, Effect, Key, Served, SocketId, refusals, session::End, sockets::Role};
use crate::{bucket::Bucket, places::Reservation, source::Source};
use protocol::{
    bytes::B64,
    identity,
    signal::{FromServer, Refusal, RefusalCode},
};
use std::time::{Duration, Instant};

/// A claim as it came.
pub(super) struct Claim {
    pub(super) v: u32,
    pub(super) place: String,
    pub(super) key: B64,
    pub(super) signature: B64,
    pub(super) token: Option<String>,
}

impl Broker {
    pub(super) fn claim(&mut self, now: Instant, from: SocketId, claim: Claim) {
        match self.judge(now, from, &claim) {
            Err(refusal) => {
                let place = super::knocks::is_place(&claim.place).then_some(claim.place);
                self.refuse(now, from, None, place, refusal);
            }
            Ok(key) => self.reserve(now, from, claim.place, key),
        }
    }

    /// The key that rightly signed the claim. The cheap questions come first, the signature last.
    fn judge(&mut self, now: Instant, from: SocketId, claim: &Claim) -> Result<Key, Refusal> {
        let limits = &self.rules.limits;
        let bad = |message: &str| refusals::refusal(RefusalCode::BadClaim, message);
        let socket = self.sockets.get(&from).ok_or_else(refusals::no_session)?;
        let known_key = match &socket.role {
            Role::Viewer { .. } => {
                let message =
                    "This connection knocked as a viewer; a device claims on a connection of its own.";
                return Err(refusals::refusal(RefusalCode::WrongRole, message));
            }
            Role::Newcomer => None,
            Role::Device { key, .. } => Some(*key),
        };
        if claim.v != protocol::VERSION {
            return Err(refusals::wrong_version(claim.v));
        }
        if !super::knocks::is_place(&claim.place) {
            return Err(refusals::bad_place());
        }
        if socket.source != Source::Local {
            if let Some(usage) = self.sources.usage(socket.source, limits, now) {
                usage.claim(limits, now).map_err(|time| {
                    let message = "Too many claims from this address; wait a little.";
                    refusals::wait(RefusalCode::TooManyPlaces, message, time)
                })?;
            }
            if let Some(token) = &self.rules.claim_token
                && !token.admits(claim.token.as_deref().unwrap_or_default())
            {
                return Err(bad(
                    "This server asks for a token that its owner gives out; set it as `token` in [rendezvous].",
                ));
            }
        }
        let key = Key::try_from(claim.key.as_ref()).map_err(|_| bad("The key of a claim has 32 bytes."))?;
        if known_key.is_some_and(|known| known != key) {
            return Err(bad("One connection claims with one key; open another for the other key."));
        }
        if !identity::verify_claim(
            &key,
            claim.signature.as_ref(),
            &socket.challenge.0,
            &socket.handle,
            &claim.place,
        ) {
            return Err(bad(
                "The signature of this claim is wrong; sign the challenge of this very connection.",
            ));
        }
        Ok(key)
    }

    /// Asks the database, unless the answer is known here.
    fn reserve(&mut self, now: Instant, from: SocketId, place: String, key: Key) {
        let limits = &self.rules.limits;
        if let Some(served) = self.served.get(&place) {
            if served.device == from {
                return self.send(from, FromServer::Claimed { place });
            }
            if served.key != key {
                return self.refuse(now, from, None, Some(place), taken());
            }
        }
        let Some(socket) = self.sockets.get_mut(&from) else { return };
        if matches!(socket.role, Role::Newcomer) {
            socket.become_device(key, limits, now);
        }
        let Role::Device { pending, places, .. } = &mut socket.role else { return };
        if pending.contains(&place) {
            return;
        }
        if pending.len() + places.len() >= limits.places_per_key {
            return self.refuse(now, from, None, Some(place), too_many_places());
        }
        let source = socket.source;
        pending.insert(place.clone());
        let may_create = source == Source::Local
            || self
                .sources
                .usage(source, limits, now)
                .is_some_and(|usage| usage.may_take_new_place(limits, now));
        self.effects.push(Effect::Reserve { socket: from, place, key, may_create });
    }

    /// The database has answered. The socket may be gone, or may have given the place up, in the meantime.
    pub(super) fn reserved(&mut self, now: Instant, from: SocketId, place: String, outcome: Reservation) {
        let limits = &self.rules.limits;
        let Some(socket) = self.sockets.get_mut(&from) else { return };
        let Role::Device { key, pending, .. } = &mut socket.role else { return };
        if !pending.remove(&place) {
            return;
        }
        let (key, source) = (*key, socket.source);
        let refusal = match outcome {
            Reservation::Ours { created } => {
                if created && let Some(usage) = self.sources.usage(source, limits, now) {
                    usage.took_new_place(limits, now);
                }
                return self.serve(now, from, place, key);
            }
            Reservation::Taken => taken(),
            Reservation::TooMany => too_many_places(),
            Reservation::NotNow => {
                let message = "Too many new places were claimed from this address; try again in an hour.";
                refusals::wait(RefusalCode::TooManyPlaces, message, Duration::from_secs(3600))
            }
            Reservation::Failed => {
                let message = "The server cannot write its list of places now (its log says why); try again.";
                refusals::wait(RefusalCode::Unavailable, message, Duration::from_secs(10))
            }
        };
        self.refuse(now, from, None, Some(place), refusal);
    }

    /// The place is served by this socket from now on, and who waited for it is told.
    fn serve(&mut self, now: Instant, device: SocketId, place: String, key: Key) {
        if let Some(old) = self.served.get(&place).map(|served| served.device) {
            self.unserve(now, &place);
            let message = "Another connection with the same key has taken this place over.";
            let refusal = refusals::refusal(RefusalCode::Replaced, message);
            self.send(old, FromServer::Lost { place: place.clone(), refusal });
        }
        if let Some(Role::Device { places, .. }) =
            self.sockets.get_mut(&device).map(|socket| &mut socket.role)
        {
            places.insert(place.clone());
        }
        let knocks = Bucket::full(self.rules.limits.knocks_per_place, now);
        self.served.insert(place.clone(), Served { device, key, sessions: Default::default(), knocks });
        self.send(device, FromServer::Claimed { place: place.clone() });
        self.announce(&place);
    }

    /// Nobody serves the place any more: its sessions end.
    pub(super) fn unserve(&mut self, now: Instant, place: &str) {
        let Some(served) = self.served.remove(place) else { return };
        if let Some(Role::Device { places, .. }) =
            self.sockets.get_mut(&served.device).map(|socket| &mut socket.role)
        {
            places.remove(place);
        }
        for session in served.sessions {
            self.end(now, &session, End::DeviceGone);
        }
    }

    pub(super) fn release(&mut self, now: Instant, from: SocketId, place: String) {
        let Some(socket) = self.sockets.get_mut(&from) else { return };
        let refusal = match &mut socket.role {
            Role::Device { pending, places, .. } => {
                if pending.remove(&place) {
                    return;
                }
                if places.contains(&place) {
                    return self.unserve(now, &place);
                }
                refusals::refusal(RefusalCode::BadPlace, "This connection does not serve that place.")
            }
            Role::Newcomer | Role::Viewer { .. } => refusals::refusal(
                RefusalCode::WrongRole,
                "Only a device that has claimed a place releases it.",
            ),
        };
        let place = super::knocks::is_place(&place).then_some(place);
        self.refuse(now, from, None, place, refusal);
    }
}

fn taken() -> Refusal {
    let message = "This place belongs to another device; choose another word.";
    refusals::refusal(RefusalCode::PlaceTaken, message)
}

fn too_many_places() -> Refusal {
    let message = "This device has as many places as the server allows; remove a word first.";
    refusals::refusal(RefusalCode::TooManyPlaces, message)
}
