//! The device's link to its rendezvous: in process to an embedded one, by WebSocket to one elsewhere.

mod backoff;
mod remote;
mod tls;

pub(crate) use remote::{Remote, remote};

use protocol::signal::{FromServer, ToServer};
use rendezvous::LocalSocket;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// Messages that may wait for the device or for the socket. A full queue makes the socket wait, not grow.
const QUEUE: usize = 256;

/// What the link tells the device.
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

/// Links to the server of this process.
#[must_use]
pub(crate) fn embedded(socket: LocalSocket, tasks: &TaskTracker) -> mpsc::Receiver<LinkEvent> {
    let (events, link) = mpsc::channel(QUEUE);
    let LocalSocket { sender, mut receiver } = socket;
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
