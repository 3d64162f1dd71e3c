//! One session's task: the peer connection, and the sealing of what it says through the rendezvous.

use peer::{End, Environment, Stop};
use protocol::{
    seal::Sealer,
    sealed::Sealed,
    signal::{SessionId, ToServer},
};
use tokio::sync::mpsc;

/// Messages that a session may have said and the link not yet taken: an answer and its candidates.
const OUTBOX: usize = 64;

/// A session that is over.
pub(super) struct Ended {
    pub(super) session: SessionId,
    end: End,
}

impl Ended {
    /// One line for the log.
    pub(super) fn log(&self) {
        log::info!("session {} ended: {}", super::doors::short(&self.session), self.end);
    }
}

/// Runs a session from its offer (the first of `messages`) to its end.
pub(super) async fn run(
    session: SessionId,
    environment: Environment,
    messages: mpsc::Receiver<Sealed>,
    sealer: Sealer,
    server: Option<mpsc::Sender<ToServer>>,
    stop: Stop,
) -> Ended {
    let (outbox, said) = mpsc::channel(OUTBOX);
    let serve = peer::serve(environment, messages, outbox, stop);
    let (end, ()) = tokio::join!(serve, forward(&session, said, sealer, server));
    Ended { session, end }
}

/// Seals what the session says and sends it, until the session says no more. Without the rendezvous it is dropped:
/// a session that still needed it cannot come to be, and ends by its own deadline.
async fn forward(
    session: &str,
    mut said: mpsc::Receiver<Sealed>,
    mut sealer: Sealer,
    server: Option<mpsc::Sender<ToServer>>,
) {
    while let Some(message) = said.recv().await {
        let sealed = match sealer.seal_message(&message) {
            Ok(sealed) => sealed,
            Err(error) => {
                log::error!("session {}: cannot seal: {error}", super::doors::short(session));
                return;
            }
        };
        if let Some(server) = &server {
            let relay = ToServer::Relay { session: session.to_owned(), sealed: sealed.into() };
            let _ = server.send(relay).await; // the link says itself that it is gone
        }
    }
}
