//! One WebSocket to a rendezvous elsewhere, kept: no answer for five seconds, and a new one is made.

use super::{LinkEvent, QUEUE, Trust, backoff::Backoff, tls};
use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use protocol::signal::{FromServer, MAX_MESSAGE, ToServer};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::mpsc, time};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error, Message, http::Uri, protocol::WebSocketConfig},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A socket that says nothing for this long (not even a pong) is dead.
const SILENCE: Duration = Duration::from_secs(5);
/// How often the other end is asked for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(2);
/// Name look-up, TCP, TLS and the WebSocket's handshake together.
const CONNECT_TIME: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// A rendezvous elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    uri: Uri,
    tls: Arc<rustls::ClientConfig>,
}

impl Remote {
    /// `url` is `wss://host[:port]/ws`.
    pub(crate) fn new(url: &str, trust: Arc<Trust>) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url:?} is no URL"))?;
        if uri.host().is_none() {
            bail!("{url:?} names no host");
        }
        Ok(Self { uri, tls: tls::client(trust)? })
    }

    /// Host name, for STUN at the same host.
    #[must_use]
    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Connects once, takes the server's first message, and hangs up.
    ///
    /// # Errors
    /// See [`ConnectError`].
    #[cfg(feature = "device")]
    pub(crate) async fn greeting(&self) -> Result<FromServer, ConnectError> {
        let greeting = async {
            let mut socket = self.connect().await?;
            while let Some(message) = socket.next().await {
                if let Message::Text(text) = message.map_err(|error| self.no_server(error))? {
                    let welcome = read(&text);
                    let _ = socket.close(None).await;
                    return welcome.ok_or_else(|| self.no_server(Error::ConnectionClosed));
                }
            }
            Err(self.no_server(Error::ConnectionClosed))
        };
        match time::timeout(CONNECT_TIME, greeting).await {
            Ok(greeting) => greeting,
            Err(_) => Err(ConnectError::Silent(self.uri.to_string())),
        }
    }

    async fn connect(&self) -> Result<Socket, ConnectError> {
        let host = self.host().trim_matches(['[', ']']);
        let port = self.uri.port_u16().unwrap_or(443);
        let address = format!("{host}:{port}");
        let unreachable = |source| ConnectError::Unreachable { address: address.clone(), source };
        let tcp = TcpStream::connect((host, port)).await.map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        let name = rustls::pki_types::ServerName::try_from(host.to_owned())
            .map_err(|error| ConnectError::Tls(std::io::Error::other(error)))?;
        let tls = TlsConnector::from(self.tls.clone()).connect(name, tcp).await;
        let tls = tls.map_err(|error| ConnectError::Tls(tls::plain(error)))?;
        let limits =
            WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        let connected = client_async_with_config(self.uri.clone(), tls, Some(limits)).await;
        connected.map(|(socket, _)| socket).map_err(|error| self.no_server(error))
    }

    fn no_server(&self, error: Error) -> ConnectError {
        let how = match error {
            Error::Http(response) => format!("it answers as some other web server ({})", response.status()),
            error => error.to_string(),
        };
        ConnectError::NoServer { url: self.uri.to_string(), how }
    }
}

/// Why there is no connection, by how far it came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The name is not known, or nobody takes the connection.
    #[error("no connection to {address}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificate is not trusted, or TLS is not spoken there.
    #[error("no TLS")]
    Tls(#[source] std::io::Error),
    /// Something else answers.
    #[error("{url} does not answer as a Watchword server: {how}")]
    NoServer {
        /// The URL.
        url: String,
        /// How it answers.
        how: String,
    },
    /// Nothing answers in time.
    #[cfg(feature = "device")]
    #[error("{0} does not answer")]
    Silent(String),
}

/// Keeps a socket to `remote` until told to stop.
#[must_use]
pub(crate) fn remote(
    remote: Remote,
    stop: CancellationToken,
    tasks: &TaskTracker,
) -> mpsc::Receiver<LinkEvent> {
    let (events, link) = mpsc::channel(QUEUE);
    tasks.spawn(async move {
        let _ = stop.run_until_cancelled(keep(remote, events)).await;
    });
    link
}

