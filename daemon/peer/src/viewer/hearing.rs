//! What a session brings, until it ends.

use super::calls::Calls;
use super::{Media, Tracks};
use crate::session::connection::{Connection, Reports};
use protocol::control::{Call, method};
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::media_stream::track_remote::TrackRemoteEvent;
use webrtc::peer_connection::RTCPeerConnectionState;
use webrtc::runtime::Runtime as _;

/// A connection that was silent for this long beyond ICE's own patience (4 s) has broken.
const SILENCE: Duration = Duration::from_secs(4);

/// Hands on what the control channel brings, until it closes or the connection breaks.
pub(super) async fn hear(
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
                let Some(call) = calls.heard(&message.data) else { continue };
                if !is_output(&call) {
                    let _ = notices.try_send(call);
                    continue;
                }
                tokio::select! {
                    _ = notices.send(call) => {}
                    () = &mut broken => break,
                }
            }
            Some(DataChannelEvent::OnClose) | None => break,
            Some(_) => {}
        }
    }
    calls.end();
}

/// What a slow reader must not lose: the device holds a command back whose output is not taken.
fn is_output(call: &Call) -> bool {
    matches!(call.method.as_str(), method::COMMAND_OUTPUT | method::COMMAND_EXITED)
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
pub(super) fn receive(
    connection: &Connection,
    reports: &mut Reports,
    tracks: Tracks,
    to: mpsc::Sender<Media>,
) {
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
