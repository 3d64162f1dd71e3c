//! One download: the device is given credit as the target takes what came.

use super::channel::{Channel, Heard};
use super::write::{Hashed, Writing};
use super::{Target, TransferError};
use crate::viewer::Viewer;
use bytes::BytesMut;
use protocol::control::{GetReady, Transfer};
use serde::Serialize;

/// Bytes that may be on their way or wait to be written.
const WINDOW: u64 = 4 << 20;
/// Credit is given in steps of this, bytes.
const STEP: u64 = WINDOW / 8;

/// A download under way.
struct Download<'a, T> {
    channel: &'a Channel,
    writing: Writing<T>,
    size: u64,
    /// The byte that comes next.
    position: u64,
    /// Up to where the device may send.
    credit: u64,
}

/// Asks for a download with `params`, and takes the file into the target, of which `offset` bytes are there.
pub(super) async fn run<T: Target>(
    viewer: &Viewer,
    method: &str,
    params: &impl Serialize,
    (offset, target): (u64, T),
    mut progress: impl FnMut(u64, u64),
) -> Result<T, TransferError> {
    let hashed = Hashed::new(target, offset).await?;
    let ready: GetReady = viewer.ready(method, params).await?;
    let channel = Channel::open(viewer, &ready.transfer).await?;
    if ready.offset > ready.size || (ready.offset != offset && ready.offset != 0) {
        return Err(channel.give_up(TransferError::Wire("it begins where nobody asked for")).await);
    }
    match take(&channel, &ready, hashed, &mut progress).await {
        Ok(target) => {
            channel.say_last(&Transfer::Done).await;
            Ok(target)
        }
        Err(error) => Err(channel.give_up(error).await),
    }
}

async fn take<T: Target>(
    channel: &Channel,
    ready: &GetReady,
    hashed: Hashed<T>,
    progress: &mut impl FnMut(u64, u64),
) -> Result<T, TransferError> {
    let writing = hashed.start(ready.clone());
    let (size, position) = (ready.size, ready.offset);
    let mut download = Download { channel, writing, size, position, credit: position };
    progress(position, size);
    let received = download.receive(progress).await;
    // Also where it failed: who tries again finds nobody writing.
    let written = download.writing.end().await;
    match received {
        // Writing has failed, and says why.
        Ok(None) => written.and(Err(TransferError::Ended)),
        Ok(Some(hash)) => {
            progress(size, size);
            written?.finish(&hash).await
        }
        Err(error) => Err(error),
    }
}

impl<T: Target> Download<'_, T> {
    /// Takes all the bytes; the hash of the whole that the device says at the end, or `None` where writing failed.
    async fn receive(
        &mut self,
        progress: &mut impl FnMut(u64, u64),
    ) -> Result<Option<String>, TransferError> {
        self.give_credit(self.position).await?;
        loop {
            tokio::select! {
                heard = self.channel.next() => match heard? {
                    Heard::Bytes(bytes) => {
                        self.check(&bytes)?;
                        if self.writing.bytes.send(bytes).await.is_err() {
                            return Ok(None);
                        }
                    }
                    Heard::Message(Transfer::End { .. }) if self.position < self.size => {
                        return Err(TransferError::Wire("it ends before its end"));
                    }
                    Heard::Message(Transfer::End { hash }) => return Ok(Some(hash)),
                    Heard::Message(Transfer::Credit { .. } | Transfer::Done | Transfer::Failed { .. }) => {
                        return Err(TransferError::Wire("it speaks as one who receives"));
                    }
                },
                changed = self.writing.written.changed() => {
                    if changed.is_err() {
                        return Ok(None);
                    }
                    let written = *self.writing.written.borrow_and_update();
                    progress(written, self.size);
                    if (written + WINDOW).min(self.size) >= (self.credit + STEP).min(self.size) && self.credit < self.size {
                        self.give_credit(written).await?;
                    }
                }
            }
        }
    }

    /// Counts what came.
    fn check(&mut self, bytes: &BytesMut) -> Result<(), TransferError> {
        self.position += bytes.len() as u64;
        if self.position > self.credit {
            return Err(TransferError::Wire("it sends more than it may"));
        }
        Ok(())
    }

    async fn give_credit(&mut self, written: u64) -> Result<(), TransferError> {
        self.credit = (written + WINDOW).min(self.size);
        self.channel.say(&Transfer::Credit { until: self.credit }).await
    }
}
