//! What a look at one thing found.

use serde::Serialize;

/// How a thing is; the worst comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It was not looked at, or there is nothing to look at.
    Skipped,
    /// As it should be.
    Ok,
    /// The device works, but not as its owner may think.
    Warning,
    /// Something does not work.
    Failed,
}

/// What shows more of most things.
pub(super) const AS_ROOT: &str = "sudo watchword check";

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What was looked at; several findings may have one name.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// A sentence.
    pub message: String,
    /// What to do, where there is something to do.
    pub advice: Option<String>,
}

impl State {
    /// As it is printed.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

impl Finding {
    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, state: State::Ok, message: message.into(), advice: None }
    }

    pub(super) fn skipped(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, state: State::Skipped, message: message.into(), advice: None }
    }

    pub(super) fn warning(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Warning, message: message.into(), advice: Some(advice.into()) }
    }

    pub(super) fn failed(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Failed, message: message.into(), advice: Some(advice.into()) }
    }

    /// With something to do.
    #[must_use]
    pub(super) fn advising(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// Root would see more.
    #[must_use]
    pub(super) fn better_as_root(self) -> Self {
        self.advising(AS_ROOT)
    }
}
