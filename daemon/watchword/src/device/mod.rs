//! The device: holds its words, answers their viewers, and comes back to its rendezvous by itself.
//!
//! One task owns all state ([`Device`]); what it hears comes through four doors: the link to the rendezvous, orders
//! of the owner, sessions that ended, and the clock.

mod about;
mod budget;
mod claims;
mod complaints;
mod doors;
mod orders;
mod session;

pub(crate) use about::About;
pub(crate) use doors::{Offerings, Visit};
pub(crate) use orders::{Added, Listed, Orders, Rotation, WordWish, new_word};

use crate::{
    audit::Audit,
    link::LinkEvent,
    state::{Keys, StateDirectory, Words},
};
use anyhow::Result;
use claims::Claims;
use complaints::Complaints;
use doors::Doors;
use orders::{Order, PendingWords};
use protocol::{
    signal::{FromServer, ToServer},
    word::Place,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinHandle, time};
use tokio_util::sync::CancellationToken;

/// How often deadlines are looked at.
const TICK: Duration = Duration::from_secs(1);
/// Orders that may wait; their senders wait beyond.
const ORDERS: usize = 16;

/// What a device needs to begin.
pub(crate) struct Beginning {
    /// Where words are kept.
    pub state: StateDirectory,
    /// Its secret keys.
    pub keys: Arc<Keys>,
    /// Its words.
    pub words: Words,
    /// What every session gets.
    pub offerings: Offerings,
    /// What it tells viewers of itself.
    pub about: About,
    /// Where their acts are recorded.
    pub audit: Audit,
    /// Viewers at once with one word.
    pub per_word: usize,
    /// Viewers at once on this device.
    pub per_device: usize,
    /// Shown with claims where the server asks.
    pub token: Option<String>,
}

