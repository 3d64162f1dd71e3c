//! Network namespaces: made and removed by `ip`, entered by a thread of our own.

use nix::sched::{CloneFlags, setns};
use std::{fs::File, io, net::Ipv4Addr, path::Path, process::Command};
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

/// Where `ip netns` keeps its handles.
const HANDLES: &str = "/run/netns";
/// The device's name in either namespace.
const DEVICE: &str = "tun0";
/// Packets that the kernel keeps for us while we are not scheduled; more are lost, so be generous.
const KERNEL_QUEUE: u32 = 4_096;

/// Why a namespace is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NamespaceError {
    /// The name does not do as part of a file name and a host name.
    #[error("{0:?} is no name for a network: use 1 to 32 letters, digits and hyphens")]
    BadName(String),
    /// A program that is needed does not start.
    #[error("cannot start `{command}`: {source} (install iproute2)")]
    NoProgram {
        /// What was typed.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// `ip` said no.
    #[error("`{command}` failed: {said} (namespaces need root, or CAP_SYS_ADMIN and CAP_NET_ADMIN)")]
    Refused {
        /// What was typed.
        command: String,
        /// What it said.
        said: String,
    },
    /// No device in the namespace.
    #[error("cannot make a TUN device in {namespace}: {source} (is /dev/net/tun there, and are you root?)")]
    NoDevice {
        /// The namespace.
        namespace: String,
        /// Why.
        source: io::Error,
    },
}

/// The two namespaces of the network `name`.
pub(crate) fn names(name: &str) -> Result<[String; 2], NamespaceError> {
    let good = (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-');
    if !good {
        return Err(NamespaceError::BadName(name.to_owned()));
    }
    Ok([format!("{name}-a"), format!("{name}-b")])
}

/// Makes an empty namespace with its loopback up; one of that name that was left behind goes first.
pub(crate) fn create(namespace: &str) -> Result<(), NamespaceError> {
    remove(namespace)?;
    ip(&["netns", "add", namespace])?;
    ip(&["-n", namespace, "link", "set", "lo", "up"])
}

/// Removes it, if it is there.
pub(crate) fn remove(namespace: &str) -> Result<(), NamespaceError> {
    if Path::new(HANDLES).join(namespace).exists() { ip(&["netns", "delete", namespace]) } else { Ok(()) }
}

/// Removes both namespaces of the network `name`.
pub(crate) fn clean(name: &str) -> Result<(), NamespaceError> {
    names(name)?.iter().try_for_each(|namespace| remove(namespace))
}

/// A TUN device in `namespace` with `address`, everything routed through it.
pub(crate) fn device(namespace: &str, address: Ipv4Addr) -> Result<SyncDevice, NamespaceError> {
    let no_device = |source| NamespaceError::NoDevice { namespace: namespace.to_owned(), source };
    // A thread belongs to one namespace for good; this one ends with its work.
    let made = std::thread::scope(|scope| {
        scope
            .spawn(|| inside(namespace, address))
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that made it panicked")))
    });
    let device = made.map_err(no_device)?;
    device.set_nonblocking(true).map_err(no_device)?;
    ip(&["-n", namespace, "route", "add", "default", "dev", DEVICE])?;
    Ok(device)
}

fn inside(namespace: &str, address: Ipv4Addr) -> io::Result<SyncDevice> {
    setns(File::open(Path::new(HANDLES).join(namespace))?, CloneFlags::CLONE_NEWNET)?;
    DeviceBuilder::new()
        .name(DEVICE)
        .layer(Layer::L3)
        .ipv4(address, 24, None)
        .mtu(1_500)
        .tx_queue_len(KERNEL_QUEUE)
        .build_sync()
}

fn ip(arguments: &[&str]) -> Result<(), NamespaceError> {
    let command = format!("ip {}", arguments.join(" "));
    let output = Command::new("ip")
        .args(arguments)
        .output()
        .map_err(|source| NamespaceError::NoProgram { command: command.clone(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(NamespaceError::Refused { command, said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_as_file_names() {
        assert_eq!(names("ww-loss").unwrap(), ["ww-loss-a", "ww-loss-b"]);
        for bad in ["", "../x", "a b", "-n", "ünder", &"x".repeat(33)] {
            assert!(names(bad).is_err(), "{bad:?} was taken");
        }
    }
}
