//! All findings, for people and for programs.

use super::finding::{Finding, State};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::fmt::Write as _;
use textwrap::Options;

/// Widest text that is pleasant to read, columns.
const WIDEST: usize = 100;
/// Columns of state and name in front of a sentence.
const INDENT: usize = 24;

/// What was found, in the order in which things depend on each other.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The lines.
    pub checks: Vec<Finding>,
    /// The worst of them.
    pub state: State,
    /// Whether the configuration cannot be used.
    #[serde(skip)]
    pub misconfigured: bool,
}

impl Report {
    /// Of these lines.
    #[must_use]
    pub(super) fn new(checks: Vec<Finding>, misconfigured: bool) -> Self {
        let state = checks.iter().map(|finding| finding.state).max().unwrap_or(State::Skipped);
        Self { checks, state, misconfigured }
    }

    /// What the process exits with: 2 where the configuration is wrong, 1 where something else failed, else 0.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self.state {
            _ if self.misconfigured => 2,
            State::Failed => 1,
            State::Skipped | State::Ok | State::Warning => 0,
        }
    }

    /// A table with a summary below it; `columns` is the width of the terminal, if it is one. It is coloured: whoever
    /// prints it takes the colours away where they are not wanted.
    #[must_use]
    pub(crate) fn text(&self, heading: &str, columns: Option<usize>) -> String {
        let mut text = format!("\n  {heading}\n\n");
        for finding in &self.checks {
            let style = style(finding.state);
            // Padded by hand: a width would count the colours too.
            let state = finding.state.word();
            let _ = write!(text, "  {style}{state}{style:#}{:1$}", "", 9 - state.len());
            let _ = writeln!(text, "{:13}{}", finding.name, folded(&finding.message, "", columns));
            if let Some(advice) = &finding.advice {
                let _ = writeln!(text, "{:INDENT$}{}", "", folded(advice, "→ ", columns));
            }
        }
        let style = style(self.state);
        let _ = writeln!(text, "\n  {style}{}{style:#}", self.summary());
        text
    }

    /// `1 failed, 2 warnings, 9 ok, 1 skipped`.
    fn summary(&self) -> String {
        let count = |state| self.checks.iter().filter(|finding| finding.state == state).count();
        let warnings = |count| if count == 1 { "warning" } else { "warnings" };
        let counts =
            [State::Failed, State::Warning, State::Ok, State::Skipped].map(|state| (state, count(state)));
        let parts = counts.into_iter().filter(|(_, count)| *count > 0).map(|(state, count)| match state {
            State::Warning => format!("{count} {}", warnings(count)),
            State::Failed | State::Ok | State::Skipped => format!("{count} {}", state.word()),
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

fn style(state: State) -> Style {
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match state {
        State::Skipped => Style::new().dimmed(),
        State::Ok => colour(AnsiColor::Green),
        State::Warning => colour(AnsiColor::Yellow).bold(),
        State::Failed => colour(AnsiColor::Red).bold(),
    }
}

/// A sentence that begins with `mark`, on as many lines as the terminal needs; in a pipe, on one.
fn folded(sentence: &str, mark: &str, columns: Option<usize>) -> String {
    let marked = format!("{mark}{sentence}");
    let Some(columns) = columns else { return marked };
    let indent = " ".repeat(INDENT + mark.chars().count());
    // The first line stands behind its state and name already.
    let first = " ".repeat(INDENT);
    let options = Options::new(columns.clamp(INDENT + 20, WIDEST))
        .initial_indent(&first)
        .subsequent_indent(&indent)
        .break_words(false);
    textwrap::fill(&marked, options).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        vec![
            Finding::ok("config", "The file is valid."),
            Finding::warning("clock", "The clock is not synchronised.", "Connect the board to the network."),
            Finding::skipped("service", "No systemd here."),
        ]
    }

    #[test]
    fn the_worst_line_is_the_state_and_decides_the_exit_code() {
        let report = Report::new(findings(), false);
        assert_eq!((report.state, report.exit_code()), (State::Warning, 0));
        let failed = Finding::failed("words", "words.json is damaged.", "Restore it.");
        let report = Report::new([findings(), vec![failed.clone()]].concat(), false);
        assert_eq!((report.state, report.exit_code()), (State::Failed, 1));
        assert_eq!(Report::new(vec![failed], true).exit_code(), 2);
        assert_eq!(Report::new(Vec::new(), false).exit_code(), 0);
    }

    #[test]
    fn lines_are_aligned_and_the_last_one_sums_up() {
        let text =
            anstream::adapter::strip_str(&Report::new(findings(), false).text("Watchword", None)).to_string();
        let expected = "\n  Watchword\n\n  \
            ok       config       The file is valid.\n  \
            warning  clock        The clock is not synchronised.\n                        \
            → Connect the board to the network.\n  \
            skipped  service      No systemd here.\n\n  1 warning, 1 ok, 1 skipped\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn long_sentences_stay_within_the_terminal_and_below_their_beginning() {
        let long = "word ".repeat(40);
        let report = Report::new(vec![Finding::failed("disk", long.trim(), long.trim())], false);
        let text = anstream::adapter::strip_str(&report.text("Watchword", Some(60))).to_string();
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(text.contains("\n                        word"), "{text}");
        assert!(
            text.contains("\n                        → word")
                && text.contains("\n                          word"),
            "{text}"
        );
    }

    #[test]
    fn programs_read_json() {
        let json = serde_json::to_value(Report::new(findings(), false)).unwrap();
        assert_eq!(json["state"], "warning");
        assert_eq!(json["checks"][1]["name"], "clock");
        assert_eq!(json["checks"][0]["advice"], serde_json::Value::Null);
    }
}
