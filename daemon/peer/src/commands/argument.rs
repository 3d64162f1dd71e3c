//! Arguments: what a viewer may give.

use super::error::Refusal;
use super::pattern::{Pattern, PatternError};
use protocol::control::CommandArg;

/// Longest value of an argument, bytes of UTF-8.
pub const MAX_VALUE: usize = 4096;

/// One declared argument.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) name: String,
    pattern: Pattern,
    /// Whether a value may begin with `-`.
    dash: bool,
}

impl Argument {
    pub(super) fn new(name: &str, pattern: &str, dash: bool) -> Result<Self, PatternError> {
        Ok(Self { name: name.to_owned(), pattern: Pattern::new(pattern)?, dash })
    }

    /// As viewers see it.
    pub(super) fn info(&self) -> CommandArg {
        CommandArg {
            name: self.name.clone(),
            pattern: self.pattern.as_str().to_owned(),
            choices: self.pattern.choices().to_vec(),
        }
    }

    /// A choice that [`Self::check`] would refuse all the same.
    pub(super) fn hopeless_choice(&self) -> Option<&str> {
        self.pattern.choices().iter().map(String::as_str).find(|choice| self.check(choice).is_err())
    }

    /// Whether a command may get this value.
    pub(super) fn check(&self, value: &str) -> Result<(), Refusal> {
        if value.len() > MAX_VALUE {
            return Err(Refusal::TooLong);
        }
        if value.chars().any(char::is_control) {
            return Err(Refusal::Control);
        }
        if value.starts_with('-') && !self.dash {
            return Err(Refusal::Dash);
        }
        if self.pattern.matches(value) {
            return Ok(());
        }
        Err(match self.pattern.choices() {
            [] => Refusal::Pattern(self.pattern.as_str().to_owned()),
            choices => Refusal::Choice(choices.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_do_harm_is_refused_whatever_the_pattern_says() {
        let any = Argument::new("x", "(?s).*", false).unwrap();
        for value in ["", "a b", "; rm -rf /", "$(reboot)", "`x`", "{x}", "a-b", "größer", "…\u{202e}"] {
            assert_eq!(any.check(value), Ok(()), "{value:?}");
        }
        for value in ["a\nb", "a\0", "\u{1b}[2J", "\u{7f}", "\u{85}", "a\r"] {
            assert_eq!(any.check(value), Err(Refusal::Control), "{value:?}");
        }
        assert_eq!(any.check("-rf"), Err(Refusal::Dash));
        assert_eq!(any.check("-"), Err(Refusal::Dash));
        assert_eq!(any.check(&"a".repeat(MAX_VALUE)), Ok(()));
        assert_eq!(any.check(&"a".repeat(MAX_VALUE + 1)), Err(Refusal::TooLong));
        assert_eq!(Argument::new("x", ".*", true).unwrap().check("-rf"), Ok(()));
    }

    #[test]
    fn a_refusal_says_what_would_do() {
        let state = Argument::new("state", "on|off", false).unwrap();
        assert_eq!(state.check("maybe").unwrap_err().to_string(), "has to be one of: on, off");
        let number = Argument::new("number", "[0-9]{1,3}", false).unwrap();
        assert_eq!(number.check("1000").unwrap_err().to_string(), "has to match [0-9]{1,3}");
        assert_eq!(Argument::new("x", "-a|b", false).unwrap().hopeless_choice(), Some("-a"));
        assert_eq!(Argument::new("x", "-a|b", true).unwrap().hopeless_choice(), None);
    }
}
