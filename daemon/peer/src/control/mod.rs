//! The control channel of a session: JSON-RPC 2.0, both ways.

mod files;
mod later;
mod limits;
mod methods;
mod rights;
mod runs;
mod slash;

pub(crate) use methods::Methods;
pub(crate) use rights::Rights;
pub(crate) use runs::Runs;

use crate::room::News;
use later::{Finished, Pending};
use limits::{Calls, Outbox, Pass};
use methods::{Effect, Outcome};
use protocol::control::rpc::{self, Incoming};
use protocol::control::{Bye, Call, CommandExit, MediaState, code, method};
use protocol::grant::Right;
use runs::Heard;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};
use webrtc::data_channel::{DataChannel, DataChannelEvent, RTCDataChannelMessage};
use webrtc::error::Error;

/// Between two `device.stats`.
const STATISTICS: Duration = Duration::from_secs(1);
/// Between two tries to send what the channel did not take.
const AGAIN: Duration = Duration::from_millis(20);
/// How long a viewer that broke a rule may take to hear which.
const REFUSAL: Duration = Duration::from_secs(1);

/// How a control channel ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// It was closed by the viewer, or with the connection.
    Closed,
    /// The viewer said bye.
    Bye,
    /// We said bye.
    Said,
    /// The viewer broke a rule; this sentence was sent to it.
    Misbehaved(&'static str),
}

/// One control channel.
pub(crate) struct Control {
    pub(crate) channel: Arc<dyn DataChannel>,
    pub(crate) methods: Methods,
    /// Sent to the viewer now and at every change.
    pub(crate) media: watch::Receiver<MediaState>,
    /// Once there is one, it is said, and the channel ends when it has arrived.
    pub(crate) bye: watch::Receiver<Option<Bye>>,
}

/// What the loop of a control channel holds.
struct State {
    calls: Calls,
    outbox: Outbox,
    statistics: Option<Interval>,
    pending: Pending,
}

enum Step {
    Heard(Option<DataChannelEvent>),
    Room(News),
    Run(Heard, Option<(String, CommandExit)>),
    Finished(Finished),
    Media,
    Statistics,
    Bye,
    Again,
}

impl Control {
    /// Serves the channel until it ends.
    pub(crate) async fn run(mut self) -> Leave {
        let mut state = State::new(Instant::now());
        self.media.mark_changed();
        loop {
            let bye = self.bye.borrow().clone();
            if let Some(bye) = bye {
                state.outbox.push(rpc::notification(method::SESSION_BYE, &bye), Instant::now());
                self.farewell(&mut state.outbox).await;
                return Leave::Said;
            }
            if self.flush(&mut state.outbox).await.is_err() {
                return Leave::Closed;
            }
            if state.outbox.stuck(Instant::now()) {
                return self.refuse("The messages of the device were not read.").await;
            }
            let step = self.step(&mut state).await;
            let leave = match step {
                Step::Heard(event) => match event {
                    Some(DataChannelEvent::OnMessage(message)) => self.heard(&message, &mut state).await,
                    Some(DataChannelEvent::OnClose | DataChannelEvent::OnClosing) | None => {
                        Some(Leave::Closed)
                    }
                    Some(_) => None,
                },
                Step::Room(News::Message(message)) if self.methods.rights.allow(Right::Chat) => {
                    state.notify(method::CHAT_MESSAGE, &message)
                }
                Step::Room(News::Message(_)) => None,
                Step::Room(News::Changed(changed)) => state.notify(method::ROOM_CHANGED, &changed),
                Step::Run(heard, end) => self.told(&heard, end, &mut state),
                Step::Finished(finished) => self.finished(finished, &mut state),
                Step::Media => {
                    let media = self.media.borrow_and_update().clone();
                    state.notify(method::MEDIA_STATE, &media)
                }
                Step::Statistics => state.notify(method::DEVICE_STATS, &self.methods.stats()),
                Step::Bye | Step::Again => None,
            };
            if let Some(leave) = leave {
                return leave;
            }
        }
    }

    async fn step(&mut self, state: &mut State) -> Step {
        let waiting = !state.outbox.is_empty();
        tokio::select! {
            biased;
            changed = self.bye.changed() => match changed {
                Ok(()) => Step::Bye,
                // The session is gone, and its connection with it.
                Err(_) => Step::Heard(None),
            },
            Ok(()) = self.media.changed() => Step::Media,
            // Before what comes next is heard, all that came of the last is told: who writes fast hears all of it. While
            // something waits to be read, the room waits as well, and what is too much of it is lost, not the session.
            news = self.methods.member.next(), if !waiting => Step::Room(news),
            event = self.channel.poll() => Step::Heard(event),
            // Commands wait too.
            (heard, end) = self.methods.runs.next(), if !waiting => Step::Run(heard, end),
            finished = state.pending.next() => Step::Finished(finished),
            () = tick(state.statistics.as_mut()) => Step::Statistics,
            () = sleep(AGAIN), if waiting => Step::Again,
        }
    }

