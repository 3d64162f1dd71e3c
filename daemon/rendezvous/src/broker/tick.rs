//! What ends by time alone.

use super::{Broker, CloseReason, Effect, SocketId, session::End, sockets::Role};
use crate::source::Source;
use protocol::signal::SessionId;
use std::time::{Duration, Instant};

/// How often places in use are noted in the database: seldom against the year that they may be unused.
pub(super) const TOUCH: Duration = Duration::from_secs(6 * 3600);

impl Broker {
    pub(super) fn expire(&mut self, now: Instant) {
        self.expire_sessions(now);
        self.expire_newcomers(now);
        self.sources.prune(&self.rules.limits, now);
        if now >= self.next_touch {
            self.next_touch = now + TOUCH;
            let places: Vec<_> =
                self.served.iter().map(|(place, served)| (place.clone(), served.key)).collect();
            if !places.is_empty() {
                self.effects.push(Effect::Touch(places));
            }
        }
    }

    fn expire_sessions(&mut self, now: Instant) {
        let times = &self.rules.limits.times;
        let over: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, session)| now.saturating_duration_since(session.touched) >= session.patience(times))
            .map(|(id, _)| id.clone())
            .collect();
        for session in over {
            self.end(now, &session, End::Expired);
        }
    }

    fn expire_newcomers(&mut self, now: Instant) {
        let hello = self.rules.limits.times.hello;
        let silent: Vec<SocketId> = self
            .sockets
            .iter()
            .filter(|(_, socket)| matches!(socket.role, Role::Newcomer) && socket.source != Source::Local)
            .filter(|(_, socket)| now.saturating_duration_since(socket.opened) >= hello)
            .map(|(id, _)| *id)
            .collect();
        for socket in silent {
            self.dismiss(now, socket, CloseReason::Silent);
        }
    }
}
