//! What the two sides of a session say to each other, and its end.

use super::{
    Broker, SocketId, refusals,
    session::{End, Side, Stage, Step},
    sockets::Role,
};
use protocol::{
    bytes::B64,
    signal::{FromServer, Refusal, RefusalCode, SessionId},
};
use std::time::Instant;

/// Longest sentence that a device may have shown to a viewer, bytes.
const LONGEST_SENTENCE: usize = 512;

/// What is passed on unread.
pub(super) enum Said {
    Reply { ke2: B64 },
    Prove { ke3: B64, sealed: B64 },
    Relay { sealed: B64 },
}

impl Said {
    fn step(&self) -> Step {
        match self {
            Self::Reply { .. } => Step::Reply,
            Self::Prove { .. } => Step::Prove,
            Self::Relay { .. } => Step::Relay,
        }
    }
}

impl Broker {
    pub(super) fn pass_on(&mut self, now: Instant, from: SocketId, id: SessionId, said: Said) {
        if let Err(refusal) = self.step(now, from, &id, said.step()) {
            return self.refuse_about(now, from, id, refusal);
        }
        let Some(session) = self.sessions.get(&id) else { return };
        let to = if session.viewer == from { session.device } else { session.viewer };
        let device =
            self.sockets.get(&session.device).map(|socket| socket.handle.clone()).unwrap_or_default();
        let message = match said {
            Said::Reply { ke2 } => FromServer::Reply { session: id, device, ke2 },
            Said::Prove { ke3, sealed } => FromServer::Prove { session: id, ke3, sealed },
            Said::Relay { sealed } => FromServer::Relay { session: id, sealed },
        };
        self.send(to, message);
    }

    /// The device turns a viewer away, in its own words.
    pub(super) fn turn_away(&mut self, now: Instant, from: SocketId, id: SessionId, mut refusal: Refusal) {
        match self.side(from, &id) {
            Err(refusal) => self.refuse_about(now, from, id, refusal),
            Ok(Side::Viewer) => {
                let message = "Only the device refuses a session; a viewer leaves it.";
                self.refuse_about(now, from, id, refusals::refusal(RefusalCode::WrongRole, message));
            }
            Ok(Side::Device) => {
                let end = refusal.message.floor_char_boundary(LONGEST_SENTENCE);
                refusal.message.truncate(end);
                self.end(now, &id, End::Refused(refusal));
            }
        }
    }

    pub(super) fn leave(&mut self, now: Instant, from: SocketId, id: SessionId) {
        match self.side(from, &id) {
            Err(refusal) => self.refuse_about(now, from, id, refusal),
            Ok(Side::Viewer) => self.end(now, &id, End::ViewerLeft),
            Ok(Side::Device) => self.end(now, &id, End::DeviceLeft),
        }
    }

    /// Ends a session: nothing of it stays, and who did not end it is told.
    pub(super) fn end(&mut self, now: Instant, id: &str, end: End) {
        let Some(session) = self.sessions.remove(id) else { return };
        for socket in [session.viewer, session.device] {
            if let Some(socket) = self.sockets.get_mut(&socket) {
                socket.sessions.remove(id);
            }
        }
        if let Some(served) = self.served.get_mut(&session.place) {
            served.sessions.remove(id);
        }
        let left = || FromServer::Left { session: id.to_owned() };
        let refused = |refusal| FromServer::Refused {
            session: Some(id.to_owned()),
            place: Some(session.place.clone()),
            refusal,
        };
        if end == End::DeviceGone && self.sockets.contains_key(&session.device) {
            // It gave up the place, or lost it, and goes on elsewhere.
            self.send(session.device, left());
        }
        // Before the reply a viewer does not know the session's name: it is told by the place.
        match (end, session.stage) {
            (End::ViewerLeft, _) => self.send(session.device, left()),
            (End::DeviceLeft, Stage::Knocked) => {
                let message = "The device turned this visit away; try again later.";
                self.send(session.viewer, refused(refusals::refusal(RefusalCode::Unavailable, message)));
            }
            (End::DeviceLeft | End::DeviceGone, Stage::Replied | Stage::Proved) => {
                self.send(session.viewer, left())
            }
            (End::DeviceGone, Stage::Knocked) => self.wait(now, session.viewer, session.place),
            (End::Refused(refusal), _) => self.send(session.viewer, refused(refusal)),
            (End::Expired, Stage::Knocked) => {
                let message = "The device is there but does not answer; try again.";
                self.send(session.viewer, refused(refusals::refusal(RefusalCode::Unavailable, message)));
                self.send(session.device, left());
            }
            (End::Expired, Stage::Replied | Stage::Proved) => {
                self.send(session.viewer, left());
                self.send(session.device, left());
            }
        }
    }

    fn side(&self, from: SocketId, id: &str) -> Result<Side, Refusal> {
        self.sessions.get(id).and_then(|session| session.side(from)).ok_or_else(refusals::no_session)
    }

    /// Takes the session one step on, if this side may.
    fn step(&mut self, now: Instant, from: SocketId, id: &str, step: Step) -> Result<(), Refusal> {
        let fitting = match (self.sockets.get(&from).map(|socket| &socket.role), step) {
            (Some(Role::Viewer { .. }), Step::Prove | Step::Relay) => true,
            (Some(Role::Device { .. }), Step::Reply | Step::Relay) => true,
            (Some(Role::Viewer { .. }), Step::Reply) | (Some(Role::Device { .. }), Step::Prove) => false,
            (Some(Role::Newcomer), Step::Reply | Step::Prove | Step::Relay) => false,
            (None, Step::Reply | Step::Prove | Step::Relay) => return Err(refusals::no_session()),
        };
        if !fitting {
            let message = "A device replies, a viewer proves, and both only after a knock.";
            return Err(refusals::refusal(RefusalCode::WrongRole, message));
        }
        let side = self.side(from, id)?;
        let session = self.sessions.get_mut(id).ok_or_else(refusals::no_session)?;
        let message = "Not at this point of the session: knock, reply, prove, and then relay.";
        session.stage = session
            .stage
            .after(side, step)
            .ok_or_else(|| refusals::refusal(RefusalCode::WrongRole, message))?;
        session.touched = now;
        Ok(())
    }

    /// Refuses, and names the session only if the name could be one of ours.
    fn refuse_about(&mut self, now: Instant, to: SocketId, id: SessionId, refusal: Refusal) {
        let plausible =
            id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        self.refuse(now, to, plausible.then_some(id), None, refusal);
    }
}
