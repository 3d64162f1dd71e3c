//! The folders that viewers see.

use crate::{
    config::{Files, Root},
    state::StateDirectory,
};
use anyhow::{Context as _, Result};
use peer::files::{FilesConfig, RootConfig, Tree};
use std::{fs, path::Path, time::Duration};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// The folder that there is without any in the configuration.
const DEFAULT: &str = "files";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often unfinished uploads are swept, and what others did to the folders is counted.
const SWEEP: Duration = Duration::from_secs(6 * 60 * 60);

/// Opens them, and counts what is in them.
///
/// # Errors
/// When one is not there, or cannot be used.
pub(super) fn open(files: &Files, state: &StateDirectory) -> Result<Tree> {
    let roots = if files.quota.as_u64() == 0 { Vec::new() } else { roots(files, state)? };
    let quota = files.quota.as_u64();
    let config = FilesConfig {
        roots,
        quota,
        largest: if files.largest.as_u64() == 0 { quota } else { files.largest.as_u64() },
        floor: files.floor.as_u64(),
        keep_partials: DAY * files.keep_days,
    };
    Tree::open(&config).context("[files]")
}

fn roots(files: &Files, state: &StateDirectory) -> Result<Vec<RootConfig>> {
    if !files.roots.is_empty() {
        let root = |root: &Root| RootConfig {
            name: root.name.clone(),
            path: root.path.clone(),
            writable: root.writable,
        };
        return Ok(files.roots.iter().map(root).collect());
    }
    let path = state.path(DEFAULT);
    make(&path)?;
    Ok(vec![RootConfig { name: DEFAULT.to_owned(), path, writable: true }])
}

fn make(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("cannot make the files' folder {}", path.display()))
}

/// Sweeps now and again, until it is told to stop.
pub(super) async fn keep(tree: Tree, stop: CancellationToken) {
    let mut due = interval(SWEEP);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    due.tick().await; // opening them was the first
    while stop.run_until_cancelled(due.tick()).await.is_some() {
        let tree = tree.clone();
        let _ = tokio::task::spawn_blocking(move || tree.sweep()).await;
    }
}
