//! TCP connections: how many, TLS, and HTTP/1.1 or HTTP/2 on each.

use crate::{listen, settings::Limits, source::Source};
use axum::Router;
use hyper::{body::Incoming, rt::Executor, server::conn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// After a failed `accept` (no more file descriptors, most likely): time for some to become free.
const PAUSE: Duration = Duration::from_millis(200);
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 64;
/// After this time an HTTP/2 connection takes no new requests (GOAWAY, RFC 9113 section 6.8); those that it carries go
/// on, and without any it ends. A browser puts each new WebSocket into the connection that it has: after a network
/// that was away for 10 s that one is dead, and its TCP waits for 7 s more before it tries again. So the page comes by
/// one connection, and comes back by a fresh one.
const RETIRED: Duration = Duration::from_secs(2);
/// Largest head of a request, bytes.
const HEAD: u32 = 16 * 1024;

/// Takes connections and serves them.
pub(crate) struct Acceptor {
    inner: Arc<Inner>,
}

struct Inner {
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    open: Open,
    tasks: TaskTracker,
}

impl Acceptor {
    pub(crate) fn new(tls: Option<Arc<ServerConfig>>, router: Router, limits: Limits) -> Self {
        let tls = tls.map(TlsAcceptor::from);
        Self {
            inner: Arc::new(Inner { tls, router, limits, open: Open::default(), tasks: TaskTracker::new() }),
        }
    }

    /// Accepts until `stop`; then connections finish what they are at, and are dropped after `drain`.
    pub(crate) async fn run(self, listener: TcpListener, stop: CancellationToken, drain: Duration) {
        let (tasks, cut) = (self.inner.tasks.clone(), CancellationToken::new());
        while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, &stop, &cut),
                Err(error) => {
                    log::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop(listener);
        tasks.close();
        if timeout(drain, tasks.wait()).await.is_err() {
            cut.cancel();
            tasks.wait().await;
        }
    }

    /// Serves a connection on a task of its own, or drops it when there are too many.
    fn admit(&self, stream: TcpStream, peer: SocketAddr, stop: &CancellationToken, cut: &CancellationToken) {
        let source = Source::of(peer.ip());
        let Some(place) = Place::take(&self.inner, source) else { return };
        let (inner, stop, cut) = (Arc::clone(&self.inner), stop.clone(), cut.clone());
        self.inner.tasks.spawn(async move {
            let _place = place;
            cut.run_until_cancelled(serve(&inner, stream, source, &stop)).await;
        });
    }
}

/// Failures here are the peer's (it went away, it does not speak TLS, it does not trust a self-signed certificate).
async fn serve(inner: &Arc<Inner>, stream: TcpStream, source: Source, stop: &CancellationToken) {
    if let Err(error) = listen::tune(&stream) {
        log::debug!("{source}: {error}");
    }
    let Some(tls) = &inner.tls else { return http1(inner, stream, source, stop).await };
    match timeout(inner.limits.times.request, tls.accept(stream)).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            http2(inner, stream, source, stop).await
        }
        Ok(Ok(stream)) => http1(inner, stream, source, stop).await,
        Ok(Err(error)) => log::debug!("{source}: TLS: {}", error.to_string().escape_debug()),
        Err(_) => log::debug!("{source}: no TLS handshake in time"),
    }
}

async fn http1<S>(inner: &Arc<Inner>, stream: S, source: Source, stop: &CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let asked = Arc::new(AtomicBool::new(false));
    let requests = Requests { router: inner.router.clone(), source, asked: Arc::clone(&asked) };
    let connection = conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(inner.limits.times.request)
        .max_header_size(HEAD as usize)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), requests)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        () = unasked(&asked, inner.limits.times.request) => return,
        () = stop.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn http2<S>(inner: &Arc<Inner>, stream: S, source: Source, stop: &CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let asked = Arc::new(AtomicBool::new(false));
    let requests = Requests { router: inner.router.clone(), source, asked: Arc::clone(&asked) };
    let times = &inner.limits.times;
    let connection = conn::http2::Builder::new(Tracked(inner.tasks.clone()))
        .timer(TokioTimer::new())
        // RFC 8441: a page opens its WebSocket within the connection it came by, without two more round trips.
        .enable_connect_protocol()
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD)
        .keep_alive_interval(times.ping)
        .keep_alive_timeout(times.pong)
        .serve_connection(TokioIo::new(stream), requests);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        () = unasked(&asked, times.request) => return,
        () = tokio::time::sleep(RETIRED) => {}
        () = stop.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Ends when nothing was asked in time; else never. (The libraries' own timers begin with the first byte.)
async fn unasked(asked: &AtomicBool, within: Duration) {
    tokio::time::sleep(within).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// The router, which learns from where each request comes.
struct Requests {
    router: Router,
    source: Source,
    asked: Arc<AtomicBool>,
}

impl hyper::service::Service<hyper::Request<Incoming>> for Requests {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = axum::routing::future::RouteFuture<Self::Error>;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        self.asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(self.source);
        // A router is always ready.
        tower_service::Service::call(&mut self.router.clone(), request)
    }
}

/// Spawns what an HTTP/2 connection needs where it is joined.
#[derive(Clone)]
struct Tracked(TaskTracker);

impl<F> Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}

/// Open connections, all and of each source.
#[derive(Default)]
struct Open(Mutex<(usize, HashMap<Source, usize>)>);

/// One connection's place among them, given back when dropped.
struct Place {
    inner: Arc<Inner>,
    source: Source,
}

impl Place {
    fn take(inner: &Arc<Inner>, source: Source) -> Option<Self> {
        let mut open = inner.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, of_sources) = &mut *open;
        let of_source = of_sources.get(&source).copied().unwrap_or(0);
        if *all >= inner.limits.connections || of_source >= inner.limits.connections_per_source {
            log::debug!("{source}: too many connections");
            return None;
        }
        *all += 1;
        of_sources.insert(source, of_source + 1);
        Some(Self { inner: Arc::clone(inner), source })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.inner.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, of_sources) = &mut *open;
        *all = all.saturating_sub(1);
        if let Some(of_source) = of_sources.get_mut(&self.source) {
            *of_source -= 1;
            if *of_source == 0 {
                of_sources.remove(&self.source);
            }
        }
    }
}
