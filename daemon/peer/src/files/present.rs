//! An upload of a file that is there already: what a sender does whose connection broke between the last byte and the
//! news that the file is whole. It sends at most the last MiB again, and is told that all is well.

use super::change::replaced;
use super::error::FilesError;
use super::hash::PIECE;
use super::partial::read_piece;
use super::root::{modified_ms, open_file, sync_dir};
use blake3::Hash;
use cap_std::fs::Dir;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Times of last change that are closer than this are the same: some file systems keep them in steps of 2 s.
const SAME_TIME_MS: u64 = 2000;

/// The file that is there.
pub(super) struct Present {
    dir: Dir,
    file: File,
    size: u64,
}

impl Present {
    /// The file, if it has this size and last change. Only who knows both learns, by way of hashes, whether its own
    /// file is the same.
    pub(super) fn find(
        dir: &Dir,
        name: &str,
        size: u64,
        modified: Option<u64>,
    ) -> Result<Option<Self>, FilesError> {
        let (Some(there), Some(modified)) = (replaced(dir, name)?, modified) else { return Ok(None) };
        if !there.is_file() || there.len() != size || modified_ms(&there).abs_diff(modified) >= SAME_TIME_MS {
            return Ok(None);
        }
        Ok(Some(Self { dir: dir.try_clone()?, file: open_file(dir, name)?, size }))
    }

    /// The multiple of a MiB from which on it is sent again.
    pub(super) fn offset(&self) -> u64 {
        self.size / PIECE * PIECE
    }

    /// BLAKE3 of the MiB before the offset; `None` at 0.
    pub(super) fn hash_before(&self) -> Result<Option<Hash>, FilesError> {
        let Some(piece) = (self.size / PIECE).checked_sub(1) else { return Ok(None) };
        Ok(Some(blake3::hash(&read_piece(&self.file, piece)?)))
    }

    /// Whether it is the sender's file, to the last byte and on the disk.
    pub(super) fn is(&self, hash: Hash) -> Result<bool, FilesError> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 256 * 1024];
        (&self.file).seek(SeekFrom::Start(0))?;
        loop {
            match (&self.file).read(&mut buffer)? {
                0 => break,
                n => hasher.update(&buffer[..n]),
            };
            if hasher.count() > self.size {
                return Ok(false);
            }
        }
        if hasher.count() != self.size || hasher.finalize() != hash {
            return Ok(false);
        }
        self.file.sync_all()?;
        sync_dir(&self.dir)?;
        Ok(true)
    }
}
