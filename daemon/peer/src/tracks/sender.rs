//! Sends one feed as one track.

use super::clock::TrackClock;
use super::codecs;
use super::feedback::Needs;
use ::media::{Frame, Subscription};
use bytes::Bytes;
use rtc::media_stream::MediaStreamTrack;
use rtc::rtp;
use rtc::rtp::packetizer::Payloader;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RTCRtpRtxParameters,
    RtpCodecKind,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::rtp_transceiver::RtpSender;

/// Largest RTP payload, bytes: with RTP, its extension, RTX, SRTP, UDP and IPv6 headers a packet stays below 1,280
/// bytes, which every path carries (RFC 8200 section 5).
const PAYLOAD: usize = 1_180;
/// `playout-delay` of 0 to 0: two values of 12 bits, in units of 10 ms.
const SHOW_AT_ONCE: [u8; 3] = [0, 0, 0];
/// `playout-delay` of 0 to 100 ms, for a path that loses much.
const SHOW_EVENLY: [u8; 3] = [0, 0, 10];

/// What one track sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    frames: AtomicU64,
    packets: AtomicU64,
    bytes: AtomicU64,
    skipped: AtomicU64,
}

impl Sent {
    pub(crate) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Frames that the viewer missed because it was slow.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }
}

/// One track: its identity and its clock.
pub(crate) struct Track {
    pub(crate) kind: RtpCodecKind,
    pub(crate) ssrc: u32,
    pub(crate) clock: Arc<TrackClock>,
    pub(crate) local: Arc<TrackLocalStaticRTP>,
    payloader: Box<dyn Payloader>,
}

impl Track {
    /// A track of `kind` with this codec.
    ///
    /// # Errors
    /// When the codec has no payload format; that is a mistake here.
    pub(crate) fn new(
        kind: RtpCodecKind,
        codec: &RTCRtpCodecParameters,
        clock: Arc<TrackClock>,
    ) -> rtc::shared::error::Result<Self> {
        let ssrc: u32 = rand::random();
        let rtx = (kind == RtpCodecKind::Video).then_some(RTCRtpRtxParameters { ssrc: !ssrc });
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), rtx, ..Default::default() },
            codec: codec.rtp_codec.clone(),
            ..Default::default()
        };
        let name = kind.to_string();
        // One stream for both tracks: the receiver plays them in step.
        let local = TrackLocalStaticRTP::new(MediaStreamTrack::new(
            "watchword".to_owned(),
            name.clone(),
            name,
            kind,
            vec![encoding],
        ));
        Ok(Self { kind, ssrc, clock, local: Arc::new(local), payloader: codec.rtp_codec.payloader()? })
    }
}

/// What the two sides agreed on for a track.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Negotiated {
    payload_type: u8,
    playout_delay: Option<u8>,
}

impl Negotiated {
    /// Reads it from the sender, after the answer has been applied. `None` if the track was refused.
    pub(crate) async fn of(sender: &Arc<dyn RtpSender>) -> Option<Self> {
        let parameters = sender.get_parameters().await.ok()?.rtp_parameters;
        let codec = parameters.codecs.iter().find(|codec| !codec.rtp_codec.mime_type.ends_with("/rtx"))?;
        let extension =
            parameters.header_extensions.iter().find(|extension| extension.uri == codecs::PLAYOUT_DELAY);
        let playout_delay = extension.and_then(|extension| u8::try_from(extension.id).ok());
        Some(Self { payload_type: codec.payload_type, playout_delay })
    }
}

/// Sends a subscription as a track, from the newest picture on, until the feed or the connection ends.
pub(crate) struct Sender {
    pub(crate) track: Track,
    pub(crate) negotiated: Negotiated,
    pub(crate) needs: Arc<Needs>,
    pub(crate) sent: Arc<Sent>,
    sequence: u16,
}

impl Sender {
    pub(crate) fn new(track: Track, negotiated: Negotiated, needs: Arc<Needs>, sent: Arc<Sent>) -> Self {
        // Random, and in the lower half, so that no roll-over comes while the first packets may be lost (RFC 3711
        // section 3.3.1).
        Self { track, negotiated, needs, sent, sequence: rand::random::<u16>() >> 1 }
    }

    /// Runs until the feed closes or the connection takes no more packets.
    pub(crate) async fn run(mut self, mut frames: Subscription) {
        loop {
            let needs = self.needs.clone();
            let picture = self.track.kind == RtpCodecKind::Video;
            tokio::select! {
                biased;
                () = needs.key_frame.wait(), if picture => frames.request_key_frame(),
                frame = frames.next() => {
                    let Some(frame) = frame else { return };
                    self.sent.skipped.store(frames.skipped(), Ordering::Relaxed);
                    if self.send(&frame).await.is_err() {
                        // The error would print the packet.
                        log::debug!("{} ends: the connection takes no more", self.track.kind);
                        return;
                    }
                }
            }
        }
    }

    async fn send(&mut self, frame: &Frame) -> rtc::shared::error::Result<()> {
        let timestamp = match self.track.kind {
            RtpCodecKind::Video => self.track.clock.picture(frame.captured),
            _ => self.track.clock.sound(frame.captured),
        };
        let payloads = self.track.payloader.payload(PAYLOAD, &frame.data)?;
        let last = payloads.len().saturating_sub(1);
        for (index, payload) in payloads.into_iter().enumerate() {
            self.sent.packets.fetch_add(1, Ordering::Relaxed);
            self.sent.bytes.fetch_add(payload.len() as u64, Ordering::Relaxed);
            let packet = self.packet(timestamp, index == last, payload)?;
            self.track.local.write_rtp(packet).await?;
        }
        self.sent.frames.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn packet(
        &mut self,
        timestamp: u32,
        last: bool,
        payload: Bytes,
    ) -> rtc::shared::error::Result<rtp::Packet> {
        let video = self.track.kind == RtpCodecKind::Video;
        let mut header = rtp::header::Header {
            version: 2,
            // The last packet of a picture (RFC 6184 section 5.1). In sound it would mean the start of a talk spurt.
            marker: last && video,
            payload_type: self.negotiated.payload_type,
            sequence_number: self.sequence,
            timestamp,
            ssrc: self.track.ssrc,
            ..Default::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        if let (true, Some(id)) = (video, self.negotiated.playout_delay) {
            let delay = if self.needs.heavy_loss.now() { &SHOW_EVENLY } else { &SHOW_AT_ONCE };
            header.set_extension(id, Bytes::from_static(delay))?;
        }
        Ok(rtp::Packet { header, payload })
    }
}
