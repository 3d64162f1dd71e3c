//! Patterns of arguments: what a value has to match, as a whole.

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast, GroupKind};

/// Longest pattern, bytes.
const MAX_PATTERN: usize = 1024;
/// Most memory of a compiled pattern, bytes. Matching takes at most this times the value's length.
const MAX_COMPILED: usize = 2 << 20;

/// A regular expression that matches a whole value or does not.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    regex: Regex,
    choices: Vec<String>,
}

/// Why a pattern cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum PatternError {
    #[error("is {0} bytes long; a pattern has at most {MAX_PATTERN}")]
    TooLong(usize),
    #[error("is too large: repeat less, or name the characters ([0-9A-Za-z_] is far smaller than \\w)")]
    TooLarge,
    #[error("is no regular expression: {0}")]
    Syntax(String),
}

impl Pattern {
    /// Compiles it.
    pub(super) fn new(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_PATTERN {
            return Err(PatternError::TooLong(text.len()));
        }
        // By itself first: `a)|(?:b` is none, and would leave the anchors.
        compile(text)?;
        let regex = compile(&format!(r"\A(?:{text})\z"))?;
        Ok(Self { text: text.to_owned(), regex, choices: choices(text) })
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `value` matches.
    pub(super) fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }

    /// The words of a pattern that is a choice of plain words, in its order; else none.
    pub(super) fn choices(&self) -> &[String] {
        &self.choices
    }
}

fn compile(text: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(text).size_limit(MAX_COMPILED).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
        // The library draws the place below the pattern; the last line says what is wrong.
        other => {
            let said = other.to_string();
            let last = said.lines().last().unwrap_or_default().trim();
            PatternError::Syntax(last.strip_prefix("error: ").unwrap_or(last).to_owned())
        }
    })
}

/// Read from the syntax tree: the compiler's own form has common beginnings taken out.
fn choices(text: &str) -> Vec<String> {
    let words = ast::parse::Parser::new().parse(text).ok().and_then(|tree| match inside(&tree) {
        Ast::Alternation(alternation) => alternation.asts.iter().map(word).collect(),
        other => word(other).map(|word| vec![word]),
    });
    let mut words: Vec<String> = words.unwrap_or_default();
    let mut seen = std::collections::HashSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words
}

/// Without the parentheses around the whole.
fn inside(mut tree: &Ast) -> &Ast {
    while let Ast::Group(group) = tree {
        match &group.kind {
            GroupKind::NonCapturing(flags) if !flags.items.is_empty() => break,
            GroupKind::NonCapturing(_) | GroupKind::CaptureIndex(_) | GroupKind::CaptureName { .. } => {
                tree = &group.ast;
            }
        }
    }
    tree
}

/// The text of a tree that is nothing but literal characters.
fn word(tree: &Ast) -> Option<String> {
    let character = |tree: &Ast| match tree {
        Ast::Literal(literal) => Some(literal.c),
        _ => None,
    };
    match tree {
        Ast::Concat(concat) => concat.asts.iter().map(character).collect(),
        other => character(other).map(String::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_value_matches_or_nothing() {
        let pattern = Pattern::new("on|off").unwrap();
        assert!(pattern.matches("on") && pattern.matches("off"));
        for value in ["", "o", "onoff", "on\n", "\non", "xon", "offx", "on|off", "ON"] {
            assert!(!pattern.matches(value), "{value:?}");
        }
        // The first branch that fits is not the last word.
        assert!(Pattern::new("a|ab").unwrap().matches("ab"));
        assert!(!Pattern::new("(?m)^a$").unwrap().matches("a\nb"));
        assert!(Pattern::new("").unwrap().matches("") && !Pattern::new("").unwrap().matches("a"));
    }

    #[test]
    fn a_pattern_cannot_leave_its_anchors() {
        for text in ["a)|(?:b", "a)", "(", "(?x)a # ", "[", "a{2,1}", "\\"] {
            let error = Pattern::new(text).unwrap_err();
            assert!(matches!(error, PatternError::Syntax(_)), "{text}: {error}");
            assert!(error.to_string().starts_with("is no regular expression: "), "{error}");
        }
    }

    #[test]
    fn patterns_are_bounded() {
        assert!(matches!(Pattern::new(&"a".repeat(MAX_PATTERN + 1)), Err(PatternError::TooLong(_))));
        assert!(matches!(Pattern::new(r"(\w{1,500}){1,500}"), Err(PatternError::TooLarge)));
        assert!(Pattern::new(r"[\w -]{1,32}").unwrap().matches("Größe 3"));
    }

    #[test]
    fn choices_of_plain_words_are_told() {
        let choices = |text: &str| Pattern::new(text).unwrap().choices().to_vec();
        assert_eq!(choices("on|off"), ["on", "off"]);
        assert_eq!(choices("(?:on|once|on)"), ["on", "once"]);
        assert_eq!(choices(r"(a|b\.c|3)"), ["a", "b.c", "3"]);
        assert_eq!(choices("only"), ["only"]);
        assert_eq!(choices("x"), ["x"]);
        for text in
            ["", "on|", "[ab]", "a?|b", "(?i)on|off", "(?i:on|off)", "a.|b", "^on|off$", "a(b|c)", r"\d|x"]
        {
            assert_eq!(choices(text), [""; 0], "{text}");
        }
    }
}
