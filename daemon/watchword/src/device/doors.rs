//! Viewers at the door: knock, proof, and the way of sealed messages to their session.

use super::{
    about::About,
    budget::{Budget, Guess, Outcome, Visitor},
    session::{self, Ended},
};
use crate::{
    audit::{Audit, Line},
    state::{Entry, Keys, Words, now as wall_clock},
};
use media::Feed;
use peer::{
    Environment, Files, Network, Room, Stop,
    commands::{Caller, Commands},
};
use protocol::{
    proof::DeviceLogin,
    seal::{self, Context, Opener, Role},
    sealed::Sealed,
    signal::{Handle, Refusal, RefusalCode, SessionId, ToServer},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// A viewer must prove its word within this time: a slow phone needs seconds to stretch it.
const PROOF_TIME: Duration = Duration::from_secs(30);
/// Proofs under way at once; more are asked to come later.
const PROOFS: usize = 64;
/// Sealed messages that may wait for a session. A viewer sends a dozen (its candidates); one that sends more faster
/// than its session reads is cut off.
const INBOX: usize = 64;

/// A knock as the rendezvous tells it.
pub(super) struct Knock {
    pub(super) session: SessionId,
    pub(super) place: String,
    pub(super) viewer: Handle,
    pub(super) source: String,
    pub(super) ke1: Vec<u8>,
    pub(super) pass: Option<[u8; 16]>,
}

/// What the device has for its viewers.
#[derive(Clone)]
pub(crate) struct Offerings {
    /// The picture.
    pub video: Option<Feed>,
    /// The sound.
    pub audio: Option<Feed>,
    /// The chat.
    pub room: Room,
    /// The owner's commands.
    pub commands: Commands,
    /// The folders.
    pub files: Files,
    /// Where sessions listen.
    pub network: Network,
}

impl Offerings {
    fn environment(&self, device: Arc<dyn peer::Device>, caller: Caller) -> Environment {
        let Self { video, audio, room, commands, files, network } = self.clone();
        Environment { video, audio, room, commands, caller, files, device, network }
    }
}

/// All doors of the device, and the sessions behind them.
pub(super) struct Doors {
    handle: Handle,
    budgets: HashMap<String, Budget>,
    doors: HashMap<SessionId, Door>,
    running: HashMap<SessionId, Running>,
    sessions: JoinSet<Ended>,
    offerings: Offerings,
    about: About,
    audit: Audit,
    per_word: usize,
    per_device: usize,
    stop: CancellationToken,
}

/// How far a viewer has come.
enum Door {
    /// KE2 has left.
    Answered { login: Box<DeviceLogin>, guess: Guess, context: Context, source: String, since: Instant },
    /// The word is proven; sealed messages go to the session.
    Open { opener: Box<Opener>, inbox: mpsc::Sender<Sealed> },
}

/// A session that runs: it may outlive its door, since it no longer needs the rendezvous once it is connected.
struct Running {
    place: String,
    source: String,
    since: u64,
    task: tokio::task::Id,
    stop: Stop,
}

impl Running {
    /// As the owner sees it.
    fn visit(&self, session: &str, words: &Words) -> Visit {
        let label = words.at(&self.place).map_or_else(String::new, |entry| entry.label.clone());
        Visit { session: short(session), label, source: self.source.clone(), since: self.since }
    }
}

/// A session as the owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// First characters of its name; enough to end it by.
    pub session: String,
    /// Label of its word.
    pub label: String,
    /// Address or prefix of the viewer, as the rendezvous told it.
    pub source: String,
    /// When it began, seconds since the epoch.
    pub since: u64,
}

impl Doors {
    pub(super) fn new(
        offerings: Offerings,
        about: About,
        audit: Audit,
        per_word: usize,
        per_device: usize,
        stop: CancellationToken,
    ) -> Self {
        Self {
            handle: Handle::new(),
            budgets: HashMap::new(),
            doors: HashMap::new(),
            running: HashMap::new(),
            sessions: JoinSet::new(),
            offerings,
            about,
            audit,
            per_word,
            per_device,
            stop,
        }
    }

