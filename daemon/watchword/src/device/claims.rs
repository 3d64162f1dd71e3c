//! The device's claims to its places at the rendezvous it is linked to now.

use protocol::{
    bytes::B64,
    identity::Identity,
    signal::{Handle, Refusal, ToServer},
    word::Place,
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// A refused claim is tried again after this time, or what the server asks for, if more.
const RETRY: Duration = Duration::from_secs(60);

/// Claims on the socket of now; empty while there is none.
#[derive(Debug)]
pub(super) struct Claims {
    token: Option<String>,
    socket: Option<(Handle, Vec<u8>)>,
    places: HashMap<String, Claim>,
}

#[derive(Clone, Debug)]
enum Claim {
    Asked,
    Held,
    Refused { again: Instant, refusal: Refusal },
}

impl Claims {
    pub(super) fn new(token: Option<String>) -> Self {
        Self { token, socket: None, places: HashMap::new() }
    }

    /// A new socket was welcomed.
    pub(super) fn up(&mut self, handle: Handle, challenge: Vec<u8>) {
        self.places.clear();
        self.socket = Some((handle, challenge));
    }

    /// The socket is gone, and all claims with it.
    pub(super) fn down(&mut self) {
        self.places.clear();
        self.socket = None;
    }

    /// Whether there is a socket to claim on.
    pub(super) fn is_up(&self) -> bool {
        self.socket.is_some()
    }

    /// The message that claims `place`, signed; `None` without a socket.
    pub(super) fn claim(&mut self, place: &Place, identity: &Identity) -> Option<ToServer> {
        let (handle, challenge) = self.socket.as_ref()?;
        self.places.insert(place.to_string(), Claim::Asked);
        Some(ToServer::Claim {
            v: protocol::VERSION,
            place: place.to_string(),
            key: B64(identity.public_key().to_vec()),
            signature: B64(identity.claim(challenge, handle, place.as_ref()).to_vec()),
            token: self.token.clone(),
        })
    }

    pub(super) fn claimed(&mut self, place: &str) {
        self.places.insert(place.to_owned(), Claim::Held);
    }

    pub(super) fn refused(&mut self, place: &str, refusal: &Refusal, now: Instant) {
        let asked = Duration::from_secs(refusal.retry_after.unwrap_or(0).into());
        let refused = Claim::Refused { again: now + asked.max(RETRY), refusal: refusal.clone() };
        self.places.insert(place.to_owned(), refused);
    }

    /// Why the rendezvous refuses a place, if it does.
    pub(super) fn refusal(&self, place: &str) -> Option<&Refusal> {
        match self.places.get(place)? {
            Claim::Refused { refusal, .. } => Some(refusal),
            Claim::Asked | Claim::Held => None,
        }
    }

    /// No longer wanted.
    pub(super) fn forget(&mut self, place: &Place) {
        self.places.remove(place.as_ref());
    }

    /// Refused places whose time to try again has come.
    pub(super) fn due(&self, now: Instant) -> Vec<Place> {
        let due = |claim: &Claim| matches!(claim, Claim::Refused { again, .. } if *again <= now);
        self.places
            .iter()
            .filter(|(_, claim)| due(claim))
            .filter_map(|(place, _)| Place::parse(place).ok())
            .collect()
    }

    /// Places held now.
    pub(super) fn held(&self) -> usize {
        self.places.values().filter(|claim| matches!(claim, Claim::Held)).count()
    }
}
