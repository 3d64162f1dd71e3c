//! `watchword snapshot`: the picture as it is now.

use super::{reaching::Reaching, transfer::failed};
use crate::client::{Event, Failure, Fetched, Output, Partial, Progress, Session};
use peer::viewer::{Target, TransferError};
use protocol::grant::Right;
use std::{
    io::{self, Write as _},
    path::PathBuf,
};

/// Fetches a JPEG of the picture as it is now.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Snapshot {
    /// The file that it is to be, such as picture.jpg; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replaces a file that is there
    #[arg(long)]
    overwrite: bool,
    /// Prints a JSON object: the file and its size
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reaching: Reaching,
}

impl Snapshot {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, output, overwrite, json } = self;
        if json && output.as_os_str() == "-" {
            return Err(Failure::Usage("standard output takes either the picture or --json".into()));
        }
        reaching
            .visit(async |session| {
                session.needs(Right::Watch)?;
                if output.as_os_str() == "-" {
                    let picture = taken(session, Vec::new()).await?;
                    return Ok(io::stdout().lock().write_all(&picture)?);
                }
                let partial = Partial::open(&output, overwrite).map_err(Failure::Failed)?;
                taken(session, Fetched { partial, path: String::new() }).await?;
                if json {
                    let (to, size) = (output.to_string_lossy(), output.metadata()?.len());
                    Progress::new(Output::new(json)).did(&Event::Taken { to: &to, size })?;
                }
                Ok(())
            })
            .await
    }
}

async fn taken<T: Target>(session: &mut Session, target: T) -> Result<T, Failure> {
    match session.viewer().snapshot(target).await {
        Ok(target) => Ok(target),
        Err(TransferError::Ended) => Err(session.ended("the connection to the device broke".into()).await),
        Err(error) => Err(failed(error, "written")),
    }
}
