//! Where a socket comes from, as coarse as limits need it.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// One IPv4 address, or one IPv6 /56: what one household or one rented machine usually has. A whole link-local address
/// (all neighbours share that prefix). Or this process itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Source {
    /// The device in this process.
    Local,
    /// By address, with the bits below the prefix zero.
    Address(IpAddr),
}

impl Source {
    /// The source that `address` belongs to. IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2) count as IPv4.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) if is_prefixed(v6) => {
                Self::Address(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 72))))
            }
            whole => Self::Address(whole),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Address(IpAddr::V6(v6)) if is_prefixed(*v6) => write!(f, "{v6}/56"),
            Self::Address(whole) => whole.fmt(f),
        }
    }
}

fn is_prefixed(address: Ipv6Addr) -> bool {
    !address.is_unicast_link_local() && !address.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_address_or_a_prefix() {
        for (address, source) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2ff::9", "2001:db8:1:200::/56"),
            ("2001:db8:1:2aa:1:2:3:4", "2001:db8:1:200::/56"),
            ("fe80::1:2", "fe80::1:2"),
            ("::1", "::1"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(Source::of(address).to_string(), source);
        }
    }
}
