//! The device's files, as all of its sessions share them.

use crate::files::{FilesError, Tree, TreePath, Upload, UploadRequest};
use protocol::control::FilesPut;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How long an upload that is taken over may take to sync what came of it.
const HAND_OVER: Duration = Duration::from_secs(5);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(20);

/// The files of a device.
#[derive(Clone)]
pub struct Files(Arc<Inner>);

struct Inner {
    tree: Tree,
    running: Mutex<HashMap<Key, Arc<CancellationToken>>>,
}

/// Whose, and which.
type Key = (String, String);

/// An upload that another session of the same word can take over. Dropped with its task.
pub(super) struct Running {
    files: Files,
    key: Key,
    gone: Arc<CancellationToken>,
}

impl Files {
    /// The files of this tree.
    #[must_use]
    pub fn new(tree: Tree) -> Self {
        Self(Arc::new(Inner { tree, running: Mutex::default() }))
    }

    /// Does something with the disk, on a thread where that may take its time.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Tree) -> Result<T, FilesError> + Send + 'static,
    ) -> Result<T, FilesError> {
        let tree = self.0.tree.clone();
        tokio::task::spawn_blocking(move || act(&tree)).await.unwrap_or(Err(FilesError::Disk))
    }

    /// Begins an upload. One that goes on where another broke off ends the other first, if that is of the same word and
    /// has not noticed yet: a viewer whose network changed is back before the device misses it.
    pub(super) async fn upload(
        &self,
        owner: &str,
        path: TreePath,
        put: FilesPut,
    ) -> Result<(Upload, Running), FilesError> {
        let key = (owner.to_owned(), path.to_string());
        let until = Instant::now() + HAND_OVER;
        loop {
            let (owner, path, put) = (owner.to_owned(), path.clone(), put.clone());
            let resume = put.resume;
            let begun = self.with(move |tree| begin(tree, &owner, &path, &put)).await;
            match begun {
                // Also without one to end: a session's end may be younger than its last byte's sync.
                Err(FilesError::Busy) if resume && Instant::now() < until => {
                    self.end(&key);
                    sleep(LOOK).await;
                }
                Err(error) => return Err(error),
                Ok(upload) => {
                    let gone = Arc::new(CancellationToken::new());
                    self.running().insert(key.clone(), gone.clone());
                    return Ok((upload, Running { files: self.clone(), key, gone }));
                }
            }
        }
    }

    /// Ends an upload, if it is running.
    fn end(&self, key: &Key) {
        if let Some(gone) = self.running().get(key) {
            gone.cancel();
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Key, Arc<CancellationToken>>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin(tree: &Tree, owner: &str, path: &TreePath, put: &FilesPut) -> Result<Upload, FilesError> {
    let FilesPut { size, modified_ms, overwrite, resume, .. } = *put;
    Upload::begin(tree, &UploadRequest { path, size, modified_ms, overwrite, resume, owner })
}

impl Running {
    /// Returns when another session of the same word goes on with it. Safe to cancel.
    pub(super) async fn taken_over(&self) {
        self.gone.cancelled().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.files.running();
        // Another may have taken its place.
        if running.get(&self.key).is_some_and(|gone| Arc::ptr_eq(gone, &self.gone)) {
            running.remove(&self.key);
        }
    }
}
