//! `watchword send`: files of this machine to the device.

mod walk;

use super::{
    paths::Roots,
    reaching::Reaching,
    transfer::{Tally, Tries, in_the_way},
};
use crate::client::{Failure, LastingSession, Output, Progress};
use peer::viewer::{CallError, TransferError, Uploaded};
use protocol::{
    control::{FilesPath, FilesPut, code, method},
    grant::Right,
};
use std::{
    fs::{File, Metadata},
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};
use walk::{Item, Left};

/// Sends files, and folders with all that is in them. What broke off goes on where it was, in the same visit and in a
/// later one (for seven days). Nothing on the device is replaced unless you say so.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Send {
    /// What to send
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder on the device, such as `files/photos` [default: its only top folder that can be written]
    #[arg(long, value_name = "FOLDER", default_value = "", hide_default_value = true)]
    to: String,
    /// Replaces files that are there (the word has to allow `manage`)
    #[arg(long)]
    overwrite: bool,
    /// Sends all from the beginning, whatever the device has of it
    #[arg(long)]
    no_resume: bool,
    /// Prints one JSON object a line: how far each file is, and what came of it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reaching: Reaching,
}

/// Files that are being sent.
struct Sending<'a> {
    session: &'a mut LastingSession,
    progress: Progress,
    folder: String,
    overwrite: bool,
    resume: bool,
    tally: Tally,
}

impl Send {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, files, to, overwrite, no_resume, json } = self;
        let progress = Progress::new(Output::new(json));
        let mut tally = Tally::default();
        let sources = readable(&files, progress, &mut tally)?;
        if sources.is_empty() {
            return tally.end("sent");
        }
        reaching
            .visit_lasting(async |session| {
                session.session().needs(Right::Upload)?;
                if overwrite {
                    session.session().needs(Right::Manage)?;
                }
                let folder = Roots::ask(session.session()).await?.whole(&to)?;
                let resume = !no_resume;
                let mut sending = Sending { session, progress, folder, overwrite, resume, tally };
                for (path, name) in &sources {
                    for item in walk::below(path, name) {
                        sending.take(item).await?;
                    }
                }
                sending.tally.end("sent")
            })
            .await
    }
}

/// Those of the files that are there, each with the name that it gets. The others are told, and counted.
fn readable(
    files: &[PathBuf],
    progress: Progress,
    tally: &mut Tally,
) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut readable = Vec::with_capacity(files.len());
    for path in files {
        match walk::source(path) {
            Ok(name) => readable.push((path.clone(), name)),
            Err(Left { path, why }) => {
                tally.count(progress, &path.to_string_lossy(), Err(Failure::Failed(why)))?;
            }
        }
    }
    Ok(readable)
}

impl Sending<'_> {
    /// Sends one; a failure of this one alone is told, and the others follow.
    async fn take(&mut self, item: Result<Item, Left>) -> Result<(), Failure> {
        let (shown, done) = match item {
            Ok(Item::Folder { name }) => (name.clone(), self.make_folder(&name).await),
            Ok(Item::File { path, name }) => {
                (path.to_string_lossy().into_owned(), self.send(&path, &name).await)
            }
            Err(Left { path, why }) => (path.to_string_lossy().into_owned(), Err(Failure::Failed(why))),
        };
        self.tally.count(self.progress, &shown, done)
    }

    async fn make_folder(&mut self, name: &str) -> Result<(), Failure> {
        let params = FilesPath { path: self.path(name) };
        match self.session.session().call(method::FILES_MKDIR, &params).await {
            Err(CallError::Refused(refusal)) if refusal.code == code::EXISTS => Ok(()),
            done => Ok(done?),
        }
    }

    async fn send(&mut self, path: &Path, name: &str) -> Result<(), Failure> {
        let (file, metadata) = open(path)?;
        let to = self.path(name);
        let mut put = FilesPut {
            path: to.clone(),
            size: metadata.len(),
            modified_ms: modified_ms(&metadata),
            overwrite: self.overwrite,
            resume: self.resume,
        };
        let mut shown = self.progress.file(&path.to_string_lossy(), put.size);
        let mut tries = Tries::default();
        loop {
            let mut at = 0;
            let viewer = self.session.session().viewer();
            let done = viewer.upload(&put, file.clone(), |bytes| {
                at = bytes;
                shown.at(bytes);
            });
            match done.await {
                Ok(Uploaded::Sent) => return shown.done(&to),
                Ok(Uploaded::Present) => return shown.present(&to),
                Err(TransferError::Refused(refusal)) if refusal.code == code::EXISTS => {
                    return Err(in_the_way(&refusal, self.overwrite));
                }
                // Folders above it are made: only the top one cannot be.
                Err(TransferError::Refused(refusal)) if refusal.code == code::NOT_FOUND => {
                    return Err(Roots::missing(&to));
                }
                Err(error) => tries.next(self.session, &shown, at, error, "read").await?,
            }
            // Of what it has now, this is the beginning.
            put.resume = true;
        }
    }

    fn path(&self, name: &str) -> String {
        if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) }
    }
}

fn open(path: &Path) -> Result<(Arc<File>, Metadata), Failure> {
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    let (file, metadata) = opened.map_err(|error| Failure::Failed(format!("it cannot be read: {error}")))?;
    if !metadata.is_file() {
        return Err(Failure::Failed("it is no file any more".into()));
    }
    Ok((Arc::new(file), metadata))
}

/// Milliseconds since the epoch; `None` for what is older than that.
fn modified_ms(metadata: &Metadata) -> Option<u64> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}
