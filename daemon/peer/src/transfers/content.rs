//! What is sent: a file, or something in memory.

use crate::files::{Download, FilesError};
use bytes::{Buf as _, Bytes};

/// Something whose bytes are sent in order, with the hash of the whole after them.
pub(crate) enum Content {
    File(Box<Download>),
    Memory(Memory),
}

/// Something that is whole in memory.
pub(crate) struct Memory {
    rest: Bytes,
    size: u64,
    hash: String,
    made_ms: u64,
}

impl Content {
    /// Bytes, made at this time (milliseconds since the epoch).
    pub(crate) fn memory(bytes: Bytes, made_ms: u64) -> Self {
        let hash = blake3::hash(&bytes).to_hex().to_string();
        Self::Memory(Memory { size: bytes.len() as u64, rest: bytes, hash, made_ms })
    }

    /// The whole size, bytes.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::File(file) => file.size(),
            Self::Memory(memory) => memory.size,
        }
    }

    /// The byte from which on it is sent.
    pub(super) fn offset(&self) -> u64 {
        match self {
            Self::File(file) => file.offset(),
            Self::Memory(_) => 0,
        }
    }

    /// Last change, milliseconds since the epoch.
    pub(super) fn modified_ms(&self) -> u64 {
        match self {
            Self::File(file) => file.modified_ms(),
            Self::Memory(memory) => memory.made_ms,
        }
    }

    /// Changes when it does.
    pub(super) fn version(&self) -> &str {
        match self {
            Self::File(file) => file.version(),
            Self::Memory(memory) => &memory.hash,
        }
    }

    /// What follows, as much as fits; 0 after the last byte. Blocks.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, FilesError> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(memory) => {
                let count = buffer.len().min(memory.rest.len());
                memory.rest.copy_to_slice(&mut buffer[..count]);
                Ok(count)
            }
        }
    }

    /// Reads on in what was not sent but has to be hashed, a part at a time; `true`: there is more of it. Blocks.
    pub(super) fn read_before(&mut self) -> Result<bool, FilesError> {
        match self {
            Self::File(file) => file.read_before(),
            Self::Memory(_) => Ok(false),
        }
    }

    /// BLAKE3 of all of it, hexadecimal. Blocks.
    pub(super) fn finish(self) -> Result<String, FilesError> {
        match self {
            Self::File(file) => file.finish(),
            Self::Memory(memory) => Ok(memory.hash),
        }
    }
}
