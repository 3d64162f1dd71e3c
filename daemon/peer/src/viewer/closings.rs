//! Channels that are being closed.
//!
//! The number of a closed channel's stream is given to the next one, and what opens that must not overtake the reset of
//! the old one (RFC 6525 section 5.1.2; RFC 8831 section 6.7): the device would take it for a message of the old, and the
//! new would never open. So no channel is opened while another closes.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a device may take to close its side.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many there are in one session.
#[derive(Clone, Debug, Default)]
pub(super) struct Closings(watch::Sender<usize>);

/// One of them; dropped once the channel has closed.
pub(super) struct Closing(watch::Sender<usize>);

impl Closings {
    pub(super) fn begin(&self) -> Closing {
        self.0.send_modify(|count| *count += 1);
        Closing(self.0.clone())
    }

    /// Waits until there are none, though not for ever.
    pub(super) async fn over(&self) {
        let mut counts = self.0.subscribe();
        let _ = timeout(PATIENCE, counts.wait_for(|count| *count == 0)).await;
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_of_them_are_waited_for_but_not_for_ever() {
        let closings = Closings::default();
        closings.over().await;
        let (one, other) = (closings.begin(), closings.begin());
        let start = tokio::time::Instant::now();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(one);
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(other);
        });
        closings.over().await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        let _stuck = closings.begin();
        closings.over().await;
        assert_eq!(start.elapsed(), Duration::from_secs(2) + PATIENCE);
    }
}
