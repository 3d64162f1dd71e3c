//! The server: bound first, then run until it is told to stop.

use crate::{
    broker::{Rules, SocketId},
    connections::Acceptor,
    error::ServeError,
    http,
    hub::{self, Hub, Questions},
    listen::{self, Sockets},
    places::{Places, Tenure},
    settings::{Settings, Tls},
    stun_server::StunServer,
    tls,
};
use protocol::signal::{FromServer, ToServer};
use rand::{TryRngCore, rngs::OsRng};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::mpsc,
    task::{JoinError, JoinSet},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How often the broker looks for what has waited too long.
const TICK: Duration = Duration::from_secs(1);
/// Messages of the device in this process that wait for the broker; then its sender waits.
const LOCAL_MESSAGES: usize = 256;

/// A rendezvous whose ports are open and whose files are readable. Nobody is served before [`Self::run`].
pub struct Server {
    local_addr: SocketAddr,
    fingerprint: Option<String>,
    hub: Arc<Hub>,
    questions: Questions,
    places: Places,
    acceptor: Acceptor,
    listener: TcpListener,
    stun: Option<StunServer>,
    sockets: TaskTracker,
    stop: CancellationToken,
    drain: Duration,
}

/// A device's socket without a network: what it sends and what it is told, beginning with the welcome.
///
/// When `receiver` ends, the server has closed it (it stops, or 1024 messages waited to be received); when `sender` is
/// dropped, the device has.
pub struct LocalSocket {
    /// To the server; at most 256 messages wait, then the sender does.
    pub sender: mpsc::Sender<ToServer>,
    /// From the server.
    pub receiver: mpsc::Receiver<FromServer>,
}

impl Server {
    /// Opens ports, certificate and database. To be called within a tokio runtime; reads and writes small files.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub fn bind(settings: Settings) -> Result<Self, ServeError> {
        Self::bind_on(settings, Sockets::default())
    }

    /// Likewise, but on sockets that are given: each takes the place of its address in the settings.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub fn bind_on(settings: Settings, given: Sockets) -> Result<Self, ServeError> {
        let identity = tls::load(&settings.tls, &settings.names)?;
        let (listener, local_addr) = listener(&settings, given.tcp)?;
        let limits = settings.limits;
        let stun = match given.udp {
            Some(socket) => Some(StunServer::on(listen::given_udp(socket)?, limits.stun)?),
            None => settings.stun_listen.map(|at| StunServer::bind(at, limits.stun)).transpose()?,
        };
        let tenure = Tenure { places_per_key: limits.places_per_key, unused: limits.times.place_unused };
        let places = Places::open(&settings.state, tenure)?;

        let stop = CancellationToken::new();
        let sockets = TaskTracker::new();
        let rules = Rules {
            limits: limits.clone(),
            claim_token: settings.claim_token,
            stun_port: stun.as_ref().map(|stun| stun.local_addr().port()),
        };
        let (hub, questions) = Hub::new(rules, seed()?);
        let app = http::App {
            hub: Arc::clone(&hub),
            origins: settings.origins,
            times: limits.times.clone(),
            sockets: sockets.clone(),
        };
        let drain = limits.times.drain;
        let acceptor = Acceptor::new(
            identity.as_ref().map(|identity| Arc::clone(&identity.config)),
            http::router(app),
            limits,
        );
        let fingerprint = identity.map(|identity| identity.fingerprint);
        Ok(Self {
            local_addr,
            fingerprint,
            hub,
            questions,
            places,
            acceptor,
            listener,
            stun,
            sockets,
            stop,
            drain,
        })
    }

    /// Where pages and signaling are served.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Where STUN is answered, if it is.
    #[must_use]
    pub fn stun_addr(&self) -> Option<SocketAddr> {
        self.stun.as_ref().map(StunServer::local_addr)
    }

    /// SHA-256 of the certificate, in hexadecimal with colons; `None` for plain HTTP.
    #[must_use]
    pub fn fingerprint(&self) -> Option<String> {
        self.fingerprint.clone()
    }

    /// Opens sockets for the device in this process, as often as it needs one, also while the server runs.
    #[must_use]
    pub fn local(&self) -> LocalDoor {
        LocalDoor { hub: Arc::clone(&self.hub), sockets: self.sockets.clone(), stop: self.stop.clone() }
    }

    /// A first socket for the device in this process; more come from [`Self::local`].
    #[must_use]
    pub fn local_socket(&self) -> LocalSocket {
        self.local().open()
    }

    /// Serves until `stop` is cancelled; then closes all sockets with a word of farewell, waits for them (bounded), and
    /// joins every task. Where this future is dropped instead, nothing is waited for, but everything ends.
    ///
    /// # Errors
    /// An essential task has ended by itself.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServeError> {
        let Self { hub, questions, places, acceptor, listener, stun, sockets, stop: stopping, drain, .. } =
            self;
        let _dropped = StopsHub(Arc::clone(&hub));
        let mut essential = JoinSet::new();
        essential.spawn(named("acceptor of connections", acceptor.run(listener, stopping.clone(), drain)));
        essential.spawn(named("clock", tick(Arc::clone(&hub), stopping.clone())));
        if let Some(stun) = stun {
            essential.spawn(named("STUN responder", stun.run(stopping.clone())));
        }
        let database = Arc::clone(&hub);
        essential.spawn(named("database of places", async move {
            // Ends when the hub has stopped and the last question is answered.
            let _ = tokio::task::spawn_blocking(move || hub::answer(&database, &places, questions)).await;
        }));

        let ended = tokio::select! {
            () = stop.cancelled() => None,
            Some(ended) = essential.join_next() => Some(ended),
        };
        stopping.cancel();
        hub.stop();
        sockets.close();
        if tokio::time::timeout(drain, sockets.wait()).await.is_err() {
            log::warn!("{} sockets did not close in time and are dropped", sockets.len());
        }
        while essential.join_next().await.is_some() {}
        ended.map_or(Ok(()), |ended| Err(failure(ended)))
    }
}

