//! What systemd is told (sd_notify(3)); nothing where it did not start us.

use sd_notify::NotifyState;
use std::time::Duration;

/// The service serves.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// One line for `systemctl status`.
pub(crate) fn status(line: &str) {
    notify(&[NotifyState::Status(line)]);
}

/// The service is on its way out.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Tells the watchdog, twice in its time, that the main loop turns. Ends never; runs as a branch of the main loop, so
/// that a loop that hangs is found.
pub(crate) async fn keep_watchdog_fed() {
    let Some(limit) = sd_notify::watchdog_enabled() else { return std::future::pending().await };
    let mut tick = tokio::time::interval((limit / 2).max(Duration::from_millis(100)));
    loop {
        tick.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::debug!("systemd cannot be told: {error}");
    }
}
