//! From an offer to an open control channel.

use super::ViewerError;
use crate::session::connection::{Connection, Reports};
use protocol::sealed::Sealed;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::peer_connection::{
    PeerConnection, RTCIceCandidateInit, RTCPeerConnectionState, RTCSessionDescription,
};

/// How long the offer waits for the addresses of the sockets.
const GATHER: Duration = Duration::from_millis(100);

/// The offer, with the candidates known by now.
pub(super) async fn offer(
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

/// Takes the answer, or why there is none.
pub(super) async fn answered(
    peer: &dyn PeerConnection,
    inbox: &mut mpsc::Receiver<Sealed>,
) -> Result<(), ViewerError> {
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
pub(super) fn candidates(connection: &Connection, mut inbox: mpsc::Receiver<Sealed>) {
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
pub(super) fn late_candidates(connection: &Connection, reports: &mut Reports, outbox: mpsc::Sender<Sealed>) {
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
pub(super) async fn opened(control: &dyn DataChannel, reports: &mut Reports) -> Result<(), ViewerError> {
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
