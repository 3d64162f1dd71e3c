//! What every command that visits a device has in common: how it is reached, and how the visit ends.

use crate::{
    client::{Failure, LastingSession, Reach, ServerAddress, Session, WordArgument, WordSource},
    fingerprint::Fingerprint,
};
use anyhow::Context as _;
use clap::Args;
use std::{env, path::PathBuf};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Names the environment variable with the server.
const SERVER: &str = "WATCHWORD_SERVER";

#[derive(Debug, Args)]
#[command(next_help_heading = "Reaching the device")]
pub(super) struct Reaching {
    /// The device's rendezvous, such as `https://192.168.1.20:8443` or `example.org`
    /// [default: WATCHWORD_SERVER, else https://localhost:8443]
    #[arg(long, value_name = "SERVER")]
    server: Option<ServerAddress>,
    /// File whose first line is the secret word; `-` is standard input
    /// [default: WATCHWORD_WORD, else you are asked]
    #[arg(long, value_name = "FILE")]
    word_file: Option<PathBuf>,
    /// The secret word itself. It stays in your shell's history, and others on this machine can see it: rather use
    /// --word-file, or be asked
    #[arg(long, value_name = "WORD", conflicts_with = "word_file")]
    word: Option<WordArgument>,
    /// SHA-256 of the server's certificate, as the server prints it: only this one is taken, and it is remembered
    /// [default: one that an authority signed, or the one that was seen first]
    #[arg(long, value_name = "SHA256")]
    fingerprint: Option<Fingerprint>,
    /// Waits for a server or a device that is not there
    #[arg(long)]
    wait: bool,
    /// Takes a device whose key is another than at the last visit, and remembers the new one
    #[arg(long)]
    new_device: bool,
}

impl Reaching {
    /// Reaches the device, does `work` there, and leaves. SIGINT and SIGTERM end it at any time; the device is told.
    pub(super) async fn visit(
        self,
        work: impl AsyncFnOnce(&mut Session) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.visit_with_signals(async |session, signals| {
            tokio::select! {
                done = work(session) => done,
                failure = signals.next() => Err(failure),
            }
        })
        .await
    }

    /// As [`Self::visit`], for work that has something to do when a signal comes: once the device is reached, only
    /// `work` hears of signals.
    pub(super) async fn visit_with_signals(
        self,
        work: impl AsyncFnOnce(&mut Session, &mut Signals) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut signals = Signals::new()?;
        let mut session = tokio::select! {
            session = async { self.way().await?.connect().await } => session?,
            failure = signals.next() => return Err(failure),
        };
        let done = work(&mut session, &mut signals).await;
        session.leave().await;
        done
    }

    /// As [`Self::visit`], with a session that can be made anew when it breaks.
    pub(super) async fn visit_lasting(
        self,
        work: impl AsyncFnOnce(&mut LastingSession) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut signals = Signals::new()?;
        let mut session = tokio::select! {
            session = async { LastingSession::begin(self.way().await?).await } => session?,
            failure = signals.next() => return Err(failure),
        };
        let done = tokio::select! {
            done = work(&mut session) => done,
            failure = signals.next() => Err(failure),
        };
        session.leave().await;
        done
    }

    /// What it takes to reach the device.
    async fn way(self) -> Result<Reach, Failure> {
        let server = match self.server {
            Some(server) => server,
            None => default_server()?,
        };
        let word = WordSource::choose(self.word, self.word_file)?.read().await?;
        let Self { fingerprint, wait, new_device, .. } = self;
        Ok(Reach { server, word, fingerprint, wait, new_device })
    }
}

fn default_server() -> Result<ServerAddress, Failure> {
    let named = env::var(SERVER).ok().filter(|named| !named.is_empty());
    let parsed = named.as_deref().unwrap_or("https://localhost:8443").parse();
    parsed.map_err(|error| Failure::Usage(format!("{SERVER}: {error}")))
}

/// The signals that end a visit.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let kind = |kind| signal(kind).context("signals");
        Ok(Self { interrupt: kind(SignalKind::interrupt())?, terminate: kind(SignalKind::terminate())? })
    }

    /// The next one, as what it makes of the visit. Safe to cancel.
    pub(super) async fn next(&mut self) -> Failure {
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        };
        Failure::Interrupted(u8::try_from(kind.as_raw_value()).unwrap_or_default())
    }
}
