//! One UDP socket of a session: what leaves first, what is paced, what is repeated.

use super::early::Early;
use super::flight::Flight;
use super::nomination::Nominations;
use super::pace::{Pace, Run, Verdict};
use super::shared::Shared;
use bytes::BytesMut;
use std::future::poll_fn;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

/// Largest datagram that is taken, bytes: an Ethernet frame's, as nothing larger arrives unfragmented.
const MTU: usize = 1_500;
/// Most datagrams in one system call out. Small, so that a run is a fine grain for the pacer.
const GSO_SEGMENTS: usize = 8;
/// Most datagrams in one system call in, as the kernel coalesces them (UDP GRO).
const GRO_SEGMENTS: usize = 64;

/// DTLS, RFC 7983 section 7: application data is content type 23.
const APPLICATION_DATA: u8 = 23;

/// A socket under the peer connection.
pub(super) struct Socket {
    inner: Arc<dyn AsyncUdpSocket>,
    shared: Arc<Shared>,
    state: Mutex<State>,
}

struct State {
    flight: Flight,
    early: Early,
    nominations: Nominations,
    pace: Pace,
    inbound: Inbound,
}

/// Datagrams that came in one system call and are handed up one by one.
struct Inbound {
    buffer: BytesMut,
    meta: RecvMeta,
    /// What of the buffer has been handed up.
    next: usize,
    /// The last poll handed one up: the next one lets the driver work first.
    rest: bool,
}

impl Socket {
    pub(super) fn new(inner: Arc<dyn AsyncUdpSocket>, shared: Arc<Shared>) -> Self {
        let segments = inner.max_gro_segments().clamp(1, GRO_SEGMENTS);
        let buffer = BytesMut::zeroed(segments * MTU);
        let inbound = Inbound { buffer, meta: RecvMeta::default(), next: 0, rest: false };
        let state = State {
            flight: Flight::new(),
            early: Early::new(),
            nominations: Nominations::default(),
            pace: Pace::new(shared.demand.clone()),
            inbound,
        };
        Self { inner, shared, state: Mutex::new(state) }
    }

    /// Sends again what is due: the last handshake flight, copies of the first data.
    pub(super) fn repeat_if_due(&self, now: Instant) {
        let mut state = self.lock();
        while let Some((destination, datagram)) = state.early.due(now) {
            let _ = self.try_send(destination, &datagram, None);
        }
        if state.flight.is_due(now) {
            let flight = state.flight.again(now);
            drop(state);
            self.repeat(flight);
        }
    }

    /// The session has started.
    pub(super) fn settle(&self) {
        let mut state = self.lock();
        state.early.end();
        state.nominations.end();
    }