    /// The rendezvous named this socket.
    pub(super) fn set_handle(&mut self, handle: Handle) {
        self.handle = handle;
    }

    /// Answers a knock: KE2, or why not.
    pub(super) fn knock(&mut self, knock: Knock, words: &Words, keys: &Keys, now: Instant) -> ToServer {
        let session = knock.session.clone();
        match self.try_knock(knock, words, keys, now) {
            Ok(ke2) => ToServer::Reply { session, ke2: ke2.into() },
            Err(refusal) => ToServer::Refuse { session, refusal },
        }
    }

    fn try_knock(
        &mut self,
        knock: Knock,
        words: &Words,
        keys: &Keys,
        now: Instant,
    ) -> Result<Vec<u8>, Refusal> {
        let Some(entry) = words.at(&knock.place) else {
            return Err(refusal(RefusalCode::Unavailable, "no device answers to this word", None));
        };
        if entry.terms.ended(wall_clock()) {
            return Err(refusal(
                RefusalCode::Unavailable,
                "this word has ended: ask its owner for another",
                None,
            ));
        }
        self.check_room(entry)?;
        let visitor = match knock.pass {
            Some(pass) => Visitor::Known { pass },
            None => Visitor::Stranger { socket: knock.viewer.clone(), source: knock.source.clone() },
        };
        let budget = self.budgets.entry(knock.place.clone()).or_default();
        let guess = budget.ask(visitor, now).map_err(|wait| {
            log::info!(
                "a viewer from {} must wait {wait:.0?} before it may try a word",
                knock.source.escape_debug()
            );
            let seconds = u32::try_from(wait.as_secs_f64().ceil() as u64).unwrap_or(u32::MAX);
            refusal(
                RefusalCode::TryLater,
                "too many wrong words: wait a little before the next try",
                Some(seconds),
            )
        })?;
        match DeviceLogin::start(&keys.setup, Some(&entry.record), &entry.place, &knock.ke1) {
            Ok((login, ke2)) => {
                let context = Context {
                    place: knock.place,
                    viewer: knock.viewer,
                    device: self.handle.clone(),
                    session: knock.session.clone(),
                };
                let door = Door::Answered {
                    login: Box::new(login),
                    guess,
                    context,
                    source: knock.source,
                    since: now,
                };
                self.doors.insert(knock.session, door);
                Ok(ke2)
            }
            Err(error) => {
                budget.settle(guess, Outcome::Wrong, now);
                log::info!("a knock from {} is no proof: {error}", knock.source.escape_debug());
                Err(refusal(RefusalCode::ProofFailed, "the first message of the proof cannot be read", None))
            }
        }
    }

    fn check_room(&self, entry: &Entry) -> Result<(), Refusal> {
        let with_this_word = self.viewers(entry.place.as_ref());
        let proofs = self.doors.values().filter(|door| matches!(door, Door::Answered { .. })).count();
        let full = if with_this_word >= entry.terms.viewers.unwrap_or(self.per_word) {
            "as many viewers as this word allows are here: come back when one has left"
        } else if self.running.len() >= self.per_device {
            "as many viewers as this device serves are here: come back when one has left"
        } else if proofs >= PROOFS {
            "too many viewers are at the door: try again in a moment"
        } else {
            return Ok(());
        };
        Err(refusal(RefusalCode::TooManySessions, full, Some(10)))
    }

