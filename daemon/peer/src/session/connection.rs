//! The peer connection under a session, and what it reports.

use crate::wire::Wire;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::peer_connection::configuration::interceptor_registry::Registry;
use rtc::peer_connection::configuration::media_engine::MediaEngine;
use rtc::peer_connection::configuration::setting_engine::{
    SctpMaxMessageSize, SettingEngine, SettingEngineBuilder,
};
use rtc::peer_connection::transport::RTCDtlsRole;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use webrtc::data_channel::DataChannel;
use webrtc::error::Result;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder, RTCIceServer,
    RTCPeerConnectionIceEvent, RTCPeerConnectionState,
};
use webrtc::runtime::Runtime;

/// Silence after which a connection counts as disconnected. Each side is heard of at least once in [`KEEPALIVE`].
pub(crate) const DISCONNECTED: Duration = Duration::from_secs(4);
/// Beyond [`DISCONNECTED`], until ICE gives up by itself. A start may take this long (its viewer may have to be asked
/// for permissions); after the start the session ends sooner.
const FAILED: Duration = Duration::from_secs(26);
/// Between two checks that the viewer still consents (RFC 7675 has 5 s; a dead viewer is to be found in 10).
const KEEPALIVE: Duration = Duration::from_secs(1);
/// Between two rounds of connectivity checks on the device. The crate's 200 ms would be felt when the first one is lost.
pub(crate) const DEVICE_CHECKS: Duration = Duration::from_millis(100);
/// The same on a viewer, whose side nominates, and does so at the next round only.
pub(crate) const VIEWER_CHECKS: Duration = Duration::from_millis(20);
/// How long one pair of candidates is checked: for as long as a start may take.
const CHECKED_FOR: Duration = Duration::from_secs(30);
/// Bytes that wait in one data channel; more stay with their sender. The window of a transfer cannot pass it.
const SEND_BUFFER: usize = 1 << 20;
/// Largest message on a data channel, bytes.
const MAX_MESSAGE: u32 = 65_536;
/// Candidates that wait to be told; a device has one or two for each address.
const CANDIDATES: usize = 64;
/// Data channels that wait to be looked at. More at once are dropped unseen.
const CHANNELS: usize = 16;
/// Remote tracks that wait to be looked at.
const TRACKS: usize = 8;
/// What a connection is made of.
pub(crate) struct Plan {
    pub(crate) base: Arc<dyn Runtime>,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) stun: Vec<SocketAddr>,
    pub(crate) engine: MediaEngine,
    pub(crate) interceptors: Registry,
    /// Between two rounds of connectivity checks.
    pub(crate) checks: Duration,
}

/// A peer connection that ends, with every task and socket of it, when this is closed or dropped.
pub(crate) struct Connection {
    pub(crate) peer: Arc<dyn PeerConnection>,
    pub(crate) wire: Arc<Wire>,
    tasks: TaskTracker,
    /// Ends the tasks at once; also when this is dropped.
    kill: CancellationToken,
    _guard: DropGuard,
}

/// What a connection reports.
pub(crate) struct Reports {
    pub(crate) state: watch::Receiver<RTCPeerConnectionState>,
    pub(crate) candidates: mpsc::Receiver<String>,
    pub(crate) channels: mpsc::Receiver<Arc<dyn DataChannel>>,
    pub(crate) tracks: mpsc::Receiver<Arc<dyn TrackRemote>>,
}

impl Connection {
    /// Opens the sockets and starts the driver.
    pub(crate) async fn open(plan: Plan) -> Result<(Self, Reports)> {
        let (handler, reports) = handler();
        let (tasks, kill) = (TaskTracker::new(), CancellationToken::new());
        let guard = kill.clone().drop_guard();
        let wire = Arc::new(Wire::new(plan.base, tasks.clone(), kill.clone()));
        let servers = plan
            .stun
            .iter()
            .map(|address| RTCIceServer { urls: vec![format!("stun:{address}")], ..Default::default() });
        let configuration = RTCConfigurationBuilder::new().with_ice_servers(servers.collect()).build();
        let peer = PeerConnectionBuilder::new()
            .with_configuration(configuration)
            .with_setting_engine(settings(plan.checks))
            .with_media_engine(plan.engine)
            .with_interceptor_registry(plan.interceptors)
            .with_handler(Arc::new(handler))
            .with_runtime(wire.clone())
            .with_data_channel_send_buffer_limit(SEND_BUFFER)
            .with_udp_addrs(plan.addresses)
            .build()
            .await?;
        Ok((Self { peer: Arc::new(peer), wire, tasks, kill, _guard: guard }, reports))
    }

    /// Starts a task that ends with the connection.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.wire.spawn(Box::pin(task)).detach();
    }

    /// Closes the connection (the peer is told by DTLS's close_notify), and returns when no task of it is left.
    pub(crate) async fn close(self) {
        if let Err(error) = self.peer.close().await {
            log::debug!("closing: {error}");
        }
        // The driver has ended, and what it had to say is said. What is left waits for things that will not come.
        self.kill.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn settings(checks: Duration) -> SettingEngine {
    let rounds = CHECKED_FOR.as_millis() / checks.as_millis().max(1);
    let rounds = u16::try_from(rounds).unwrap_or(u16::MAX);
    SettingEngineBuilder::new()
        // As client the device saves the round trip of the cookie that it would ask for as server.
        .with_answering_dtls_role(RTCDtlsRole::Client)
        // A browser's `.local` candidates need no resolving: its checks reach ours, and tell its address. Without
        // mDNS there is a socket less in each session.
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_ice_timeouts(Some(DISCONNECTED), Some(FAILED), Some(KEEPALIVE))
        .with_ice_connection_attempts(Some(checks), Some(rounds))
        // A peer-reflexive pair is as good as any: it is how browsers that hide their addresses are reached.
        .with_prflx_acceptance_min_wait(Some(Duration::ZERO))
        .with_include_loopback_candidate(true)
        .with_sctp_max_message_size(SctpMaxMessageSize::Bounded(MAX_MESSAGE))
        .build()
}

/// Runs on the driver's task: takes notes, and never waits.
struct Handler {
    state: watch::Sender<RTCPeerConnectionState>,
    candidates: mpsc::Sender<String>,
    channels: mpsc::Sender<Arc<dyn DataChannel>>,
    tracks: mpsc::Sender<Arc<dyn TrackRemote>>,
}

fn handler() -> (Handler, Reports) {
    let (state, states) = watch::channel(RTCPeerConnectionState::New);
    let (candidates, candidate) = mpsc::channel(CANDIDATES);
    let (channels, channel) = mpsc::channel(CHANNELS);
    let (tracks, track) = mpsc::channel(TRACKS);
    let reports = Reports { state: states, candidates: candidate, channels: channel, tracks: track };
    (Handler { state, candidates, channels, tracks }, reports)
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        match event.candidate.to_json() {
            Ok(candidate) => {
                let _ = self.candidates.try_send(candidate.candidate);
            }
            Err(error) => log::debug!("a candidate cannot be told: {error}"),
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        let _ = self.channels.try_send(channel);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let _ = self.tracks.try_send(track);
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
