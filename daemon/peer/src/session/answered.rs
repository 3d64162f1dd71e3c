//! A session that has been answered: what it holds, and what it tells.

use super::Environment;
use super::connection::{Connection, Reports};
use super::negotiation::Totals;
use super::offer::Offer;
use super::phase::Event;
use crate::control::{Control, Leave, Methods, Rights, Runs};
use crate::room::Member;
use crate::tracks::sender::Sender;
use crate::transfers::Transfers;
use ::media::{Feed, FeedState, Subscription};
use protocol::control::{Bye, MediaState, TrackState};
use std::sync::Arc;
use tokio::sync::{oneshot, watch};
use webrtc::data_channel::DataChannel;
use webrtc::peer_connection::RTCPeerConnectionState;

/// One session that has been answered.
pub(super) struct Answered {
    pub(super) connection: Connection,
    pub(super) reports: Reports,
    pub(super) senders: Vec<(Sender, Subscription)>,
    pub(super) member: Arc<Member>,
    pub(super) transfers: Transfers,
    pub(super) media: watch::Sender<MediaState>,
    pub(super) bye: watch::Sender<Option<Bye>>,
    pub(super) control: Option<oneshot::Receiver<Leave>>,
    pub(super) video: Source,
    pub(super) audio: Source,
    pub(super) refused_channels: u32,
}

/// What a track's state is made of.
pub(super) struct Source {
    feed: Option<watch::Receiver<FeedState>>,
    /// Whether the viewer can take it.
    taken: bool,
}

impl Answered {
    pub(super) fn new(
        environment: &Environment,
        offer: &Offer,
        connection: Connection,
        reports: Reports,
        senders: Vec<(Sender, Subscription)>,
    ) -> Self {
        let source = |feed: &Option<Feed>, taken| Source {
            feed: feed.as_ref().filter(|_| offer.media).map(Feed::state),
            taken,
        };
        let video = source(&environment.video, offer.h264.is_some());
        let audio = source(&environment.audio, offer.audio);
        let media = watch::Sender::new(MediaState { video: video.state(), audio: audio.state() });
        let transfers = Transfers::new(
            environment.files.clone(),
            &environment.caller.label,
            Rights::new(environment.device.clone()),
            connection.wire.clone(),
        );
        Self {
            transfers,
            connection,
            reports,
            senders,
            member: Arc::new(environment.room.enter()),
            media,
            bye: watch::Sender::new(None),
            control: None,
            video,
            audio,
            refused_channels: 0,
        }
    }

    pub(super) fn state(&mut self) -> Option<Event> {
        match *self.reports.state.borrow_and_update() {
            RTCPeerConnectionState::Connected => Some(Event::Up),
            RTCPeerConnectionState::Disconnected => Some(Event::Silence),
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => Some(Event::Down),
            _ => None,
        }
    }

    /// Starts the tracks, once.
    pub(super) fn send_media(&mut self) {
        for (sender, subscription) in self.senders.drain(..) {
            self.connection.wire.spawn_work(sender.run(subscription));
        }
    }

    /// Ends tracks and transfers; what is left is to be said.
    pub(super) fn end_work(&mut self) {
        self.senders.clear();
        self.connection.wire.end_work();
    }

    pub(super) fn serve(
        &mut self,
        channel: Arc<dyn DataChannel>,
        environment: &Environment,
        totals: &Totals,
    ) {
        let (end, ended) = oneshot::channel();
        let control = Control {
            channel,
            methods: Methods {
                device: environment.device.clone(),
                rights: Rights::new(environment.device.clone()),
                member: self.member.clone(),
                runs: Runs::new(environment.commands.clone(), environment.caller.clone()),
                transfers: self.transfers.clone(),
                picture: environment.video.clone(),
                video: totals.video.clone(),
            },
            media: self.media.subscribe(),
            bye: self.bye.subscribe(),
        };
        self.connection.spawn(async move {
            let _ = end.send(control.run().await);
        });
        self.control = Some(ended);
    }

    pub(super) fn tell_media(&self) {
        let now = MediaState { video: self.video.state(), audio: self.audio.state() };
        self.media.send_if_modified(|state| {
            let changed = *state != now;
            *state = now;
            changed
        });
    }
}

impl Source {
    fn state(&self) -> TrackState {
        let Some(feed) = &self.feed else { return TrackState::None };
        if !self.taken {
            return TrackState::NoCodec;
        }
        match &*feed.borrow() {
            FeedState::Closed | FeedState::Opening => TrackState::Starting,
            FeedState::Live(_) => TrackState::Live,
            FeedState::Waiting { message } => TrackState::Waiting { message: message.clone() },
        }
    }

    /// Returns at the next change. A feed that has ended changes no more.
    pub(super) async fn changed(&mut self) {
        if let Some(feed) = &mut self.feed
            && feed.changed().await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_track_says_why_there_is_none() {
        let (states, feed) = watch::channel(FeedState::Opening);
        let mut source = Source { feed: Some(feed), taken: true };
        assert_eq!(source.state(), TrackState::Starting);
        states.send_replace(FeedState::Waiting { message: "Plug it in.".to_owned() });
        assert_eq!(source.state(), TrackState::Waiting { message: "Plug it in.".to_owned() });
        source.taken = false;
        assert_eq!(source.state(), TrackState::NoCodec);
        source.feed = None;
        assert_eq!(source.state(), TrackState::None);
    }
}
