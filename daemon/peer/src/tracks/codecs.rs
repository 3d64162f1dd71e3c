//! The codecs, header extensions and interceptors of a session.

use super::clock::TrackClock;
use super::feedback::{Feedback, Needs};
use rtc::interceptor::{NackGeneratorBuilder, NackResponderBuilder, ReceiverReportBuilder};
use rtc::peer_connection::configuration::interceptor_registry::{Registry, Slot};
use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_RTX, MediaEngine,
};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Asks the receiver to show each picture when it is there: with 0,0 on every packet a picture is on the screen 9 ms
/// after its capture, without it 44.
pub(crate) const PLAYOUT_DELAY: &str = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
/// `profile-level-id` that a viewer of ours offers: constrained baseline, level 3.1.
pub(crate) const CONSTRAINED_BASELINE: &str = "42e01f";

/// Payload types that we register; what is sent is the offerer's choice.
const H264: u8 = 102;
const RTX: u8 = 103;
const OPUS: u8 = 111;
/// Packets kept for retransmission (a power of two): 2 s at 2 Mbit/s.
const NACK_PACKETS: u16 = 512;

/// H.264 with packetization mode 1 (RFC 6184 section 6.3).
pub(crate) fn h264(profile_level_id: &str) -> RTCRtpCodecParameters {
    let feedback =
        |typ: &str, parameter: &str| RTCPFeedback { typ: typ.to_owned(), parameter: parameter.to_owned() };
    RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: MIME_TYPE_H264.to_owned(),
            clock_rate: super::clock::VIDEO_RATE,
            channels: 0,
            sdp_fmtp_line: format!(
                "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile_level_id}"
            ),
            // `rrtr` where the viewer offers it: it sends its reference time then, and we answer (see `feedback`).
            rtcp_feedback: vec![
                feedback("ccm", "fir"),
                feedback("nack", ""),
                feedback("nack", "pli"),
                feedback("rrtr", ""),
            ],
        },
        payload_type: H264,
    }
}

/// Opus (RFC 7587).
pub(crate) fn opus() -> RTCRtpCodecParameters {
    RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: MIME_TYPE_OPUS.to_owned(),
            clock_rate: super::clock::AUDIO_RATE,
            channels: 2,
            sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
            rtcp_feedback: Vec::new(),
        },
        payload_type: OPUS,
    }
}

/// What a session negotiates: H.264 of this profile (if any), its retransmission (RFC 4588), and Opus.
///
/// # Errors
/// When the engine refuses a codec; that is a mistake here.
pub(crate) fn engine(profile_level_id: Option<&str>) -> rtc::shared::error::Result<MediaEngine> {
    let mut engine = MediaEngine::default();
    engine.register_codec(opus(), RtpCodecKind::Audio)?;
    if let Some(profile_level_id) = profile_level_id {
        engine.register_codec(h264(profile_level_id), RtpCodecKind::Video)?;
        engine.register_codec(rtx(), RtpCodecKind::Video)?;
        let playout_delay = RTCRtpHeaderExtensionCapability { uri: PLAYOUT_DELAY.to_owned() };
        engine.register_header_extension(playout_delay, RtpCodecKind::Video, None)?;
    }
    Ok(engine)
}

/// The interceptors of the sending side: retransmission, sender reports by the clocks of its tracks (by SSRC), and
/// requests for key frames.
pub(crate) fn sending(clocks: HashMap<u32, Arc<TrackClock>>, needs: Arc<Needs>) -> Registry {
    Registry::new()
        .with(Slot::NackResponder, NackResponderBuilder::new().with_size(NACK_PACKETS).build())
        .with(Slot::ReceiverReport, ReceiverReportBuilder::new().build())
        .with(Slot::SenderReport, Feedback::new(clocks, needs))
}

/// The interceptors of the receiving side.
pub(crate) fn receiving() -> Registry {
    Registry::new()
        .with(Slot::NackGenerator, NackGeneratorBuilder::new().build())
        .with(Slot::ReceiverReport, ReceiverReportBuilder::new().build())
}

fn rtx() -> RTCRtpCodecParameters {
    RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: MIME_TYPE_RTX.to_owned(),
            clock_rate: super::clock::VIDEO_RATE,
            channels: 0,
            sdp_fmtp_line: format!("apt={H264}"),
            rtcp_feedback: Vec::new(),
        },
        payload_type: RTX,
    }
}
