//! A server that runs, and clients that come to it as strangers do.

use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming};
use hyper_util::rt::TokioIo;
use protocol::{
    bytes::B64,
    identity::Identity,
    signal::{FromServer, RefusalCode, SessionId, ToServer},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, protocol::CloseFrame},
};
use tokio_util::sync::CancellationToken;
use watchword_rendezvous::{LocalDoor, ServeError, Server, Settings, Tls};

/// Nothing here takes this long, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stun: Option<SocketAddr>,
    pub(crate) door: LocalDoor,
    pub(crate) folder: TempDir,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

pub(crate) type Tcp = TlsStream<TcpStream>;

/// Settings on loopback, ports chosen by the system, all files in `folder`.
pub(crate) fn settings(folder: &TempDir) -> Settings {
    let mut settings = Settings::new(
        Tls::SelfSigned { directory: folder.path().join("tls") },
        folder.path().join("places.redb"),
    );
    settings.listen = "127.0.0.1:0".parse().unwrap();
    settings.stun_listen = Some("127.0.0.1:0".parse().unwrap());
    settings
}

pub(crate) fn start() -> Running {
    start_with(|_| {})
}

pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Running {
    start_in(tempfile::tempdir().unwrap(), change)
}

pub(crate) fn start_in(folder: TempDir, change: impl FnOnce(&mut Settings)) -> Running {
    let mut settings = settings(&folder);
    change(&mut settings);
    let server = Server::bind(settings).unwrap();
    let (address, stun, door) = (server.local_addr(), server.stun_addr(), server.local());
    let stop = CancellationToken::new();
    let task = tokio::spawn(server.run(stop.clone()));
    Running { address, stun, door, folder, stop, task }
}

impl Running {
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Stops it; all its tasks must end.
    pub(crate) async fn stopped(self) -> TempDir {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("it ends in time").unwrap().unwrap();
        self.folder
    }

    /// A TLS connection by the name `localhost`, verified against the server's own certificate alone.
    pub(crate) async fn connect(&self, alpn: &str) -> Tcp {
        let mut roots = RootCertStore::empty();
        let certificate = self.folder.path().join("tls/certificate.pem");
        roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
    }

    /// A WebSocket, with its welcome.
    pub(crate) async fn socket(&self) -> Socket {
        let mut socket = self.unwelcomed(None).await;
        match socket.next().await {
            FromServer::Welcome { handle, challenge, v, stun_port, stream } => {
                assert_eq!((v, stun_port, stream), (1, self.stun.map(|stun| stun.port()), None));
                (socket.handle, socket.challenge) = (handle, challenge.0);
                socket
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn unwelcomed(&self, origin: Option<&str>) -> Socket {
        let mut request =
            format!("wss://localhost:{}/ws", self.address.port()).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let (stream, _) = client_async(request, self.connect("http/1.1").await).await.unwrap();
        Socket { stream, handle: String::new(), challenge: Vec::new() }
    }

    /// A device that serves `place`.
    pub(crate) async fn device(&self, identity: &Identity, place: &str) -> Socket {
        let mut device = self.socket().await;
        device.claim(identity, place).await;
        assert_eq!(device.next().await, FromServer::Claimed { place: place.to_owned() });
        device
    }

    /// One request on a connection of its own.
    pub(crate) async fn request(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let io = TokioIo::new(self.connect("http/1.1").await);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response<Incoming> {
        self.request(request("GET", path, "").body(Full::default()).unwrap()).await
    }

    /// What `/healthz` says.
    pub(crate) async fn health(&self) -> serde_json::Value {
        serde_json::from_str(&text(self.get("/healthz").await).await).unwrap()
    }

    /// Waits until `/healthz` counts so many sockets, places and sessions.
    pub(crate) async fn until_counts(&self, sockets: u64, places: u64, sessions: u64) {
        let wanted = (Some(sockets), Some(places), Some(sessions));
        let mut last = serde_json::Value::Null;
        for _ in 0..400 {
            last = self.health().await;
            if (last["sockets"].as_u64(), last["places"].as_u64(), last["sessions"].as_u64()) == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("never {wanted:?}, at last {last}");
    }
}

pub(crate) fn request(method: &str, path: &str, stream: &str) -> hyper::http::request::Builder {
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    if stream.is_empty() { request } else { request.header("x-watchword-stream", stream) }
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    let body = timeout(PATIENCE, response.into_body().collect()).await.unwrap().unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<Tcp>,
    pub(crate) handle: String,
    pub(crate) challenge: Vec<u8>,
}

impl Socket {
    pub(crate) async fn say(&mut self, message: &ToServer) {
        self.say_text(serde_json::to_string(message).unwrap()).await;
    }

    pub(crate) async fn say_text(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> FromServer {
        loop {
            match timeout(PATIENCE, self.stream.next()).await.expect("it is told in time") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The code of the refusal that must come next.
    pub(crate) async fn refused(&mut self) -> RefusalCode {
        match self.next().await {
            FromServer::Refused { refusal, .. } => refusal.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Reads on until the socket is closed.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match timeout(PATIENCE, self.stream.next()).await.expect("it is closed in time") {
                Some(Ok(Message::Close(frame))) => return frame,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub(crate) async fn claim(&mut self, identity: &Identity, place: &str) {
        let claim = claim(identity, &self.challenge, &self.handle, place);
        self.say(&claim).await;
    }

    /// A knock that reaches `device`, up to a session in which everything may be relayed.
    pub(crate) async fn prove(&mut self, device: &mut Socket, place: &str) -> SessionId {
        self.say(&knock(place)).await;
        let FromServer::Knock { session, source, viewer, .. } = device.next().await else {
            panic!("no knock")
        };
        assert_eq!((source.as_str(), &viewer), ("127.0.0.1", &self.handle));
        device.say(&ToServer::Reply { session: session.clone(), ke2: B64(vec![2]) }).await;
        let reply =
            FromServer::Reply { session: session.clone(), device: device.handle.clone(), ke2: B64(vec![2]) };
        assert_eq!(self.next().await, reply);
        self.say(&prove(&session)).await;
        assert!(matches!(device.next().await, FromServer::Prove { .. }));
        session
    }
}

pub(crate) fn claim(identity: &Identity, challenge: &[u8], handle: &str, place: &str) -> ToServer {
    ToServer::Claim {
        v: 1,
        place: place.to_owned(),
        key: B64(identity.public_key().to_vec()),
        signature: B64(identity.claim(challenge, handle, place).to_vec()),
        token: None,
    }
}

pub(crate) fn knock(place: &str) -> ToServer {
    ToServer::Knock { v: 1, place: place.to_owned(), ke1: B64(vec![1]), pass: None }
}

pub(crate) fn prove(session: &str) -> ToServer {
    ToServer::Prove { session: session.to_owned(), ke3: B64(vec![3]), sealed: B64(vec![4]) }
}

pub(crate) fn relay(session: &str, bytes: usize) -> ToServer {
    ToServer::Relay { session: session.to_owned(), sealed: B64(vec![5; bytes]) }
}
