//! How the process is told to stop, and what happens when a part of it ends by itself.

use anyhow::{Context as _, Result};
use std::time::Duration;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;

/// An ordered stop takes at most this long; what hangs then is left to the kernel.
const STOP_TIME: Duration = Duration::from_secs(8);
/// Exit code after a second signal, as a shell would report SIGINT.
const SECOND_SIGNAL: i32 = 130;

/// SIGTERM and Ctrl-C, which no longer end the process by themselves. To be listened to before the process says that it
/// is there: who was told so may stop it at once.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self> {
        let kind = |kind| signal(kind).context("cannot listen to signals");
        Ok(Self { terminate: kind(SignalKind::terminate())?, interrupt: kind(SignalKind::interrupt())? })
    }

    async fn heard(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}

/// Runs until a signal, or until an essential task ends; then stops the rest in order. An essential task that ends
/// by itself is a failure: systemd restarts the process.
pub(crate) async fn until_told(
    mut signals: Signals,
    mut essential: JoinSet<Result<()>>,
    stop: CancellationToken,
) -> Result<()> {
    let failed = tokio::select! {
        () = signals.heard() => None,
        Some(ended) = essential.join_next() => Some(ended),
        () = crate::systemd::keep_watchdog_fed() => None,
    };
    log::info!("stopping");
    crate::systemd::stopping();
    stop.cancel();
    tokio::spawn(async move {
        signals.heard().await;
        std::process::exit(SECOND_SIGNAL);
    });
    let rest = all(essential).await;
    match failed {
        None => rest,
        Some(ended) => flatten(ended).and_then(|()| anyhow::bail!("an essential part ended by itself")),
    }
}

/// Stops in order what had started when the start of another part failed. That failure is the one to tell.
#[cfg(feature = "device")]
pub(crate) async fn at_once(essential: JoinSet<Result<()>>, stop: &CancellationToken) {
    stop.cancel();
    if let Err(error) = all(essential).await {
        log::debug!("while stopping: {error:#}");
    }
}

/// Waits for the rest, for as long as a stop may take.
async fn all(mut essential: JoinSet<Result<()>>) -> Result<()> {
    let rest = time::timeout(STOP_TIME, async {
        let mut rest = Ok(());
        while let Some(ended) = essential.join_next().await {
            rest = rest.and(flatten(ended));
        }
        rest
    });
    rest.await.unwrap_or_else(|_| Err(anyhow::anyhow!("stopping took longer than {STOP_TIME:?}")))
}

fn flatten(ended: Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    ended.context("a part of the process failed").and_then(|result| result)
}
