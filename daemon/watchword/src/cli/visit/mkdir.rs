//! `watchword mkdir`: makes folders on the device.

use super::{paths::Roots, reaching::Reaching, transfer::Tally};
use crate::client::{Failure, Output, Progress};
use protocol::{
    control::{FilesPath, method},
    grant::Right,
};
use serde_json::Value;

/// Makes folders on the device, and those above them.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Mkdir {
    /// Which, such as `files/photos`; the name of the only top folder may be left out
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    reaching: Reaching,
}

impl Mkdir {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, paths } = self;
        let progress = Progress::new(Output::new(false));
        reaching
            .visit(async |session| {
                session.needs(Right::Upload)?;
                let roots = Roots::ask(session).await?;
                let mut tally = Tally::default();
                for typed in &paths {
                    let params = FilesPath { path: roots.whole(typed)? };
                    let done = session.ask::<_, Value>(method::FILES_MKDIR, &params).await;
                    tally.count(progress, typed, done.map(drop))?;
                }
                tally.end("made")
            })
            .await
    }
}
