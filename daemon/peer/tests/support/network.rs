//! A network in memory, in virtual time, that loses, delays and reorders what the test says.
//!
//! The sockets are those of webrtc-rs' mock runtime; the clock and the executor are tokio's, paused and on one thread,
//! so that a thousand sessions take seconds.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, MockUDPNetwork, RecvMeta,
    Runtime, TokioRuntime, Transmit,
};

/// What a network does to each datagram, in each direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Share that is lost, per mille.
    pub loss: u64,
    /// One way.
    pub delay: Duration,
    /// Up to so much is added to the delay, so that datagrams overtake each other.
    pub jitter: Duration,
}

/// A network; a base runtime for sessions.
pub struct Memory {
    sockets: Arc<MockUDPNetwork>,
    queue: Mutex<Queue>,
    more: Notify,
}

struct Queue {
    weather: Weather,
    random: u64,
    count: u64,
    lost: u64,
    datagrams: BTreeMap<(tokio::time::Instant, u64), Datagram>,
}

struct Datagram {
    socket: Arc<dyn AsyncUdpSocket>,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// The runtime handed to sessions.
#[derive(Clone)]
pub struct Simulated(Arc<Memory>);

impl Simulated {
    /// A network with this weather; the same seed loses the same datagrams.
    pub fn new(weather: Weather, seed: u64) -> Self {
        let random = 0x9e37_79b9_7f4a_7c15 ^ (seed + 1).wrapping_mul(0xd1b5_4a32_d192_ed03);
        let queue = Queue { weather, random, count: 0, lost: 0, datagrams: BTreeMap::new() };
        let memory = Arc::new(Memory {
            sockets: Arc::new(MockUDPNetwork::new()),
            queue: Mutex::new(queue),
            more: Notify::new(),
        });
        let weak = Arc::downgrade(&memory);
        tokio::spawn(async move {
            while let Some(memory) = weak.upgrade() {
                let next = memory.deliver();
                let more = async {
                    match next {
                        Some(at) => {
                            tokio::time::timeout_at(at, memory.more.notified()).await.unwrap_or_default()
                        }
                        None => tokio::time::timeout(Duration::from_secs(1), memory.more.notified())
                            .await
                            .unwrap_or_default(),
                    }
                };
                more.await;
            }
        });
        Self(memory)
    }

    /// Changes the weather from now on.
    pub fn set(&self, weather: Weather) {
        self.0.queue.lock().unwrap().weather = weather;
    }

    /// Datagrams lost so far.
    pub fn lost(&self) -> u64 {
        self.0.queue.lock().unwrap().lost
    }

    pub fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::new(self.clone())
    }
}

impl Queue {
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random >> 11
    }
}

impl Memory {
    fn send(&self, socket: &Arc<dyn AsyncUdpSocket>, to: SocketAddr, bytes: &[u8]) {
        let mut queue = self.queue.lock().unwrap();
        let weather = queue.weather;
        if queue.random() % 1000 < weather.loss {
            queue.lost += 1;
            return;
        }
        let jitter = u64::try_from(weather.jitter.as_micros()).unwrap();
        let extra = if jitter == 0 { 0 } else { queue.random() % jitter };
        let at = tokio::time::Instant::now() + weather.delay + Duration::from_micros(extra);
        queue.count += 1;
        let key = (at, queue.count);
        queue.datagrams.insert(key, Datagram { socket: socket.clone(), to, bytes: bytes.to_vec() });
        drop(queue);
        self.more.notify_one();
    }

    /// Delivers what is due; when to come again.
    fn deliver(&self) -> Option<tokio::time::Instant> {
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            let mut queue = self.queue.lock().unwrap();
            let entry = queue.datagrams.first_entry()?;
            if entry.key().0 > tokio::time::Instant::now() {
                return Some(entry.key().0);
            }
            let Datagram { socket, to, bytes } = entry.remove();
            drop(queue);
            let transmit =
                Transmit { destination: to, ecn: None, contents: &bytes, segment_size: None, src_ip: None };
            let _ = socket.poll_send(&mut cx, &transmit);
        }
    }
}

impl std::fmt::Debug for Simulated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Simulated")
    }
}

struct Socket {
    inner: Arc<dyn AsyncUdpSocket>,
    memory: Arc<Memory>,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.inner)
    }
}

impl AsyncUdpSocket for Socket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, _: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let segment = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        for datagram in transmit.contents.chunks(segment) {
            self.memory.send(&self.inner, transmit.destination, datagram);
        }
        Poll::Ready(Ok(transmit.contents.len()))
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.inner.poll_recv(cx, buffers, meta)
    }
}

impl Runtime for Simulated {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let inner = self.0.sockets.bind(socket.local_addr()?)?;
        Ok(Arc::new(Socket { inner, memory: self.0.clone() }))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        TokioRuntime.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self,
        address: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = io::Result<Arc<dyn AsyncTcpStream>>> + Send + 'a>> {
        TokioRuntime.connect_tcp(address)
    }

    fn resolve_host<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        Box::pin(std::future::ready(host.parse().map(|address| vec![address]).map_err(io::Error::other)))
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        TokioRuntime.interval(period)
    }

    fn block_on(&self, _: Pin<Box<dyn Future<Output = ()> + '_>>) {
        panic!("nothing blocks in a simulated network");
    }

    fn name(&self) -> &'static str {
        "simulated"
    }
}
