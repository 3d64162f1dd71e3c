//! `watchword mkdir`: makes folders on the device.

use super::{paths::Roots, reaching::Reaching, transfer::Tally};
use crate::client::{Event, Failure, Output, Progress, Session};
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
    /// Prints one JSON object a line: what came of each
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reaching: Reaching,
}

impl Mkdir {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, json, paths } = self;
        let progress = Progress::new(Output::new(json));
        reaching
            .visit(async |session| {
                session.needs(Right::Upload)?;
                let roots = Roots::ask(session).await?;
                let mut tally = Tally::default();
                for typed in &paths {
                    let done = async {
                        let path = roots.whole(typed)?;
                        make(session, &path).await?;
                        progress.did(&Event::Made { path: &path })
                    };
                    tally.count(progress, typed, done.await)?;
                }
                tally.end("made")
            })
            .await
    }
}

async fn make(session: &mut Session, path: &str) -> Result<(), Failure> {
    let params = FilesPath { path: path.to_owned() };
    session.ask::<_, Value>(method::FILES_MKDIR, &params).await.map(drop)
}
