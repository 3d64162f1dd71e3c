//! Reading a file that is sent, on threads that may block.

use super::TransferError;
use crate::files::hash::{PIECE, PieceHasher};
use blake3::Hash;
use bytes::BytesMut;
use protocol::control::MAX_CHUNK;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Pieces of [`MAX_CHUNK`] that wait to be sent: 2 MiB. When it is full, reading waits.
const QUEUE: usize = 32;

/// A file that is read from an offset on. Dropped, it stops reading.
pub(super) struct Reading {
    /// What is to be sent, in order. It ends after the last byte, or where reading failed.
    pub(super) chunks: mpsc::Receiver<BytesMut>,
    rest: JoinHandle<Result<PieceHasher, TransferError>>,
    before: JoinHandle<Result<PieceHasher, TransferError>>,
    _stop: DropGuard,
}

impl Reading {
    /// Reads the bytes from `offset`, a multiple of [`PIECE`], to `size`. Those before, which only the hash needs, are
    /// read meanwhile.
    pub(super) fn start(file: &Arc<File>, offset: u64, size: u64) -> Self {
        let (to, chunks) = mpsc::channel(QUEUE);
        let stop = CancellationToken::new();
        let (file, file_before, stopped) = (file.clone(), file.clone(), stop.clone());
        let rest = spawn_blocking(move || read(&file, offset..size, |chunk| to.blocking_send(chunk).is_ok()));
        let before = spawn_blocking(move || read(&file_before, 0..offset, |_| !stopped.is_cancelled()));
        Self { chunks, rest, before, _stop: stop.drop_guard() }
    }

    /// BLAKE3 of the whole file, or why it could not be read, after the last chunk was taken.
    pub(super) async fn finish(self) -> Result<Hash, TransferError> {
        let (rest, before) = (joined(self.rest.await)?, joined(self.before.await)?);
        Ok(before.finish_with(rest))
    }
}

/// Whether the [`PIECE`] before `offset` has this hash. An offset with nothing before it has any.
pub(super) async fn has_before(file: &Arc<File>, offset: u64, hash: &str) -> Result<bool, TransferError> {
    let Some(at) = offset.checked_sub(PIECE) else { return Ok(offset == 0) };
    let file = file.clone();
    let read = spawn_blocking(move || {
        let mut piece = vec![0; PIECE as usize];
        file.read_exact_at(&mut piece, at).map_err(unreadable)?;
        Ok(blake3::hash(&piece))
    });
    let is = joined(read.await)?;
    Ok(is.to_hex().eq_ignore_ascii_case(hash))
}

/// Reads and hashes; `take` has every chunk, and ends it by `false`.
fn read(
    file: &File,
    range: Range<u64>,
    mut take: impl FnMut(BytesMut) -> bool,
) -> Result<PieceHasher, TransferError> {
    let mut hasher = PieceHasher::starting_at(range.start / PIECE);
    let mut at = range.start;
    while at < range.end {
        let left = usize::try_from(range.end - at).unwrap_or(usize::MAX);
        let mut chunk = BytesMut::zeroed(left.min(MAX_CHUNK));
        file.read_exact_at(&mut chunk, at).map_err(unreadable)?;
        hasher.update(&chunk, |_| {});
        at += chunk.len() as u64;
        if !take(chunk) {
            return Err(TransferError::Ended);
        }
    }
    Ok(hasher)
}

fn unreadable(error: io::Error) -> TransferError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => TransferError::Changed,
        _ => TransferError::Local(error),
    }
}

fn joined<T>(done: Result<Result<T, TransferError>, JoinError>) -> Result<T, TransferError> {
    done.unwrap_or_else(|error| Err(TransferError::Local(io::Error::other(error))))
}
