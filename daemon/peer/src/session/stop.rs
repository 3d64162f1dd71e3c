//! How a session is ended by its device.

use protocol::control::Bye;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// Ends one session from outside, with what its viewer is told. Clones end the same session.
#[derive(Clone, Debug)]
pub struct Stop {
    token: CancellationToken,
    bye: Arc<OnceLock<Bye>>,
}

impl Stop {
    /// A session that also ends with `token`.
    #[must_use]
    pub fn new(token: CancellationToken) -> Self {
        Self { token, bye: Arc::default() }
    }

    /// Ends the session. The first reason is the one that counts.
    pub fn end(&self, reason: &str, again: bool) {
        let _ = self.bye.set(Bye { reason: reason.to_owned(), again });
        self.token.cancel();
    }

    pub(super) async fn ended(&self) {
        self.token.cancelled().await;
    }

    /// What the viewer is told: unless something was said, that the device stops.
    pub(super) fn bye(&self) -> Bye {
        let stopping =
            || Bye { reason: "The device ends the session; it may be back soon.".to_owned(), again: true };
        self.bye.get().cloned().unwrap_or_else(stopping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_counts() {
        let all = CancellationToken::new();
        let stop = Stop::new(all.child_token());
        assert!(stop.bye().again);
        stop.end("This word was removed.", false);
        stop.end("Something else.", true);
        stop.ended().await;
        assert_eq!(stop.bye(), Bye { reason: "This word was removed.".to_owned(), again: false });
        assert!(!all.is_cancelled());
    }
}
