//! Writing what is fetched, on a thread that may block.

use super::TransferError;
use blake3::Hasher;
use bytes::BytesMut;
use protocol::control::GetReady;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

/// Messages that wait to be written. They are bounded in bytes by the credit, and here in number; when it is full, the
/// device waits.
const QUEUE: usize = 256;

/// Where a download goes. It is used on a thread that may block.
pub trait Target: Send + 'static {
    /// Takes what is there already, `offset` bytes, into the hash.
    ///
    /// # Errors
    /// Of the disk; also where there are fewer.
    fn hash(&mut self, offset: u64, hasher: &mut Hasher) -> io::Result<()>;

    /// The device is ready: bytes from `ready.offset` on follow, and what is there beyond is to go. That offset is 0, or
    /// the one that was hashed.
    ///
    /// # Errors
    /// Of the disk.
    fn begin(&mut self, ready: &GetReady) -> io::Result<()>;

    /// The bytes that follow.
    ///
    /// # Errors
    /// Of the disk.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// All came, and the hash is right.
    ///
    /// # Errors
    /// Of the disk.
    fn finish(&mut self) -> io::Result<()>;
}

/// A target with the hash of what is in it.
pub(super) struct Hashed<T> {
    target: T,
    hasher: Hasher,
    /// Bytes that the hash has.
    offset: u64,
}

impl<T: Target> Hashed<T> {
    /// Hashes the first `offset` bytes of the target.
    pub(super) async fn new(mut target: T, offset: u64) -> Result<Self, TransferError> {
        let mut hasher = Hasher::new();
        if offset > 0 {
            (target, hasher) = blocking(move || {
                target.hash(offset, &mut hasher)?;
                Ok((target, hasher))
            })
            .await?;
        }
        Ok(Self { target, hasher, offset })
    }

    /// Takes what follows, as the device announces it.
    pub(super) fn start(mut self, ready: GetReady) -> Writing<T> {
        let (bytes, mut queue) = mpsc::channel::<BytesMut>(QUEUE);
        let (written_to, written) = watch::channel(ready.offset);
        let thread = spawn_blocking(move || {
            if self.offset != ready.offset {
                self.hasher.reset();
            }
            self.target.begin(&ready)?;
            let mut position = ready.offset;
            while let Some(bytes) = queue.blocking_recv() {
                self.target.write(&bytes)?;
                self.hasher.update(&bytes);
                position += bytes.len() as u64;
                written_to.send_replace(position);
            }
            Ok(self)
        });
        Writing { bytes, written, thread }
    }

    /// Whether the bytes are those of which this is the hash; then the target is told, and given back.
    pub(super) async fn finish(self, hash: &str) -> Result<T, TransferError> {
        let Self { mut target, hasher, .. } = self;
        if !hasher.finalize().to_hex().eq_ignore_ascii_case(hash) {
            return Err(TransferError::Mismatch);
        }
        blocking(move || target.finish().map(|()| target)).await
    }
}

/// A target that is being written. Dropped, it writes what it was given, and ends.
pub(super) struct Writing<T> {
    /// What is to be written, in order.
    pub(super) bytes: mpsc::Sender<BytesMut>,
    /// Up to where it is. Closed once writing has failed.
    pub(super) written: watch::Receiver<u64>,
    thread: JoinHandle<io::Result<Hashed<T>>>,
}

impl<T: Target> Writing<T> {
    /// Waits until all was written.
    pub(super) async fn end(self) -> Result<Hashed<T>, TransferError> {
        drop(self.bytes);
        joined(self.thread.await)
    }
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> Result<R, TransferError> {
    joined(spawn_blocking(work).await)
}

fn joined<R>(done: Result<io::Result<R>, JoinError>) -> Result<R, TransferError> {
    done.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(TransferError::Local)
}

/// In memory: for what is known to be small. One of more than 64 MiB is refused.
impl Target for Vec<u8> {
    fn hash(&mut self, offset: u64, hasher: &mut Hasher) -> io::Result<()> {
        let beginning = usize::try_from(offset).ok().and_then(|offset| self.get(..offset));
        hasher.update(beginning.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn begin(&mut self, ready: &GetReady) -> io::Result<()> {
        const LARGEST: u64 = 64 << 20;
        if ready.size > LARGEST {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large to be kept in memory"));
        }
        self.truncate(usize::try_from(ready.offset).unwrap_or(usize::MAX));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As it is: its name, and what else is to become of it, is for who opened it.
impl Target for File {
    fn hash(&mut self, offset: u64, hasher: &mut Hasher) -> io::Result<()> {
        self.seek(SeekFrom::Start(0))?;
        let before = hasher.count();
        hasher.update_reader((&*self).take(offset))?;
        if hasher.count() - before == offset { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn begin(&mut self, ready: &GetReady) -> io::Result<()> {
        self.set_len(ready.offset)?;
        self.seek(SeekFrom::Start(ready.offset)).map(drop)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}
