//! Whatever is said in whatever order: no panic, nothing left over, both ends of a session are told of its end.

use super::*;
use proptest::prelude::*;

const PLACES: [&str; 3] = ["garden", "kitchen", "no place"];

/// One thing that happens; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Event {
    Come(u8),
    Go(usize),
    Claim { guest: usize, key: usize, place: usize, rightly: bool },
    Release(usize, usize),
    Knock(usize, usize),
    Reply(usize, usize),
    Prove(usize, usize),
    Relay(usize, usize),
    Refuse(usize, usize),
    Leave(usize, usize),
    Noise(usize),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let some = 0..16_usize;
    let two = (some.clone(), some.clone());
    prop_oneof![
        3 => (0..3_u8).prop_map(Event::Come),
        1 => some.clone().prop_map(Event::Go),
        3 => (some.clone(), 0..2_usize, 0..3_usize, prop::bool::weighted(0.9))
            .prop_map(|(guest, key, place, rightly)| Event::Claim { guest, key, place, rightly }),
        1 => two.clone().prop_map(|(a, b)| Event::Release(a, b)),
        5 => two.clone().prop_map(|(a, b)| Event::Knock(a, b)),
        5 => two.clone().prop_map(|(a, b)| Event::Reply(a, b)),
        5 => two.clone().prop_map(|(a, b)| Event::Prove(a, b)),
        4 => two.clone().prop_map(|(a, b)| Event::Relay(a, b)),
        1 => two.clone().prop_map(|(a, b)| Event::Refuse(a, b)),
        1 => two.prop_map(|(a, b)| Event::Leave(a, b)),
        1 => some.prop_map(Event::Noise),
        1 => (0..40_u64).prop_map(Event::Wait),
    ]
}

struct Play {
    street: Street,
    keys: [Identity; 2],
    guests: Vec<Guest>,
    sessions: Vec<SessionId>,
    /// Sessions that each socket knows of and was not told the end of.
    open: HashSet<(SocketId, SessionId)>,
}

impl Play {
    fn new() -> Self {
        let street = Street::with(|rules| {
            rules.limits.sockets_per_source = 6;
            rules.limits.sessions_per_place = 3;
            rules.limits.waiting_per_place = 2;
            rules.limits.refusals = Rate { burst: 20, per_second: 1.0 };
        });
        let keys = [Identity::generate(), Identity::generate()];
        Self { street, keys, guests: Vec::new(), sessions: Vec::new(), open: HashSet::new() }
    }

    fn play(&mut self, event: &Event) {
        let session = |at: usize| match self.sessions.len() {
            0 => "none".to_owned(),
            many => self.sessions[at % many].clone(),
        };
        let said = match event {
            Event::Come(last) => {
                let source = Source::of(IpAddr::from([192, 0, 2, *last]));
                if let Ok(guest) = self.street.try_come(source, Kind::Duplex) {
                    self.guests.push(guest);
                }
                return self.read();
            }
            Event::Wait(seconds) => {
                self.street.wait(Duration::from_secs(*seconds));
                return self.read();
            }
            Event::Go(at) => (*at, Input::Closed),
            Event::Noise(at) => (*at, Input::Unreadable(RefusalCode::Malformed, 5)),
            Event::Claim { guest, key, place, rightly } => {
                let Some(who) = self.at(*guest) else { return };
                let signed = if *rightly { PLACES[*place] } else { "elsewhere" };
                let ToServer::Claim { v, key, signature, token, .. } = claim(&who, &self.keys[*key], signed)
                else {
                    panic!()
                };
                let place = PLACES[*place].to_owned();
                (*guest, Input::Message(ToServer::Claim { v, place, key, signature, token }, 200))
            }
            Event::Release(at, place) => {
                (*at, Input::Message(ToServer::Release { place: PLACES[place % 3].into() }, 30))
            }
            Event::Knock(at, place) => (*at, Input::Message(knock(PLACES[place % 3]), 99)),
            Event::Reply(at, s) => {
                (*at, Input::Message(ToServer::Reply { session: session(*s), ke2: B64(vec![]) }, 99))
            }
            Event::Prove(at, s) => {
                let message = ToServer::Prove { session: session(*s), ke3: B64(vec![]), sealed: B64(vec![]) };
                (*at, Input::Message(message, 99))
            }
            Event::Relay(at, s) => (*at, Input::Message(relay(&session(*s), 0), 99)),
            Event::Refuse(at, s) => {
                let refusal = refusals::refusal(RefusalCode::TryLater, "No.");
                (*at, Input::Message(ToServer::Refuse { session: session(*s), refusal }, 99))
            }
            Event::Leave(at, s) => (*at, Input::Message(ToServer::Leave { session: session(*s) }, 99)),
        };
        let Some(guest) = self.at(said.0) else { return };
        let went = matches!(said.1, Input::Closed);
        self.street.input(&guest, said.1);
        if went {
            self.open.retain(|(socket, _)| *socket != guest.id);
        }
        self.read();
        if let Event::Knock(..) | Event::Leave(..) | Event::Refuse(..) = event {
            // Who ends a session itself (who knocks anew ends the earlier knock) need not be told.
            let sessions = &self.street.broker.sessions;
            self.open.retain(|(socket, id)| *socket != guest.id || sessions.contains_key(id));
        }
    }

