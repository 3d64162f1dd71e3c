//! What a server needs to start, and what it says when it does not get it.

use crate::harness::{settings, start, start_in};
use protocol::signal::FromServer;
use std::net::{TcpListener, UdpSocket};
use watchword_rendezvous::{ServeError, Server, Tls};

#[tokio::test]
async fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let mut taken = settings(&folder);
    taken.listen = tcp.local_addr().unwrap();
    let error = Server::bind(taken).err().unwrap();
    assert!(matches!(error, ServeError::PortInUse { protocol: "TCP", .. }));
    assert!(error.to_string().contains(&tcp.local_addr().unwrap().port().to_string()), "{error}");
    let mut taken = settings(&folder);
    taken.stun_listen = Some(udp.local_addr().unwrap());
    let error = Server::bind(taken).err().unwrap();
    assert!(matches!(error, ServeError::PortInUse { protocol: "UDP", .. }), "{error}");
    let mut elsewhere = settings(&folder);
    elsewhere.listen = "192.0.2.1:0".parse().unwrap();
    let error = Server::bind(elsewhere).err().unwrap();
    assert!(matches!(error, ServeError::Listen { .. }), "{error}");
}

#[tokio::test]
async fn plain_http_is_for_loopback() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        let mut plain = settings(&folder);
        plain.tls = Tls::PlainLoopback;
        plain.listen = address.parse().unwrap();
        let error = Server::bind(plain).err().unwrap();
        assert!(matches!(error, ServeError::PlainOffLoopback(_)), "{address}: {error}");
    }
    let server = start_in(folder, |settings| settings.tls = Tls::PlainLoopback);
    let url = format!("ws://{}/ws", server.address);
    let tcp = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(url, tcp).await.unwrap();
    let welcome = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap().into_text().unwrap();
    assert!(matches!(serde_json::from_str(&welcome).unwrap(), FromServer::Welcome { .. }));
    drop(socket);
    server.stopped().await;
}

#[tokio::test]
async fn the_certificate_and_the_places_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::bind(settings(&folder)).unwrap();
    let error = Server::bind(settings(&folder)).err().unwrap();
    assert!(matches!(error, ServeError::StateInUse(_)), "{error}");
    let fingerprint = first.fingerprint().unwrap();
    assert_eq!(fingerprint.split(':').count(), 32);
    drop(first);
    assert_eq!(Server::bind(settings(&folder)).unwrap().fingerprint(), Some(fingerprint.clone()));
    let mut given = settings(&folder);
    given.tls = Tls::Files {
        certificate: folder.path().join("tls/certificate.pem"),
        key: folder.path().join("tls/key.pem"),
    };
    assert_eq!(Server::bind(given).unwrap().fingerprint(), Some(fingerprint));
    let mut unreadable = settings(&folder);
    unreadable.tls = Tls::Files { certificate: "nowhere.pem".into(), key: "nowhere.key".into() };
    let error = Server::bind(unreadable).err().unwrap();
    assert!(error.to_string().contains("nowhere.pem"), "{error}");
}

#[tokio::test]
async fn a_server_stops_with_nothing_open() {
    let server = start();
    drop(server.connect("h2").await);
    server.stopped().await;
}
