//! File systems of a test's own.

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::path::Path;

/// A name space of mounts for this thread and those that it starts; its mounts end with them. `false`, with a word,
/// where we may not.
pub(crate) fn own_mounts() -> bool {
    let own = unshare(CloneFlags::CLONE_NEWNS).and_then(|()| {
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
    });
    if own.is_err() {
        println!("left out: to mount something takes root");
    }
    own.is_ok()
}

/// A disk in memory; `options` as mount(8) has them, such as `size=1m`.
pub(crate) fn small_disk(at: &Path, options: &str) {
    mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::empty(), Some(options)).unwrap();
}
