//! HTTP/2, as a browser that has the page by it uses it: the WebSocket within the same connection (RFC 8441).

use crate::harness::{PATIENCE, start};
use hyper::{Method, Request, body::Bytes};
use protocol::signal::FromServer;
use tokio::time::timeout;

/// One short unfragmented frame of a server (RFC 6455 section 5.2), if it is all there.
fn payload(frame: &[u8]) -> Option<&[u8]> {
    let (start, length) = match *frame.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(frame.get(2..4)?.try_into().ok()?))),
        short => (2, usize::from(short)),
    };
    frame.get(start..start + length)
}

#[tokio::test]
async fn a_websocket_within_the_connection_of_the_page() {
    let server = start();
    let (mut client, connection) = h2::client::handshake(server.connect("h2").await).await.unwrap();
    let connection = tokio::spawn(connection);
    let page = Request::get("https://localhost/healthz").body(()).unwrap();
    let (response, _) = client.send_request(page, true).unwrap();
    assert_eq!(timeout(PATIENCE, response).await.unwrap().unwrap().status(), 200);
    assert!(client.is_extended_connect_protocol_enabled());

    client = client.ready().await.unwrap();
    let (mut up, mut down) = open(&mut client).await;

    assert!(matches!(next(&mut down).await, FromServer::Welcome { .. }));
    up.send_data(ping(), false).unwrap();
    assert_eq!(next(&mut down).await, FromServer::Pong);
    server.until_counts(1, 0, 0).await;
    up.send_reset(h2::Reason::CANCEL);
    server.until_counts(0, 0, 0).await;
    server.stopped().await;
    connection.abort();
}

/// A WebSocket within the connection.
async fn open(client: &mut h2::client::SendRequest<Bytes>) -> (h2::SendStream<Bytes>, h2::RecvStream) {
    let open = Request::builder()
        .method(Method::CONNECT)
        .uri("https://localhost/ws")
        .extension(h2::ext::Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .header("origin", "https://localhost")
        .body(())
        .unwrap();
    let (response, up) = client.send_request(open, false).unwrap();
    let response = timeout(PATIENCE, response).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    (up, response.into_body())
}

/// A masked text frame; the mask is zero.
fn ping() -> Bytes {
    let ping = br#"{"type":"ping"}"#;
    Bytes::from([&[0x81, 0x80 | ping.len() as u8, 0, 0, 0, 0], &ping[..]].concat())
}

#[tokio::test]
async fn a_websocket_outlives_its_connections_time_for_new_requests() {
    let server = start();
    let (client, connection) = h2::client::handshake(server.connect("h2").await).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let page = Request::get("https://localhost/healthz").body(()).unwrap();
    let (response, _) = client.send_request(page, true).unwrap();
    timeout(PATIENCE, response).await.unwrap().unwrap();
    let (mut up, mut down) = open(&mut client.ready().await.unwrap()).await;
    assert!(matches!(next(&mut down).await, FromServer::Welcome { .. }));
    // The time for new requests is 2 s: a WebSocket opened within it goes on after it.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    up.send_data(ping(), false).unwrap();
    assert_eq!(next(&mut down).await, FromServer::Pong);
    server.until_counts(1, 0, 0).await;
    up.send_reset(h2::Reason::CANCEL);
    // Without it nothing holds the connection any more.
    timeout(PATIENCE, connection).await.unwrap().unwrap().unwrap();
    server.stopped().await;
}

/// The next message; the server sends nothing unasked, so frames do not mix.
async fn next(down: &mut h2::RecvStream) -> FromServer {
    let mut read = Vec::new();
    loop {
        let data = timeout(PATIENCE, down.data()).await.unwrap().unwrap().unwrap();
        down.flow_control().release_capacity(data.len()).unwrap();
        read.extend_from_slice(&data);
        if let Some(text) = payload(&read) {
            return serde_json::from_slice(text).unwrap();
        }
    }
}
