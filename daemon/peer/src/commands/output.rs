//! What a command says, on its way to the viewer.

use super::CommandEvent;
use super::denial;
use super::text::{Piece, Text};
use protocol::control::{CommandOutput, OutputStream};
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// Most bytes read at once.
const CHUNK: usize = 16 * 1024;
/// How long text waits for more, so that a chatty command does not send a message a line.
const COALESCE: Duration = Duration::from_millis(50);
/// How long a pipe whose writers should be gone may be silent before it counts as ended.
const SILENCE: Duration = Duration::from_millis(100);
/// What a pipe holds (pipe(7)): more than this was not said by those who are gone.
const PIPE_CAPACITY: usize = 64 * 1024;

/// Both streams of one run. Memory is bounded: a chunk and a piece for each, and what the channel of events holds.
/// When that is full, the streams are not read, and the command waits for its viewer.
pub(super) struct Output {
    run: u64,
    events: mpsc::Sender<CommandEvent>,
    /// Bytes that may still be sent.
    allowance: AtomicU64,
    read: AtomicU64,
    sent: AtomicU64,
    /// The first sign in it that the system denied something.
    denied: OnceLock<&'static str>,
    /// Nobody listens any more: what comes is counted, and that is all.
    unheard: CancellationToken,
    /// All who should write are gone: what the pipes hold is the rest.
    last_call: CancellationToken,
}

enum Step {
    Flush,
    Read(io::Result<usize>),
    End,
}

impl Output {
    pub(super) fn new(run: u64, most: u64, events: mpsc::Sender<CommandEvent>) -> Self {
        Self {
            run,
            events,
            allowance: AtomicU64::new(most),
            read: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            denied: OnceLock::new(),
            unheard: CancellationToken::new(),
            last_call: CancellationToken::new(),
        }
    }

    /// From now on nothing is sent.
    pub(super) fn stop_sending(&self) {
        self.unheard.cancel();
    }

    /// From now on only what the pipes hold is read.
    pub(super) fn last_call(&self) {
        self.last_call.cancel();
    }

    /// Bytes that were sent, and bytes that were not.
    pub(super) fn counts(&self) -> (u64, u64) {
        let sent = self.sent.load(Relaxed);
        (sent, self.read.load(Relaxed).saturating_sub(sent))
    }

    /// What it said of being denied something, if it did.
    pub(super) fn denied(&self) -> Option<&'static str> {
        self.denied.get().copied()
    }

    /// Reads both streams to their ends.
    pub(super) async fn pump(&self, stdout: impl AsyncRead + Unpin, stderr: impl AsyncRead + Unpin) {
        tokio::join!(self.stream(OutputStream::Stdout, stdout), self.stream(OutputStream::Stderr, stderr));
    }

    async fn stream(&self, stream: OutputStream, mut reader: impl AsyncRead + Unpin) {
        let (mut chunk, mut text) = (vec![0; CHUNK], Text::default());
        let (mut flush_at, mut rest) = (None, PIPE_CAPACITY);
        loop {
            let step = tokio::select! {
                biased;
                () = at(flush_at) => Step::Flush,
                read = reader.read(&mut chunk) => Step::Read(read),
                () = self.silence() => Step::End,
            };
            match step {
                Step::Flush => {
                    self.send(stream, text.take()).await;
                    flush_at = None;
                }
                // A pipe that cannot be read has ended, too.
                Step::End | Step::Read(Ok(0) | Err(_)) => break,
                Step::Read(Ok(count)) => {
                    self.take(stream, &chunk[..count], &mut text).await;
                    flush_at = match flush_at {
                        _ if text.is_empty() => None,
                        None => Some(Instant::now() + COALESCE),
                        soon => soon,
                    };
                    if self.last_call.is_cancelled() {
                        rest = rest.saturating_sub(count);
                        if rest == 0 {
                            break;
                        }
                    }
                }
            }
        }
        for piece in text.finish() {
            self.send(stream, piece).await;
        }
    }

    async fn take(&self, stream: OutputStream, bytes: &[u8], text: &mut Text) {
        self.read.fetch_add(bytes.len() as u64, Relaxed);
        if self.unheard.is_cancelled() || self.events.is_closed() {
            return;
        }
        // Both streams are read by one task: nobody takes from the allowance in between.
        let allowance = self.allowance.load(Relaxed);
        let allowed = usize::try_from(allowance).map_or(bytes.len(), |most| most.min(bytes.len()));
        self.allowance.store(allowance - allowed as u64, Relaxed);
        for piece in text.push(&bytes[..allowed]) {
            self.send(stream, piece).await;
        }
        if allowed < bytes.len() {
            text.cut();
        }
    }

    /// Waits until the viewer takes it, or there is no viewer.
    async fn send(&self, stream: OutputStream, piece: Piece) {
        if let Some(sentence) = denial::sentence(&piece.text) {
            let _ = self.denied.set(sentence);
        }
        let output = CommandOutput { run: self.run, stream, text: piece.text };
        let sent = tokio::select! {
            biased;
            () = self.unheard.cancelled() => false,
            sent = self.events.send(CommandEvent::Output(output)) => sent.is_ok(),
        };
        if sent {
            self.sent.fetch_add(piece.bytes, Relaxed);
        }
    }

    async fn silence(&self) {
        self.last_call.cancelled().await;
        sleep(SILENCE).await;
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
