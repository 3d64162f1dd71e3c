//! Environment variables that have to be there before the process begins.

use std::{env, os::unix::process::CommandExt as _, process::Command};

/// What glibc and GStreamer read at their own start, with the values that keep a device small.
const WANTED: [(&str, &str); 3] = [
    // Pictures are given back to the system when they are freed, instead of staying in the heap for ever (mallopt(3)).
    ("MALLOC_MMAP_THRESHOLD_", "131072"),
    // Two heaps instead of eight a core: a few threads that seldom allocate at once do not need more.
    ("MALLOC_ARENA_MAX", "2"),
    // Plugins are loaded by their file: no registry to read, and none to write where nothing may be written.
    ("GST_REGISTRY_DISABLE", "yes"),
];

/// Becomes this same program with those variables set, where one is missing. The process id stays, so that systemd
/// and a terminal notice nothing. What the owner set is left alone.
pub(crate) fn prepare() {
    let missing: Vec<_> = WANTED.into_iter().filter(|(name, _)| env::var_os(name).is_none()).collect();
    let Ok(program) = env::current_exe() else { return };
    if !missing.is_empty() {
        let error = Command::new(program).args(env::args_os().skip(1)).envs(missing).exec();
        log::debug!("cannot begin anew with a smaller heap: {error}");
    }
}
