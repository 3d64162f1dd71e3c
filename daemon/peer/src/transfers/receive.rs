//! The device receives.

use super::files::Running;
use super::path::Path;
use super::said::{Heard, broken, given_up, hear, nonsense, say, say_failed, silent};
use super::stall::StallTimer;
use crate::files::Upload;
use bytes::BytesMut;
use protocol::control::{RpcError, Transfer, code, rpc};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use webrtc::data_channel::DataChannel;

/// Bytes that a viewer may be ahead of the disk.
const WINDOW: u64 = 4 << 20;
/// Least credit that is given at once, and what shows a round trip: what a slow path carries in some milliseconds, bytes.
const GRAIN: (u64, u64) = (16 << 10, 16 << 10);
/// Messages that wait for the disk: a window of small ones. When it is full, the channel waits.
const WAITING: usize = 256;

/// What is for the disk.
enum Piece {
    Bytes(BytesMut),
    /// All has come; this is the hash of the whole.
    End(String),
    /// Nothing of it shall stay.
    Abandon,
}

/// How it ends before the disk says so.
enum Cut {
    /// What came stays, for a later upload.
    Kept(RpcError),
    /// Nothing of it is of use.
    Removed(RpcError),
}

/// Takes all of it, giving credit as the disk takes it, and tells the viewer once the file has its name.
pub(super) async fn receive(
    channel: &dyn DataChannel,
    upload: Upload,
    running: &Running,
) -> Result<(), RpcError> {
    let (size, offset) = (upload.size(), upload.written());
    let (to, pieces) = mpsc::channel(WAITING);
    let (written, progress) = watch::channel(offset);
    let mut disk = tokio::task::spawn_blocking(move || write(upload, pieces, &written));
    let path = Path::new(offset, GRAIN, Instant::now().into_std());
    let mut receiving = Receiving { channel, to, progress, path, size, come: offset, credit: offset };
    let result = tokio::select! {
        biased;
        result = &mut disk => result.unwrap_or_else(|_| Err(broken())),
        cut = receiving.run(running) => receiving.end(cut, disk).await,
    };
    match &result {
        Ok(()) => say(channel, &Transfer::Done).await,
        Err(error) => say_failed(channel, error).await,
    }
    result
}

/// On its own thread: writes what comes until it is whole, fails, or nobody sends any more.
fn write(
    mut upload: Upload,
    mut pieces: mpsc::Receiver<Piece>,
    written: &watch::Sender<u64>,
) -> Result<(), RpcError> {
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Bytes(bytes)) => {
                upload.write(&bytes)?;
                written.send_replace(upload.written());
            }
            Some(Piece::End(hash)) => return Ok(upload.finish(&hash)?),
            Some(Piece::Abandon) => {
                upload.abandon();
                return Err(given_up());
            }
            None => {
                let kept = upload.sync();
                log::debug!("an upload broke off; kept: {kept:?}");
                return Err(broken());
            }
        }
    }
}

struct Receiving<'a> {
    channel: &'a dyn DataChannel,
    to: mpsc::Sender<Piece>,
    progress: watch::Receiver<u64>,
    path: Path,
    size: u64,
    /// Bytes that came, those before the offset included.
    come: u64,
    /// Bytes that may come.
    credit: u64,
}

impl Receiving<'_> {
    /// Until it is cut short; that it is whole, or the disk fails, is said by the disk.
    async fn run(&mut self, running: &Running) -> Cut {
        let mut stall = StallTimer::new(Instant::now());
        self.give_credit().await;
        let mut ended = false;
        loop {
            tokio::select! {
                biased;
                () = running.taken_over() => {
                    let sentence = "Another connection goes on with this upload.";
                    return Cut::Kept(rpc::error(code::UNAVAILABLE, sentence));
                }
                Ok(()) = self.progress.changed() => self.give_credit().await,
                heard = hear(self.channel) => {
                    if let Heard::Bytes(bytes) = &heard {
                        stall.moved(bytes.len() as u64, Instant::now());
                    }
                    if let Err(cut) = self.heard(heard, &mut ended).await {
                        return cut;
                    }
                }
                // The hash of all may take the disk its time.
                () = sleep_until(stall.deadline()), if !ended => return Cut::Kept(silent()),
            }
        }
    }

    /// As much as the path carries, and no more than a window beyond what the disk has taken.
    async fn give_credit(&mut self) {
        let now = Instant::now().into_std();
        self.path.arrived(self.come, now);
        let most = (*self.progress.borrow_and_update() + WINDOW).min(self.size);
        let until = (self.credit + self.path.room()).min(most);
        if until >= (self.credit + GRAIN.0).min(self.size) && until > self.credit {
            self.credit = until;
            self.path.let_go(until, now);
            say(self.channel, &Transfer::Credit { until }).await;
        }
    }

    async fn heard(&mut self, heard: Heard, ended: &mut bool) -> Result<(), Cut> {
        let piece = match heard {
            Heard::Bytes(_) | Heard::Said(Transfer::End { .. }) if *ended => {
                return Err(Cut::Removed(nonsense()));
            }
            Heard::Bytes(bytes) => {
                self.come += bytes.len() as u64;
                if self.come > self.credit {
                    let sentence = "More bytes came than the device had given credit for.";
                    return Err(Cut::Removed(rpc::error(code::TOO_FAST, sentence)));
                }
                Piece::Bytes(bytes)
            }
            Heard::Said(Transfer::End { hash }) => {
                *ended = true;
                Piece::End(hash)
            }
            Heard::Said(Transfer::Failed { .. }) => return Err(Cut::Removed(given_up())),
            Heard::Closed => return Err(Cut::Kept(broken())),
            Heard::Said(_) | Heard::Nonsense => return Err(Cut::Removed(nonsense())),
        };
        // A disk that failed says so itself.
        let _ = self.to.send(piece).await;
        self.give_credit().await;
        Ok(())
    }

    async fn end(self, cut: Cut, disk: JoinHandle<Result<(), RpcError>>) -> Result<(), RpcError> {
        let Self { to, .. } = self;
        let error = match cut {
            Cut::Kept(error) => error,
            Cut::Removed(error) => {
                let _ = to.send(Piece::Abandon).await;
                error
            }
        };
        drop(to);
        let _ = disk.await;
        Err(error)
    }
}
