//! What the owner says about the files.

use std::path::PathBuf;
use std::time::Duration;

/// What viewers can reach, and how much they may put there.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// The folders that viewers see. None: there are no files on this device. One should not lie inside another:
    /// what is in both would count twice.
    pub roots: Vec<RootConfig>,
    /// Most bytes under all writable roots together, unfinished uploads included. A file counts in blocks of 4 KiB,
    /// and an empty file or a folder as one.
    pub quota: u64,
    /// Largest file that is taken, bytes.
    pub largest: u64,
    /// Bytes that uploads leave free on a disk.
    pub floor: u64,
    /// How long an unfinished upload is kept after its last byte.
    pub keep_partials: Duration,
}

/// One folder that viewers see.
#[derive(Clone, Debug)]
pub struct RootConfig {
    /// What they call it: one name, as in a path.
    pub name: String,
    /// Where it is on the device.
    pub path: PathBuf,
    /// Whether anything in it may be changed.
    pub writable: bool,
}

impl Default for FilesConfig {
    /// No roots; 4 GiB, in files of any size up to that; 256 MiB stay free; unfinished uploads are kept for 7 days.
    fn default() -> Self {
        const GIB: u64 = 1 << 30;
        Self {
            roots: Vec::new(),
            quota: 4 * GIB,
            largest: 4 * GIB,
            floor: GIB / 4,
            keep_partials: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}
