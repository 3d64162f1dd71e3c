//! Sockets: welcome, how much each may say, farewell.

use super::{Broker, CloseReason, Effect, Key, Kind, SocketId, refusals, session::End};
use crate::{
    bucket::Bucket,
    settings::{Limits, Rate},
    source::Source,
};
use protocol::{
    bytes::B64,
    signal::{FromServer, Handle, Refusal, RefusalCode, SessionId},
};
use std::{
    collections::{BTreeSet, HashSet},
    time::{Duration, Instant},
};

/// One open socket.
pub(super) struct Socket {
    pub(super) source: Source,
    pub(super) handle: Handle,
    pub(super) challenge: B64,
    pub(super) role: Role,
    pub(super) sessions: HashSet<SessionId>,
    pub(super) opened: Instant,
    stream: Option<B64>,
    messages: Bucket,
    bytes: Bucket,
    refusals: Bucket,
    told_too_fast: Option<Instant>,
    logged: bool,
}

/// What a socket is, by what it did first.
pub(super) enum Role {
    /// Nothing yet.
    Newcomer,
    /// It knocked. It waits for a device at these places, the oldest first.
    Viewer { waiting: Vec<String> },
    /// It claimed with this key.
    Device {
        key: Key,
        /// Claims that the database has not answered.
        pending: BTreeSet<String>,
        /// Places that it serves.
        places: BTreeSet<String>,
    },
}

impl Socket {
    fn rates<'a>(&self, limits: &'a Limits) -> (&'a Rate, &'a Rate) {
        match self.role {
            Role::Newcomer | Role::Viewer { .. } => (&limits.viewer_messages, &limits.viewer_bytes),
            Role::Device { .. } => (&limits.device_messages, &limits.device_bytes),
        }
    }

    /// From now on it is a device with this key, and may say more.
    pub(super) fn become_device(&mut self, key: Key, limits: &Limits, now: Instant) {
        self.role = Role::Device { key, pending: BTreeSet::new(), places: BTreeSet::new() };
        self.messages = Bucket::full(limits.device_messages, now);
        self.bytes = Bucket::full(limits.device_bytes, now);
    }
}

impl Broker {
    pub(super) fn welcome(&mut self, now: Instant, source: Source, kind: Kind) -> Result<SocketId, Refusal> {
        self.admit(now, source)?;
        let id = self.handles.socket();
        let limits = &self.rules.limits;
        let socket = Socket {
            source,
            handle: self.handles.name(),
            challenge: self.handles.secret(),
            role: Role::Newcomer,
            sessions: HashSet::new(),
            opened: now,
            stream: (kind == Kind::EventStream).then(|| self.handles.secret()),
            messages: Bucket::full(limits.viewer_messages, now),
            bytes: Bucket::full(limits.viewer_bytes, now),
            refusals: Bucket::full(limits.refusals, now),
            told_too_fast: None,
            logged: false,
        };
        let welcome = FromServer::Welcome {
            v: protocol::VERSION,
            handle: socket.handle.clone(),
            challenge: socket.challenge.clone(),
            stun_port: self.rules.stun_port,
            stream: socket.stream.clone(),
        };
        if let Some(secret) = &socket.stream {
            self.streams.insert(secret.0.clone(), id);
        }
        self.sockets.insert(id, socket);
        self.send(id, welcome);
        Ok(id)
    }

    /// Counts a socket in, if there is room. The device in this process always has room.
    fn admit(&mut self, now: Instant, source: Source) -> Result<(), Refusal> {
        let limits = &self.rules.limits;
        let crowded =
            |message: &str| refusals::wait(RefusalCode::TooManySockets, message, Duration::from_secs(10));
        let full = self.sockets.len() >= limits.sockets;
        let usage = self
            .sources
            .usage(source, limits, now)
            .ok_or_else(|| crowded("This server is full; try again later."))?;
        if source != Source::Local {
            if full {
                return Err(crowded("This server is full; try again later."));
            }
            if usage.sockets >= limits.sockets_per_source {
                return Err(crowded(
                    "Too many connections from your address; close other pages of this device.",
                ));
            }
        }
        usage.sockets += 1;
        Ok(())
    }

    /// Charges a message of `size` bytes. `false`: too much, and it is not to be looked at.
    pub(super) fn may_speak(&mut self, now: Instant, from: SocketId, size: usize) -> bool {
        let limits = &self.rules.limits;
        let Some(socket) = self.sockets.get_mut(&from) else { return false };
        if socket.source == Source::Local {
            return true;
        }
        let (messages, bytes) = socket.rates(limits);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let verdict =
            socket.messages.take(*messages, 1, now).and_then(|()| socket.bytes.take(*bytes, size, now));
        let Err(time) = verdict else { return true };
        let told =
            socket.told_too_fast.is_some_and(|at| now.saturating_duration_since(at) < Duration::from_secs(1));
        if told {
            self.charge_refusal(now, from, RefusalCode::TooFast);
        } else {
            socket.told_too_fast = Some(now);
            let message = "Too many messages; this one was dropped. Send them more slowly.";
            self.refuse(now, from, None, None, refusals::wait(RefusalCode::TooFast, message, time));
        }
        false
    }

    /// Tells a socket that what it asked is refused, and remembers it.
    pub(super) fn refuse(
        &mut self,
        now: Instant,
        to: SocketId,
        session: Option<SessionId>,
        place: Option<String>,
        refusal: Refusal,
    ) {
        let code = refusal.code;
        self.send(to, FromServer::Refused { session, place, refusal });
        self.charge_refusal(now, to, code);
    }

    /// A client that goes on being at fault is logged once, and closed in the end.
    fn charge_refusal(&mut self, now: Instant, to: SocketId, code: RefusalCode) {
        if !refusals::is_misbehaviour(code) {
            return;
        }
        let Some(socket) = self.sockets.get_mut(&to) else { return };
        if !socket.logged {
            socket.logged = true;
            log::info!(
                "socket {} from {}: refused ({code:?}); further refusals of this socket are not logged",
                socket.handle,
                socket.source
            );
        }
        let spent = socket.refusals.take(self.rules.limits.refusals, 1, now).is_err();
        if spent && socket.source != Source::Local {
            self.dismiss(now, to, CloseReason::Misbehaved);
        }
    }

    /// Has a socket closed, and forgets it.
    pub(super) fn dismiss(&mut self, now: Instant, socket: SocketId, reason: CloseReason) {
        if self.sockets.contains_key(&socket) {
            self.effects.push(Effect::Close(socket, reason));
            self.forget(now, socket);
        }
    }

    /// A socket is gone: its sessions end, its places are served by nobody, and nothing of it stays.
    pub(super) fn forget(&mut self, now: Instant, id: SocketId) {
        let Some(socket) = self.sockets.remove(&id) else { return };
        self.sources.socket_gone(socket.source);
        if let Some(secret) = socket.stream {
            self.streams.remove(&secret.0);
        }
        match socket.role {
            Role::Newcomer => {}
            Role::Viewer { waiting } => {
                for place in waiting {
                    self.stop_waiting(id, &place);
                }
                for session in socket.sessions {
                    self.end(now, &session, End::ViewerLeft);
                }
            }
            Role::Device { places, .. } => {
                for place in places {
                    self.unserve(now, &place);
                }
            }
        }
    }
}
