//! Viewers: knocks, and waiting for a device that is away.

use super::{
    Broker, SocketId, refusals,
    session::{End, Session, Stage},
    sockets::Role,
};
use protocol::{
    bytes::B64,
    signal::{FromServer, Refusal, RefusalCode, SessionId},
    word::Place,
};
use std::time::{Duration, Instant};

/// A knock as it came.
pub(super) struct Knock {
    pub(super) v: u32,
    pub(super) place: String,
    pub(super) ke1: B64,
    pub(super) pass: Option<B64>,
}

/// Whether it is a normalised place.
pub(super) fn is_place(text: &str) -> bool {
    Place::parse(text).is_ok()
}

impl Broker {
    pub(super) fn knock(&mut self, now: Instant, from: SocketId, knock: Knock) {
        if let Err(refusal) = self.may_knock(now, from, &knock) {
            let place = is_place(&knock.place).then_some(knock.place);
            return self.refuse(now, from, None, place, refusal);
        }
        self.stop_waiting(from, &knock.place);
        self.end_earlier_knocks(now, from, &knock.place);
        if !self.served.contains_key(&knock.place) {
            return self.wait(now, from, knock.place);
        }
        match self.has_room(now, from, &knock.place) {
            Err(refusal) => self.refuse(now, from, None, Some(knock.place), refusal),
            Ok(()) => self.begin(now, from, knock),
        }
    }

    /// Role, version, form and rate; makes a newcomer a viewer.
    fn may_knock(&mut self, now: Instant, from: SocketId, knock: &Knock) -> Result<(), Refusal> {
        let limits = &self.rules.limits;
        let socket = self.sockets.get_mut(&from).ok_or_else(refusals::no_session)?;
        if let Role::Device { .. } = socket.role {
            let message = "This connection belongs to a device; a viewer knocks on a connection of its own.";
            return Err(refusals::refusal(RefusalCode::WrongRole, message));
        }
        if knock.v != protocol::VERSION {
            return Err(refusals::wrong_version(knock.v));
        }
        if !is_place(&knock.place) {
            return Err(refusals::bad_place());
        }
        if let Some(usage) = self.sources.usage(socket.source, limits, now) {
            usage.knock(limits, now).map_err(|time| {
                let message = "Too many tries from your address; wait a little.";
                refusals::wait(RefusalCode::TooManyKnocks, message, time)
            })?;
        }
        if let Role::Newcomer = socket.role {
            socket.role = Role::Viewer { waiting: Vec::new() };
        }
        Ok(())
    }

    /// Whether one more session fits the place, the device, the viewer and its source.
    fn has_room(&mut self, now: Instant, from: SocketId, place: &str) -> Result<(), Refusal> {
        let limits = &self.rules.limits;
        let (Some(viewer), Some(served)) = (self.sockets.get(&from), self.served.get_mut(place)) else {
            return Err(refusals::no_session());
        };
        served.knocks.take(limits.knocks_per_place, 1, now).map_err(|time| {
            let message = "Too many people try this device at once; wait a little.";
            refusals::wait(RefusalCode::TooManyKnocks, message, time)
        })?;
        let unproved = served
            .sessions
            .iter()
            .filter_map(|id| self.sessions.get(id))
            .filter(|session| session.stage != Stage::Proved)
            .filter(|session| {
                self.sockets.get(&session.viewer).is_some_and(|other| other.source == viewer.source)
            })
            .count();
        let of_device = self.sockets.get(&served.device).map_or(0, |device| device.sessions.len());
        let message = if viewer.sessions.len() >= limits.sessions_per_viewer {
            "This page has too many sessions; reload it."
        } else if unproved >= limits.unproved_per_source {
            "Too many tries from your address wait for an answer; wait a little."
        } else if served.sessions.len() >= limits.sessions_per_place
            || of_device >= limits.sessions_per_device
        {
            "This device has as many viewers as it can take; try again when somebody has left."
        } else {
            return Ok(());
        };
        Err(refusals::wait(RefusalCode::TooManySessions, message, Duration::from_secs(10)))
    }

    fn begin(&mut self, now: Instant, viewer: SocketId, knock: Knock) {
        let id = self.handles.name();
        let Some(served) = self.served.get_mut(&knock.place) else { return };
        let device = served.device;
        let Some(from) = self.sockets.get_mut(&viewer) else { return };
        from.sessions.insert(id.clone());
        let message = FromServer::Knock {
            session: id.clone(),
            place: knock.place.clone(),
            viewer: from.handle.clone(),
            source: from.source.to_string(),
            ke1: knock.ke1,
            pass: knock.pass,
        };
        served.sessions.insert(id.clone());
        if let Some(device) = self.sockets.get_mut(&device) {
            device.sessions.insert(id.clone());
        }
        let session = Session { place: knock.place, viewer, device, stage: Stage::Knocked, touched: now };
        self.sessions.insert(id, session);
        self.send(device, message);
    }

    /// A viewer that knocks again has given up what it did not prove.
    fn end_earlier_knocks(&mut self, now: Instant, viewer: SocketId, place: &str) {
        let Some(socket) = self.sockets.get(&viewer) else { return };
        let given_up = |id: &&SessionId| {
            self.sessions
                .get(*id)
                .is_some_and(|session| session.place == place && session.stage != Stage::Proved)
        };
        let earlier: Vec<SessionId> = socket.sessions.iter().filter(given_up).cloned().collect();
        for session in earlier {
            self.end(now, &session, End::ViewerLeft);
        }
    }

    /// Nobody serves the place: the viewer is told now, and again when somebody does. With too many places to wait
    /// for, a viewer waits no longer for the oldest.
    pub(super) fn wait(&mut self, now: Instant, viewer: SocketId, place: String) {
        let limits = &self.rules.limits;
        if self.waiting.get(&place).is_some_and(|queue| queue.len() >= limits.waiting_per_place) {
            let message =
                "No device answers to this word now, and too many wait for it already; try again later.";
            let refusal = refusals::wait(RefusalCode::TooManyKnocks, message, Duration::from_secs(30));
            return self.refuse(now, viewer, None, Some(place), refusal);
        }
        let per_viewer = limits.waiting_per_viewer;
        let Some(Role::Viewer { waiting }) = self.sockets.get_mut(&viewer).map(|socket| &mut socket.role)
        else {
            return;
        };
        if !waiting.contains(&place) {
            waiting.push(place.clone());
            let oldest = (waiting.len() > per_viewer).then(|| waiting.remove(0));
            self.waiting.entry(place.clone()).or_default().push(viewer);
            if let Some(oldest) = oldest {
                self.stop_waiting(viewer, &oldest);
            }
        }
        self.send(viewer, FromServer::Absent { place });
    }

    pub(super) fn stop_waiting(&mut self, viewer: SocketId, place: &str) {
        if let Some(Role::Viewer { waiting }) = self.sockets.get_mut(&viewer).map(|socket| &mut socket.role) {
            waiting.retain(|other| other != place);
        }
        if let Some(queue) = self.waiting.get_mut(place) {
            queue.retain(|other| *other != viewer);
            if queue.is_empty() {
                self.waiting.remove(place);
            }
        }
    }

    /// A device came: all who waited are told, once.
    pub(super) fn announce(&mut self, place: &str) {
        for viewer in self.waiting.remove(place).unwrap_or_default() {
            if let Some(Role::Viewer { waiting }) =
                self.sockets.get_mut(&viewer).map(|socket| &mut socket.role)
            {
                waiting.retain(|other| other != place);
            }
            self.send(viewer, FromServer::Present { place: place.to_owned() });
        }
    }
}
