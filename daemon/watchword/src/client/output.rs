//! What a command prints: for people, or one JSON object a line for programs.

use super::Failure;
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write as _};

/// Standard output. Everything that is no result goes to standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    terminal: bool,
}

impl Output {
    /// `json`: the person asked for JSON.
    #[must_use]
    pub(crate) fn new(json: bool) -> Self {
        Self { json, terminal: io::stdout().is_terminal() }
    }

    /// Whether JSON is wanted.
    #[must_use]
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person watches: what was printed may be drawn anew.
    #[must_use]
    pub(crate) fn is_screen(self) -> bool {
        self.terminal && !self.json
    }

    /// Prints a value as JSON, or else the text that `text` makes of it, as lines.
    ///
    /// # Errors
    /// [`Failure::Unread`] once nobody reads, [`Failure::Failed`] where the output cannot be written.
    pub(crate) fn show<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        let shown = if self.json {
            serde_json::to_string(value).map_err(|error| Failure::Failed(error.to_string()))?
        } else {
            text(value)
        };
        self.print(&(shown + "\n"))
    }

    /// Prints text as it is.
    ///
    /// # Errors
    /// As [`Self::show`].
    pub(crate) fn print(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }
}

/// A sentence beside the output, for a person. Where standard error is gone, nobody wants it.
pub(crate) fn remark(sentence: &str) {
    let _ = writeln!(io::stderr(), "watchword: {sentence}");
}
