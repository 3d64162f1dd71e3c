//! Why something about a file came to nothing.

use super::path::PathError;
use protocol::control::{RpcError, code, rpc};
use rustix::io::Errno;
use std::io;

/// Why something about a file came to nothing; a sentence for a person, without names of the device's own.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The path is none.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It is not there, or it is a link or a device.
    #[error("There is no file or folder of this name.")]
    NotFound,
    /// A folder was asked for.
    #[error("This is a file, not a folder.")]
    IsFile,
    /// A file was asked for.
    #[error("This is a folder, not a file.")]
    IsFolder,
    /// The path is that of a root, or the list of them.
    #[error("The device's top folders cannot be changed; name something inside one of them.")]
    IsRoot,
    /// Something has the name.
    #[error("There is something of this name already.")]
    Exists,
    /// Only empty folders go without being asked for.
    #[error("The folder is not empty.")]
    NotEmpty,
    /// From one root to another.
    #[error("Things can be moved only within one of the device's top folders.")]
    OtherRoot,
    /// A folder into itself.
    #[error("A folder cannot be moved into itself.")]
    IntoItself,
    /// The path leads to another file system.
    #[error("That folder lies on another disk; the device's owner can make it a top folder of its own.")]
    OtherDisk,
    /// Too many folders within each other.
    #[error("There are too many folders within each other.")]
    TooDeep,
    /// The root, or its disk, is read-only.
    #[error("This folder can only be read.")]
    ReadOnly,
    /// The device itself may not.
    #[error("The device has no permission for this on its own disk; its owner can give it.")]
    Denied,
    /// Another upload of it is running.
    #[error("This file is being sent already; wait until that has ended, or end it.")]
    Busy,
    /// Over the largest size.
    #[error("The file is too large: the device takes files of at most {largest} bytes.")]
    TooLarge {
        /// Bytes.
        largest: u64,
    },
    /// Over the quota.
    #[error("The device's folders are full: {left} bytes are left; remove something first.")]
    Quota {
        /// Bytes.
        left: u64,
    },
    /// Under the floor of free space, or no space at all.
    #[error("The device's disk is full; remove something first.")]
    DiskFull,
    /// The bytes are not those announced; what came of them is removed.
    #[error("What came is not what was announced; send it again from its beginning.")]
    Mismatch,
    /// No 64 hexadecimal digits.
    #[error("A hash has 64 hexadecimal digits.")]
    Hash,
    /// Read while somebody wrote it.
    #[error("The file changed while it was read; fetch it again.")]
    Changed,
    /// The upload failed before, or the partial file was taken away on the device.
    #[error("This upload has ended; begin it again.")]
    Ended,
    /// No more file handles.
    #[error("The device has too many files open; try again in a while.")]
    TooManyOpen,
    /// Anything else; the log has more.
    #[error("The device's disk failed; its log says more.")]
    Disk,
}

impl FilesError {
    /// Of [`protocol::control::code`].
    #[must_use]
    pub fn code(&self) -> i32 {
        match self {
            Self::Path(_)
            | Self::IsFile
            | Self::IsFolder
            | Self::IsRoot
            | Self::OtherRoot
            | Self::IntoItself
            | Self::TooDeep
            | Self::Hash => code::INVALID_PARAMS,
            Self::NotFound => code::NOT_FOUND,
            Self::Exists => code::EXISTS,
            Self::TooLarge { .. } | Self::Quota { .. } | Self::DiskFull => code::NO_ROOM,
            Self::Mismatch | Self::Changed => code::MISMATCH,
            Self::NotEmpty
            | Self::OtherDisk
            | Self::ReadOnly
            | Self::Denied
            | Self::Busy
            | Self::Ended
            | Self::TooManyOpen => code::UNAVAILABLE,
            Self::Disk => code::INTERNAL,
        }
    }
}

impl From<FilesError> for RpcError {
    fn from(error: FilesError) -> Self {
        rpc::error(error.code(), &error.to_string())
    }
}

impl From<Errno> for FilesError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::NXIO | Errno::STALE => Self::NotFound,
            Errno::EXIST => Self::Exists,
            Errno::ISDIR => Self::IsFolder,
            Errno::NOTEMPTY => Self::NotEmpty,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            Errno::ROFS => Self::ReadOnly,
            Errno::NOSPC | Errno::DQUOT => Self::DiskFull,
            // What this file system takes is less than what we take, and it does not say how much.
            Errno::FBIG => Self::TooLarge { largest: u64::from(u32::MAX) },
            Errno::NAMETOOLONG => Self::Path(PathError::NameTooLong),
            Errno::XDEV => Self::OtherDisk,
            Errno::MFILE | Errno::NFILE | Errno::NOMEM => Self::TooManyOpen,
            _ => {
                log::warn!("files: the disk failed: {}", io::Error::from(errno));
                Self::Disk
            }
        }
    }
}

impl From<io::Error> for FilesError {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(raw) => Errno::from_raw_os_error(raw).into(),
            // What `cap-std` says of a path that led out of its folder, or was exchanged again and again meanwhile.
            None if error.kind() == io::ErrorKind::PermissionDenied => Self::NotFound,
            None => {
                log::warn!("files: {}", error.to_string().escape_debug());
                Self::Disk
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_says_becomes_a_code_and_a_sentence() {
        let cases = [
            (Errno::NOSPC, code::NO_ROOM),
            (Errno::DQUOT, code::NO_ROOM),
            (Errno::ROFS, code::UNAVAILABLE),
            (Errno::ACCESS, code::UNAVAILABLE),
            (Errno::NOENT, code::NOT_FOUND),
            (Errno::EXIST, code::EXISTS),
            (Errno::IO, code::INTERNAL),
        ];
        for (errno, code) in cases {
            let error = RpcError::from(FilesError::from(io::Error::from(errno)));
            assert_eq!(error.code, code, "{errno}");
            assert!(error.message.ends_with('.') && !error.message.contains("os error"));
        }
    }
}
