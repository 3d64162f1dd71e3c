//! The wire under a session: every datagram passes here, every task of the peer connection is started here, and every
//! timer of it is asked for here.
//!
//! `webrtc` asks its host for sockets, timers and tasks through its [`Runtime`] trait. [`Wire`] is ours; it leaves the
//! work to a base runtime (tokio's, or a test's with a network in memory) and adds what a session needs:
//!
//! - **Buffers**: sockets of 2 MiB. The default of 208 KiB lost 1,600 datagrams in one upload.
//! - **Haste**: while a session starts, no timer is longer than a few milliseconds. The driver sends ClientHello, the
//!   checks of a trickled candidate and SCTP's INIT at its next timer only, up to 200 ms late.
//! - **Starts under loss**: DTLS flights are repeated ([`flight`]), the first data is sent twice ([`early`]).
//! - **An early nomination** is not lost ([`nomination`]): with browsers that hide their addresses it is the rule.
//! - **SACKs often** ([`socket`]), **media first, data paced** ([`pace`]).
//! - **An end**: tasks started here end when the session is killed, and are counted, so that they can be waited for.

mod early;
mod flight;
mod nomination;
mod pace;
mod shared;
mod socket;

pub(crate) use pace::Share;
use shared::Shared;
use socket::Socket;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webrtc::runtime::{AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime};

/// Bytes of a socket's buffers, each way.
const SOCKET_BUFFER: usize = 2 << 20;
/// Longest timer while a session starts.
const HASTE: Duration = Duration::from_millis(5);
/// Longest timer just after a datagram came: it may have been what the next message waits for.
const HASTE_AFTER_DATAGRAM: Duration = Duration::from_millis(1);
/// How long after a datagram that holds.
const RECENTLY: Duration = Duration::from_millis(8);
/// A start that takes longer than this is waiting for its viewer, not for us.
const HASTE_FOR: Duration = Duration::from_secs(5);
/// Longest timer from then on, so that lost flights are still repeated in time.
const PATIENCE: Duration = Duration::from_millis(25);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The runtime of one session. Dropping its [`CancellationToken`]'s guard, or cancelling it, ends all that it started.
pub(crate) struct Wire {
    shared: Arc<Shared>,
    /// Cancelled before the session ends, while there is still something to be said.
    work: CancellationToken,
    starting: AtomicBool,
}

impl Wire {
    /// A wire over `base`; its tasks are counted by `tasks` and end with `kill`.
    pub(crate) fn new(base: Arc<dyn Runtime>, tasks: TaskTracker, kill: CancellationToken) -> Self {
        let work = kill.child_token();
        Self { shared: Arc::new(Shared::new(base, tasks, kill)), work, starting: AtomicBool::new(true) }
    }

    /// Starts a task that ends with the session's work ([`Self::end_work`]), or with all the others.
    pub(crate) fn spawn_work(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.shared.base.spawn(self.owned(Box::pin(future), &self.work)).detach();
    }

    /// Ends tracks and transfers. The connection stays.
    pub(crate) fn end_work(&self) {
        self.work.cancel();
    }

    /// The session has started: timers run as they are asked for.
    pub(crate) fn settle(&self) {
        self.starting.store(false, Ordering::Relaxed);
        self.shared.settle();
    }

    /// A transfer's say in how fast data leaves.
    pub(crate) fn share(&self) -> Share {
        self.shared.demand.share()
    }

    /// DTLS flights sent again, and datagrams lost because a socket or the queue of data was full.
    pub(crate) fn counters(&self) -> (u64, u64) {
        self.shared.counters.read()
    }

    fn limit(&self, asked: Duration, now: Instant) -> Duration {
        if self.shared.age(now) > HASTE_FOR {
            asked.min(PATIENCE)
        } else if self.shared.silence(now) < RECENTLY {
            asked.min(HASTE_AFTER_DATAGRAM)
        } else {
            asked.min(HASTE)
        }
    }

    fn owned(&self, future: Task, until: &CancellationToken) -> Task {
        let until = until.clone();
        Box::pin(self.shared.tasks.track_future(async move {
            until.run_until_cancelled(future).await;
        }))
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wire over {}", self.shared.base.name())
    }
}

impl Runtime for Wire {
    fn spawn(&self, future: Task) -> Box<dyn JoinHandle> {
        self.shared.base.spawn(self.owned(future, &self.shared.kill))
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        enlarge(&socket);
        let socket = Arc::new(Socket::new(self.shared.base.wrap_udp_socket(socket)?, self.shared.clone()));
        self.shared.add(&socket);
        Ok(socket)
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.shared.base.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self,
        address: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = io::Result<Arc<dyn AsyncTcpStream>>> + Send + 'a>> {
        self.shared.base.connect_tcp(address)
    }

    fn resolve_host<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        self.shared.base.resolve_host(host)
    }

    fn now(&self) -> Instant {
        self.shared.now()
    }

    /// The driver asks for its timer once in every pass, so this is also where the wire gets its turn to repeat what
    /// was lost: no task and no timer of its own is needed for that.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        if !self.starting.load(Ordering::Relaxed) {
            return self.shared.base.sleep(duration);
        }
        let now = self.now();
        self.shared.repeat(now);
        self.shared.base.sleep(self.limit(duration, now))
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.shared.base.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.shared.base.block_on(future);
    }

    fn name(&self) -> &'static str {
        "wire"
    }
}

/// Asks for large buffers: beyond the system's limit where we may, up to it otherwise.
fn enlarge(socket: &std::net::UdpSocket) {
    use nix::sys::socket::{setsockopt, sockopt};
    let plain = socket2::SockRef::from(socket);
    if setsockopt(socket, sockopt::RcvBufForce, &SOCKET_BUFFER).is_err() {
        let _ = plain.set_recv_buffer_size(SOCKET_BUFFER);
    }
    if setsockopt(socket, sockopt::SndBufForce, &SOCKET_BUFFER).is_err() {
        let _ = plain.set_send_buffer_size(SOCKET_BUFFER);
    }
}
