//! Which processes hold devices and sockets open (proc(5)).

use procfs::process::{FDTarget, Process, all_processes};
use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The program's name, as the kernel keeps it.
const OURS: &str = "watchword";

/// A process that holds something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holder {
    /// Its id.
    pub pid: i32,
    /// Its name, at most 15 bytes.
    pub name: String,
}

/// Who holds what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holders {
    devices: HashMap<PathBuf, Vec<Holder>>,
    sockets: HashMap<u64, Holder>,
    /// A watchword runs here whose files this user may not see.
    pub hidden_watchword: bool,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

impl Holder {
    /// Whether it is a program of ours.
    #[must_use]
    pub(crate) fn is_watchword(&self) -> bool {
        self.name == OURS
    }
}

impl Holders {
    /// Looks at all processes but this one. Blocks for some milliseconds.
    pub(crate) fn look() -> Self {
        let mut holders = Self::default();
        let own = i32::try_from(std::process::id()).unwrap_or(0);
        for process in all_processes().into_iter().flatten().flatten().filter(|process| process.pid() != own)
        {
            holders.add(&process);
        }
        holders.devices.values_mut().for_each(|list| list.sort());
        holders
    }

    fn add(&mut self, process: &Process) {
        let Ok(stat) = process.stat() else { return }; // it has ended
        let holder = Holder { pid: process.pid(), name: stat.comm.escape_debug().to_string() };
        let Ok(files) = process.fd() else {
            self.hidden_watchword |= stat.comm == OURS;
            return;
        };
        for file in files.flatten() {
            match file.target {
                FDTarget::Path(path) if path.starts_with("/dev") => {
                    let list = self.devices.entry(path).or_default();
                    if !list.contains(&holder) {
                        list.push(holder.clone());
                    }
                }
                FDTarget::Socket(inode) => {
                    self.sockets.entry(inode).or_insert_with(|| holder.clone());
                }
                _ => {}
            }
        }
    }

    /// Who has this device open. A link to it is as good as its node.
    #[must_use]
    pub(crate) fn of(&self, device: &Path) -> &[Holder] {
        let node = std::fs::canonicalize(device).unwrap_or_else(|_| device.to_owned());
        self.devices.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Who listens at a TCP port.
    #[must_use]
    pub(crate) fn of_tcp(&self, address: SocketAddr) -> Option<&Holder> {
        use procfs::net::{TcpState, tcp, tcp6};
        let entries = tcp().into_iter().chain(tcp6()).flatten();
        let inodes: Vec<u64> = entries
            .filter(|entry| entry.state == TcpState::Listen && overlap(entry.local_address, address))
            .map(|entry| entry.inode)
            .collect();
        inodes.iter().find_map(|inode| self.sockets.get(inode))
    }

    /// Who has a UDP port.
    #[must_use]
    pub(crate) fn of_udp(&self, address: SocketAddr) -> Option<&Holder> {
        use procfs::net::{udp, udp6};
        let entries = udp().into_iter().chain(udp6()).flatten();
        let inodes: Vec<u64> =
            entries.filter(|entry| overlap(entry.local_address, address)).map(|entry| entry.inode).collect();
        inodes.iter().find_map(|inode| self.sockets.get(inode))
    }

    #[cfg(test)]
    pub(super) fn beside_a_watchword() -> Self {
        Self { hidden_watchword: true, ..Self::default() }
    }

    #[cfg(test)]
    pub(super) fn of_device(path: &str, name: &str, pid: i32) -> Self {
        let holder = Holder { pid, name: name.into() };
        Self { devices: [(path.into(), vec![holder])].into(), ..Self::default() }
    }
}

/// Whether one of two sockets keeps the other from its port.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    one.port() == other.port() && (a == b || a.is_unspecified() || b.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_that_holds_a_device_is_named() {
        // A shell that keeps the device open while it waits for its input to end.
        let mut child = Command::new("sh")
            .args(["-c", "exec 9</dev/full; echo; read line"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0_u8; 1];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        let found = Holders::look().of(Path::new("/dev/full")).to_vec();
        drop(child.stdin.take());
        child.wait().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        assert!(found.contains(&Holder { pid, name: "sh".into() }), "{found:?}");
        assert!(Holders::look().of(Path::new("/dev/nothing-like-it")).is_empty());
    }

    #[test]
    fn ports_overlap_where_one_takes_all_addresses() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(overlap(at("0.0.0.0:80"), at("127.0.0.1:80")));
        assert!(overlap(at("[::]:80"), at("127.0.0.1:80")));
        assert!(overlap(at("[::ffff:127.0.0.1]:80"), at("127.0.0.1:80")));
        assert!(!overlap(at("127.0.0.1:80"), at("127.0.0.2:80")));
        assert!(!overlap(at("0.0.0.0:81"), at("127.0.0.1:80")));
    }

    #[test]
    fn sockets_of_this_process_are_left_out() {
        let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let holders = Holders::look();
        assert_eq!(holders.of_tcp(tcp.local_addr().unwrap()), None);
        assert_eq!(holders.of_udp(udp.local_addr().unwrap()), None);
    }
}
