//! STUN on a UDP port of its own.

use crate::{bucket::Bucket, error::ServeError, listen, settings::Rate, source::Source, stun};
use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// Larger datagrams are no Binding requests that anybody sends.
const LARGEST: usize = 1024;
/// Sources remembered at once; when there are more, newcomers wait until others are forgotten.
const SOURCES: usize = 16_384;
/// After a failed receive, so that a broken socket costs no processor.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers Binding requests; nothing else is answered.
pub(crate) struct StunServer {
    socket: UdpSocket,
    address: SocketAddr,
    rate: Rate,
}

impl StunServer {
    pub(crate) fn bind(address: SocketAddr, rate: Rate) -> Result<Self, ServeError> {
        Self::on(listen::udp(address)?, rate)
    }

    pub(crate) fn on(socket: UdpSocket, rate: Rate) -> Result<Self, ServeError> {
        let address = socket.local_addr().map_err(|reason| ServeError::Given { protocol: "UDP", reason })?;
        Ok(Self { socket, address, rate })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut sources = Sources { rate: self.rate, buckets: HashMap::new() };
        let mut buffer = [0; LARGEST];
        while let Some(received) = stop.run_until_cancelled(self.socket.recv_from(&mut buffer)).await {
            match received {
                Ok((length, from)) => self.answer(&buffer[..length], from, &mut sources),
                Err(error) => {
                    log::debug!("STUN: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn answer(&self, datagram: &[u8], from: SocketAddr, sources: &mut Sources) {
        let Some(response) = stun::respond(datagram, from) else { return };
        if sources.admit(Source::of(from.ip()), Instant::now()) {
            // A full send buffer loses it: the client asks again (RFC 8489 section 6.2.1).
            let _ = self.socket.try_send_to(&response, from);
        }
    }
}

/// How often each source has asked.
struct Sources {
    rate: Rate,
    buckets: HashMap<Source, Bucket>,
}

impl Sources {
    fn admit(&mut self, source: Source, now: Instant) -> bool {
        let rate = self.rate;
        if self.buckets.len() >= SOURCES && !self.buckets.contains_key(&source) {
            self.buckets.retain(|_, bucket| !bucket.is_full(rate, now));
            if self.buckets.len() >= SOURCES {
                return false;
            }
        }
        self.buckets.entry(source).or_insert_with(|| Bucket::full(rate, now)).take(rate, 1, now).is_ok()
    }
}
