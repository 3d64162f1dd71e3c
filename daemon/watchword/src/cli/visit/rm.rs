//! `watchword rm`: removes on the device.

use super::{paths::Roots, reaching::Reaching, transfer::Tally};
use crate::client::{Event, Failure, Output, Progress, Session};
use protocol::{
    control::{FilesRemove, method},
    grant::Right,
};
use serde_json::Value;

/// Removes files and empty folders on the device.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Rm {
    /// What to remove, such as `files/photos/cat.jpg`; the name of the only top folder may be left out
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// Folders with all that is in them
    #[arg(short, long)]
    recursive: bool,
    /// Prints one JSON object a line: what came of each
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reaching: Reaching,
}

impl Rm {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, json, paths, recursive } = self;
        let progress = Progress::new(Output::new(json));
        reaching
            .visit(async |session| {
                session.needs(Right::Manage)?;
                let roots = Roots::ask(session).await?;
                let mut tally = Tally::default();
                for typed in &paths {
                    let done = async {
                        let path = roots.whole(typed)?;
                        remove(session, &path, recursive).await?;
                        progress.did(&Event::Removed { path: &path })
                    };
                    tally.count(progress, typed, done.await)?;
                }
                tally.end("removed")
            })
            .await
    }
}

async fn remove(session: &mut Session, path: &str, recursive: bool) -> Result<(), Failure> {
    let params = FilesRemove { path: path.to_owned(), recursive };
    session.ask::<_, Value>(method::FILES_REMOVE, &params).await.map(drop)
}
