//! A question to a STUN server (RFC 8489): does UDP come through?

use anyhow::{Context as _, Result, bail};
use std::{net::SocketAddr, time::Duration};
use stun_types::{
    attribute::XorMappedAddress,
    message::{BINDING, Message, MessageClass, MessageWriteVec},
    prelude::*,
};
use tokio::{
    net::{UdpSocket, lookup_host},
    time::timeout,
};

/// Waits for an answer, one after the other; the first two questions may be lost (RFC 8489 section 6.2.1).
const WAITS: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// Asks `host:port` from which address it sees this board.
///
/// # Errors
/// When the host is not known, or no answer comes.
pub(super) async fn ask(host: &str, port: u16) -> Result<SocketAddr> {
    let server = lookup_host((host, port)).await.with_context(|| format!("{host} is not known"))?.next();
    let server = server.with_context(|| format!("{host} has no address"))?;
    let any: SocketAddr = if server.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    let request = Message::builder_request(BINDING, MessageWriteVec::new());
    let transaction = request.transaction_id();
    let request = request.finish();
    for wait in WAITS {
        // Refused by the host: there may be something at the next try.
        let _ = socket.send(&request).await;
        let mut answer = [0_u8; 1500];
        let Ok(Ok(length)) = timeout(wait, socket.recv(&mut answer)).await else { continue };
        let Ok(message) = Message::from_bytes(&answer[..length]) else { continue };
        if message.class() == MessageClass::Success && message.transaction_id() == transaction {
            let mapped = message.attribute::<XorMappedAddress>().context("an answer without an address")?;
            return Ok(mapped.addr(transaction));
        }
    }
    bail!("no answer")
}
