//! What is on its way to one socket: bounded by number and by bytes, so that a slow reader holds nobody up.

use crate::broker::CloseReason;
use protocol::signal::FromServer;
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::mpsc;

/// The socket takes too little: it is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The broker's end. Dropping it closes the socket after what was queued.
pub(crate) struct Outbox {
    sender: mpsc::Sender<FromServer>,
    meter: Option<Meter>,
    reason: Arc<OnceLock<CloseReason>>,
}

/// The socket's end.
pub(crate) struct Inbox {
    receiver: mpsc::Receiver<FromServer>,
    meter: Meter,
    reason: Arc<OnceLock<CloseReason>>,
}

/// What the socket does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send this.
    Message(FromServer),
    /// Close.
    Close(CloseReason),
}

#[derive(Clone)]
struct Meter {
    queued: Arc<AtomicUsize>,
    most: usize,
}

/// A queue of at most so many messages and bytes.
pub(crate) fn outbox(messages: usize, bytes: usize) -> (Outbox, Inbox) {
    let (sender, receiver) = mpsc::channel(messages.max(1));
    let meter = Meter { queued: Arc::default(), most: bytes };
    let reason = Arc::new(OnceLock::new());
    (
        Outbox { sender, meter: Some(meter.clone()), reason: Arc::clone(&reason) },
        Inbox { receiver, meter, reason },
    )
}

/// A queue in this process: the receiver itself, bounded by number.
pub(crate) fn local_outbox(messages: usize) -> (Outbox, mpsc::Receiver<FromServer>) {
    let (sender, receiver) = mpsc::channel(messages.max(1));
    (Outbox { sender, meter: None, reason: Arc::default() }, receiver)
}

impl Outbox {
    /// Queues a message. A message to a reader that is gone is dropped: its own task says so soon.
    pub(crate) fn push(&self, message: FromServer) -> Result<(), Full> {
        let size = size(&message);
        if let Some(meter) = &self.meter {
            let queued = meter.queued.load(Ordering::Relaxed);
            // An empty queue takes any one message.
            if queued > 0 && queued + size > meter.most {
                return Err(Full);
            }
            meter.queued.fetch_add(size, Ordering::Relaxed);
        }
        match self.sender.try_send(message) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Full),
        }
    }

    /// Closes the socket after what was queued.
    pub(crate) fn close(self, reason: CloseReason) {
        // The first reason stands.
        let _ = self.reason.set(reason);
    }
}

impl Inbox {
    /// The next message, or the end. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Next {
        match self.receiver.recv().await {
            Some(message) => {
                self.meter.queued.fetch_sub(size(&message), Ordering::Relaxed);
                Next::Message(message)
            }
            None => Next::Close(self.reason.get().copied().unwrap_or(CloseReason::Stopping)),
        }
    }
}

/// About what a message takes, bytes: what strangers choose the length of, and something for the rest.
fn size(message: &FromServer) -> usize {
    const REST: usize = 256;
    REST + match message {
        FromServer::Knock { ke1, pass, .. } => ke1.0.len() + pass.as_ref().map_or(0, |pass| pass.0.len()),
        FromServer::Reply { ke2, .. } => ke2.0.len(),
        FromServer::Prove { ke3, sealed, .. } => ke3.0.len() + sealed.0.len(),
        FromServer::Relay { sealed, .. } => sealed.0.len(),
        FromServer::Refused { refusal, .. } | FromServer::Lost { refusal, .. } => refusal.message.len(),
        FromServer::Welcome { .. }
        | FromServer::Claimed { .. }
        | FromServer::Absent { .. }
        | FromServer::Present { .. }
        | FromServer::Left { .. }
        | FromServer::Pong => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::bytes::B64;

    fn relay(bytes: usize) -> FromServer {
        FromServer::Relay { session: "s".into(), sealed: B64(vec![0; bytes]) }
    }

    #[tokio::test]
    async fn full_by_bytes_or_by_number() {
        let (outbox, mut inbox) = outbox(3, 10_000);
        assert_eq!(outbox.push(relay(20_000)), Ok(()), "one message always fits");
        assert_eq!(outbox.push(relay(1)), Err(Full));
        assert!(matches!(inbox.next().await, Next::Message(_)));
        for _ in 0..3 {
            assert_eq!(outbox.push(FromServer::Pong), Ok(()));
        }
        assert_eq!(outbox.push(FromServer::Pong), Err(Full));
    }

    #[tokio::test]
    async fn what_was_queued_comes_before_the_end() {
        let (outbox, mut inbox) = outbox(3, 10_000);
        outbox.push(FromServer::Pong).unwrap();
        outbox.close(CloseReason::Misbehaved);
        assert!(matches!(inbox.next().await, Next::Message(FromServer::Pong)));
        assert!(matches!(inbox.next().await, Next::Close(CloseReason::Misbehaved)));
    }
}
