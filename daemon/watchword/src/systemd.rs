//! What systemd is told (sd_notify(3)) and hands over (sd_listen_fds(3)); nothing where it did not start us.

use anyhow::{Context as _, Result, bail};
use listenfd::ListenFd;
use rendezvous::Sockets;
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
    let mut told_to_hang = std::pin::pin!(told_to_hang());
    loop {
        tokio::select! {
            _ = tick.tick() => notify(&[NotifyState::Watchdog]),
            () = &mut told_to_hang => hang(),
        }
    }
}

/// A debug build hangs at SIGUSR2, so that a test sees what systemd makes of that. A release build does not listen.
async fn told_to_hang() {
    #[cfg(debug_assertions)]
    if let Ok(mut told) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined2()) {
        told.recv().await;
        return;
    }
    std::future::pending().await
}

/// Gives its thread, and the loop that calls it, never back.
fn hang() -> ! {
    log::warn!("told to hang");
    loop {
        std::thread::park();
    }
}

/// The server's ports, where a `.socket` unit has opened them. To be called once, while there are no other threads: it
/// takes the variables out of the environment, so that no child takes the sockets for its own.
///
/// # Errors
/// More than one of a kind, or something that is neither TCP nor UDP.
pub(crate) fn sockets() -> Result<Sockets> {
    let mut passed = ListenFd::from_env();
    let mut sockets = Sockets::default();
    for index in 0..passed.len() {
        if let Ok(Some(tcp)) = passed.take_tcp_listener(index) {
            once(&mut sockets.tcp, tcp, "ListenStream=")?;
        } else {
            let udp = passed.take_udp_socket(index).ok().flatten();
            let udp =
                udp.context("systemd passed a socket that is neither TCP nor UDP: see its .socket unit")?;
            once(&mut sockets.udp, udp, "ListenDatagram=")?;
        }
    }
    Ok(sockets)
}

fn once<T>(place: &mut Option<T>, socket: T, setting: &str) -> Result<()> {
    if place.replace(socket).is_some() {
        bail!("systemd passed more than one port of a kind: leave a single {setting} in the .socket unit");
    }
    Ok(())
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::debug!("systemd cannot be told: {error}");
    }
}
