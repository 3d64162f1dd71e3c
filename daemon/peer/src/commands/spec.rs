//! What the owner says about a command, as plain data.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Longest time that a command may be given.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3600);
/// Runs at once, over all commands and viewers.
pub const MAX_RUNS: usize = 8;

/// One command. [`super::Commands::new`] checks it; the bounds are said at each field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// By which it is run: `[a-z][a-z0-9-]{0,31}`.
    pub name: String,
    /// What a button says, 1 to 64 bytes.
    pub label: String,
    /// For people, at most 512 bytes; may be empty.
    pub description: String,
    /// The absolute path of the program, and its arguments, at most 64. In an argument, `{arg}` stands for a value;
    /// `{{` and `}}` are braces.
    pub run: Vec<String>,
    /// What a viewer has to give, in the order in which it is asked for; at most 16.
    pub args: Vec<ArgSpec>,
    /// Names of arguments whose values may begin with `-`.
    pub dash: Vec<String>,
    /// After this time it is ended; more than 0, at most [`MAX_TIMEOUT`].
    pub timeout: Duration,
    /// Bytes of output that are sent, both streams together; what is more is counted and dropped.
    pub max_output: u64,
    /// Runs at once, 1 to [`MAX_RUNS`].
    pub concurrency: usize,
    /// What becomes of it when its viewer leaves.
    pub on_leave: OnLeave,
    /// Working directory, an absolute path.
    pub dir: PathBuf,
    /// More environment variables. Names that begin with `WATCHWORD_` are the device's.
    pub env: BTreeMap<String, String>,
}

/// One argument of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgSpec {
    /// Its name: `[a-z][a-z0-9_-]{0,31}`.
    pub name: String,
    /// A regular expression (crate `regex`), at most 1 KiB, that the whole value has to match.
    pub pattern: String,
}

/// What becomes of a command when its viewer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLeave {
    /// It is ended.
    Kill,
    /// It goes on, unheard, until it ends or its time is over.
    Keep,
}

/// What is wrong with a command; a sentence for its owner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("command {command:?}: {key}: {message}")]
pub struct SpecError {
    /// Name of the command, as it was given.
    pub command: String,
    /// The key that is wrong.
    pub key: &'static str,
    /// What is wrong with it, and what may be there.
    pub message: String,
}
