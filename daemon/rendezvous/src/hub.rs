//! The broker among real sockets: one lock around it, a bounded queue to each socket, one to the database.
//!
//! A lock and not a task of its own: the broker takes microseconds and never waits, so a message goes from the reader
//! of one socket into the queue of the other without waking anybody in between, and in the order it was read.

use crate::{
    broker::{Broker, CloseReason, Counts, Effect, Input, Key, Kind, Rules, SocketId},
    outbox::{self, Inbox, Next, Outbox},
    places::{Places, Reservation},
    source::Source,
};
use protocol::signal::{FromServer, Refusal, RefusalCode, ToServer};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime},
};
use tokio::sync::mpsc;

/// Questions that wait for the database. A claim that finds it full is refused, and tried again by the device.
const QUESTIONS: usize = 256;
/// Messages that wait for the device in this process.
const LOCAL_MESSAGES: usize = 1024;

/// A question for the database.
pub(crate) enum Question {
    Reserve { socket: SocketId, place: String, key: Key, may_create: bool },
    Touch(Vec<(String, Key)>),
}

/// All sockets and the broker between them.
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    limits: (usize, usize),
}

struct Inner {
    broker: Broker,
    outboxes: HashMap<SocketId, Outbox>,
    /// `None` once the server stops.
    database: Option<mpsc::Sender<Question>>,
}

/// One open socket. Dropping it tells the broker.
pub(crate) struct Connection {
    hub: Arc<Hub>,
    id: SocketId,
    inbox: Inbox,
}

/// The questions that [`answer`] takes.
pub(crate) type Questions = mpsc::Receiver<Question>;

impl Hub {
    pub(crate) fn new(rules: Rules, seed: [u8; 32]) -> (Arc<Self>, Questions) {
        let (database, questions) = mpsc::channel(QUESTIONS);
        let limits = (rules.limits.outbox_messages, rules.limits.outbox_bytes);
        let broker = Broker::new(rules, seed, Instant::now());
        let inner = Inner { broker, outboxes: HashMap::new(), database: Some(database) };
        (Arc::new(Self { inner: Mutex::new(inner), limits }), questions)
    }

    /// Opens a socket for a stranger; or says what to tell it instead.
    pub(crate) fn connect(self: &Arc<Self>, source: Source, kind: Kind) -> Result<Connection, Refusal> {
        let (outbox, inbox) = outbox::outbox(self.limits.0, self.limits.1);
        let id = self.lock().open(source, kind, outbox)?;
        Ok(Connection { hub: Arc::clone(self), id, inbox })
    }

    /// Opens a socket for the device in this process.
    pub(crate) fn connect_local(&self) -> (Option<SocketId>, mpsc::Receiver<FromServer>) {
        let (outbox, receiver) = outbox::local_outbox(LOCAL_MESSAGES);
        (self.lock().open(Source::Local, Kind::Duplex, outbox).ok(), receiver)
    }

    /// Something happened on a socket.
    pub(crate) fn dispatch(&self, from: SocketId, input: Input) {
        let now = Instant::now();
        let mut inner = self.lock();
        if let Input::Closed = input {
            inner.outboxes.remove(&from);
        }
        let effects = inner.broker.handle(now, from, input);
        inner.perform(now, effects);
    }

    /// The event stream with this secret.
    pub(crate) fn stream(&self, secret: &[u8]) -> Option<SocketId> {
        self.lock().broker.stream(secret)
    }

    pub(crate) fn tick(&self) {
        let now = Instant::now();
        let mut inner = self.lock();
        let effects = inner.broker.tick(now);
        inner.perform(now, effects);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().broker.counts()
    }

    /// Closes every socket, takes no other, and lets the database's task end.
    pub(crate) fn stop(&self) {
        let now = Instant::now();
        let mut inner = self.lock();
        inner.database = None;
        let effects = inner.broker.close_all(now, CloseReason::Stopping);
        inner.perform(now, effects);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock is a bug; the others are still served.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn open(&mut self, source: Source, kind: Kind, outbox: Outbox) -> Result<SocketId, Refusal> {
        let now = Instant::now();
        if self.database.is_none() {
            return Err(stopping());
        }
        let (id, effects) = self.broker.open(now, source, kind)?;
        self.outboxes.insert(id, outbox);
        self.perform(now, effects);
        Ok(id)
    }

    /// Performs effects, and those that follow from them, in order.
    fn perform(&mut self, now: Instant, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Send(to, message) => {
                    if self.outboxes.get(&to).is_some_and(|outbox| outbox.push(message).is_err()) {
                        log::info!("a socket is closed: it does not read what it is sent");
                        effects.extend(self.broker.close(now, to, CloseReason::Slow));
                    }
                }
                Effect::Close(socket, reason) => {
                    if let Some(outbox) = self.outboxes.remove(&socket) {
                        outbox.close(reason);
                    }
                }
                Effect::Reserve { socket, place, key, may_create } => {
                    let question = Question::Reserve { socket, place: place.clone(), key, may_create };
                    if !self.ask(question) {
                        let failed = Input::Reserved { place, outcome: Reservation::Failed };
                        effects.extend(self.broker.handle(now, socket, failed));
                    }
                }
                // Lost when the database is that busy; the next time will do.
                Effect::Touch(places) => drop(self.ask(Question::Touch(places))),
            }
        }
    }

    fn ask(&self, question: Question) -> bool {
        self.database.as_ref().is_some_and(|database| database.try_send(question).is_ok())
    }
}

impl Connection {
    /// What to send next.
    pub(crate) async fn next(&mut self) -> Next {
        self.inbox.next().await
    }

    /// The socket said this.
    pub(crate) fn said(&self, text: &str) {
        self.hub.said(self.id, text);
    }

    /// The socket said something that is no text, or too long.
    pub(crate) fn said_unreadable(&self, code: RefusalCode, size: usize) {
        self.hub.dispatch(self.id, Input::Unreadable(code, size));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.hub.dispatch(self.id, Input::Closed);
    }
}

impl Hub {
    /// A socket said this. `false`: it was no message.
    pub(crate) fn said(&self, from: SocketId, text: &str) -> bool {
        match crate::incoming::parse(text) {
            Ok(message) => {
                self.dispatch(from, Input::Message(message, text.len()));
                true
            }
            Err(code) => {
                self.dispatch(from, Input::Unreadable(code, text.len()));
                false
            }
        }
    }

    /// The device in this process said this.
    pub(crate) fn said_locally(&self, from: SocketId, message: ToServer) {
        self.dispatch(from, Input::Message(message, 0));
    }
}

/// Answers the questions for the database until the hub has stopped. Waits for the disk: a thread of its own.
pub(crate) fn answer(hub: &Hub, places: &Places, mut questions: Questions) {
    while let Some(question) = questions.blocking_recv() {
        match question {
            Question::Reserve { socket, place, key, may_create } => {
                let outcome = places.reserve(&place, &key, may_create, SystemTime::now());
                hub.dispatch(socket, Input::Reserved { place, outcome });
            }
            Question::Touch(in_use) => places.touch(&in_use, SystemTime::now()),
        }
    }
}

fn stopping() -> Refusal {
    Refusal {
        code: RefusalCode::Unavailable,
        message: "The server stops; connect again in a moment.".to_owned(),
        retry_after: Some(1),
    }
}
