//! `watchword sessions`: who is here.

use crate::{
    cli::columns::columns,
    device::Visit,
    owner::{self, Question, Reply},
    state::{StateDirectory, now},
};
use anyhow::{Result, bail};
use std::{io::Write as _, time::Duration};

/// Lists the sessions of the running daemon, or ends some of them.
#[derive(Debug, clap::Args)]
pub(super) struct Sessions {
    /// Ends this session, named as in the list; may be given more than once
    #[arg(long, value_name = "SESSION", allow_hyphen_values = true)]
    end: Vec<String>,
    /// As JSON
    #[arg(long, conflicts_with = "end")]
    json: bool,
}

impl Sessions {
    pub(super) async fn apply(self, state: StateDirectory) -> Result<()> {
        for session in &self.end {
            match ask(&state, Question::End { session: session.clone() }).await? {
                Reply::Ended { visit } => {
                    let Visit { session, label, .. } = visit;
                    // Its word may have been removed since.
                    let of = if label.is_empty() { String::new() } else { format!(" of {label:?}") };
                    writeln!(std::io::stdout(), "Ended the session {session}{of}.")?;
                }
                Reply::Failed { message } => bail!(message),
                _ => bail!("the running daemon answered something else"),
            }
        }
        if !self.end.is_empty() {
            return Ok(());
        }
        match ask(&state, Question::Sessions).await? {
            Reply::Sessions { sessions } => show(&sessions, self.json),
            Reply::Failed { message } => bail!(message),
            _ => bail!("the running daemon answered something else"),
        }
    }
}

async fn ask(state: &StateDirectory, question: Question) -> Result<Reply> {
    match owner::ask(state, &question).await? {
        Some(reply) => Ok(reply),
        None => bail!("no daemon runs with the state folder {}: {}", state.path("").display(), state.start()),
    }
}

fn show(sessions: &[Visit], json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(sessions)?)?);
    }
    if sessions.is_empty() {
        return Ok(writeln!(out, "Nobody is here.")?);
    }
    let heading = ["SESSION", "LABEL", "FROM", "FOR"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(heading).chain(sessions.iter().map(row)).collect();
    Ok(write!(out, "{}", columns(&rows))?)
}

fn row(visit: &Visit) -> [String; 4] {
    let lasts = humantime::format_duration(Duration::from_secs(now().saturating_sub(visit.since)));
    // The address comes from the rendezvous, which may be somebody else's.
    let source = visit.source.escape_debug().to_string();
    [visit.session.clone(), visit.label.clone(), source, lasts.to_string()]
}
