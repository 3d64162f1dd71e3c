//! The other side of a session: a viewer that is no browser.

mod calls;
mod closings;
mod hearing;
mod reports;
mod starting;
mod transfer;

pub use calls::{CallError, Caller};
use transfer::Lingering;
pub use transfer::{Target, TransferError, Uploaded};

use crate::network::Network;
use crate::session::connection::{Connection, Plan, VIEWER_CHECKS};
use crate::session::negotiation::resolve;
use crate::tracks::codecs::{self, CONSTRAINED_BASELINE};
use calls::Calls;
use closings::Closings;
use hearing::{hear, receive};
use protocol::control::{Call, LABEL};
use protocol::sealed::Sealed;
use reports::SenderReports;
use rtc::interceptor::Slot;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use serde_json::Value;
use starting::{answered, candidates, late_candidates, offer, opened};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use webrtc::data_channel::{DataChannel, RTCDataChannelInit};
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::runtime::{Runtime, TokioRuntime};

/// From the offer to the open control channel.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Packets and reports that wait for [`Viewer::media`]; more are lost.
const MEDIA: usize = 1024;
/// Notifications that wait for [`Viewer::notice`]. When it is full, what commands print waits on the device, and with
/// it all that comes behind on the control channel, answers to calls too; other news is lost.
const NOTICES: usize = 256;

/// A viewer in a session.
pub struct Viewer {
    connection: Connection,
    calls: Arc<Calls>,
    notices: mpsc::Receiver<Call>,
    media: mpsc::Receiver<Media>,
    tracks: Tracks,
    lingering: Lingering,
    closings: Closings,
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

    /// What asks the device while something else has the viewer.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller(self.calls.clone())
    }

    /// Sends a text as it is.
    ///
    /// # Errors
    /// When the session has ended.
    pub async fn say(&self, text: &str) -> Result<(), CallError> {
        self.calls.send(text).await
    }

    /// The next notification; `None` once the control channel has closed or the connection has broken. Safe to cancel.
    ///
    /// Of most kinds, those that nobody takes in time are lost. What commands print is not: it waits, and all that the
    /// device says behind it. So who runs a command takes its notifications also while a call is under way.
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
        self.closings.over().await;
        self.connection.peer.create_data_channel(label, None).await
    }

    /// As [`Self::channel`], of another kind. The device takes none but those that are ordered and have no protocol.
    ///
    /// # Errors
    /// When the connection has ended, or there is no such kind.
    pub async fn channel_as(
        &self,
        label: &str,
        kind: RTCDataChannelInit,
    ) -> Result<Arc<dyn DataChannel>, webrtc::error::Error> {
        self.connection.peer.create_data_channel(label, Some(kind)).await
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
        let (lingering, closings) = (Lingering::default(), Closings::default());
        Ok(Self { connection, calls, notices, media, tracks, lingering, closings })
    }
}
