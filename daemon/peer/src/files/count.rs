//! How much is in a folder.

use super::path::is_reserved;
use super::space::{BLOCK, cost};
use cap_fs_ext::DirExt;
use cap_std::fs::Dir;
use std::io;

/// How deep others' folders are followed; each level holds a file handle.
pub(super) const DEEPEST: usize = 128;

/// What all that is in a folder counts towards the quota. What cannot be read, or lies too deep, counts nothing, and
/// the log says so.
pub(super) fn cost_below(dir: &Dir) -> u64 {
    let mut sum = 0;
    if let Err(error) = add(dir, DEEPEST, &mut sum) {
        log::warn!("files: a folder cannot be counted: {error}");
    }
    sum
}

fn add(dir: &Dir, depth: usize, sum: &mut u64) -> io::Result<()> {
    for entry in dir.entries()? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(is_reserved) {
            continue;
        }
        // What is gone by now counts nothing.
        let Ok(metadata) = dir.symlink_metadata(&name) else { continue };
        if !metadata.is_dir() {
            *sum = sum.saturating_add(cost(metadata.len()));
            continue;
        }
        *sum = sum.saturating_add(BLOCK);
        let below = match depth.checked_sub(1) {
            Some(depth) => dir.open_dir_nofollow(&name).and_then(|dir| add(&dir, depth, sum)),
            None => Err(io::Error::other("it lies too deep")),
        };
        if let Err(error) = below {
            log::warn!("files: the folder {name:?} cannot be counted: {error}");
        }
    }
    Ok(())
}
