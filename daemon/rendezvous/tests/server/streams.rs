//! The same messages by POST and event stream.

use crate::harness::{self, PATIENCE, Running, knock, prove, relay, start, text};
use http_body_util::{BodyExt, Full};
use hyper::{Response, body::Incoming};
use protocol::{
    bytes::B64,
    identity::Identity,
    signal::{FromServer, RefusalCode, ToServer},
};
use tokio::time::timeout;

struct Stream {
    response: Response<Incoming>,
    read: String,
    secret: String,
}

impl Stream {
    async fn open(server: &Running) -> Self {
        let response = server.get("/events").await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { response, read: String::new(), secret: String::new() };
        match stream.next().await {
            FromServer::Welcome { stream: Some(secret), .. } => stream.secret = secret.encode(),
            other => panic!("{other:?}"),
        }
        stream
    }

    /// The next message; comments are passed over.
    async fn next(&mut self) -> FromServer {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
                self.read = rest.to_owned();
                match data {
                    Some(data) => return serde_json::from_str(&data).unwrap(),
                    None => continue,
                }
            }
            let frame =
                timeout(PATIENCE, self.response.frame()).await.unwrap().expect("the stream goes on").unwrap();
            self.read += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
    }

    async fn post(&self, server: &Running, body: impl Into<String>) -> Response<Incoming> {
        let request = harness::request("POST", "/messages", &self.secret);
        server.request(request.body(Full::from(body.into())).unwrap()).await
    }

    async fn say(&self, server: &Running, message: &ToServer) {
        let response = self.post(server, serde_json::to_string(message).unwrap()).await;
        assert_eq!(response.status(), 204);
    }
}

#[tokio::test]
async fn a_viewer_by_event_stream_meets_a_device_by_websocket() {
    let server = start();
    let mut device = server.device(&Identity::generate(), "garden").await;
    let mut viewer = Stream::open(&server).await;
    viewer.say(&server, &knock("garden")).await;
    let FromServer::Knock { session, .. } = device.next().await else { panic!() };
    device.say(&ToServer::Reply { session: session.clone(), ke2: B64(vec![2]) }).await;
    assert!(matches!(viewer.next().await, FromServer::Reply { .. }));
    viewer.say(&server, &prove(&session)).await;
    assert!(matches!(device.next().await, FromServer::Prove { .. }));
    viewer.say(&server, &relay(&session, 9)).await;
    assert!(matches!(device.next().await, FromServer::Relay { .. }));
    device.say(&relay(&session, 9)).await;
    assert!(matches!(viewer.next().await, FromServer::Relay { .. }));
    drop(viewer);
    assert_eq!(device.next().await, FromServer::Left { session });
    server.until_counts(1, 1, 0).await;
    server.stopped().await;
}

#[tokio::test]
async fn a_message_needs_the_secret_of_an_open_stream() {
    let server = start();
    let ping = r#"{"type":"ping"}"#;
    for secret in ["", "AAAA", "not base64!"] {
        let request = harness::request("POST", "/messages", secret);
        let response = server.request(request.body(Full::from(ping)).unwrap()).await;
        assert_eq!(response.status(), 404);
        assert!(text(response).await.contains("no-session"));
    }
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.post(&server, ping).await.status(), 204);
    assert_eq!(stream.next().await, FromServer::Pong);
    for (body, status, code) in [
        ("nonsense".to_owned(), 400, RefusalCode::Malformed),
        ("x".repeat(protocol::signal::MAX_MESSAGE + 1), 413, RefusalCode::TooLarge),
    ] {
        assert_eq!(stream.post(&server, body).await.status(), status);
        match stream.next().await {
            FromServer::Refused { refusal, .. } => assert_eq!(refusal.code, code),
            other => panic!("{other:?}"),
        }
    }
    let gone =
        Stream { response: server.get("/healthz").await, read: String::new(), secret: stream.secret.clone() };
    drop(stream);
    server.until_counts(0, 0, 0).await;
    assert_eq!(gone.post(&server, ping).await.status(), 404);
    server.stopped().await;
}

#[tokio::test]
async fn a_stream_ends_with_the_server() {
    let server = start();
    let mut stream = Stream::open(&server).await;
    server.stop();
    let end = timeout(PATIENCE, stream.response.frame()).await.unwrap();
    assert!(end.is_none(), "{end:?}");
    server.stopped().await;
}
