//! What a server needs to start, and what it says when it does not get it.

use crate::harness::{claim, settings, start, start_in};
use protocol::{identity::Identity, signal::FromServer};
use std::{
    net::{TcpListener, UdpSocket},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use watchword_rendezvous::{ServeError, Server, Sockets, Tls};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

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
async fn sockets_that_are_open_already_take_the_place_of_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let (at, stun) = (tcp.local_addr().unwrap(), udp.local_addr().unwrap());
    let mut elsewhere = settings(&folder);
    // The ports of the given sockets: to open them again would fail.
    (elsewhere.listen, elsewhere.stun_listen) = (at, Some(stun));
    let server = Server::bind_on(elsewhere, Sockets { tcp: Some(tcp), udp: Some(udp) }).unwrap();
    assert_eq!((server.local_addr(), server.stun_addr()), (at, Some(stun)));
    let (stop, client) =
        (CancellationToken::new(), tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let running = tokio::spawn(server.run(stop.clone()));
    tokio::net::TcpStream::connect(at).await.unwrap();
    let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
    client.send_to(&request, stun).await.unwrap();
    let mut response = [0; 128];
    let answered = tokio::time::timeout(PATIENCE, client.recv(&mut response)).await.unwrap().unwrap();
    assert!(answered > 20 && response[8..20] == [7; 12], "a binding response to this request");
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn plain_http_is_for_loopback_also_on_a_socket_that_is_open_already() {
    let folder = tempfile::tempdir().unwrap();
    let mut plain = settings(&folder);
    plain.tls = Tls::PlainLoopback;
    let given = Sockets { tcp: Some(TcpListener::bind("0.0.0.0:0").unwrap()), udp: None };
    let error = Server::bind_on(plain, given).err().unwrap();
    assert!(matches!(error, ServeError::PlainOffLoopback(_)), "{error}");
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

#[test]
fn a_server_that_is_dropped_while_it_runs_leaves_no_thread_behind() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::bind(settings(&folder)).unwrap();
        let door = server.local();
        tokio::spawn(server.run(CancellationToken::new()));
        // The database's thread works when a claim is answered.
        let mut socket = door.open();
        let Some(FromServer::Welcome { handle, challenge, .. }) = socket.receiver.recv().await else {
            panic!("no welcome")
        };
        let claim = claim(&Identity::generate(), &challenge.0, &handle, "garden");
        socket.sender.send(claim).await.unwrap();
        assert!(matches!(socket.receiver.recv().await, Some(FromServer::Claimed { .. })));
    });
    let (gone, dropped) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(runtime); // waits for its threads
        let _ = gone.send(());
    });
    assert!(dropped.recv_timeout(PATIENCE).is_ok(), "a thread of the server holds the runtime");
}