    /// Checks KE3 and, with it, begins the session. Returns what the viewer must hear if it cannot be.
    pub(super) fn prove(
        &mut self,
        session: &str,
        ke3: &[u8],
        sealed: &[u8],
        words: &Words,
        keys: &Keys,
        server: Option<mpsc::Sender<ToServer>>,
    ) -> Option<ToServer> {
        let Some(Door::Answered { login, guess, context, source, .. }) = self.take_answered(session) else {
            return Some(refuse(session, RefusalCode::WrongRole, "this session expects no proof now"));
        };
        let now = Instant::now();
        let budget = self.budgets.entry(context.place.clone()).or_default();
        let key = match login.finish(ke3) {
            Ok(key) => key,
            Err(error) => {
                budget.settle(guess, Outcome::Wrong, now);
                log::warn!("a viewer from {} could not prove its word: {error}", source.escape_debug());
                return Some(refuse(session, RefusalCode::ProofFailed, "the word could not be proven"));
            }
        };
        budget.settle(guess, Outcome::Right, now);
        let Some(entry) = words.at(&context.place) else {
            return Some(refuse(session, RefusalCode::Unavailable, "this word was removed just now"));
        };
        if let Err(full) = self.check_room(entry) {
            return Some(ToServer::Refuse { session: session.to_owned(), refusal: full });
        }
        let (sealer, mut opener) = seal::channel(&key, &context, Role::Device);
        let offer = match opener.open_message(sealed) {
            Ok(offer) => offer,
            Err(error) => {
                log::warn!("the offer of a viewer from {} cannot be opened: {error}", source.escape_debug());
                return Some(refuse(
                    session,
                    RefusalCode::ProofFailed,
                    "a sealed message was altered on its way",
                ));
            }
        };
        log::info!(
            "session {} begins: place {}, from {}",
            short(session),
            context.place,
            source.escape_debug()
        );
        let (inbox, messages) = mpsc::channel(INBOX);
        if inbox.try_send(offer).is_err() {
            return Some(refuse(session, RefusalCode::Unavailable, "the session could not begin"));
        }
        let stop = Stop::new(self.stop.child_token());
        let caller = Caller { label: entry.label.clone(), session: short(session) };
        let device = self.about.for_session(entry, session, keys, &self.audit);
        let environment = self.offerings.environment(device, caller);
        let task = session::run(session.to_owned(), environment, messages, sealer, server, stop.clone());
        let task = self.sessions.spawn(task).id();
        let running = Running { place: context.place, source, since: wall_clock(), task, stop };
        self.running.insert(session.to_owned(), running);
        self.about.set_viewers(self.running.len());
        self.doors.insert(session.to_owned(), Door::Open { opener: Box::new(opener), inbox });
        None
    }

    fn take_answered(&mut self, session: &str) -> Option<Door> {
        match self.doors.get(session) {
            Some(Door::Answered { .. }) => self.doors.remove(session),
            Some(Door::Open { .. }) | None => None,
        }
    }

    /// Hands the next sealed message to its session. A message that does not open ends the session: somebody between
    /// the two ends altered, dropped, repeated or reordered what they said.
    pub(super) fn relay(&mut self, session: &str, sealed: &[u8]) -> Option<ToServer> {
        let Some(Door::Open { opener, inbox }) = self.doors.get_mut(session) else {
            return Some(refuse(session, RefusalCode::NoSession, "there is no such session"));
        };
        let problem = match opener.open_message(sealed) {
            Ok(message) => match inbox.try_send(message) {
                Ok(()) => return None,
                Err(mpsc::error::TrySendError::Closed(_)) => {
                    self.doors.remove(session);
                    return None;
                }
                Err(mpsc::error::TrySendError::Full(_)) => "too many messages at once".to_owned(),
            },
            Err(error) => error.to_string(),
        };
        log::warn!("session {} ends: {problem}", short(session));
        self.doors.remove(session);
        self.running
            .get(session)
            .inspect(|running| running.stop.end("A message was altered on its way to the device.", true));
        Some(refuse(
            session,
            RefusalCode::ProofFailed,
            "a sealed message could not be opened: the session ends",
        ))
    }

    /// The viewer (or its socket) left the rendezvous. A guess that was not proven was a wrong one; a session goes on.
    pub(super) fn left(&mut self, session: &str) {
        if let Some(Door::Answered { guess, context, source, .. }) = self.doors.remove(session) {
            self.wrong(guess, &context.place, &source);
        }
    }

    /// The link is gone: proofs under way cannot end; sessions go on without it. The guesses stay charged: a server
    /// that knocks itself and then hangs up would else guess for nothing.
    pub(super) fn link_lost(&mut self) {
        self.doors.clear();
    }