/// Ends only when nobody listens any more.
async fn keep(remote: Remote, events: mpsc::Sender<LinkEvent>) {
    let mut backoff = Backoff::new(Instant::now());
    loop {
        let why = match time::timeout(CONNECT_TIME, remote.connect()).await {
            Ok(Ok(socket)) => {
                let began = Instant::now();
                let why = converse(socket, &events).await;
                // One that takes connections only to end them is as good as none.
                if began.elapsed() >= SILENCE {
                    backoff = Backoff::new(Instant::now());
                }
                why
            }
            Ok(Err(error)) => format!("{:#}", anyhow::Error::from(error)),
            Err(_) => format!("{} does not answer", remote.uri),
        };
        if events.send(LinkEvent::Down { why }).await.is_err() {
            return;
        }
        let wait = backoff.next(Instant::now(), &mut rand::rng());
        time::sleep(wait).await;
    }
}

/// Carries messages both ways until the socket is dead; says why.
async fn converse(mut socket: Socket, events: &mpsc::Sender<LinkEvent>) -> String {
    let (sender, mut to_server) = mpsc::channel(QUEUE);
    if events.send(LinkEvent::Up(sender)).await.is_err() {
        return "nobody listens".into();
    }
    let mut ping = time::interval(PING_EVERY);
    let mut heard = time::Instant::now();
    loop {
        tokio::select! {
            message = socket.next() => {
                heard = time::Instant::now();
                match message {
                    Some(Ok(Message::Text(text))) => {
                        if let Some(message) = read(&text) && events.send(LinkEvent::Message(message)).await.is_err() {
                            return "nobody listens".into();
                        }
                    }
                    Some(Ok(Message::Close(frame))) => return closed(frame),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return broken(&error),
                    None => return "the server closed the connection".into(),
                }
            }
            message = to_server.recv() => {
                let Some(message) = message else { return "nobody speaks any more".into() };
                if let Err(error) = send(&mut socket, &message).await {
                    return error;
                }
            }
            () = time::sleep_until(heard + SILENCE) => {
                return format!("no sign of life from it for {} s", SILENCE.as_secs());
            }
            _ = ping.tick() => {
                if let Err(error) = bounded(socket.send(Message::Ping(Default::default()))).await {
                    return error;
                }
            }
        }
    }
}

async fn send(socket: &mut Socket, message: &ToServer) -> Result<(), String> {
    let text = serde_json::to_string(message).map_err(|error| error.to_string())?;
    bounded(socket.send(Message::text(text))).await
}

/// A send that the other end does not take within [`SILENCE`] is a dead socket too.
async fn bounded(sending: impl Future<Output = Result<(), Error>>) -> Result<(), String> {
    match time::timeout(SILENCE, sending).await {
        Ok(sent) => sent.map_err(|error| broken(&error)),
        Err(_) => Err("it takes no more messages".into()),
    }
}

fn read(text: &str) -> Option<FromServer> {
    serde_json::from_str(text)
        .inspect_err(|error| log::debug!("an unknown message of the rendezvous: {error}"))
        .ok()
}

fn closed(frame: Option<tokio_tungstenite::tungstenite::protocol::CloseFrame>) -> String {
    match frame {
        Some(frame) if !frame.reason.is_empty() => format!("it closed: {}", frame.reason.escape_debug()),
        _ => "it closed the connection".into(),
    }
}

fn broken(error: &Error) -> String {
    format!("the connection broke: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Fingerprint;
    use tokio_tungstenite::tungstenite::http::Response;

    #[test]
    fn another_web_server_is_told_in_plain_words() {
        let trust = Trust::certificate(Fingerprint([1; 32]));
        let server = Remote::new("wss://a:1/ws", trust).unwrap();
        let error = server.no_server(Error::Http(Box::new(Response::new(None)))).to_string();
        assert!(
            error.ends_with("as a Watchword server: it answers as some other web server (200 OK)"),
            "{error}"
        );
    }
}
