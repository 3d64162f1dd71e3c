//! One upload: as far as the device's credit reaches.

use super::channel::{Channel, Heard};
use super::read::{Reading, has_before};
use super::{TransferError, Uploaded};
use crate::files::hash::PIECE;
use crate::transfers::flow::Flow;
use crate::viewer::Viewer;
use bytes::BytesMut;
use protocol::control::{FilesPut, PutReady, RpcError, Transfer, code, method};
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

/// How an upload ended.
pub(super) enum Done {
    /// The device has the file.
    Whole(Uploaded),
    /// What the device had was of another file; it has forgotten it.
    Other,
}

/// An upload under way.
struct Upload<'a> {
    channel: &'a Channel,
    size: u64,
    /// The byte that is sent next.
    position: u64,
    flow: Flow<'a>,
}

/// Asks for an upload, and sends the file.
pub(super) async fn run(
    viewer: &Viewer,
    put: &FilesPut,
    file: &Arc<File>,
    progress: &mut impl FnMut(u64),
) -> Result<Done, TransferError> {
    let began_as = metadata(file)?;
    if began_as.len() != put.size {
        return Err(TransferError::Changed);
    }
    let ready: PutReady = viewer.ready(method::FILES_PUT, put).await?;

    let channel = Channel::open(viewer, &ready.transfer).await?;

    let PutReady { offset, before, present, .. } = ready;
    if offset > put.size || !offset.is_multiple_of(PIECE) {
        return Err(channel.give_up(TransferError::Wire("it begins behind the end")).await);
    }
    match has_before(file, offset, &before).await {
        Ok(true) => {}
        Ok(false) => {
            channel.give_up(TransferError::Mismatch).await;
            return Ok(Done::Other);
        }
        Err(error) => return Err(channel.give_up(error).await),
    }
    let mut upload =
        Upload { channel: &channel, size: put.size, position: offset, flow: channel.flow(offset) };
    progress(offset);
    match upload.send(file, &began_as, progress).await {
        Ok(()) => Ok(Done::Whole(if present { Uploaded::Present } else { Uploaded::Sent })),
        // Also of a file without a whole MiB: then the device has compared it with one that is there. What was sent
        // from the beginning, come what may, is not begun again.
        Err(TransferError::Refused(RpcError { code: code::MISMATCH, .. })) if put.resume => Ok(Done::Other),
        Err(error) => Err(channel.give_up(error).await),
    }
}

impl Upload<'_> {
    async fn send(
        &mut self,
        file: &Arc<File>,
        began_as: &Metadata,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), TransferError> {
        let mut reading = Reading::start(file, self.position, self.size);
        let mut chunk = BytesMut::new();
        while self.position < self.size {
            tokio::select! {
                heard = self.channel.next() => self.heard(heard?)?,
                read = reading.chunks.recv(), if chunk.is_empty() => match read {
                    Some(read) => chunk = read,
                    // It says why below.
                    None => break,
                },
                ready = self.flow.ready(chunk.len()), if !chunk.is_empty() => {
                    let bytes = chunk.split_to(ready.map_err(|_| TransferError::Ended)?);
                    self.position += bytes.len() as u64;
                    self.flow.send(bytes).await.map_err(|_| TransferError::Ended)?;
                    progress(self.position);
                }
            }
        }

        let hash = reading.finish().await?;
        if !is_same(began_as, &metadata(file)?) {
            return Err(TransferError::Changed);
        }
        self.channel.say(&Transfer::End { hash: hash.to_hex().to_string() }).await?;
        loop {
            match self.channel.next().await? {
                Heard::Message(Transfer::Done) => {
                    self.channel.is_over();
                    return Ok(());
                }
                heard => self.heard(heard)?,
            }
        }
    }

    fn heard(&mut self, heard: Heard) -> Result<(), TransferError> {
        match heard {
            Heard::Message(Transfer::Credit { until }) => {
                self.flow.credit(until.min(self.size));
                Ok(())
            }
            Heard::Message(Transfer::Done) => Err(TransferError::Wire("it has the file before its end")),
            Heard::Message(Transfer::End { .. } | Transfer::Failed { .. }) | Heard::Bytes(_) => {
                Err(TransferError::Wire("it sends where it receives"))
            }
        }
    }
}

fn metadata(file: &File) -> Result<Metadata, TransferError> {
    file.metadata().map_err(TransferError::Local)
}

/// Whether nobody has written it since.
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    let written = |metadata: &Metadata| (metadata.len(), metadata.mtime(), metadata.mtime_nsec());
    written(one) == written(other)
}
