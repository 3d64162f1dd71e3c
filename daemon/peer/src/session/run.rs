//! The course of a session.

use super::answered::Answered;
use super::negotiation::{Negotiation, Subscriptions, Totals, negotiate};
use super::offer::Offer;
use super::phase::{Event, Phase, Reason, START_LIMIT};
use super::signaling::Signaling;
use super::stop::Stop;
use super::{End, Environment};
use crate::control::Leave;
use protocol::control::{Bye, LABEL};
use protocol::sealed::Sealed;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use webrtc::data_channel::DataChannel;
use webrtc::runtime::Runtime;

/// Data channels refused in one session before it ends.
const MAX_REFUSED_CHANNELS: u32 = 8;
/// How long a bye may take to arrive at a viewer that is welcome again: one that misses it finds out by coming back.
const BYE_LIMIT: Duration = Duration::from_millis(500);
/// The same for one that is not, and would come back to be told that its word is wrong. A lost bye is sent again after a
/// second, then after two more (RFC 9260 section 16, `RTO.Min`).
const LAST_BYE_LIMIT: Duration = Duration::from_secs(4);

/// One session before its offer has been answered.
pub(super) struct Session {
    base: Arc<dyn Runtime>,
    environment: Environment,
    signaling: Signaling,
    stop: Stop,
    started: Instant,
    totals: Totals,
    detail: Option<String>,
    connected: Option<Duration>,
}

/// What a session waits for.
enum Happening {
    Stop,
    State,
    Left(Leave),
    Channel(Arc<dyn DataChannel>),
    Heard(Sealed),
    Candidate(String),
    Source,
    Flooded,
    Elapsed,
}

impl Session {
    pub(super) fn new(
        base: Arc<dyn Runtime>,
        environment: Environment,
        inbox: mpsc::Receiver<Sealed>,
        outbox: mpsc::Sender<Sealed>,
        stop: Stop,
    ) -> Self {
        let signaling = Signaling::new(inbox, outbox);
        Self {
            base,
            environment,
            signaling,
            stop,
            started: Instant::now(),
            totals: Totals::default(),
            detail: None,
            connected: None,
        }
    }

    pub(super) async fn run(mut self) -> End {
        let reason = match self.answer().await {
            Ok(answered) => self.follow(answered).await,
            Err(reason) => reason,
        };
        End {
            reason,
            detail: self.detail,
            duration: self.started.elapsed(),
            connected_after: self.connected,
            bytes: self.totals.video.bytes() + self.totals.audio.bytes(),
            frames: self.totals.video.frames(),
            skipped: self.totals.video.skipped(),
        }
    }

    /// From the offer to the answer.
    async fn answer(&mut self) -> Result<Answered, Reason> {
        let stop = self.stop.clone();
        let first = tokio::select! {
            biased;
            () = stop.ended() => return Err(Reason::Stopped),
            first = timeout(START_LIMIT, self.signaling.first()) => first,
        };
        let sdp = match first {
            Ok(Some(Sealed::Offer { sdp })) => sdp,
            Ok(Some(_)) => return Err(self.bad_offer("The first message has to be an offer.")),
            Ok(None) | Err(_) => return Err(Reason::NeverConnected),
        };
        let offer = match Offer::parse(&sdp) {
            Ok(offer) => offer,
            Err(error) => return Err(self.bad_offer(&error.to_string())),
        };
        let subscriptions = Subscriptions::new(&self.environment, &offer);
        let base = self.base.clone();
        let negotiated = negotiate(base, &self.environment, (&offer, sdp), subscriptions, &self.totals).await;
        let Negotiation { connection, reports, answer, senders } = match negotiated {
            Ok(negotiation) => negotiation,
            Err(error) => {
                let sentence = format!("The device cannot answer this offer: {error}.");
                return Err(self.bad_offer(&sentence));
            }
        };
        if !self.signaling.answer(answer).await {
            self.detail = Some("the answer could not be sent".to_owned());
            connection.close().await;
            return Err(Reason::NeverConnected);
        }
        Ok(Answered::new(&self.environment, &offer, connection, reports, senders))
    }

    /// Says what is wrong with the offer, to the viewer and for the log.
    fn bad_offer(&mut self, sentence: &str) -> Reason {
        self.signaling.refuse(sentence);
        self.detail = Some(sentence.escape_debug().to_string());
        Reason::BadOffer
    }

    /// From the answer to the end.
    async fn follow(&mut self, mut answered: Answered) -> Reason {
        let mut phase = Phase::Connecting;
        let mut since = self.started;
        let reason = loop {
            if let Phase::Ended(reason) = phase {
                break reason;
            }
            let event = self.event(&mut answered, phase.limit().map(|limit| since + limit)).await;
            let Some(event) = event else { continue };
            let next = phase.after(event);
            log::trace!("{phase:?}, {event:?} -> {next:?}");
            if next != phase {
                self.enter(next, &mut answered);
            }
            // The limit of the start is one for all of it.
            if next != phase && next != Phase::Connected {
                since = Instant::now();
            }
            phase = next;
        };
        self.finish(answered, reason).await;
        reason
    }

    fn enter(&mut self, phase: Phase, answered: &mut Answered) {
        match phase {
            Phase::Connected => {
                self.connected.get_or_insert_with(|| self.started.elapsed());
                answered.send_media();
            }
            Phase::Live => {
                self.connected.get_or_insert_with(|| self.started.elapsed());
                answered.send_media();
                answered.connection.wire.settle();
            }
            Phase::Connecting | Phase::Silent { .. } | Phase::Ended(_) => {}
        }
    }

