//! The system's own programs, asked a question.

use std::{io, process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// Most of an answer that is looked at, bytes.
const ANSWER: usize = 4 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The program is not installed.
    #[error("{0} is not installed")]
    Missing(&'static str),
    /// It takes too long.
    #[error("{0} does not answer")]
    Slow(&'static str),
    /// It says no.
    #[error("{program}: {said}")]
    Refused {
        /// The program.
        program: &'static str,
        /// Its last line.
        said: String,
    },
}

/// Runs the program and returns what it prints, whatever language the owner speaks.
///
/// # Errors
/// See [`NoAnswer`].
pub(super) async fn ask(program: &'static str, arguments: &[&str]) -> Result<String, NoAnswer> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("SYSTEMD_COLORS", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let refused = |said: String| NoAnswer::Refused { program, said };
    let output = match timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Err(NoAnswer::Missing(program)),
        Ok(Err(error)) => return Err(refused(error.to_string())),
        Err(_) => return Err(NoAnswer::Slow(program)),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(ANSWER)]).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = text(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no answer");
    Err(refused(last.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_refusals_and_missing_programs_are_told_apart() {
        assert_eq!(ask("echo", &["yes"]).await.as_deref(), Ok("yes\n"));
        let refused = ask("ls", &["/nonexistent"]).await.unwrap_err();
        assert!(
            matches!(&refused, NoAnswer::Refused { said, .. } if said.contains("/nonexistent")),
            "{refused}"
        );
        assert_eq!(
            ask("watchword-no-such-program", &[]).await,
            Err(NoAnswer::Missing("watchword-no-such-program"))
        );
    }
}
