//! Where a session listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

/// Most addresses of one session. Each costs a socket and is checked against each candidate of the viewer.
const MAX_ADDRESSES: usize = 12;

/// Addresses, ports and STUN servers of a device's sessions.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Addresses to listen on; empty for all usable ones that the device has when the session begins.
    pub addresses: Vec<IpAddr>,
    /// UDP ports to use; any free one if absent.
    pub ports: Option<RangeInclusive<u16>>,
    /// STUN servers, as `host:port` or `stun:host:port`, that tell the device its address outside.
    pub stun: Vec<String>,
}

/// No socket could be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    #[error("the device has no network address")]
    NoAddress,
    #[error("no UDP port in {}-{} is free on the device", .0.start(), .0.end())]
    NoPort(RangeInclusive<u16>),
}

impl Network {
    /// One socket address for each address to listen on; `loopback` adds the loopback ones (a viewer on the device
    /// itself). Port 0 lets the system choose.
    ///
    /// # Errors
    /// When there is no address, or no port of the range is free.
    pub(crate) fn listen(&self, loopback: bool) -> Result<Vec<SocketAddr>, NetworkError> {
        let mut addresses = if self.addresses.is_empty() { usable(loopback) } else { self.addresses.clone() };
        addresses.truncate(MAX_ADDRESSES);
        let mut sockets = Vec::new();
        for address in addresses {
            match &self.ports {
                None => sockets.push(SocketAddr::new(address, 0)),
                Some(ports) => sockets.extend(free_port(address, ports)),
            }
        }
        match (&self.ports, sockets.is_empty()) {
            (_, false) => Ok(sockets),
            (Some(ports), true) => Err(NetworkError::NoPort(ports.clone())),
            (None, true) => Err(NetworkError::NoAddress),
        }
    }
}

/// The addresses that another machine can reach, and loopback if asked for or if there is nothing else. Link-local
/// ones are left out: their scope does not survive in a candidate.
fn usable(loopback: bool) -> Vec<IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return vec![Ipv4Addr::LOCALHOST.into()] };
    let mut all = Vec::new();
    for interface in interfaces {
        let Some(address) = interface.address else { continue };
        let ip = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
            (Some(v4), _) => IpAddr::V4(v4.ip()),
            (_, Some(v6)) => IpAddr::V6(v6.ip()),
            _ => continue,
        };
        if !all.contains(&ip) && !ip.is_unspecified() && !ip.is_multicast() {
            all.push(ip);
        }
    }
    let (local, outside): (Vec<IpAddr>, Vec<IpAddr>) = all.into_iter().partition(IpAddr::is_loopback);
    let mut addresses: Vec<IpAddr> = outside.into_iter().filter(|ip| !link_local(ip)).collect();
    if loopback || addresses.is_empty() {
        addresses.extend(local);
    }
    addresses
}

fn link_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// A port of the range that is free now. Another program may take it before the session does: then that address is
/// left out, and a session without any fails with a sentence.
fn free_port(address: IpAddr, ports: &RangeInclusive<u16>) -> Option<SocketAddr> {
    let count = u32::from(ports.end().saturating_sub(*ports.start())) + 1;
    let first = rand::random_range(0..count);
    (0..count).find_map(|index| {
        let port = ports.start().saturating_add(u16::try_from((first + index) % count).ok()?);
        let socket = SocketAddr::new(address, port);
        UdpSocket::bind(socket).ok().map(|_| socket)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_only_when_asked_for_or_alone() {
        let network = Network::default();
        let with = network.listen(true).expect("an address");
        assert!(with.iter().any(|socket| socket.ip().is_loopback()));
        let without = network.listen(false).expect("an address");
        let outside = without.iter().filter(|socket| !socket.ip().is_loopback()).count();
        assert!(outside == without.len() || outside == 0, "{without:?}");
        assert!(without.iter().all(|socket| !link_local(&socket.ip())));
    }

    #[test]
    fn ports_come_from_the_range_and_are_free() {
        let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = taken.local_addr().expect("an address").port();
        let addresses = vec![Ipv4Addr::LOCALHOST.into()];
        let network = Network { addresses, ports: Some(port..=port), stun: Vec::new() };
        let error = network.listen(false).expect_err("taken");
        assert_eq!(error.to_string(), format!("no UDP port in {port}-{port} is free on the device"));
        drop(taken);
        assert_eq!(network.listen(false).expect("free now")[0].port(), port);
    }

    #[test]
    fn an_empty_range_is_an_error_and_no_panic() {
        #[allow(clippy::reversed_empty_ranges)]
        let network =
            Network { ports: Some(10..=1), addresses: vec![Ipv4Addr::LOCALHOST.into()], stun: Vec::new() };
        let _ = network.listen(false);
    }
}
