//! Why a server cannot start, or cannot go on: each a sentence that says what to do.

use std::{io, net::SocketAddr, path::PathBuf};

/// Failure of [`crate::Server::bind`] or [`crate::Server::run`]. Each sentence holds its whole reason: there is no
/// `source` behind it that a caller would print once more.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken.
    #[error(
        "{protocol} port {} is in use by another program (perhaps another watchword): stop that one, or choose \
         another port in [server]", address.port()
    )]
    PortInUse {
        /// "TCP" or "UDP".
        protocol: &'static str,
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened at.
    #[error(
        "cannot listen at {protocol} {address}: {reason}; choose an address of this machine and a port above 1023"
    )]
    Listen {
        /// "TCP" or "UDP".
        protocol: &'static str,
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
    /// A socket that was given, or has just been opened, cannot be used.
    #[error("the {protocol} socket cannot be used: {reason}")]
    Given {
        /// "TCP" or "UDP".
        protocol: &'static str,
        /// What the system said.
        reason: io::Error,
    },
    /// Plain HTTP was asked for where others could read it.
    #[error(
        "plain HTTP at {0} would be readable by others: it is served on loopback (127.0.0.1 or [::1]) only; use a \
         certificate, or listen there"
    )]
    PlainOffLoopback(SocketAddr),
    /// A certificate or key file cannot be used.
    #[error("cannot use {what} {}: {reason}", path.display())]
    Certificate {
        /// "the certificate" or "the key".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The self-signed certificate cannot be made.
    #[error("cannot make a self-signed certificate: {0}")]
    MakeCertificate(String),
    /// A folder or file of the server's own state.
    #[error("cannot use {}: {reason}; it must be writable by the user that runs the server", path.display())]
    State {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The database of places is held by another process.
    #[error("{} is in use by another watchword on this machine: stop that one, or give this one a state folder of its own", .0.display())]
    StateInUse(PathBuf),
    /// The database of places cannot be read or written.
    #[error(
        "cannot use the database of places {}: {reason}; move the file away to begin with an empty one (devices claim \
         their places again by themselves)", path.display()
    )]
    Database {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A task that the server cannot do without has ended.
    #[error("the server's {0} ended unexpectedly; its last log lines say why")]
    TaskEnded(&'static str),
}
