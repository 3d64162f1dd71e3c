//! Transfers: files and pictures over data channels of their own.
//!
//! A method of the control channel prepares a transfer and names it; the viewer then opens its channel. From then on
//! one task of the session serves it: [`receive`] what comes in, [`send`] what goes out. The disk is on a thread of its
//! own beside it, with a bounded queue between them. The receiver of bytes gives credit, so memory is bounded on both
//! sides, whatever the size of the file and the speed of a disk.
//!
//! Dropping such a task, which the end of its session does, ends the thread: an upload keeps what came, and syncs it.

mod content;
mod files;
pub(crate) mod flow;
mod path;
mod receive;
mod said;
mod send;
mod stall;

pub(crate) use content::Content;
pub use files::Files;

use crate::control::Rights;
use crate::files::{Download, FilesError, TreePath};
use crate::wire::Wire;
use protocol::control::{FilesGet, FilesPut, GetReady, PutReady, RpcError, code, rpc, transfer_of};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use webrtc::data_channel::DataChannel;

/// Transfers of one session at once, those included whose channel is still to be opened.
const AT_ONCE: usize = 4;
/// How long a viewer may take to open the channel of a transfer.
const OPEN_WITHIN: Duration = Duration::from_secs(30);

/// What the audit log calls the end of a transfer.
const ENDED: &str = "transfer.ended";

type Channel = Arc<dyn DataChannel>;
/// Transfers whose channel is awaited, by name.
type Awaited = Arc<Mutex<HashMap<String, oneshot::Sender<Channel>>>>;

/// The transfers of one session.
#[derive(Clone)]
pub(crate) struct Transfers {
    files: Files,
    /// On whose behalf: nobody goes on with what another word sent.
    owner: Arc<str>,
    rights: Rights,
    wire: Arc<Wire>,
    awaited: Awaited,
    last: Arc<AtomicU64>,
    places: Arc<Semaphore>,
    /// Cancelled when the viewer goes on sending in a transfer that has ended.
    flooded: CancellationToken,
}

impl Transfers {
    pub(crate) fn new(files: Files, owner: &str, rights: Rights, wire: Arc<Wire>) -> Self {
        Self {
            files,
            owner: owner.into(),
            rights,
            wire,
            awaited: Arc::default(),
            last: Arc::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            flooded: CancellationToken::new(),
        }
    }

    /// The device's files.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// Prepares an upload.
    ///
    /// # Errors
    /// As [`crate::files::Upload::begin`]; [`code::TOO_FAST`] with too many transfers under way.
    pub(crate) async fn put(&self, put: FilesPut) -> Result<PutReady, RpcError> {
        let place = self.place()?;
        let on = put.path.clone();
        let path = TreePath::parse(&put.path).map_err(FilesError::from)?;
        let (upload, running) = self.files.upload(&self.owner, path, put).await?;
        let (offset, before, present) = (upload.offset(), upload.before(), upload.is_present());
        let transfer =
            self.begin(place, on, async move |channel| receive::receive(&*channel, upload, &running).await);
        Ok(PutReady { transfer, offset, before, present })
    }

    /// Prepares a download.
    ///
    /// # Errors
    /// As [`Download::open`]; [`code::TOO_FAST`] with too many transfers under way.
    pub(crate) async fn get(&self, get: FilesGet) -> Result<GetReady, RpcError> {
        let place = self.place()?;
        let on = get.path.clone();
        let path = TreePath::parse(&get.path).map_err(FilesError::from)?;
        let download =
            self.files.with(move |tree| Download::open(tree, &path, get.offset, &get.version)).await?;
        Ok(self.offer(place, on, Content::File(Box::new(download))))
    }

    /// Prepares the sending of something that is in memory.
    ///
    /// # Errors
    /// [`code::TOO_FAST`] with too many transfers under way.
    pub(crate) fn give(&self, on: &str, content: Content) -> Result<GetReady, RpcError> {
        Ok(self.offer(self.place()?, on.to_owned(), content))
    }

    /// Takes a channel that the viewer opened. `false`: it is none of these.
    pub(crate) fn accept(&self, label: &str, channel: Channel) -> bool {
        let awaited = transfer_of(label).and_then(|transfer| lock(&self.awaited).remove(transfer));
        awaited.is_some_and(|awaited| awaited.send(channel).is_ok())
    }

    /// Returns when the viewer goes on sending in a transfer that has ended: its session has to end. Safe to cancel.
    pub(crate) async fn flooded(&self) {
        self.flooded.cancelled().await;
    }

    fn offer(&self, place: OwnedSemaphorePermit, on: String, content: Content) -> GetReady {
        let ready = GetReady {
            transfer: String::new(),
            size: content.size(),
            offset: content.offset(),
            modified_ms: content.modified_ms(),
            version: content.version().to_owned(),
        };
        let share = self.wire.share();
        let transfer =
            self.begin(place, on, async move |channel| send::send(&*channel, content, share).await);
        GetReady { transfer, ..ready }
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, RpcError> {
        self.places.clone().try_acquire_owned().map_err(|_| {
            let sentence =
                format!("At most {AT_ONCE} transfers run at once; wait until one of them has ended.");
            rpc::error(code::TOO_FAST, &sentence)
        })
    }

    /// Starts the task of a transfer, which waits for its channel first. Returns its name.
    fn begin<T>(
        &self,
        place: OwnedSemaphorePermit,
        on: String,
        transfer: impl FnOnce(Channel) -> T + Send + 'static,
    ) -> String
    where
        T: Future<Output = Result<(), RpcError>> + Send,
    {
        let name = (self.last.fetch_add(1, Ordering::Relaxed) + 1).to_string();
        let (to, channel) = oneshot::channel();
        lock(&self.awaited).insert(name.clone(), to);
        let (awaited, known_as, flooded) = (self.awaited.clone(), name.clone(), self.flooded.clone());
        let mut record = Record { rights: self.rights.clone(), on, result: Some(said::broken()) };
        let task = async move {
            let _place = place;
            let opened = tokio::time::timeout(OPEN_WITHIN, channel).await;
            lock(&awaited).remove(&known_as);
            if let Ok(Ok(channel)) = opened {
                record.ended(transfer(channel.clone()).await);
                if !said::close(&*channel).await {
                    flooded.cancel();
                }
            }
        };
        self.wire.spawn_work(task);
        name
    }
}

fn lock(
    awaited: &Mutex<HashMap<String, oneshot::Sender<Channel>>>,
) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Channel>>> {
    awaited.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records how a transfer ended, also when its session took it along.
struct Record {
    rights: Rights,
    on: String,
    result: Option<RpcError>,
}

impl Record {
    fn ended(&mut self, result: Result<(), RpcError>) {
        self.result = result.err();
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.rights.record(ENDED, &self.on, self.result.as_ref().map_or(Ok(()), Err));
    }
}
