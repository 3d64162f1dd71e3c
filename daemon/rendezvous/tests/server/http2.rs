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
    let open = Request::builder()
        .method(Method::CONNECT)
        .uri("https://localhost/ws")
        .extension(h2::ext::Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .header("origin", "https://localhost")
        .body(())
        .unwrap();
    let (response, mut up) = client.send_request(open, false).unwrap();
    let response = timeout(PATIENCE, response).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    let mut down = response.into_body();

    assert!(matches!(next(&mut down).await, FromServer::Welcome { .. }));
    // A masked text frame; the mask is zero.
    let ping = br#"{"type":"ping"}"#;
    let frame = [&[0x81, 0x80 | ping.len() as u8, 0, 0, 0, 0], &ping[..]].concat();
    up.send_data(Bytes::from(frame), false).unwrap();
    assert_eq!(next(&mut down).await, FromServer::Pong);
    server.until_counts(1, 0, 0).await;
    up.send_reset(h2::Reason::CANCEL);
    server.until_counts(0, 0, 0).await;
    server.stopped().await;
    connection.abort();
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
