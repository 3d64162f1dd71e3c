//! A device that does what a test says, right or wrong; the viewer and the connection are real.

use crate::network::Network;
use crate::session::connection::{Connection, Plan, Reports, VIEWER_CHECKS};
use crate::tracks::codecs;
use crate::viewer::Viewer;
use bytes::BytesMut;
use protocol::control::{
    Answer, Call, GetReady, Message, Outcome, PutReady, RpcError, Transfer, Version, transfer_label,
};
use protocol::sealed::Sealed;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::sync::mpsc;
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::peer_connection::RTCSessionDescription;
use webrtc::runtime::TokioRuntime;

pub(super) struct Device {
    connection: Connection,
    reports: Reports,
    control: Arc<dyn DataChannel>,
}

/// A transfer's channel, from the device's side.
pub(super) struct Channel(Arc<dyn DataChannel>);

/// What the viewer says there.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    Bytes(Vec<u8>),
    Said(Transfer),
    Closed,
}

/// A viewer in a session with such a device, on loopback addresses of this number.
pub(super) async fn pair(number: u8) -> (Viewer, Device) {
    let (to_device, mut inbox) = mpsc::channel(64);
    let (to_viewer, viewer_inbox) = mpsc::channel(64);
    let at = IpAddr::V4(Ipv4Addr::new(127, 0, 83, 2 * number));
    let network = Network { addresses: vec![at], ..Network::default() };
    let viewer =
        tokio::spawn(
            async move { Viewer::connect_for_data(&network, to_device, viewer_inbox).await.unwrap() },
        );
    let device = Device::answer(Ipv4Addr::new(127, 0, 83, 2 * number + 1), &mut inbox, to_viewer).await;
    (viewer.await.unwrap(), device)
}

impl Device {
    async fn answer(
        address: Ipv4Addr,
        inbox: &mut mpsc::Receiver<Sealed>,
        outbox: mpsc::Sender<Sealed>,
    ) -> Self {
        let plan = Plan {
            base: Arc::new(TokioRuntime),
            addresses: vec![SocketAddr::new(address.into(), 0)],
            stun: Vec::new(),
            engine: codecs::engine(None).unwrap(),
            interceptors: codecs::receiving(),
            checks: VIEWER_CHECKS,
        };
        let (connection, mut reports) = Connection::open(plan).await.unwrap();
        let Some(Sealed::Offer { sdp }) = inbox.recv().await else { panic!("no offer") };
        let peer = connection.peer.clone();
        peer.set_remote_description(RTCSessionDescription::offer(sdp).unwrap()).await.unwrap();
        let answer = peer.create_answer(None).await.unwrap();
        peer.set_local_description(answer).await.unwrap();
        reports.candidates.recv().await.unwrap();
        let sdp = peer.local_description().await.unwrap().sdp;
        outbox.send(Sealed::Answer { sdp }).await.unwrap();
        let control = reports.channels.recv().await.unwrap();
        connection.wire.settle();
        Self { connection, reports, control }
    }

    /// The next request.
    pub(super) async fn call(&self) -> Call {
        loop {
            if let DataChannelEvent::OnMessage(message) = self.control.poll().await.unwrap() {
                let Message::Call(call) = serde_json::from_slice(&message.data).unwrap() else { continue };
                return call;
            }
        }
    }

    pub(super) async fn refuse(&self, call: Call, code: i32) {
        self.tell(call, Outcome::Error(RpcError { code, message: "No.".into(), data: None })).await;
    }

    async fn result(&self, call: Call, result: impl Serialize) {
        self.tell(call, Outcome::Result(serde_json::to_value(result).unwrap())).await;
    }

    async fn tell(&self, call: Call, outcome: Outcome) {
        let answer = Answer { jsonrpc: Version::V2, id: call.id, outcome };
        self.control.send_text(&serde_json::to_string(&answer).unwrap()).await.unwrap();
    }

    /// Answers an upload, and has its channel.
    pub(super) async fn put(&mut self, call: Call, offset: u64, before: &str) -> Channel {
        let ready = PutReady { transfer: "7".into(), offset, before: before.into(), present: false };
        self.result(call, ready).await;
        self.channel().await
    }

    /// Answers a download, and has its channel.
    pub(super) async fn get(&mut self, call: Call, size: u64, offset: u64) -> Channel {
        let ready = GetReady { transfer: "7".into(), size, offset, modified_ms: 5, version: "v".into() };
        self.result(call, ready).await;
        self.channel().await
    }

    async fn channel(&mut self) -> Channel {
        let channel = self.reports.channels.recv().await.unwrap();
        assert_eq!(channel.label().await.unwrap(), transfer_label("7"));
        assert!(channel.ordered().await.unwrap() && channel.max_retransmits().await.unwrap().is_none());
        Channel(channel)
    }

    /// The session ends without a word.
    pub(super) async fn leave(self) {
        self.connection.close().await;
    }
}

impl Channel {
    pub(super) async fn hear(&self) -> Heard {
        loop {
            match self.0.poll().await {
                Some(DataChannelEvent::OnMessage(message)) if message.is_string => {
                    return Heard::Said(serde_json::from_slice(&message.data).unwrap());
                }
                Some(DataChannelEvent::OnMessage(message)) => return Heard::Bytes(message.data.to_vec()),
                Some(DataChannelEvent::OnClose) | None => return Heard::Closed,
                Some(_) => {}
            }
        }
    }

    /// Why the viewer gives it up.
    pub(super) async fn hear_failed(&self) -> i32 {
        loop {
            match self.hear().await {
                Heard::Said(Transfer::Failed { code, .. }) => return code,
                Heard::Closed => panic!("it closed without a word"),
                Heard::Bytes(_) | Heard::Said(_) => {}
            }
        }
    }

    pub(super) async fn say(&self, message: Transfer) {
        self.0.send_text(&serde_json::to_string(&message).unwrap()).await.unwrap();
    }

    pub(super) async fn send(&self, bytes: &[u8]) {
        self.0.send(BytesMut::from(bytes)).await.unwrap();
    }

    pub(super) async fn close(&self) {
        self.0.close().await.unwrap();
    }
}
