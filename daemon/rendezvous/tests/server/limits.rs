//! Limits as strangers meet them.

use crate::harness::{PATIENCE, knock, relay, start_with};
use futures_util::{SinkExt, StreamExt};
use protocol::{
    identity::Identity,
    signal::{FromServer, RefusalCode, ToServer},
};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;
use watchword_rendezvous::Rate;

/// Short for a person, long for a busy machine.
const SHORT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn sockets_of_an_address() {
    let server = start_with(|settings| settings.limits.sockets_per_source = 2);
    let (first, _second) = (server.socket().await, server.socket().await);
    let mut third = server.unwelcomed(None).await;
    assert_eq!(third.refused().await, RefusalCode::TooManySockets);
    assert!(third.closed().await.is_some());
    assert_eq!(server.get("/events").await.status(), 429);
    drop(first);
    server.until_counts(1, 0, 0).await;
    server.socket().await;
    server.stopped().await;
}

#[tokio::test]
async fn messages_and_knocks() {
    let server = start_with(|settings| {
        settings.limits.viewer_messages = Rate { burst: 5, per_second: 0.1 };
        settings.limits.knocks_per_source = Rate { burst: 1, per_second: 0.01 };
    });
    let mut viewer = server.socket().await;
    for _ in 0..2 {
        viewer.say(&knock("garden")).await;
    }
    viewer.next().await;
    assert_eq!(viewer.refused().await, RefusalCode::TooManyKnocks);
    for _ in 0..4 {
        viewer.say(&ToServer::Ping).await;
    }
    for _ in 0..3 {
        viewer.next().await;
    }
    assert_eq!(viewer.refused().await, RefusalCode::TooFast);
    server.stopped().await;
}

#[tokio::test]
async fn who_goes_on_at_fault_is_closed() {
    let server = start_with(|settings| settings.limits.refusals = Rate { burst: 3, per_second: 0.1 });
    let mut socket = server.socket().await;
    for _ in 0..4 {
        socket.say_text("nonsense").await;
    }
    let frame = socket.closed().await.expect("a close frame");
    assert_eq!(u16::from(frame.code), 1008);
    server.until_counts(0, 0, 0).await;
    server.stopped().await;
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_closed_and_holds_nobody_up() {
    let server = start_with(|settings| {
        settings.limits.viewer_bytes = Rate { burst: 1 << 30, per_second: 1e9 };
        settings.limits.viewer_messages = Rate { burst: 1 << 20, per_second: 1e6 };
        settings.limits.outbox_bytes = 256 * 1024;
        settings.limits.times.write = Duration::from_secs(2);
    });
    let mut device = server.device(&Identity::generate(), "garden").await;
    let mut viewer = server.socket().await;
    let session = viewer.prove(&mut device, "garden").await;
    // The device reads nothing from here on: what the system's buffers hold is on its way, and the rest is bounded.
    let (mut writer, mut reader) = viewer.stream.split();
    let text = serde_json::to_string(&relay(&session, 40_000)).unwrap();
    let flood = async { while writer.send(Message::text(text.clone())).await.is_ok() {} };
    let told = async {
        let told = reader.next().await.unwrap().unwrap().into_text().unwrap();
        assert_eq!(
            serde_json::from_str::<FromServer>(&told).unwrap(),
            FromServer::Left { session: session.clone() }
        );
    };
    let first = async {
        tokio::select! { () = flood => panic!("the viewer is no culprit"), () = told => {} }
    };
    timeout(3 * PATIENCE, first).await.expect("the device is given up");
    server.until_counts(1, 0, 0).await;
    drop((writer, reader));
    server.stopped().await;
}

#[tokio::test]
async fn a_socket_without_a_pulse_is_reaped() {
    let server = start_with(|settings| {
        settings.limits.times.ping = SHORT;
        settings.limits.times.pong = SHORT;
    });
    // Neither reads nor writes: its answers to pings are never sent, as after a cut cable.
    let mut dead = server.device(&Identity::generate(), "garden").await;
    let mut alive = server.socket().await;
    let reading = tokio::spawn(async move { alive.closed().await });
    server.until_counts(1, 0, 0).await;
    tokio::time::sleep(3 * SHORT).await;
    server.until_counts(1, 0, 0).await;
    assert!(!reading.is_finished(), "who answers stays");
    dead.closed().await;
    server.stopped().await;
    reading.await.unwrap();
}

#[tokio::test]
async fn who_says_nothing_is_closed_at_every_step() {
    let server = start_with(|settings| {
        settings.limits.times.request = SHORT;
        settings.limits.times.hello = SHORT;
    });
    let begun = Instant::now();
    let mut no_tls = TcpStream::connect(server.address).await.unwrap();
    let mut no_request = server.connect("http/1.1").await;
    let mut no_preface = server.connect("h2").await;
    let mut half_a_request = server.connect("http/1.1").await;
    half_a_request.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut one_request = server.connect("http/1.1").await;
    one_request.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut silent = server.socket().await;
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, no_tls.read_to_end(&mut rest)).await.expect("no TLS");
    let _ = timeout(PATIENCE, no_request.read_to_end(&mut rest)).await.expect("no request");
    let _ = timeout(PATIENCE, no_preface.read_to_end(&mut rest)).await.expect("no HTTP/2 preface");
    let _ = timeout(PATIENCE, half_a_request.read_to_end(&mut rest)).await.expect("half a request");
    let _ = timeout(PATIENCE, one_request.read_to_end(&mut rest)).await.expect("nothing after a request");
    silent.closed().await.expect("a close frame");
    assert!(begun.elapsed() < PATIENCE);
    server.stopped().await;
}

#[tokio::test]
async fn connections_of_an_address() {
    let server = start_with(|settings| settings.limits.connections_per_source = 2);
    let first = server.connect("http/1.1").await;
    let _second = server.connect("http/1.1").await;
    let mut third = TcpStream::connect(server.address).await.unwrap();
    let read = timeout(PATIENCE, third.read(&mut [0; 10])).await.expect("closed at once");
    assert!(matches!(read, Ok(0) | Err(_)));
    drop(first);
    tokio::time::sleep(SHORT).await;
    assert_eq!(server.get("/healthz").await.status(), 200);
    server.stopped().await;
}
