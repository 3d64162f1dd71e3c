//! One spelling for everything that a person may type, paste or dictate for the same phrase.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use zeroize::Zeroizing;

/// Drops what cannot be seen, then NFKC (UAX 15), lower case, NFKC again (lower case may leave it), and every run of
/// separators as one hyphen, none at the ends. Applied twice it is the same as once.
pub(super) fn normalise(text: &str) -> Zeroizing<String> {
    // Room for the largest growth of NFKC (18 times, U+FDFA), so that no copy is left behind by a reallocation.
    let room = text.len() * 18;
    let mut compatible = Zeroizing::new(String::with_capacity(room));
    compatible.extend(text.chars().filter(|&c| !invisible(c)).nfkc());
    let lower = Zeroizing::new(compatible.to_lowercase());
    let mut phrase = Zeroizing::new(String::with_capacity(room));
    let mut pending = false;
    for c in lower.nfkc() {
        if separates(c) {
            pending = !phrase.is_empty();
        } else {
            if std::mem::take(&mut pending) {
                phrase.push('-');
            }
            phrase.push(c);
        }
    }
    phrase
}

/// What a part may hold: letters, digits and other numbers, and the marks that belong to letters.
pub(super) fn belongs(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Soft hyphen, zero-width characters and the byte order mark: pasted unseen.
fn invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
}

/// Unicode's White_Space, its dashes (category Pd) with the minus sign, and its underscores (Pc).
fn separates(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '_' | '\u{58A}' | '\u{5BE}' | '\u{1400}' | '\u{1806}' | '\u{2010}'
                ..='\u{2015}'
                    | '\u{203F}'
                    | '\u{2040}'
                    | '\u{2054}'
                    | '\u{2212}'
                    | '\u{2E17}'
                    | '\u{2E1A}'
                    | '\u{2E3A}'
                    | '\u{2E3B}'
                    | '\u{2E40}'
                    | '\u{2E5D}'
                    | '\u{301C}'
                    | '\u{3030}'
                    | '\u{30A0}'
                    | '\u{10D6E}'
                    | '\u{10EAD}'
        )
}
