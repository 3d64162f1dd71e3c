//! The broker by plain calls: a street of sockets, a clock that stands until it is moved, a database in a map.

mod claiming;
mod ending;
mod limiting;
mod meeting;
mod properties;

use super::*;
use crate::settings::Rate;
use protocol::{bytes::B64, identity::Identity};
use std::{collections::VecDeque, net::IpAddr, time::Duration};

/// A broker, and what it has told each socket.
struct Street {
    broker: Broker,
    now: Instant,
    owners: HashMap<String, Key>,
    told: HashMap<SocketId, VecDeque<FromServer>>,
    closed: HashMap<SocketId, CloseReason>,
    /// Places noted as in use.
    touched: Vec<String>,
    /// What the database answers, if not the truth.
    database_says: Option<Reservation>,
    /// Whether the last claim might have taken a place that was nobody's.
    may_create: bool,
}

/// A socket's welcome.
#[derive(Clone)]
struct Guest {
    id: SocketId,
    handle: String,
    challenge: Vec<u8>,
}

impl Street {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Rules)) -> Self {
        let mut rules = Rules { limits: Limits::default(), claim_token: None, stun_port: Some(3478) };
        change(&mut rules);
        let now = Instant::now();
        Self {
            broker: Broker::new(rules, [7; 32], now),
            now,
            owners: HashMap::new(),
            told: HashMap::new(),
            closed: HashMap::new(),
            touched: Vec::new(),
            database_says: None,
            may_create: false,
        }
    }

    fn come(&mut self) -> Guest {
        self.come_from("192.0.2.1")
    }

    fn come_from(&mut self, address: &str) -> Guest {
        self.try_come(Source::of(address.parse::<IpAddr>().unwrap()), Kind::Duplex).unwrap()
    }

    fn try_come(&mut self, source: Source, kind: Kind) -> Result<Guest, Refusal> {
        let (id, effects) = self.broker.open(self.now, source, kind)?;
        self.perform(effects);
        match self.told.get_mut(&id).and_then(VecDeque::pop_front) {
            Some(FromServer::Welcome { handle, challenge, .. }) => {
                Ok(Guest { id, handle, challenge: challenge.0 })
            }
            other => panic!("not welcome: {other:?}"),
        }
    }

    fn say(&mut self, guest: &Guest, message: ToServer) {
        self.input(guest, Input::Message(message, 100));
    }

    fn input(&mut self, guest: &Guest, input: Input) {
        let effects = self.broker.handle(self.now, guest.id, input);
        self.perform(effects);
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        let effects = self.broker.tick(self.now);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(to, message) => self.told.entry(to).or_default().push_back(message),
                Effect::Close(socket, reason) => drop(self.closed.insert(socket, reason)),
                Effect::Touch(places) => self.touched.extend(places.into_iter().map(|(place, _)| place)),
                Effect::Reserve { socket, place, key, may_create } => {
                    self.may_create = may_create;
                    let outcome = self.database_says.unwrap_or_else(|| self.reserve(&place, key, may_create));
                    let effects = self.broker.handle(self.now, socket, Input::Reserved { place, outcome });
                    self.perform(effects);
                }
            }
        }
    }

    fn reserve(&mut self, place: &str, key: Key, may_create: bool) -> Reservation {
        match self.owners.get(place) {
            Some(owner) if *owner == key => Reservation::Ours { created: false },
            Some(_) => Reservation::Taken,
            None if !may_create => Reservation::NotNow,
            None => {
                self.owners.insert(place.to_owned(), key);
                Reservation::Ours { created: true }
            }
        }
    }

    /// The next thing this socket was told.
    fn next(&mut self, guest: &Guest) -> FromServer {
        self.told.get_mut(&guest.id).and_then(VecDeque::pop_front).expect("it was told nothing more")
    }

    fn told_nothing_more(&self, guest: &Guest) -> bool {
        self.told.get(&guest.id).is_none_or(VecDeque::is_empty)
    }

    /// The code of the refusal that must come next.
    fn refused(&mut self, guest: &Guest) -> RefusalCode {
        match self.next(guest) {
            FromServer::Refused { refusal, .. } => {
                assert!(refusal.message.ends_with('.'), "a sentence: {}", refusal.message);
                refusal.code
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    /// A device that serves `place`.
    fn device(&mut self, identity: &Identity, place: &str) -> Guest {
        let device = self.come_from("198.51.100.1");
        self.say(&device, claim(&device, identity, place));
        assert_eq!(self.next(&device), FromServer::Claimed { place: place.to_owned() });
        device
    }

    /// A viewer's knock that reached the device: the session.
    fn knock(&mut self, viewer: &Guest, device: &Guest, place: &str) -> SessionId {
        self.say(viewer, knock(place));
        match self.next(device) {
            FromServer::Knock { session, .. } => session,
            other => panic!("no knock: {other:?}"),
        }
    }

    /// A knock that the device has replied to.
    fn replied(&mut self, viewer: &Guest, device: &Guest, place: &str) -> SessionId {
        let session = self.knock(viewer, device, place);
        self.say(device, ToServer::Reply { session: session.clone(), ke2: B64(vec![2]) });
        assert!(matches!(self.next(viewer), FromServer::Reply { .. }));
        session
    }

    /// A session in which everything may be relayed.
    fn proved(&mut self, viewer: &Guest, device: &Guest, place: &str) -> SessionId {
        let session = self.replied(viewer, device, place);
        self.say(
            viewer,
            ToServer::Prove { session: session.clone(), ke3: B64(vec![3]), sealed: B64(vec![4]) },
        );
        assert!(matches!(self.next(device), FromServer::Prove { .. }));
        session
    }

    /// Nothing of anybody is left.
    fn assert_empty(&self) {
        assert_eq!(self.broker.counts(), Counts::default());
        assert!(self.broker.streams.is_empty());
        assert!(self.broker.waiting.is_empty());
    }
}

fn claim(guest: &Guest, identity: &Identity, place: &str) -> ToServer {
    ToServer::Claim {
        v: protocol::VERSION,
        place: place.to_owned(),
        key: B64(identity.public_key().to_vec()),
        signature: B64(identity.claim(&guest.challenge, &guest.handle, place).to_vec()),
        token: None,
    }
}

fn knock(place: &str) -> ToServer {
    ToServer::Knock { v: protocol::VERSION, place: place.to_owned(), ke1: B64(vec![1]), pass: None }
}

fn relay(session: &str, byte: u8) -> ToServer {
    ToServer::Relay { session: session.to_owned(), sealed: B64(vec![byte]) }
}

fn left(session: &str) -> FromServer {
    FromServer::Left { session: session.to_owned() }
}
