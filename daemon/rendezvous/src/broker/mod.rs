//! Who serves which place, who knocks, and which two sockets a session joins. No sockets and no clock in here: what
//! happened goes in by [`Broker::handle`] with the time it happened, and what is to be done comes out as [`Effect`]s.

mod claims;
mod handles;
mod knocks;
mod refusals;
mod relay;
mod session;
mod sockets;
mod sources;
#[cfg(test)]
mod tests;
mod tick;

use crate::{
    places::Reservation,
    settings::{ClaimToken, Limits},
    source::Source,
};
use handles::Handles;
use protocol::signal::{FromServer, Refusal, RefusalCode, SessionId, ToServer};
use session::Session;
use sockets::Socket;
use sources::Sources;
use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

/// Bytes of an Ed25519 public key.
pub(crate) type Key = [u8; 32];

/// A socket, as long as the server runs. Never told to anybody: handles are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SocketId(u64);

/// How a socket came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// WebSocket, or in process.
    Duplex,
    /// Event stream: what it says comes by POST, each with the secret of the stream.
    EventStream,
}

/// What happened on a socket.
#[derive(Debug)]
pub(crate) enum Input {
    /// It said this, in so many bytes.
    Message(ToServer, usize),
    /// It said something that is no message.
    Unreadable(RefusalCode, usize),
    /// The database's answer to [`Effect::Reserve`].
    Reserved {
        /// The place asked for.
        place: String,
        /// What became of it.
        outcome: Reservation,
    },
    /// It is gone.
    Closed,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Tell a socket.
    Send(SocketId, FromServer),
    /// Close a socket after what it was told. The broker has forgotten it already.
    Close(SocketId, CloseReason),
    /// Ask the database whether the place is, or can become, this key's; answer with [`Input::Reserved`].
    Reserve {
        /// Who claims.
        socket: SocketId,
        /// The place.
        place: String,
        /// The key that signed the claim.
        key: Key,
        /// Whether this source may take a place that belongs to nobody.
        may_create: bool,
    },
    /// Note that these places are in use by these keys.
    Touch(Vec<(String, Key)>),
}

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// Neither claimed nor knocked in time.
    Silent,
    /// Too many refused messages.
    Misbehaved,
    /// It does not take what it is sent.
    Slow,
    /// The server has no room for it.
    Refused,
    /// The server stops.
    Stopping,
}

/// The settings that the broker needs.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// All limits.
    pub limits: Limits,
    /// What a claim must show.
    pub claim_token: Option<ClaimToken>,
    /// Told in each welcome.
    pub stun_port: Option<u16>,
}

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Open sockets.
    pub sockets: usize,
    /// Places with a device.
    pub places: usize,
    /// Sessions.
    pub sessions: usize,
    /// Viewers that wait for a device, once for each place.
    pub waiting: usize,
}

/// A place with a device.
struct Served {
    device: SocketId,
    key: Key,
    sessions: HashSet<SessionId>,
    knocks: crate::bucket::Bucket,
}

/// The state of the server that is not in the database.
pub(crate) struct Broker {
    rules: Rules,
    handles: Handles,
    sockets: HashMap<SocketId, Socket>,
    streams: HashMap<Vec<u8>, SocketId>,
    served: HashMap<String, Served>,
    waiting: HashMap<String, Vec<SocketId>>,
    sessions: HashMap<SessionId, Session>,
    sources: Sources,
    next_touch: Instant,
    effects: Vec<Effect>,
}

impl Broker {
    /// An empty one. Handles and secrets come from a generator with this seed, which must be secret.
    pub(crate) fn new(rules: Rules, seed: [u8; 32], now: Instant) -> Self {
        Self {
            rules,
            handles: Handles::new(seed),
            sockets: HashMap::new(),
            streams: HashMap::new(),
            served: HashMap::new(),
            waiting: HashMap::new(),
            sessions: HashMap::new(),
            sources: Sources::default(),
            next_touch: now + tick::TOUCH,
            effects: Vec::new(),
        }
    }

    /// A socket has come. Its welcome is among the effects; or it must not stay, and is to be told why.
    pub(crate) fn open(
        &mut self,
        now: Instant,
        source: Source,
        kind: Kind,
    ) -> Result<(SocketId, Vec<Effect>), Refusal> {
        let id = self.welcome(now, source, kind)?;
        Ok((id, std::mem::take(&mut self.effects)))
    }

    /// Something happened on a socket. About a socket that is gone nothing is done.
    pub(crate) fn handle(&mut self, now: Instant, from: SocketId, input: Input) -> Vec<Effect> {
        match input {
            Input::Message(message, size) => {
                if self.may_speak(now, from, size) {
                    self.message(now, from, message);
                }
            }
            Input::Unreadable(code, size) => {
                if self.may_speak(now, from, size) {
                    self.refuse(now, from, None, None, refusals::unreadable(code));
                }
            }
            Input::Reserved { place, outcome } => self.reserved(now, from, place, outcome),
            Input::Closed => self.forget(now, from),
        }
        std::mem::take(&mut self.effects)
    }

    /// Time has passed: what has waited too long ends. To be called about once a second.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Effect> {
        self.expire(now);
        std::mem::take(&mut self.effects)
    }

    /// Closes a socket.
    pub(crate) fn close(&mut self, now: Instant, socket: SocketId, reason: CloseReason) -> Vec<Effect> {
        self.dismiss(now, socket, reason);
        std::mem::take(&mut self.effects)
    }

    /// Closes every socket.
    pub(crate) fn close_all(&mut self, now: Instant, reason: CloseReason) -> Vec<Effect> {
        let all: Vec<SocketId> = self.sockets.keys().copied().collect();
        for socket in all {
            self.dismiss(now, socket, reason);
        }
        std::mem::take(&mut self.effects)
    }

    /// The event stream with this secret.
    pub(crate) fn stream(&self, secret: &[u8]) -> Option<SocketId> {
        self.streams.get(secret).copied()
    }

    /// How much there is of everything.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            sockets: self.sockets.len(),
            places: self.served.len(),
            sessions: self.sessions.len(),
            waiting: self.waiting.values().map(Vec::len).sum(),
        }
    }

    fn message(&mut self, now: Instant, from: SocketId, message: ToServer) {
        match message {
            ToServer::Claim { v, place, key, signature, token } => {
                let claim = claims::Claim { v, place, key, signature, token };
                self.claim(now, from, claim);
            }
            ToServer::Release { place } => self.release(now, from, place),
            ToServer::Knock { v, place, ke1, pass } => {
                self.knock(now, from, knocks::Knock { v, place, ke1, pass })
            }
            ToServer::Reply { session, ke2 } => self.pass_on(now, from, session, relay::Said::Reply { ke2 }),
            ToServer::Prove { session, ke3, sealed } => {
                self.pass_on(now, from, session, relay::Said::Prove { ke3, sealed });
            }
            ToServer::Relay { session, sealed } => {
                self.pass_on(now, from, session, relay::Said::Relay { sealed })
            }
            ToServer::Refuse { session, refusal } => self.turn_away(now, from, session, refusal),
            ToServer::Leave { session } => self.leave(now, from, session),
            ToServer::Ping => self.send(from, FromServer::Pong),
        }
    }

    fn send(&mut self, to: SocketId, message: FromServer) {
        self.effects.push(Effect::Send(to, message));
    }
}
