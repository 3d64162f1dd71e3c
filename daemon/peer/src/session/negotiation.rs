//! From an offer to an answer, and the tracks that go with it.

use super::Environment;
use super::answer::{with_candidates_where_they_are_read, with_level};
use super::connection::{Connection, DEVICE_CHECKS, Plan, Reports};
use super::offer::{Offer, without_hidden};
use crate::tracks::clock::{AUDIO_RATE, Epoch, TrackClock, VIDEO_RATE};
use crate::tracks::codecs;
use crate::tracks::feedback::Needs;
use crate::tracks::sender::{Negotiated, Sender, Sent, Track};
use ::media::{FeedState, Subscription};
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use webrtc::error::{Error, Result};
use webrtc::peer_connection::RTCSessionDescription;
use webrtc::rtp_transceiver::RtpSender;
use webrtc::runtime::Runtime;

/// How long the names of STUN servers may take; those that take longer are left out of this session.
const RESOLVE: Duration = Duration::from_millis(250);
/// How long the answer waits for the addresses of the sockets. They are there at once; a driver that is busy
/// elsewhere may tell them later.
const GATHER: Duration = Duration::from_millis(30);

/// Subscriptions of a session. Made first: a camera opens while the connection is being made.
pub(super) struct Subscriptions {
    video: Option<Subscription>,
    audio: Option<Subscription>,
}

/// A session that has been answered.
pub(super) struct Negotiation {
    pub(super) connection: Connection,
    pub(super) reports: Reports,
    /// The answer, with the candidates known by now.
    pub(super) answer: String,
    /// Ready to run once connected.
    pub(super) senders: Vec<(Sender, Subscription)>,
}

/// What the two tracks sent.
#[derive(Clone, Default)]
pub(super) struct Totals {
    pub(super) video: Arc<Sent>,
    pub(super) audio: Arc<Sent>,
}

impl Subscriptions {
    /// Subscribes to what the offer takes.
    pub(super) fn new(environment: &Environment, offer: &Offer) -> Self {
        let video = environment.video.as_ref().filter(|_| offer.h264.is_some());
        let audio = environment.audio.as_ref().filter(|_| offer.audio);
        Self { video: video.map(::media::Feed::subscribe), audio: audio.map(::media::Feed::subscribe) }
    }
}

/// Tracks before the answer.
struct Pending {
    track: Track,
    sender: Arc<dyn RtpSender>,
    subscription: Subscription,
}

/// Answers an offer.
///
/// # Errors
/// When there is no address to listen on, or the peer connection refuses the offer.
pub(super) async fn negotiate(
    base: Arc<dyn Runtime>,
    environment: &Environment,
    (offer, sdp): (&Offer, String),
    subscriptions: Subscriptions,
    totals: &Totals,
) -> Result<Negotiation> {
    let needs = Arc::new(Needs::default());
    let epoch = Epoch::new(base.now(), SystemTime::now());
    let profile = offer.h264.as_deref().filter(|_| subscriptions.video.is_some());
    let tracks = tracks(profile, subscriptions, epoch)?;
    let clocks: HashMap<_, _> = tracks.iter().map(|(track, _)| (track.ssrc, track.clock.clone())).collect();
    let addresses =
        environment.network.listen(offer.loopback).map_err(|error| Error::Other(error.to_string()))?;
    let sockets = addresses.len();
    let plan = Plan {
        stun: resolve(&*base, &environment.network.stun).await,
        base,
        addresses,
        engine: codecs::engine(profile)?,
        interceptors: codecs::sending(clocks, needs.clone()),
        checks: DEVICE_CHECKS,
    };
    let (connection, mut reports) = Connection::open(plan).await?;
    let mut pending = Vec::new();
    for (track, subscription) in tracks {
        pending.push(add(&connection, track, subscription).await?);
    }
    let mut answer = answer(&connection, &mut reports, sdp, sockets).await?;
    if let Some(FeedState::Live(info)) = environment.video.as_ref().map(|feed| feed.state().borrow().clone())
    {
        answer = with_level(&answer, &::media::h264::profile_level_id(info.width, info.height, info.fps));
    }
    let mut senders = Vec::new();
    for Pending { track, sender, subscription } in pending {
        let Some(negotiated) = Negotiated::of(&sender).await else { continue };
        let sent = if track.kind == RtpCodecKind::Video { &totals.video } else { &totals.audio };
        senders.push((Sender::new(track, negotiated, needs.clone(), sent.clone()), subscription));
    }
    Ok(Negotiation { connection, reports, answer, senders })
}

fn tracks(
    profile: Option<&str>,
    subscriptions: Subscriptions,
    epoch: Epoch,
) -> Result<Vec<(Track, Subscription)>> {
    let clock = |rate| Arc::new(TrackClock::new(epoch, rate, rand::random()));
    let mut tracks = Vec::new();
    if let (Some(profile), Some(subscription)) = (profile, subscriptions.video) {
        let track = Track::new(RtpCodecKind::Video, &codecs::h264(profile), clock(VIDEO_RATE))?;
        tracks.push((track, subscription));
    }
    if let Some(subscription) = subscriptions.audio {
        let track = Track::new(RtpCodecKind::Audio, &codecs::opus(), clock(AUDIO_RATE))?;
        tracks.push((track, subscription));
    }
    Ok(tracks)
}

async fn add(connection: &Connection, track: Track, subscription: Subscription) -> Result<Pending> {
    let init = RTCRtpTransceiverInit {
        direction: RTCRtpTransceiverDirection::Sendonly,
        streams: Vec::new(),
        send_encodings: Vec::new(),
    };
    let transceiver = connection.peer.add_transceiver_from_track(track.local.clone(), Some(init)).await?;
    let sender =
        transceiver.sender().await?.ok_or_else(|| Error::Other("a track without a sender".to_owned()))?;
    Ok(Pending { track, sender, subscription })
}

async fn answer(
    connection: &Connection,
    reports: &mut Reports,
    sdp: String,
    sockets: usize,
) -> Result<String> {
    let peer = &connection.peer;
    peer.set_remote_description(RTCSessionDescription::offer(without_hidden(&sdp))?).await?;
    let answer = peer.create_answer(None).await?;
    let bare = answer.sdp.clone();
    peer.set_local_description(answer).await?;
    // What is in the answer need not be told again; what is late will be.
    let gathered = async {
        for _ in 0..sockets {
            if reports.candidates.recv().await.is_none_or(|candidate| candidate.is_empty()) {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(GATHER, gathered).await;
    let answer = peer.local_description().await.map_or(bare, |description| description.sdp);
    Ok(with_candidates_where_they_are_read(&answer))
}

/// The addresses of STUN servers, each `host:port` or a URI (RFC 7064). Asked for before the connection is opened: the driver would wait for a slow name
/// server in the middle of its work.
pub(crate) async fn resolve(base: &dyn Runtime, names: &[String]) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for name in names {
        match tokio::time::timeout(RESOLVE, base.resolve_host(name.strip_prefix("stun:").unwrap_or(name)))
            .await
        {
            Ok(Ok(found)) => addresses.extend(found),
            Ok(Err(error)) => log::warn!("the STUN server {name} cannot be found: {error}"),
            Err(_) => log::warn!("the STUN server {name} was not found in time"),
        }
    }
    addresses
}
