//! `watchword mv`: moves and renames on the device.

use super::{
    paths::{Roots, last_name},
    reaching::Reaching,
};
use crate::client::{Failure, Session, printable};
use protocol::{
    control::{FileEntry, FileKind, FilesMove, FilesPath, method},
    grant::Right,
};
use serde_json::Value;

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
    #[command(flatten)]
    reaching: Reaching,
}

impl Mv {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, from, to, overwrite } = self;
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
                let _: Value =
                    session.ask(method::FILES_MOVE, &FilesMove { from, to: whole, overwrite }).await?;
                Ok(())
            })
            .await
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