    fn at(&self, at: usize) -> Option<Guest> {
        (!self.guests.is_empty()).then(|| self.guests[at % self.guests.len()].clone())
    }

    /// Reads all that was told, and keeps the books.
    fn read(&mut self) {
        for (socket, told) in &mut self.street.told {
            for message in told.drain(..) {
                match message {
                    FromServer::Knock { session, .. } => {
                        self.sessions.push(session.clone());
                        assert!(self.open.insert((*socket, session)), "a session begins once");
                    }
                    FromServer::Reply { session, .. } => assert!(self.open.insert((*socket, session))),
                    FromServer::Left { session } => {
                        assert!(
                            self.open.remove(&(*socket, session)),
                            "who is told of an end knew of the session"
                        );
                    }
                    FromServer::Refused { session: Some(session), .. }
                        if !self.street.broker.sessions.contains_key(&session) =>
                    {
                        self.open.remove(&(*socket, session));
                    }
                    FromServer::Prove { session, .. } | FromServer::Relay { session, .. } => {
                        assert!(self.open.contains(&(*socket, session)));
                    }
                    _ => {}
                }
            }
        }
        let closed: Vec<SocketId> = self.street.closed.keys().copied().collect();
        self.open.retain(|(socket, _)| !closed.contains(socket));
        self.guests.retain(|guest| self.street.broker.sockets.contains_key(&guest.id));
    }

    /// What sockets believe is what there is, and all books agree with each other.
    fn check(&self) {
        let broker = &self.street.broker;
        for (socket, session) in &self.open {
            let there =
                broker.sessions.get(session).unwrap_or_else(|| panic!("{socket:?} was not told of an end"));
            assert!(there.side(*socket).is_some());
        }
        for (id, session) in &broker.sessions {
            assert!(broker.sockets[&session.viewer].sessions.contains(id));
            assert!(broker.sockets[&session.device].sessions.contains(id));
            assert!(broker.served[&session.place].sessions.contains(id));
            assert_eq!(broker.served[&session.place].device, session.device);
        }
        let of_sockets: usize = broker.sockets.values().map(|socket| socket.sessions.len()).sum();
        assert_eq!(of_sockets, 2 * broker.sessions.len());
        let of_places: usize = broker.served.values().map(|served| served.sessions.len()).sum();
        assert_eq!(of_places, broker.sessions.len());
        for (place, queue) in &broker.waiting {
            assert!(!queue.is_empty() && queue.len() <= broker.rules.limits.waiting_per_place);
            assert!(!broker.served.contains_key(place), "nobody waits for a device that is there");
            for viewer in queue {
                let sockets::Role::Viewer { waiting } = &broker.sockets[viewer].role else { panic!() };
                assert!(waiting.contains(place));
            }
        }
        for (place, served) in &broker.served {
            let sockets::Role::Device { places, .. } = &broker.sockets[&served.device].role else { panic!() };
            assert!(places.contains(place));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_order_of_anything(events in proptest::collection::vec(event(), 1..160)) {
        let mut play = Play::new();
        for event in &events {
            play.play(event);
            play.check();
        }
        let effects = play.street.broker.close_all(play.street.now, CloseReason::Stopping);
        play.street.perform(effects);
        play.street.assert_empty();
        play.street.wait(Duration::from_secs(100_000));
        prop_assert_eq!(play.street.broker.sources.len(), 0);
    }
}
