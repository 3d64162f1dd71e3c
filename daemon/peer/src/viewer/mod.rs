//! The other side of a session: a viewer that is no browser.

mod calls;
mod reports;

pub use calls::CallError;

use crate::network::Network;
use crate::session::connection::{Connection, Plan, Reports, VIEWER_CHECKS};
use crate::session::negotiation::resolve;
use crate::tracks::codecs::{self, CONSTRAINED_BASELINE};
use calls::Calls;
use protocol::control::{Call, LABEL};
use protocol::sealed::Sealed;
use reports::SenderReports;
use rtc::interceptor::Slot;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    PeerConnection, RTCIceCandidateInit, RTCPeerConnectionState, RTCSessionDescription,
};
use webrtc::runtime::{Runtime, TokioRuntime};

/// From the offer to the open control channel.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long the offer waits for the addresses of the sockets.
const GATHER: Duration = Duration::from_millis(100);
/// Packets and reports that wait for [`Viewer::media`]; more are lost.
const MEDIA: usize = 1024;
/// Notifications that wait for [`Viewer::notice`]; more are lost.
const NOTICES: usize = 256;
/// A connection that was silent for this long beyond ICE's own patience (4 s) has broken.
const SILENCE: Duration = Duration::from_secs(4);

/// A viewer in a session.
pub struct Viewer {
    connection: Connection,
    calls: Arc<Calls>,
    notices: mpsc::Receiver<Call>,
    media: mpsc::Receiver<Media>,
    tracks: Tracks,
}

type Tracks = Arc<Mutex<Vec<Arc<dyn TrackRemote>>>>;

/// What a viewer with a screen and a loudspeaker takes.
const MEDIA_KINDS: [RtpCodecKind; 2] = [RtpCodecKind::Video, RtpCodecKind::Audio];

/// What arrives beside data.
#[derive(Debug)]
pub enum Media {
    /// One RTP packet.
    Packet {
        /// Picture, or else sound.
        video: bool,
        /// The packet.
        packet: rtc::rtp::Packet,
        /// When it came.
        arrived: Instant,
    },
    /// A sender report (RFC 3550 section 6.4.1).
    Report {
        /// The track it is about.
        ssrc: u32,
        /// NTP timestamp.
        ntp_time: u64,
        /// RTP timestamp of the same moment.
        rtp_time: u32,
    },
}

/// Why a viewer did not get in.
#[derive(Debug, thiserror::Error)]
pub enum ViewerError {
    /// The device said why.
    #[error("{0}")]
    Refused(String),
    /// The signaling ended before the device had answered.
    #[error("the device gave no answer")]
    NoAnswer,
    /// No path to the device was found in time.
    #[error("no connection to the device came about within {} s", START_LIMIT.as_secs())]
    NoConnection,
    /// The peer connection failed.
    #[error("the connection failed: {0}")]
    Peer(#[from] webrtc::error::Error),
}

impl Viewer {
    /// Offers to take picture and sound, and returns once the control channel is open.
    ///
    /// `outbox` takes the offer and the candidates that are found later; `inbox` gives the answer and the device's
    /// candidates. `base` gives sockets, timers and tasks, with tokio's clock.
    ///
    /// # Errors
    /// When the device refuses, or does not answer, or no connection comes about.
    pub async fn connect(
        base: Arc<dyn Runtime>,
        network: &Network,
        outbox: mpsc::Sender<Sealed>,
        inbox: mpsc::Receiver<Sealed>,
    ) -> Result<Self, ViewerError> {
        Self::within_limit(Self::start(base, network, &MEDIA_KINDS, outbox, inbox)).await
    }

    /// As [`Self::connect`], without picture and sound: the device opens neither camera nor microphone for it.
    ///
    /// # Errors
    /// As those of [`Self::connect`].
    pub async fn connect_for_data(
        network: &Network,
        outbox: mpsc::Sender<Sealed>,
        inbox: mpsc::Receiver<Sealed>,
    ) -> Result<Self, ViewerError> {
        Self::connect_for_data_over(Arc::new(TokioRuntime), network, outbox, inbox).await
    }

    /// As [`Self::connect_for_data`], with the sockets, timers and tasks of `base` instead of tokio's.
    ///
    /// # Errors
    /// As those of [`Self::connect`].
    pub async fn connect_for_data_over(
        base: Arc<dyn Runtime>,
        network: &Network,
        outbox: mpsc::Sender<Sealed>,
        inbox: mpsc::Receiver<Sealed>,
    ) -> Result<Self, ViewerError> {
        Self::within_limit(Self::start(base, network, &[], outbox, inbox)).await
    }