    /// Waits for the next thing to happen and deals with it; `None` if it does not concern the phase.
    async fn event(&mut self, answered: &mut Answered, deadline: Option<Instant>) -> Option<Event> {
        match self.happening(answered, deadline).await {
            Happening::Stop => Some(Event::End(Reason::Stopped)),
            Happening::State => answered.state(),
            Happening::Left(leave) => {
                // It has said what there was to say.
                answered.control = None;
                Some(self.left(leave))
            }
            Happening::Channel(channel) => self.channel(channel, answered).await,
            Happening::Heard(message) => {
                self.signaling.heard(message, &*answered.connection.peer).await;
                None
            }
            Happening::Candidate(candidate) => {
                self.signaling.tell(candidate);
                None
            }
            Happening::Source => {
                answered.tell_media();
                None
            }
            Happening::Flooded => Some(self.misbehaved("Too much came in a transfer that had ended.")),
            Happening::Elapsed => Some(Event::Elapsed),
        }
    }

    async fn happening(&mut self, answered: &mut Answered, deadline: Option<Instant>) -> Happening {
        let Answered { reports, control, video, audio, transfers, bye, .. } = answered;
        // Then the stop was heard.
        let stopping = bye.borrow().is_some();
        tokio::select! {
            biased;
            () = self.stop.ended(), if !stopping => Happening::Stop,
            Ok(()) = reports.state.changed() => Happening::State,
            leave = left(control) => Happening::Left(leave),
            Some(channel) = reports.channels.recv() => Happening::Channel(channel),
            message = self.signaling.next() => Happening::Heard(message),
            Some(candidate) = reports.candidates.recv() => Happening::Candidate(candidate),
            () = video.changed() => Happening::Source,
            () = audio.changed() => Happening::Source,
            () = transfers.flooded() => Happening::Flooded,
            () = until(deadline) => Happening::Elapsed,
        }
    }

    fn left(&mut self, leave: Leave) -> Event {
        match leave {
            Leave::Closed => Event::ControlClosed,
            Leave::Bye => Event::End(Reason::Left),
            Leave::Said => Event::End(Reason::Stopped),
            Leave::Misbehaved(sentence) => self.misbehaved(sentence),
        }
    }

    fn misbehaved(&mut self, sentence: &str) -> Event {
        self.detail = Some(sentence.to_owned());
        Event::End(Reason::Misbehaved)
    }

    /// A data channel of the viewer's: the first one with the right name is the control channel, others are those of
    /// transfers that are awaited, or are closed.
    async fn channel(&mut self, channel: Arc<dyn DataChannel>, answered: &mut Answered) -> Option<Event> {
        let label = if is_plain(&*channel).await { channel.label().await.ok() } else { None };
        match label {
            Some(label) if label == LABEL && answered.control.is_none() => {
                answered.serve(channel, &self.environment, &self.totals);
                return Some(Event::ControlOpen);
            }
            Some(label) if answered.transfers.accept(&label, channel.clone()) => return None,
            _ => {}
        }
        let _ = channel.close().await;
        answered.refused_channels += 1;
        (answered.refused_channels > MAX_REFUSED_CHANNELS)
            .then(|| self.misbehaved("Too many data channels were opened."))
    }

    /// What the viewer is told of an end that is not its own.
    fn bye(&self, reason: Reason) -> Option<Bye> {
        match reason {
            Reason::Stopped => Some(self.stop.bye()),
            Reason::Misbehaved => self.detail.clone().map(|reason| Bye { reason, again: false }),
            Reason::Left | Reason::Lost | Reason::NeverConnected | Reason::BadOffer | Reason::Failed => None,
        }
    }

    async fn finish(&mut self, mut answered: Answered, reason: Reason) {
        answered.end_work();
        if let Some(bye) = self.bye(reason) {
            let limit = if bye.again { BYE_LIMIT } else { LAST_BYE_LIMIT };
            answered.bye.send_replace(Some(bye));
            let _ = timeout(limit, self.said(&mut answered, reason)).await;
        }
        let (repeated, dropped) = answered.connection.wire.counters();
        log::debug!("wire: {repeated} handshake flights repeated, {dropped} datagrams lost to full queues");
        answered.connection.close().await;
    }

    /// Returns when the control channel has said its bye. A viewer that was about to open it is waited for.
    async fn said(&mut self, answered: &mut Answered, reason: Reason) {
        while answered.control.is_none() && reason == Reason::Stopped {
            if let Some(Event::Down | Event::End(_)) = self.event(answered, None).await {
                return;
            }
        }
        if answered.control.is_some() {
            left(&mut answered.control).await;
        }
    }
}

/// Ordered, and without a protocol: what is told at its opening is kept for as long as the connection. Whether it is
/// reliable as well the crate does not tell of a channel that the viewer opened; who loses bytes on one that is not has
/// them missed by the hash of the file.
async fn is_plain(channel: &dyn DataChannel) -> bool {
    matches!(channel.protocol().await.as_deref(), Ok("")) && matches!(channel.ordered().await, Ok(true))
}

async fn left(control: &mut Option<oneshot::Receiver<Leave>>) -> Leave {
    match control {
        // Its task ends with the connection.
        Some(control) => control.await.unwrap_or(Leave::Closed),
        None => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
