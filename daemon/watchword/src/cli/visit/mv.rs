//! `watchword mv`: moves and renames on the device.

use super::{
    paths::{Roots, last_name},
    reaching::Reaching,
    transfer::in_the_way,
};
use crate::client::{Event, Failure, Output, Progress, Session, printable};
use peer::viewer::CallError;
use protocol::{
    control::{FileEntry, FileKind, FilesMove, FilesPath, code, method},
    grant::Right,
};

/// Moves or renames a file or a folder on the device, within one of its top folders.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Mv {
    /// What to move, such as `files/photos/cat.jpg`; the name of the only top folder may be left out
    from: String,
    /// Its new path, or a folder that it is put into
    to: String,
    /// Replaces a file that is there
    #[arg(long)]
    overwrite: bool,
    /// Prints a JSON object: what went where
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reaching: Reaching,
}

impl Mv {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, from, to, overwrite, json } = self;
        let progress = Progress::new(Output::new(json));
        reaching
            .visit(async |session| {
                session.needs(Right::Manage)?;
                let roots = Roots::ask(session).await?;
                let (from, mut whole) = (roots.whole(&from)?, roots.whole(&to)?);
                if to.ends_with('/') || is_folder(session, &whole).await? {
                    let name = last_name(&from)
                        .ok_or_else(|| Failure::Usage(format!("{} names nothing", printable(&from))))?;
                    whole = format!("{whole}/{name}");
                }
                let params = FilesMove { from, to: whole, overwrite };
                rename(session, &params).await?;
                progress.did(&Event::Moved { from: &params.from, to: &params.to })
            })
            .await
    }
}

/// Moves it. What is refused is told with the name that it is about.
async fn rename(session: &mut Session, params: &FilesMove) -> Result<(), Failure> {
    let FilesMove { from, to, overwrite } = params;
    match session.call(method::FILES_MOVE, params).await {
        Ok(()) => Ok(()),
        Err(CallError::Refused(refusal)) if refusal.code == code::EXISTS => {
            Err(in_the_way(&refusal, *overwrite).about(to))
        }
        Err(CallError::Ended) => Err(session.ended("the connection to the device broke".into()).await),
        Err(error) => Err(Failure::from(error).about(from)),
    }
}

/// Whether there is a folder, as far as the word may know.
async fn is_folder(session: &mut Session, path: &str) -> Result<bool, Failure> {
    if session.needs(Right::Files).is_err() {
        return Ok(false);
    }
    match session.ask::<_, FileEntry>(method::FILES_STAT, &FilesPath { path: path.to_owned() }).await {
        Ok(entry) => Ok(entry.kind == FileKind::Folder),
        Err(Failure::Failed(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}