    /// Sends what the pacer lets go; the pause until it is asked again, or `None` when nothing is left.
    pub(super) fn drain(&self) -> Option<std::time::Duration> {
        let now = self.shared.now();
        let mut state = self.lock();
        while let Some(run) = state.pace.pop(now) {
            if self.try_send(run.destination, &run.contents, run.segment_size).is_pending() {
                state.pace.put_back(run);
                break;
            }
        }
        state.pace.pause()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn repeat(&self, flight: Option<(SocketAddr, Vec<Vec<u8>>)>) {
        let Some((destination, datagrams)) = flight else { return };
        log::debug!("DTLS: a flight of {} datagrams is sent again", datagrams.len());
        self.shared.counters.repeated_flights();
        for datagram in &datagrams {
            // A full socket loses it, and the next repetition comes.
            let _ = self.try_send(destination, datagram, None);
        }
    }

    /// Sends without waiting. The waker is nobody's: no sender here ever waits for the socket (see `poll_send`).
    ///
    /// Unconstrained, since to tokio a task that has done much in one turn finds every socket full, and what it sent
    /// then would be lost: the driver under load is such a task.
    fn try_send(&self, destination: SocketAddr, contents: &[u8], segment_size: Option<usize>) -> Poll<()> {
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
        let sending = tokio::task::unconstrained(poll_fn(|cx| self.inner.poll_send(cx, &transmit)));
        match pin!(sending).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(_)) => Poll::Ready(()),
            Poll::Ready(Err(error)) => {
                log::trace!("{} bytes to {destination} not sent: {error}", contents.len());
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn send_data(&self, transmit: &Transmit<'_>) {
        let now = self.shared.now();
        let mut state = self.lock();
        state.flight.sent(transmit.destination, transmit.contents, now);
        state.early.sent(transmit.destination, transmit.contents, now);
        let drain = match state.pace.admit(transmit.contents.len(), now) {
            Verdict::Now => {
                let sent = self.try_send(transmit.destination, transmit.contents, transmit.segment_size);
                if sent.is_ready() {
                    return;
                }
                // What SCTP has to send again halves its window, and it grows back by a packet a round trip.
                state.pace.hold(transmit.contents.len())
            }
            Verdict::Later { drain } => drain,
            Verdict::Drop => return self.shared.counters.dropped(),
        };
        state.pace.push(Run {
            destination: transmit.destination,
            contents: transmit.contents.to_vec(),
            segment_size: transmit.segment_size,
        });
        drop(state);
        if drain {
            self.shared.start_drain(self);
        }
    }

    fn send_first(&self, transmit: &Transmit<'_>) {
        if self.try_send(transmit.destination, transmit.contents, transmit.segment_size).is_pending() {
            self.shared.counters.dropped();
        }
        let segment = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        let now = self.shared.now();
        let mut state = self.lock();
        for datagram in transmit.contents.chunks(segment) {
            state.flight.sent(transmit.destination, datagram, now);
        }
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Socket({:?})", self.inner)
    }
}

impl AsyncUdpSocket for Socket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn max_gso_segments(&self) -> usize {
        self.inner.max_gso_segments().min(GSO_SEGMENTS)
    }

    /// Never pending: the driver above is one task, and while it waited for a socket, media and ICE would wait too.
    /// STUN, DTLS handshakes and media leave at once, or are lost when the socket is full, as on any full link. Data
    /// is paced behind them.
    fn poll_send(&self, _: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if transmit.contents.first() == Some(&APPLICATION_DATA) {
            self.send_data(transmit);
        } else {
            self.send_first(transmit);
        }
        Poll::Ready(Ok(transmit.contents.len()))
    }

    /// One datagram, and then once nothing. The SCTP above sends one SACK for each pass of the driver, and the driver
    /// takes up to 64 datagrams in a pass: a sender's window opens by one SACK for 64 packets, and stays shut.
    /// At 30 ms that is 0.3 against 16 MB/s.
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let (Some(buffer), Some(meta)) = (buffers.first_mut(), meta.first_mut()) else {
            return Poll::Ready(Ok(0));
        };
        let mut state = self.lock();
        if std::mem::take(&mut state.inbound.rest) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some((from, datagram)) = state.nominations.due() {
            *meta = state.inbound.again(from, &datagram, buffer);
            return Poll::Ready(Ok(1));
        }
        if state.inbound.next >= state.inbound.meta.len {
            let inbound = &mut state.inbound;
            let mut slices = [IoSliceMut::new(&mut inbound.buffer)];
            let mut metas = [RecvMeta::default()];
            match self.inner.poll_recv(cx, &mut slices, &mut metas) {
                Poll::Ready(Ok(_)) => [inbound.meta] = metas,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
            inbound.next = 0;
        }
        *meta = state.inbound.take(buffer);
        let now = self.shared.now();
        self.shared.heard(now);
        state.nominations.received(meta.addr, &buffer[..meta.len]);
        if state.flight.received(&buffer[..meta.len], now) {
            let flight = state.flight.again(now);
            drop(state);
            self.repeat(flight);
        }
        Poll::Ready(Ok(1))
    }
}

impl Inbound {
    /// Copies a datagram out that came before.
    fn again(&mut self, from: SocketAddr, datagram: &[u8], into: &mut [u8]) -> RecvMeta {
        let length = datagram.len().min(into.len());
        into[..length].copy_from_slice(&datagram[..length]);
        self.rest = true;
        let mut meta = RecvMeta::default();
        (meta.addr, meta.len, meta.stride) = (from, length, length.max(1));
        meta
    }

    /// Copies the next datagram out. One that does not fit is cut, as the kernel would do.
    fn take(&mut self, into: &mut [u8]) -> RecvMeta {
        let end = (self.next + self.meta.stride.max(1)).min(self.meta.len);
        let datagram = self.buffer.get(self.next..end).unwrap_or_default();
        let length = datagram.len().min(into.len());
        into[..length].copy_from_slice(&datagram[..length]);
        self.next = end;
        self.rest = true;
        let mut meta = self.meta;
        meta.len = length;
        meta.stride = length.max(1);
        meta
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Wire;
    use std::future::poll_fn;
    use std::net::UdpSocket;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;
    use webrtc::runtime::{Runtime as _, TokioRuntime, Transmit};

    /// Sends `count` datagrams that begin with `first` in one turn of a task; how many arrived, and how many were dropped.
    async fn in_one_turn(first: u8, count: usize) -> (usize, u64) {
        let wire = Wire::new(Arc::new(TokioRuntime), TaskTracker::new(), CancellationToken::new());
        let there = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let destination = there.local_addr().unwrap();
        let here = UdpSocket::bind("127.0.0.1:0").unwrap();
        here.set_nonblocking(true).unwrap();
        let socket = wire.wrap_udp_socket(here).unwrap();
        let mut contents = [0; 64];
        contents[0] = first;
        let transmit =
            Transmit { destination, ecn: None, contents: &contents, segment_size: None, src_ip: None };
        // Nobody has said yet that a new socket can be written to.
        tokio::time::sleep(Duration::from_millis(50)).await;
        poll_fn(|cx| {
            (0..count).for_each(|_| assert!(socket.poll_send(cx, &transmit).is_ready()));
            std::task::Poll::Ready(())
        })
        .await;
        let mut arrived = 0;
        let mut buffer = [0; 64];
        while tokio::time::timeout(Duration::from_millis(200), there.recv(&mut buffer)).await.is_ok() {
            arrived += 1;
        }
        (arrived, wire.counters().1)
    }

    #[tokio::test]
    async fn what_a_busy_task_sends_is_not_lost() {
        // More than tokio lets a task do in one turn (128), and less than the receiver's buffer holds.
        assert_eq!(in_one_turn(128, 200).await, (200, 0), "media");
        assert_eq!(in_one_turn(super::APPLICATION_DATA, 200).await, (200, 0), "data");
    }
}