    async fn within_limit(
        start: impl Future<Output = Result<Self, ViewerError>>,
    ) -> Result<Self, ViewerError> {
        tokio::time::timeout(START_LIMIT, start).await.unwrap_or(Err(ViewerError::NoConnection))
    }

    /// Asks the device.
    ///
    /// # Errors
    /// When the device answers with an error, or the session ends.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        self.calls.call(method, params).await
    }

    /// Sends a text as it is.
    ///
    /// # Errors
    /// When the session has ended.
    pub async fn say(&self, text: &str) -> Result<(), CallError> {
        self.calls.send(text).await
    }

    /// The next notification; `None` once the control channel has closed or the connection has broken. Safe to cancel.
    pub async fn notice(&mut self) -> Option<Call> {
        self.notices.recv().await
    }

    /// The next packet or report. Safe to cancel.
    pub async fn media(&mut self) -> Option<Media> {
        self.media.recv().await
    }

    /// Asks for a key frame (PLI, RFC 4585 section 6.3.1).
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn picture_lost(&self) -> Result<(), webrtc::error::Error> {
        let tracks = self.tracks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for track in tracks {
            if track.kind().await == RtpCodecKind::Video {
                for media_ssrc in track.ssrcs().await {
                    let loss = PictureLossIndication { sender_ssrc: 0, media_ssrc };
                    track.write_rtcp(vec![Box::new(loss)]).await?;
                }
            }
        }
        Ok(())
    }

    /// Opens one more data channel, reliable and ordered. The device closes those that it knows no use for.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn channel(&self, label: &str) -> Result<Arc<dyn DataChannel>, webrtc::error::Error> {
        self.connection.peer.create_data_channel(label, None).await
    }

    /// Leaves: the device is told, and when this returns nothing is left here.
    pub async fn leave(self) {
        self.connection.close().await;
    }

    async fn start(
        base: Arc<dyn Runtime>,
        network: &Network,
        kinds: &[RtpCodecKind],
        outbox: mpsc::Sender<Sealed>,
        mut inbox: mpsc::Receiver<Sealed>,
    ) -> Result<Self, ViewerError> {
        let (media_to, media) = mpsc::channel(MEDIA);
        let listen = network.listen(true).map_err(|error| webrtc::error::Error::Other(error.to_string()))?;
        let sockets = listen.len();
        let plan = Plan {
            stun: resolve(&*base, &network.stun).await,
            base,
            addresses: listen,
            engine: codecs::engine(Some(CONSTRAINED_BASELINE))?,
            interceptors: codecs::receiving()
                .with(Slot::Custom(20_000), SenderReports::new(media_to.clone())),
            checks: VIEWER_CHECKS,
        };
        let (connection, mut reports) = Connection::open(plan).await?;
        let peer = connection.peer.clone();
        let control = peer.create_data_channel(LABEL, None).await?;
        let sdp = offer(&*peer, &mut reports, kinds, sockets).await?;
        outbox.send(Sealed::Offer { sdp }).await.map_err(|_| ViewerError::NoAnswer)?;
        answered(&*peer, &mut inbox).await?;
        let (notices_to, notices) = mpsc::channel(NOTICES);
        let calls = Arc::new(Calls::new(control.clone()));
        let tracks = Tracks::default();
        receive(&connection, &mut reports, tracks.clone(), media_to);
        candidates(&connection, inbox);
        late_candidates(&connection, &mut reports, outbox);
        opened(&*control, &mut reports).await?;
        connection.wire.settle();
        connection.spawn(hear(control, reports.state, calls.clone(), notices_to));
        Ok(Self { connection, calls, notices, media, tracks })
    }
}

async fn offer(
    peer: &dyn PeerConnection,
    reports: &mut Reports,
    kinds: &[RtpCodecKind],
    sockets: usize,
) -> Result<String, webrtc::error::Error> {
    for kind in kinds {
        let init = RTCRtpTransceiverInit {
            direction: RTCRtpTransceiverDirection::Recvonly,
            streams: Vec::new(),
            send_encodings: Vec::new(),
        };
        peer.add_transceiver_from_kind(*kind, Some(init)).await?;
    }
    let offer = peer.create_offer(None).await?;
    let bare = offer.sdp.clone();
    peer.set_local_description(offer).await?;
    let gathered = async {
        for _ in 0..sockets {
            reports.candidates.recv().await;
        }
    };
    let _ = tokio::time::timeout(GATHER, gathered).await;
    Ok(peer.local_description().await.map_or(bare, |description| description.sdp))
}

