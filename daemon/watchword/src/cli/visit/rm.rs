//! `watchword rm`: removes on the device.

use super::{paths::Roots, reaching::Reaching, transfer::Tally};
use crate::client::{Failure, Output, Progress};
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
    #[command(flatten)]
    reaching: Reaching,
}

impl Rm {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, paths, recursive } = self;
        let progress = Progress::new(Output::new(false));
        reaching
            .visit(async |session| {
                session.needs(Right::Manage)?;
                let roots = Roots::ask(session).await?;
                let mut tally = Tally::default();
                for typed in &paths {
                    let params = FilesRemove { path: roots.whole(typed)?, recursive };
                    let done = session.ask::<_, Value>(method::FILES_REMOVE, &params).await;
                    tally.count(progress, typed, done.map(drop))?;
                }
                tally.end("removed")
            })
            .await
    }
}
