//! Why a command does not run.

use super::spec::MAX_RUNS;
use protocol::control::{RpcError, code, rpc};
use std::io;
use std::path::Path;

/// Most characters of a stranger's name that a sentence repeats.
const SHOWN: usize = 40;

/// Why a command does not run; a sentence for the viewer. What a stranger wrote is escaped and short in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The owner configured no such command.
    #[error("There is no command {0} on this device; ask for the list of commands.")]
    Unknown(String),
    /// An argument that the command does not have.
    #[error("The command {command} takes no argument {argument}.")]
    Undeclared {
        /// The command.
        command: String,
        /// The argument, escaped.
        argument: String,
    },
    /// An argument is not there.
    #[error("The command {command} needs its argument {argument}.")]
    Missing {
        /// The command.
        command: String,
        /// The argument.
        argument: String,
    },
    /// An argument may not be what it is.
    #[error("The argument {argument} of the command {command} {refusal}.")]
    Refused {
        /// The command.
        command: String,
        /// The argument.
        argument: String,
        /// Why.
        refusal: Refusal,
    },
    /// As many of it run as may.
    #[error("The command {0} is running already, as often as it may; wait until it has ended.")]
    Busy(String),
    /// As many commands run as may.
    #[error("{MAX_RUNS} commands are running already, and no more may; wait until one has ended.")]
    Full,
    /// The viewer does not read what its other commands say.
    #[error("Too much output of other commands waits to be read; try again when it has been.")]
    Unread,
    /// The device is about to stop.
    #[error("The device is stopping and starts no more commands.")]
    Closing,
    /// The system does not start it.
    #[error("The command {command} cannot start: {reason}. The owner of the device can set that right.")]
    Start {
        /// The command.
        command: String,
        /// Why, without paths of the device.
        reason: String,
    },
}

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Longer than [`super::MAX_VALUE`].
    #[error("may have at most {max} bytes", max = super::MAX_VALUE)]
    TooLong,
    /// NUL, a line's end, or another control character.
    #[error("may not have control characters")]
    Control,
    /// It could be taken for an option.
    #[error("may not begin with a hyphen")]
    Dash,
    /// None of the words that it may be.
    #[error("has to be one of: {0}")]
    Choice(String),
    /// Another form than the pattern's.
    #[error("has to match {0}")]
    Pattern(String),
}

impl CommandError {
    /// Its code in [`protocol::control::code`].
    #[must_use]
    pub fn code(&self) -> i32 {
        match self {
            Self::Unknown(_) => code::NOT_FOUND,
            Self::Undeclared { .. } | Self::Missing { .. } | Self::Refused { .. } => code::INVALID_PARAMS,
            Self::Busy(_) | Self::Full | Self::Unread => code::TOO_FAST,
            Self::Closing | Self::Start { .. } => code::UNAVAILABLE,
        }
    }

    pub(super) fn unknown(name: &str) -> Self {
        Self::Unknown(shown(name))
    }

    pub(super) fn undeclared(command: &str, argument: &str) -> Self {
        Self::Undeclared { command: command.to_owned(), argument: shown(argument) }
    }

    /// The system's refusal in words that help, and that tell a viewer nothing of the device's folders.
    pub(super) fn start(command: &str, directory: &Path, error: &io::Error) -> Self {
        let reason = match error.kind() {
            // The system says the same of a program and of the folder that it would begin in.
            io::ErrorKind::NotFound if !directory.is_dir() => "its working directory is not there".to_owned(),
            io::ErrorKind::NotFound => "its program, or what that is run by, is not there".to_owned(),
            io::ErrorKind::PermissionDenied => "the device may not run its program".to_owned(),
            _ => error.to_string(),
        };
        Self::Start { command: command.to_owned(), reason }
    }
}

impl From<CommandError> for RpcError {
    fn from(error: CommandError) -> Self {
        rpc::error(error.code(), &error.to_string())
    }
}

/// A stranger's text, quoted, escaped and short.
fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}