async fn answered(peer: &dyn PeerConnection, inbox: &mut mpsc::Receiver<Sealed>) -> Result<(), ViewerError> {
    let mut early = Vec::new();
    loop {
        match inbox.recv().await {
            Some(Sealed::Answer { sdp }) => {
                peer.set_remote_description(RTCSessionDescription::answer(sdp)?).await?;
                break;
            }
            Some(Sealed::Candidate { candidate, .. }) => early.push(candidate),
            Some(Sealed::Error { message }) => return Err(ViewerError::Refused(message)),
            Some(Sealed::Offer { .. } | Sealed::EndOfCandidates) => {}
            None => return Err(ViewerError::NoAnswer),
        }
    }
    for candidate in early {
        peer.add_ice_candidate(RTCIceCandidateInit { candidate, ..Default::default() }).await?;
    }
    Ok(())
}

/// Takes the candidates that the device tells later.
fn candidates(connection: &Connection, mut inbox: mpsc::Receiver<Sealed>) {
    let peer = Arc::downgrade(&connection.peer);
    connection.spawn(async move {
        while let Some(message) = inbox.recv().await {
            let (Sealed::Candidate { candidate, .. }, Some(peer)) = (message, peer.upgrade()) else {
                continue;
            };
            let _ = peer.add_ice_candidate(RTCIceCandidateInit { candidate, ..Default::default() }).await;
        }
    });
}

/// Tells the device the candidates that were not in the offer yet (a STUN server's answer takes a round trip), for as
/// long as the signaling takes them. One that it does not take is lost: the device's checks find it anyhow, or not.
fn late_candidates(connection: &Connection, reports: &mut Reports, outbox: mpsc::Sender<Sealed>) {
    let (_, closed) = mpsc::channel(1);
    let mut found = std::mem::replace(&mut reports.candidates, closed);
    connection.spawn(async move {
        while let Some(candidate) = found.recv().await {
            let message = if candidate.is_empty() {
                Sealed::EndOfCandidates
            } else {
                Sealed::Candidate { candidate, sdp_mid: None, sdp_m_line_index: Some(0) }
            };
            if let Err(mpsc::error::TrySendError::Closed(_)) = outbox.try_send(message) {
                return;
            }
        }
    });
}

/// Waits for the control channel to open.
async fn opened(control: &dyn DataChannel, reports: &mut Reports) -> Result<(), ViewerError> {
    loop {
        tokio::select! {
            event = control.poll() => match event {
                Some(DataChannelEvent::OnOpen) => return Ok(()),
                Some(DataChannelEvent::OnClose) | None => return Err(ViewerError::NoConnection),
                Some(_) => {}
            },
            Ok(()) = reports.state.changed() => {
                let state = *reports.state.borrow();
                if matches!(state, RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed) {
                    return Err(ViewerError::NoConnection);
                }
            }
        }
    }
}

/// Hands on what the control channel brings, until it closes or the connection breaks.
async fn hear(
    control: Arc<dyn DataChannel>,
    state: watch::Receiver<RTCPeerConnectionState>,
    calls: Arc<Calls>,
    notices: mpsc::Sender<Call>,
) {
    let broken = broken(state);
    tokio::pin!(broken);
    loop {
        let event = tokio::select! {
            event = control.poll() => event,
            () = &mut broken => break,
        };
        match event {
            Some(DataChannelEvent::OnMessage(message)) => {
                if let Some(call) = calls.heard(&message.data) {
                    let _ = notices.try_send(call);
                }
            }
            Some(DataChannelEvent::OnClose) | None => break,
            Some(_) => {}
        }
    }
    calls.end();
}

/// Returns once the connection has ended, or was silent for [`SILENCE`].
async fn broken(mut state: watch::Receiver<RTCPeerConnectionState>) {
    loop {
        let now = *state.borrow_and_update();
        match now {
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => return,
            RTCPeerConnectionState::Disconnected => {
                match tokio::time::timeout(SILENCE, state.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return,
                }
            }
            _ => {
                if state.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Takes the tracks, and hands on their packets.
fn receive(connection: &Connection, reports: &mut Reports, tracks: Tracks, to: mpsc::Sender<Media>) {
    let (_, closed) = mpsc::channel(1);
    let mut arriving = std::mem::replace(&mut reports.tracks, closed);
    let wire = connection.wire.clone();
    connection.spawn(async move {
        while let Some(track) = arriving.recv().await {
            tracks.lock().unwrap_or_else(PoisonError::into_inner).push(track.clone());
            let to = to.clone();
            wire.spawn(Box::pin(async move {
                let video = track.kind().await == RtpCodecKind::Video;
                while let Some(event) = track.poll().await {
                    if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                        let _ = to.try_send(Media::Packet { video, packet, arrived: Instant::now() });
                    }
                }
            }))
            .detach();
        }
    });
}
