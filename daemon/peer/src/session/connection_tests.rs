//! Two connections over loopback, with channels of the test's own.

use super::*;
use crate::tracks::codecs;
use bytes::BytesMut;
use std::net::Ipv4Addr;
use std::time::Instant;
use webrtc::data_channel::DataChannelEvent;
use webrtc::peer_connection::RTCSessionDescription;
use webrtc::runtime::TokioRuntime;

const MESSAGE: usize = 16 * 1024;
const MESSAGES: usize = 1024;

async fn open(address: Ipv4Addr) -> (Connection, Reports) {
    let plan = Plan {
        base: Arc::new(TokioRuntime),
        addresses: vec![SocketAddr::new(address.into(), 0)],
        stun: Vec::new(),
        engine: codecs::engine(None).unwrap(),
        interceptors: codecs::receiving(),
        checks: VIEWER_CHECKS,
    };
    Connection::open(plan).await.unwrap()
}

async fn description(of: &Connection, reports: &mut Reports) -> String {
    reports.candidates.recv().await.unwrap();
    of.peer.local_description().await.unwrap().sdp
}

async fn opened(channel: &dyn DataChannel) {
    while !matches!(channel.poll().await.unwrap(), DataChannelEvent::OnOpen) {}
}

/// Sends back what comes.
async fn echo(channel: Arc<dyn DataChannel>) {
    while let Some(event) = channel.poll().await {
        if let DataChannelEvent::OnMessage(message) = event {
            let _ = channel.send(message.data).await;
        }
    }
}

async fn sink(channel: Arc<dyn DataChannel>) {
    let mut bytes = 0;
    while bytes < MESSAGE * MESSAGES {
        if let DataChannelEvent::OnMessage(message) = channel.poll().await.unwrap() {
            bytes += message.data.len();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_is_quick_beside_a_transfer() {
    let (one, mut one_reports) = open(Ipv4Addr::new(127, 0, 79, 1)).await;
    let (two, mut two_reports) = open(Ipv4Addr::new(127, 0, 79, 2)).await;
    let ping = one.peer.create_data_channel("ping", None).await.unwrap();
    let bulk = one.peer.create_data_channel("bulk", None).await.unwrap();
    let offer = one.peer.create_offer(None).await.unwrap();
    one.peer.set_local_description(offer).await.unwrap();
    let sdp = description(&one, &mut one_reports).await;
    two.peer.set_remote_description(RTCSessionDescription::offer(sdp).unwrap()).await.unwrap();
    let answer = two.peer.create_answer(None).await.unwrap();
    two.peer.set_local_description(answer).await.unwrap();
    let sdp = description(&two, &mut two_reports).await;
    one.peer.set_remote_description(RTCSessionDescription::answer(sdp).unwrap()).await.unwrap();
    let mut received = None;
    for _ in 0..2 {
        let channel = two_reports.channels.recv().await.unwrap();
        if channel.label().await.unwrap() == "bulk" {
            received = Some(tokio::spawn(sink(channel)));
        } else {
            tokio::spawn(echo(channel));
        }
    }
    opened(&*ping).await;
    opened(&*bulk).await;
    one.wire.settle();
    two.wire.settle();

    let began = Instant::now();
    let transfer = tokio::spawn(async move {
        for _ in 0..MESSAGES {
            bulk.send(BytesMut::zeroed(MESSAGE)).await.unwrap();
        }
        bulk
    });
    let received = received.unwrap();
    let mut pings = Vec::new();
    while !received.is_finished() && began.elapsed() < Duration::from_secs(60) {
        let sent = Instant::now();
        ping.send(BytesMut::zeroed(32)).await.unwrap();
        while !matches!(ping.poll().await.unwrap(), DataChannelEvent::OnMessage(_)) {}
        pings.push(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    received.await.unwrap();
    let seconds = began.elapsed().as_secs_f64();
    let _bulk = transfer.await.unwrap();
    pings.sort();
    #[allow(clippy::cast_precision_loss)]
    let rate = (MESSAGE * MESSAGES) as f64 / 1e6 / seconds;
    let median = pings[pings.len() / 2];
    println!(
        "{rate:.1} MB/s; ping beside it {median:?} (median), {:?} (max), n = {}",
        pings[pings.len() - 1],
        pings.len()
    );
    println!(
        "flights repeated, datagrams lost to full queues: {:?} and {:?}",
        one.wire.counters(),
        two.wire.counters()
    );
    assert!(median < Duration::from_millis(300), "{median:?}");
    assert!(rate > 2.0, "{rate} MB/s");
    one.close().await;
    two.close().await;
}