    /// Ends proofs that took too long.
    pub(super) fn expire(&mut self, now: Instant) {
        let late = |door: &Door| matches!(door, Door::Answered { since, .. } if now.duration_since(*since) > PROOF_TIME);
        let late: Vec<SessionId> =
            self.doors.iter().filter(|(_, door)| late(door)).map(|(session, _)| session.clone()).collect();
        for session in late {
            self.left(&session);
        }
    }

    fn wrong(&mut self, guess: Guess, place: &str, source: &str) {
        let now = Instant::now();
        let budget = self.budgets.entry(place.to_owned()).or_default();
        budget.settle(guess, Outcome::Wrong, now);
        let count = budget.charged(now);
        log::warn!("wrong word at the place {place} from {} ({count} counted now)", source.escape_debug());
        let line = Line {
            word: place,
            session: "",
            what: "wrong-word",
            on: source,
            refused: None,
            count: Some(count),
        };
        self.audit.tell(&line);
    }

    /// A word is gone, or another is in its place: so are its viewers, and what was counted of it.
    pub(super) fn clear_place(&mut self, place: &str, reason: &str) {
        self.budgets.remove(place);
        self.end_place(place, reason);
    }

    /// Ends the sessions of words that have ended.
    pub(super) fn expire_words(&self, words: &Words) {
        let now = wall_clock();
        for entry in words.iter().filter(|entry| entry.terms.ended(now)) {
            self.end_place(entry.place.as_ref(), "The time of this word is over.");
        }
    }

    fn end_place(&self, place: &str, reason: &str) {
        let of_place = self.running.values().filter(|running| running.place == place);
        of_place.for_each(|running| running.stop.end(reason, false));
    }

    /// Every session, the oldest first.
    pub(super) fn visits(&self, words: &Words) -> Vec<Visit> {
        let visits = self.running.iter().map(|(session, running)| running.visit(session, words));
        let mut visits: Vec<Visit> = visits.collect();
        visits.sort_by(|a, b| (a.since, &a.session).cmp(&(b.since, &b.session)));
        visits
    }

    /// Ends the session whose name begins so; which that is, if there is one.
    pub(super) fn end(&self, begins: &str, words: &Words) -> Option<Visit> {
        let mut all = self.running.iter();
        let (session, running) =
            all.find(|(session, _)| !begins.is_empty() && session.starts_with(begins))?;
        running.stop.end("The owner of the device ended this session.", false);
        Some(running.visit(session, words))
    }

    /// Sessions now with this word.
    pub(super) fn viewers(&self, place: &str) -> usize {
        self.running.values().filter(|running| running.place == place).count()
    }

    /// The next session that ended; `None` while there is none.
    pub(super) async fn ended(&mut self) -> Option<Ended> {
        let ended = match self.sessions.join_next().await? {
            Ok(ended) => {
                self.running.remove(&ended.session);
                self.doors.remove(&ended.session);
                Some(ended)
            }
            Err(error) => {
                log::error!("a session's task failed: {error}");
                self.running.retain(|_, running| running.task != error.id());
                None
            }
        };
        self.about.set_viewers(self.running.len());
        ended
    }

    /// Every session says bye and ends.
    pub(super) async fn close(&mut self) {
        self.stop.cancel();
        while !self.sessions.is_empty() {
            if let Some(ended) = self.ended().await {
                ended.log();
            }
        }
    }
}

/// The first characters of a session id: enough to tell sessions apart in a log.
pub(super) fn short(session: &str) -> String {
    session.chars().take(6).collect::<String>().escape_debug().to_string()
}

fn refusal(code: RefusalCode, message: &str, retry_after: Option<u32>) -> Refusal {
    Refusal { code, message: message.to_owned(), retry_after }
}

fn refuse(session: &str, code: RefusalCode, message: &str) -> ToServer {
    ToServer::Refuse { session: session.to_owned(), refusal: refusal(code, message, None) }
}
