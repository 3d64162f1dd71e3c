//! The link to a rendezvous: in process to an embedded one, by WebSocket to one elsewhere.

mod backoff;
#[cfg(feature = "device")]
mod health;
mod remote;
mod tls;
mod trust;

#[cfg(feature = "device")]
pub(crate) use health::{Health, health};
#[cfg(feature = "device")]
pub(crate) use remote::ConnectError;
pub(crate) use remote::{Remote, remote};
pub(crate) use trust::{Trust, Verdict};

use protocol::signal::{FromServer, ToServer};
use tokio::sync::mpsc;

/// Messages that may wait for this end or for the socket. A full queue makes the socket wait, not grow.
const QUEUE: usize = 256;

/// What the link tells.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// A socket is open; this is the way out. A welcome follows.
    Up(mpsc::Sender<ToServer>),
    /// The rendezvous said something.
    Message(FromServer),
    /// The socket is gone.
    Down {
        /// A sentence.
        why: String,
    },
}

/// Links a device to the server of this process.
#[cfg(feature = "device")]
#[must_use]
pub(crate) fn embedded(
    socket: rendezvous::LocalSocket,
    tasks: &tokio_util::task::TaskTracker,
) -> mpsc::Receiver<LinkEvent> {
    let (events, link) = mpsc::channel(QUEUE);
    let rendezvous::LocalSocket { sender, mut receiver } = socket;
    tasks.spawn(async move {
        if events.send(LinkEvent::Up(sender)).await.is_err() {
            return;
        }
        while let Some(message) = receiver.recv().await {
            if events.send(LinkEvent::Message(message)).await.is_err() {
                return;
            }
        }
    });
    link
}
