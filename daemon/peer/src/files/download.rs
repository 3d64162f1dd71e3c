//! Downloads: a file's bytes out, and at the end the hash of all of it.

use super::error::FilesError;
use super::hash::{PIECE, PieceHasher};
use super::partial::read_piece;
use super::path::TreePath;
use super::root::{open_file, to_ms};
use super::tree::Tree;
use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};

/// A file that is going out.
pub struct Download {
    file: File,
    size: u64,
    modified_ms: u64,
    version: String,
    offset: u64,
    /// The byte that is read next.
    position: u64,
    sent: PieceHasher,
    /// The bytes before the offset, as far as they were read.
    before: PieceHasher,
    /// How many pieces of them were.
    pieces_before: u64,
}

impl Download {
    /// Opens a file, to be read from `offset` on, a multiple of a MiB; from 0 on where `version` is not its version any
    /// more, or the offset is none of it.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be read.
    pub fn open(tree: &Tree, path: &TreePath, offset: u64, version: &str) -> Result<Self, FilesError> {
        let (_, root, names) = tree.0.root(path)?;
        let (name, parents) = names.split_last().ok_or(FilesError::IsFolder)?;
        let file = open_file(&root.walk(parents)?, name)?;
        let metadata = file.metadata()?;
        let (size, is) = (metadata.len(), version_of(&metadata));
        let goes_on = version == is && offset <= size && offset.is_multiple_of(PIECE);
        let offset = if goes_on { offset } else { 0 };
        Ok(Self {
            file,
            size,
            modified_ms: to_ms(metadata.mtime(), metadata.mtime_nsec()),
            version: is,
            offset,
            position: offset,
            sent: PieceHasher::starting_at(offset / PIECE),
            before: PieceHasher::starting_at(0),
            pieces_before: 0,
        })
    }

    /// The whole size, bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Last change, milliseconds since the epoch.
    #[must_use]
    pub fn modified_ms(&self) -> u64 {
        self.modified_ms
    }

    /// Changes when the file does; says nothing else.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The byte from which on it is read.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The byte that is read next.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Reads what follows, as much as fits; 0 after the last byte.
    ///
    /// # Errors
    /// [`FilesError::Changed`] where the file is shorter than it was.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, FilesError> {
        let left = usize::try_from(self.size - self.position).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        if room == 0 {
            return Ok(0);
        }
        let read = loop {
            match self.file.read_at(&mut buffer[..room], self.position) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if read == 0 {
            return Err(FilesError::Changed);
        }
        self.sent.update(&buffer[..read], |_| {});
        self.position += read as u64;
        Ok(read)
    }

    /// Reads one MiB of what lies before the offset, which is needed for the hash. `true`: there is more of it. A
    /// caller does this after the last byte was sent, and can stop in between.
    ///
    /// # Errors
    /// [`FilesError::Changed`] where the file is shorter than it was.
    pub fn read_before(&mut self) -> Result<bool, FilesError> {
        if self.pieces_before * PIECE < self.offset {
            let bytes = read_piece(&self.file, self.pieces_before).map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => FilesError::Changed,
                _ => error.into(),
            })?;
            self.before.update(&bytes, |_| {});
            self.pieces_before += 1;
        }
        Ok(self.pieces_before * PIECE < self.offset)
    }

    /// BLAKE3 of the whole file, 64 hexadecimal digits, after its last byte. Reads what [`Self::read_before`] has not.
    ///
    /// # Errors
    /// [`FilesError::Changed`] where somebody changed the file meanwhile, or it was not read to its end.
    pub fn finish(mut self) -> Result<String, FilesError> {
        while self.read_before()? {}
        if self.position != self.size || version_of(&self.file.metadata()?) != self.version {
            return Err(FilesError::Changed);
        }
        Ok(self.before.finish_with(self.sent).to_hex().to_string())
    }
}

/// Of what changes when a file does, but hashed: a viewer learns no inode numbers.
fn version_of(metadata: &Metadata) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("watchword file version v1");
    for number in [metadata.dev(), metadata.ino(), metadata.len()] {
        hasher.update(&number.to_le_bytes());
    }
    for number in [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()] {
        hasher.update(&number.to_le_bytes());
    }
    hasher.finalize().to_hex().chars().take(32).collect()
}
