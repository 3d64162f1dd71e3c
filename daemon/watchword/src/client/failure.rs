//! Why a command of the command-line peer came to nothing, and what it exits with.

use peer::viewer::CallError;
use protocol::control::code;
use std::io;

/// The exit codes, as `--help` tells them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no device answers, 4 wrong word or refused by the device, 5 not allowed \
by the word, 6 no connection to the device or it broke, 130 ended by Ctrl-C (143 by SIGTERM)";

/// Each is a sentence for a person, except where nobody is there to read it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What has no code of its own.
    #[error("{0}")]
    Failed(String),
    /// The command line, the environment or the word itself is wrong.
    #[error("{0}")]
    Usage(String),
    /// Nobody is at the place.
    #[error("{0}")]
    Absent(String),
    /// The word is wrong, or the device does not want this viewer now.
    #[error("{0}")]
    Refused(String),
    /// As [`Self::Refused`], for now: too many viewers, or too much at once.
    #[error("{0}")]
    Later(String),
    /// The word's grant does not have it.
    #[error("{0}")]
    NotAllowed(String),
    /// The way to the device did not come about, or ended in the middle.
    #[error("{0}")]
    Broken(String),
    /// With this status; what there was to say has been said.
    #[error("failed with status {0}")]
    Exit(u8),
    /// Told to stop by this signal.
    #[error("ended by a signal")]
    Interrupted(u8),
    /// Who read the output reads no more (`| head`): that is no failure.
    #[error("nobody reads the output")]
    Unread,
}

impl Failure {
    /// As [`EXIT_CODES`] says.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unread => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Absent(_) => 3,
            Self::Refused(_) | Self::Later(_) => 4,
            Self::NotAllowed(_) => 5,
            Self::Broken(_) => 6,
            Self::Exit(status) => *status,
            // As a shell reports a signal.
            Self::Interrupted(signal) => 128 + (signal & 0x7f),
        }
    }

    /// As [`Self::Failed`], with the name of what it is about before it.
    #[must_use]
    pub(crate) fn about(self, name: &str) -> Self {
        match self {
            Self::Failed(sentence) => Self::Failed(format!("{}: {sentence}", super::printable(name))),
            other => other,
        }
    }

    /// Whether somebody should be told.
    #[must_use]
    pub(crate) fn speaks(&self) -> bool {
        !matches!(self, Self::Unread | Self::Exit(_) | Self::Interrupted(_))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(format!("{error:#}"))
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => {
                let sentence = super::printable(&refusal.message).into_owned();
                if refusal.code == code::NOT_GRANTED {
                    Self::NotAllowed(sentence)
                } else {
                    Self::Failed(sentence)
                }
            }
            CallError::Ended => Self::Broken("the connection to the device broke".into()),
        }
    }
}

/// Of writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Unread
        } else {
            Self::Failed(format!("the output cannot be written: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::control::RpcError;

    #[test]
    fn the_help_names_the_codes() {
        let sentence = || "x".to_owned();
        let all = [
            Failure::Failed(sentence()),
            Failure::Usage(sentence()),
            Failure::Absent(sentence()),
            Failure::Refused(sentence()),
            Failure::Later(sentence()),
            Failure::NotAllowed(sentence()),
            Failure::Broken(sentence()),
            Failure::Interrupted(2),
        ];
        for failure in all {
            let code = format!(" {} ", failure.exit_code());
            assert!(EXIT_CODES.contains(&code), "{code} is missing");
        }
        assert!(!Failure::Unread.speaks() && Failure::Unread.exit_code() == 0);
    }

    #[test]
    fn what_a_device_refuses_is_told_by_its_code_and_cannot_move_the_cursor() {
        let refused = |code| {
            let message = "No.\u{1b}[2J".to_owned();
            Failure::from(CallError::Refused(RpcError { code, message, data: None }))
        };
        assert_eq!(refused(code::NOT_GRANTED).exit_code(), 5);
        assert_eq!(refused(code::NOT_FOUND).exit_code(), 1);
        assert!(!refused(code::NOT_FOUND).to_string().contains('\u{1b}'));
    }
}
