//! The device sends.

use super::content::Content;
use super::flow::Flow;
use super::said::{Heard, broken, given_up, hear, nonsense, say, say_failed, silent};
use super::stall::{PATIENCE, StallTimer};
use crate::files::FilesError;
use crate::wire::Share;
use bytes::BytesMut;
use protocol::control::{MAX_CHUNK, RpcError, Transfer};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use webrtc::data_channel::DataChannel;

/// Pieces that were read ahead and wait to be sent.
const AHEAD: usize = 16;

/// What the disk gives.
enum Piece {
    Bytes(BytesMut),
    /// After the last byte: the hash of the whole.
    End(String),
    Failed(FilesError),
}

/// Sends all of it, as far as the viewer's credit reaches, and waits until the viewer has it.
pub(super) async fn send(channel: &dyn DataChannel, content: Content, share: Share) -> Result<(), RpcError> {
    let flow = Flow::new(channel, share, content.offset());
    let (to, pieces) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || read(content, &to));
    let result = Sending { channel, flow, pieces, next: BytesMut::new(), ended: false }.run().await;
    // What was not read any more ends it: it is never waited for in vain.
    let _ = reading.await;
    if let Err(error) = &result {
        say_failed(channel, error).await;
    }
    result
}

/// On its own thread: reads ahead, until there is nobody who takes it.
fn read(mut content: Content, to: &mpsc::Sender<Piece>) {
    let piece = loop {
        let mut buffer = BytesMut::zeroed(MAX_CHUNK);
        match content.read(&mut buffer) {
            Ok(0) => break end(content, to),
            Ok(count) => {
                buffer.truncate(count);
                if to.blocking_send(Piece::Bytes(buffer)).is_err() {
                    return;
                }
            }
            Err(error) => break Piece::Failed(error),
        }
    };
    let _ = to.blocking_send(piece);
}

fn end(mut content: Content, to: &mpsc::Sender<Piece>) -> Piece {
    let hash = loop {
        match content.read_before() {
            Ok(true) if !to.is_closed() => {}
            Ok(_) => break content.finish(),
            Err(error) => break Err(error),
        }
    };
    hash.map_or_else(Piece::Failed, Piece::End)
}

struct Sending<'a> {
    channel: &'a dyn DataChannel,
    flow: Flow<'a>,
    pieces: mpsc::Receiver<Piece>,
    /// Read, and not sent yet.
    next: BytesMut,
    /// All was sent, the hash too.
    ended: bool,
}

impl Sending<'_> {
    async fn run(mut self) -> Result<(), RpcError> {
        let mut stall = StallTimer::new(Instant::now());
        loop {
            tokio::select! {
                biased;
                heard = hear(self.channel) => {
                    if self.heard(heard)? {
                        return Ok(());
                    }
                }
                ready = self.flow.ready(self.next.len()), if !self.next.is_empty() => {
                    let next = self.next.split_to(ready.map_err(|_| broken())?);
                    let bytes = next.len() as u64;
                    let sent = timeout(PATIENCE, self.flow.send(next)).await.map_err(|_| silent())?;
                    sent.map_err(|_| broken())?;
                    stall.moved(bytes, Instant::now());
                }
                piece = self.pieces.recv(), if self.next.is_empty() && !self.ended => {
                    self.take(piece.unwrap_or(Piece::Failed(FilesError::Disk))).await?;
                    stall = StallTimer::new(Instant::now());
                }
                // Our own disk may take its time, above all to hash what the viewer has from before a break.
                () = sleep_until(stall.deadline()), if self.ended || !self.next.is_empty() => return Err(silent()),
            }
        }
    }

    /// `true`: the viewer has all of it.
    fn heard(&mut self, heard: Heard) -> Result<bool, RpcError> {
        match heard {
            Heard::Said(Transfer::Credit { until }) => {
                self.flow.credit(until);
                Ok(false)
            }
            Heard::Said(Transfer::Done) if self.ended => Ok(true),
            Heard::Said(Transfer::Failed { .. }) => Err(given_up()),
            Heard::Closed => Err(broken()),
            Heard::Said(_) | Heard::Bytes(_) | Heard::Nonsense => Err(nonsense()),
        }
    }

    async fn take(&mut self, piece: Piece) -> Result<(), RpcError> {
        match piece {
            Piece::Bytes(bytes) => self.next = bytes,
            Piece::End(hash) => {
                self.ended = true;
                say(self.channel, &Transfer::End { hash }).await;
            }
            Piece::Failed(error) => return Err(error.into()),
        }
        Ok(())
    }
}