    fn told(&self, heard: &Heard, end: Option<(String, CommandExit)>, state: &mut State) -> Option<Leave> {
        if let Some((name, exit)) = end {
            let how = serde_json::to_string(&exit).unwrap_or_default();
            self.methods.rights.record(method::COMMAND_EXITED, &format!("{name} {how}"), Ok(()));
        }
        let message = match heard {
            Heard::Event(event) => runs::told(event),
            Heard::Line(text) => {
                rpc::notification(method::CHAT_MESSAGE, &self.methods.reply(text.trim_end().to_owned()))
            }
        };
        state.outbox.push(message, Instant::now());
        None
    }

    fn finished(&self, finished: Finished, state: &mut State) -> Option<Leave> {
        match finished {
            Finished::Call { id, name, on, result } => {
                self.methods.rights.record(&name, &on, result.as_ref().map(|_| ()));
                if let Some(id) = id {
                    state.outbox.push(rpc::answer(Some(id), result), Instant::now());
                }
                None
            }
            Finished::Line(text) => state.notify(method::CHAT_MESSAGE, &self.methods.reply(text)),
        }
    }

    async fn heard(&self, message: &RTCDataChannelMessage, state: &mut State) -> Option<Leave> {
        let now = Instant::now();
        let pass = state.calls.pass(now);
        if pass == Pass::Enough {
            return Some(self.refuse("Far too many messages came.").await);
        }
        let call = match rpc::read(&message.data, message.is_string) {
            Incoming::Call(call) => call,
            Incoming::Answer => return None,
            Incoming::Bad(id, error) => {
                state.outbox.push(rpc::answer(id, Err(error)), now);
                return None;
            }
        };
        let (id, about) =
            (call.id.clone(), (call.method.clone(), rights::object(&call.method, &call.params)));
        let (result, effect) = match self.outcome(call, &pass, state) {
            Outcome::Now(result, effect) => (result, effect),
            Outcome::Later(answer) => {
                state.pending.call((id, about.0, about.1), answer);
                return None;
            }
        };
        if let Some(id) = id {
            state.outbox.push(rpc::answer(Some(id), result), now);
        }
        match effect {
            Effect::Nothing => None,
            Effect::Statistics(on) => {
                state.statistics = on.then(each_second);
                None
            }
            Effect::Reply(message) => state.notify(method::CHAT_MESSAGE, &message),
            Effect::ReplyLater(text) => {
                state.pending.line(text);
                None
            }
            Effect::Bye => Some(Leave::Bye),
        }
    }

    fn outcome(&self, call: Call, pass: &Pass, state: &State) -> Outcome {
        let refused = |sentence| Outcome::Now(Err(rpc::error(code::TOO_FAST, sentence)), Effect::Nothing);
        match pass {
            Pass::TooFast | Pass::Enough => refused("Too many messages; wait a second."),
            Pass::Yes if state.pending.is_full() => {
                refused("Too many calls at once; wait for their answers.")
            }
            Pass::Yes => self.methods.run(call),
        }
    }

    /// Hands the channel what it takes. An error means that the channel is gone.
    async fn flush(&self, outbox: &mut Outbox) -> Result<(), Error> {
        while let Some(message) = outbox.first() {
            match self.channel.try_send_text(message).await {
                Ok(()) => outbox.sent(Instant::now()),
                Err(Error::ErrSendBufferFull) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Tells the viewer which rule it broke, as far as it still listens.
    async fn refuse(&self, sentence: &'static str) -> Leave {
        let mut outbox = Outbox::new(Instant::now());
        let bye = Bye { reason: sentence.to_owned(), again: false };
        outbox.push(rpc::notification(method::SESSION_BYE, &bye), Instant::now());
        let _ = tokio::time::timeout(REFUSAL, self.farewell(&mut outbox)).await;
        Leave::Misbehaved(sentence)
    }

    /// Waits until what was said has arrived, or the channel is gone.
    async fn farewell(&self, outbox: &mut Outbox) {
        while self.flush(outbox).await.is_ok()
            && !(outbox.is_empty() && self.channel.outstanding_bytes().await.unwrap_or(0) == 0)
        {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            calls: Calls::new(now),
            outbox: Outbox::new(now),
            statistics: None,
            pending: Pending::default(),
        }
    }

    fn notify<T: serde::Serialize>(&mut self, method: &str, params: &T) -> Option<Leave> {
        self.outbox.push(rpc::notification(method, params), Instant::now());
        None
    }
}

fn each_second() -> Interval {
    let mut interval = interval(STATISTICS);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

async fn tick(interval: Option<&mut Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}
