//! Files to and from the device, from this side.
//!
//! A transfer is a call on the control channel, and then a data channel of its own: see [`protocol::control::Transfer`].
//! Files are read and written on blocking threads; between those and the channel there are at most some MiB, whatever
//! the file's size. Dropping the future of a transfer pauses it: the channel closes, the device keeps what it has.

mod channel;
mod download;
mod read;
mod upload;
mod write;

pub(super) use channel::Lingering;
pub use write::Target;

use super::{CallError, Viewer};
use protocol::control::{FilesGet, FilesPut, RpcError, code, method};
use serde::{Serialize, de::DeserializeOwned};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{self, Instant};

/// How long the device may take to answer a call: to look at what it has, not to send it.
const ANSWER: Duration = Duration::from_secs(30);
/// How long it may take to forget what came of an upload that was given up.
const FORGETTING: Duration = Duration::from_secs(5);
/// Between two tries whether it has.
const LOOK: Duration = Duration::from_millis(100);

/// Why a transfer came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The device refused it, or gave it up.
    #[error(transparent)]
    Refused(RpcError),
    /// The session or the channel ended in the middle: it can go on in another.
    #[error("the connection to the device broke")]
    Ended,
    /// The file here cannot be read or written.
    #[error("{0}")]
    Local(#[source] io::Error),
    /// The file here changed while it was sent.
    #[error("the file changed while it was sent")]
    Changed,
    /// What came is not what the device has.
    #[error("what came is not what the device has: its hash is another")]
    Mismatch,
    /// The device does not keep to the wire.
    #[error("the device breaks the rules of a transfer: {0}")]
    Wire(&'static str),
}

/// How the device came to have the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uploaded {
    /// It was sent, or what was missing of it.
    Sent,
    /// It was there already: name, bytes and last change are the same.
    Present,
}

impl TransferError {
    /// What the device is told when it is this side that gives up.
    fn reason(&self) -> Option<RpcError> {
        let code = match self {
            Self::Refused(_) | Self::Ended => return None,
            Self::Local(_) => code::INTERNAL,
            Self::Changed | Self::Mismatch => code::MISMATCH,
            Self::Wire(_) => code::INVALID_REQUEST,
        };
        // What the disk here says is no business of the device's.
        let message = match self {
            Self::Local(_) => "The file cannot be read or written at the viewer's end.".to_owned(),
            Self::Changed => "The file changed while it was sent.".to_owned(),
            _ => "What came is not what was announced.".to_owned(),
        };
        Some(RpcError { code, message, data: None })
    }
}

impl From<CallError> for TransferError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => Self::Refused(refusal),
            CallError::Ended => Self::Ended,
        }
    }
}

impl Viewer {
    /// Sends the `put.size` bytes of a file, and returns once the device has it whole and on its disk. Where
    /// `put.resume` says so it goes on where an earlier upload broke off, if the device has the beginning of this very
    /// file; else from the beginning.
    ///
    /// `progress` hears how far it is, bytes from the beginning of the file.
    ///
    /// # Errors
    /// When the device refuses or the session ends, the file cannot be read, or it changes meanwhile (then the device
    /// forgets what it has of it).
    pub async fn upload(
        &self,
        put: &FilesPut,
        file: Arc<File>,
        mut progress: impl FnMut(u64),
    ) -> Result<Uploaded, TransferError> {
        match upload::run(self, put, &file, &mut progress).await? {
            upload::Done::Whole(uploaded) => Ok(uploaded),
            // What the device has is another file's: as if it had nothing.
            upload::Done::Other => self.upload_anew(put, &file, &mut progress).await,
        }
    }

    /// As [`Self::upload`], from the beginning. The device may need a moment to forget what it had.
    async fn upload_anew(
        &self,
        put: &FilesPut,
        file: &Arc<File>,
        progress: &mut impl FnMut(u64),
    ) -> Result<Uploaded, TransferError> {
        let put = FilesPut { resume: false, ..put.clone() };
        let until = Instant::now() + FORGETTING;
        loop {
            match upload::run(self, &put, file, progress).await {
                Err(TransferError::Refused(RpcError { code: code::UNAVAILABLE, .. }))
                    if Instant::now() < until =>
                {
                    time::sleep(LOOK).await;
                }
                Ok(upload::Done::Whole(uploaded)) => return Ok(uploaded),
                Ok(upload::Done::Other) => return Err(TransferError::Mismatch),
                Err(error) => return Err(error),
            }
        }
    }

    /// Fetches a file, and returns the target once it has the file whole. With an offset in `get`,
    /// `target` has that many bytes of the version in `get`; the device begins there, or anew if the file has changed.
    ///
    /// `progress` hears how far it is, bytes from the beginning of the file, and the file's size.
    ///
    /// # Errors
    /// When the device refuses or the session ends, the target cannot take it, or the hash is another than the device's.
    pub async fn download<T: Target>(
        &self,
        get: &FilesGet,
        target: T,
        progress: impl FnMut(u64, u64),
    ) -> Result<T, TransferError> {
        download::run(self, method::FILES_GET, get, (get.offset, target), progress).await
    }

    /// Fetches a JPEG of the picture as it is now.
    ///
    /// # Errors
    /// As those of [`Self::download`].
    pub async fn snapshot<T: Target>(&self, target: T) -> Result<T, TransferError> {
        download::run(self, method::SNAPSHOT_TAKE, &serde_json::json!({}), (0, target), |_, _| {}).await
    }

    /// Asks for a transfer.
    async fn ready<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<T, TransferError> {
        let params = serde_json::to_value(params).map_err(|error| TransferError::Local(error.into()))?;
        let answered = time::timeout(ANSWER, self.call(method, params)).await;
        let value = answered.unwrap_or(Err(CallError::Ended))?;
        serde_json::from_value(value).map_err(|_| TransferError::Wire("its answer cannot be read"))
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "what a test needs is there, or the test fails")]
mod tests;
