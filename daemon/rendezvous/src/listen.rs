//! Sockets that listen: dual stack, and errors that name the port.

use crate::error::ServeError;
use nix::libc;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io,
    net::{self, Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;
/// How long sent bytes may stay unacknowledged before a connection counts as dead (RFC 5482): it finds dead readers of
/// event streams, which answer no pings.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Ports that are open already: systemd opens them where a `.socket` unit says so (systemd.socket(5)).
#[derive(Debug, Default)]
pub struct Sockets {
    /// Listens for connections.
    pub tcp: Option<net::TcpListener>,
    /// Takes datagrams, for STUN.
    pub udp: Option<net::UdpSocket>,
}

/// Takes over a socket that listens already.
pub(crate) fn given_tcp(listener: net::TcpListener) -> Result<TcpListener, ServeError> {
    let adopted = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    adopted.map_err(|reason| ServeError::Given { protocol: "TCP", reason })
}

/// Takes over a socket that is bound already.
pub(crate) fn given_udp(socket: net::UdpSocket) -> Result<UdpSocket, ServeError> {
    let adopted = socket.set_nonblocking(true).and_then(|()| UdpSocket::from_std(socket));
    adopted.map_err(|reason| ServeError::Given { protocol: "UDP", reason })
}

/// Listens for connections. `[::]` takes IPv4 as well, and becomes `0.0.0.0` where the system has no IPv6.
pub(crate) fn tcp(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let make = |address: SocketAddr| {
        let socket = socket(address, Type::STREAM, Protocol::TCP)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    };
    with_fallback(address, make).map_err(|reason| error("TCP", address, reason))
}

/// Listens for datagrams, likewise.
pub(crate) fn udp(address: SocketAddr) -> Result<UdpSocket, ServeError> {
    let make = |address: SocketAddr| {
        let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
        socket.bind(&address.into())?;
        UdpSocket::from_std(socket.into())
    };
    with_fallback(address, make).map_err(|reason| error("UDP", address, reason))
}

/// Small messages leave at once, and a dead peer is noticed.
pub(crate) fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(UNACKNOWLEDGED))
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn with_fallback<T>(address: SocketAddr, make: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    make(address).or_else(|error| {
        let no_ipv6 = matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL));
        if no_ipv6 && address.is_ipv6() && address.ip().is_unspecified() {
            make((Ipv4Addr::UNSPECIFIED, address.port()).into())
        } else {
            Err(error)
        }
    })
}

fn error(protocol: &'static str, address: SocketAddr, reason: io::Error) -> ServeError {
    match reason.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortInUse { protocol, address },
        _ => ServeError::Listen { protocol, address, reason },
    }
}
