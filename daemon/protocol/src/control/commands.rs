//! The owner's commands.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most bytes of text in one [`CommandOutput`].
pub const MAX_OUTPUT: usize = 16 * 1024;

/// Result of `command.list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandList {
    /// In the order of the configuration.
    pub commands: Vec<CommandInfo>,
}

/// One command, as a viewer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandInfo {
    /// By which it is run.
    pub name: String,
    /// What a button says.
    pub label: String,
    /// One sentence; may be empty.
    pub description: String,
    /// In the order of the configuration.
    pub args: Vec<CommandArg>,
}

/// One argument of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandArg {
    /// Its name.
    pub name: String,
    /// The regular expression that the whole of it has to match.
    pub pattern: String,
    /// Where the pattern is a choice of plain words: these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// Parameters of `command.run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRun {
    /// Which.
    pub name: String,
    /// Every argument, by name.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}

/// Result of `command.run`, parameters of `command.stop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandStarted {
    /// Names this run within the session.
    pub run: u64,
}

/// Where output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Parameters of `command.output`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutput {
    /// Of which run.
    pub run: u64,
    /// Which stream.
    pub stream: OutputStream,
    /// At most [`MAX_OUTPUT`] bytes; what was no UTF-8 is shown as U+FFFD.
    pub text: String,
}

/// Parameters of `command.exited`; the last that is heard of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandExited {
    /// Of which run.
    pub run: u64,
    /// How it ended.
    #[serde(flatten)]
    pub exit: CommandExit,
    /// Bytes of output that were not sent, because there was too much.
    #[serde(default)]
    pub dropped: u64,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "exit", rename_all = "kebab-case")]
pub enum CommandExit {
    /// By itself.
    Code {
        /// 0 is success.
        code: i32,
    },
    /// By a signal that the device did not send.
    Signal {
        /// Its number.
        signal: i32,
    },
    /// It took too long and was killed.
    TimedOut,
    /// The viewer asked for its end, or left.
    Stopped,
}