/// Stops the hub when the server is dropped while it runs. The database's thread is not a task that could be aborted: it
/// waits for questions until the hub takes none, and the end of the runtime would wait for it for ever.
struct StopsHub(Arc<Hub>);

impl Drop for StopsHub {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Opens [`LocalSocket`]s, also while the server runs.
#[derive(Clone)]
pub struct LocalDoor {
    hub: Arc<Hub>,
    sockets: TaskTracker,
    stop: CancellationToken,
}

impl LocalDoor {
    /// A new socket. After the server has stopped, one whose receiver has ended. Within a tokio runtime.
    #[must_use]
    pub fn open(&self) -> LocalSocket {
        let (sender, messages) = mpsc::channel(LOCAL_MESSAGES);
        let (id, receiver) = self.hub.connect_local();
        if let Some(id) = id {
            self.sockets.spawn(pump(Arc::clone(&self.hub), id, messages, self.stop.clone()));
        }
        LocalSocket { sender, receiver }
    }
}

/// Carries what the local device says to the broker until either ends.
async fn pump(hub: Arc<Hub>, id: SocketId, mut messages: mpsc::Receiver<ToServer>, stop: CancellationToken) {
    while let Some(Some(message)) = stop.run_until_cancelled(messages.recv()).await {
        hub.said_locally(id, message);
    }
    hub.dispatch(id, crate::broker::Input::Closed);
}

async fn tick(hub: Arc<Hub>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        hub.tick();
    }
}

async fn named(name: &'static str, task: impl Future<Output = ()>) -> &'static str {
    task.await;
    name
}

fn failure(ended: Result<&'static str, JoinError>) -> ServeError {
    ServeError::TaskEnded(ended.unwrap_or("task"))
}

/// The socket that listens, and where; plain HTTP only on loopback, whoever opened it.
fn listener(
    settings: &Settings,
    given: Option<std::net::TcpListener>,
) -> Result<(TcpListener, SocketAddr), ServeError> {
    let allowed = |at: SocketAddr| match settings.tls {
        Tls::PlainLoopback if !at.ip().to_canonical().is_loopback() => Err(ServeError::PlainOffLoopback(at)),
        _ => Ok(()),
    };
    let listener = match given {
        Some(given) => listen::given_tcp(given)?,
        None => {
            allowed(settings.listen)?;
            listen::tcp(settings.listen)?
        }
    };
    let at = listener.local_addr().map_err(|reason| ServeError::Given { protocol: "TCP", reason })?;
    allowed(at)?;
    Ok((listener, at))
}

fn seed() -> Result<[u8; 32], ServeError> {
    let mut seed = [0; 32];
    OsRng.try_fill_bytes(&mut seed).map_err(|_| ServeError::TaskEnded("source of random numbers"))?;
    Ok(seed)
}
