//! What others wrote, made harmless for a terminal.

use std::borrow::Cow;

/// The text with every character spelt out that could move the cursor, change the order in which text is read, or
/// break the line.
#[must_use]
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(disturbs) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if disturbs(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, separators of lines, and those of bidirectional text (UAX 9 section 2: each can show a text as
/// another than it is).
fn disturbs(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A sentence without its full stop, to go on with.
#[must_use]
pub(crate) fn unended(sentence: &str) -> &str {
    sentence.trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_can_be_gone_on_with() {
        assert_eq!(
            format!("{}; waiting", unended("Nobody is there (now).")),
            "Nobody is there (now); waiting"
        );
        assert_eq!(unended("refused"), "refused");
    }

    #[test]
    fn text_stays_and_what_disturbs_is_spelt_out() {
        assert_eq!(printable("Jürgen \"J\" 😀 \\ 中"), "Jürgen \"J\" 😀 \\ 中");
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(printable("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(printable("\u{202e}gpj.exe"), "\\u{202e}gpj.exe");
        assert_eq!(printable("\u{9b}31m"), "\\u{9b}31m", "CSI of eight bits");
    }
}