/// The device's state. Owned by [`Device::run`].
pub(crate) struct Device {
    state: StateDirectory,
    keys: Arc<Keys>,
    words: Words,
    pending: PendingWords,
    claims: Claims,
    complaints: Complaints,
    doors: Doors,
    orders: mpsc::Receiver<Order>,
    /// Towards the rendezvous, while there is one.
    server: Option<mpsc::Sender<ToServer>>,
    /// Set from the first knock on.
    warming: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Device {
    /// A device and the way to give it orders.
    #[must_use]
    pub(crate) fn new(beginning: Beginning, stop: CancellationToken) -> (Self, Orders) {
        let Beginning { state, keys, words, offerings, about, audit, per_word, per_device, token } =
            beginning;
        let (sender, orders) = mpsc::channel(ORDERS);
        let doors = Doors::new(offerings, about, audit, per_word, per_device, stop.child_token());
        let device = Self {
            state,
            keys,
            words,
            pending: PendingWords::default(),
            claims: Claims::new(token),
            complaints: Complaints::default(),
            doors,
            orders,
            server: None,
            warming: None,
            stop,
        };
        (device, Orders::new(sender))
    }

    /// Serves until it is told to stop; then every session has said its bye and is gone.
    pub(crate) async fn run(mut self, mut link: mpsc::Receiver<LinkEvent>) -> Result<()> {
        let mut tick = time::interval(TICK);
        tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                event = link.recv() => match event {
                    Some(event) => self.on_link(event).await,
                    None if self.stop.is_cancelled() => break,
                    None => anyhow::bail!("the link to the rendezvous ended"),
                },
                Some(order) = self.orders.recv() => self.on_order(order).await,
                Some(made) = self.pending.made() => self.on_made(made).await,
                Some(end) = self.doors.ended() => end.log(),
                _ = tick.tick() => {
                    self.doors.expire(Instant::now());
                    self.doors.expire_words(&self.words);
                    self.retry_claims().await;
                    self.give_up_waiting_words();
                }
            }
        }
        self.doors.close().await;
        match self.warming {
            Some(warming) => Ok(warming.await?),
            None => Ok(()),
        }
    }

    async fn on_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up(server) => self.server = Some(server),
            LinkEvent::Message(message) => self.on_message(message).await,
            LinkEvent::Down { why } => {
                self.complain(&format!("is out of reach: {why}; trying again by itself"));
                self.server = None;
                self.claims.down();
                self.doors.link_lost();
            }
        }
        self.tell_status();
    }

    async fn on_message(&mut self, message: FromServer) {
        match message {
            FromServer::Welcome { v, handle, challenge, stun_port: _, stream: _ } => {
                if v != protocol::VERSION {
                    log::error!(
                        "the rendezvous speaks version {v} of the wire, this device {}: update the older",
                        protocol::VERSION
                    );
                }
                self.claims.up(handle.clone(), challenge.0);
                self.doors.set_handle(handle);
                self.claim_all().await;
            }
            FromServer::Claimed { place } => {
                self.claims.claimed(&place);
                log::info!("registered at the place {place}");
                self.on_claimed(&place);
            }
            FromServer::Lost { place, refusal }
            | FromServer::Refused { place: Some(place), refusal, session: None } => {
                if !self.on_place_refused(&place, &refusal).await {
                    log::error!(
                        "the rendezvous refuses the place {place}: {}",
                        refusal.message.escape_debug()
                    );
                    self.claims.refused(&place, &refusal, Instant::now());
                }
            }
            FromServer::Knock { session, place, viewer, source, ke1, pass } => {
                let pass =
                    pass.and_then(|pass| self.keys.passes.verify(&Place::parse(&place).ok()?, &pass.0));
                let knock = doors::Knock { session, place, viewer, source, ke1: ke1.0, pass };
                let answer = self.doors.knock(knock, &self.words, &self.keys, Instant::now());
                self.send(answer).await;
                self.warm_up();
            }
            FromServer::Prove { session, ke3, sealed } => {
                let answer = {
                    let server = self.server.clone();
                    self.doors.prove(&session, &ke3.0, &sealed.0, &self.words, &self.keys, server)
                };
                if let Some(answer) = answer {
                    self.send(answer).await;
                }
            }
            FromServer::Relay { session, sealed } => {
                if let Some(answer) = self.doors.relay(&session, &sealed.0) {
                    self.send(answer).await;
                }
            }
            FromServer::Left { session } => self.doors.left(&session),
            FromServer::Refused { session: Some(session), refusal, .. } => {
                log::debug!("session {}: {}", session.escape_debug(), refusal.message.escape_debug());
                self.doors.left(&session);
            }
            FromServer::Refused { refusal, .. } => {
                self.complain(&format!("refuses: {}", refusal.message.escape_debug()));
            }
            FromServer::Pong => {}
            FromServer::Absent { .. } | FromServer::Present { .. } | FromServer::Reply { .. } => {
                log::warn!("the rendezvous sent a viewer's message to a device");
            }
        }
    }

    /// What the owner may have to mend, though it is tried again.
    fn complain(&mut self, why: &str) {
        if self.complaints.is_due(why, Instant::now()) {
            log::warn!("the rendezvous {why}");
        } else {
            log::debug!("the rendezvous still {why}");
        }
    }

    /// While the first viewer stretches its word, the encoder is found and loaded, so that its picture need not wait
    /// for that. Not before: a device without viewers stays small.
    fn warm_up(&mut self) {
        self.warming.get_or_insert_with(|| tokio::task::spawn_blocking(media::warm_up));
    }

    async fn claim_all(&mut self) {
        let places: Vec<Place> =
            self.words.iter().map(|entry| entry.place.clone()).chain(self.pending.places()).collect();
        for place in places {
            self.claim(&place).await;
        }
    }

    async fn retry_claims(&mut self) {
        for place in self.claims.due(Instant::now()) {
            self.claim(&place).await;
        }
    }

    async fn claim(&mut self, place: &Place) {
        if let Some(claim) = self.claims.claim(place, &self.keys.identity) {
            self.send(claim).await;
        }
    }

    async fn send(&mut self, message: ToServer) {
        if let Some(server) = &self.server
            && server.send(message).await.is_err()
        {
            self.server = None; // the link says so itself, with its reason
        }
    }

    fn tell_status(&self) {
        let status = match (&self.server, self.words.is_empty()) {
            (None, _) => "the rendezvous is out of reach, trying again".to_owned(),
            (Some(_), true) => {
                format!("no secret word yet: make one with `{}`", self.state.typed("watchword word add"))
            }
            (Some(_), false) => {
                format!("{} of {} places registered", self.claims.held(), self.words.iter().count())
            }
        };
        crate::systemd::status(&status);
    }
}
