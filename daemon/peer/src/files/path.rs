//! Paths as viewers write them: checked here, once, before anything else sees them.

use protocol::control::{MAX_FILE_NAME, MAX_PATH};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Most names in a path, the root's included.
pub const MAX_DEPTH: usize = 64;
/// How names of our own begin; no viewer sees or names them.
pub(super) const RESERVED: &str = ".watchword-";

/// A path that was checked: names in NFC, the first that of a root. The empty path is the list of roots.
///
/// None of its names is empty, `.` or `..`, or has a separator, a NUL, a control character or one that turns the
/// direction of text; so each is one step down in a folder, whatever a file system makes of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TreePath(Vec<String>);

/// Why a path is refused; a sentence for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Over [`MAX_PATH`].
    #[error("A path has at most {MAX_PATH} bytes.")]
    TooLong,
    /// Over [`MAX_DEPTH`].
    #[error("A path has at most {MAX_DEPTH} names.")]
    TooDeep,
    /// Begins with `/`.
    #[error("A path begins with the name of a folder of this device, not with \"/\".")]
    Absolute,
    /// Two separators in a row, or one at the end.
    #[error("A name in a path is empty.")]
    Empty,
    /// `.` or `..`.
    #[error("\".\" and \"..\" are no names here.")]
    Dots,
    /// `\`.
    #[error("A name cannot have \"\\\" in it; folders are separated by \"/\".")]
    Separator,
    /// NUL, another control character, or a line separator.
    #[error("A name cannot have control characters in it.")]
    Control,
    /// A character that changes the direction of text: names would look like others.
    #[error("A name cannot have characters in it that change the direction of text.")]
    Direction,
    /// Begins as our own names do.
    #[error("Names that begin with \"{RESERVED}\" belong to the device.")]
    Reserved,
    /// Over [`MAX_FILE_NAME`].
    #[error("A name has at most {MAX_FILE_NAME} bytes.")]
    NameTooLong,
}

impl TreePath {
    /// Reads what a viewer wrote.
    ///
    /// # Errors
    /// When it is no path that this device could have.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        // NFC may lengthen a text up to threefold (UAX 15, section 9); the bound holds before and after.
        if text.len() > MAX_PATH {
            return Err(PathError::TooLong);
        }
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        if text.starts_with('/') {
            return Err(PathError::Absolute);
        }
        let mut names = Vec::new();
        for part in text.split('/') {
            if names.len() == MAX_DEPTH {
                return Err(PathError::TooDeep);
            }
            let name: String = part.nfc().collect();
            check_name(&name)?;
            names.push(name);
        }
        let bytes: usize = names.iter().map(String::len).sum::<usize>() + names.len() - 1;
        if bytes > MAX_PATH { Err(PathError::TooLong) } else { Ok(Self(names)) }
    }

    /// Its names, the root's first.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether it is the list of roots.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The root's name, and the names below it.
    pub(super) fn split_root(&self) -> Option<(&str, &[String])> {
        self.0.split_first().map(|(root, names)| (root.as_str(), names))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

/// Whether this name of a file on the disk can be said in a path.
pub(super) fn can_be_said(name: &str) -> bool {
    check_name(name).is_ok() && unicode_normalization::is_nfc(name)
}

/// Whether a name is one of our own.
pub(super) fn is_reserved(name: &str) -> bool {
    // File systems that take no notice of case, or of characters that are not seen, would find our folder under
    // such names as well.
    let mut ascii = name.bytes().filter(u8::is_ascii).map(|byte| byte.to_ascii_lowercase());
    RESERVED.bytes().all(|byte| ascii.next() == Some(byte))
}

fn check_name(name: &str) -> Result<(), PathError> {
    match name {
        "" => return Err(PathError::Empty),
        "." | ".." => return Err(PathError::Dots),
        _ => {}
    }
    if name.len() > MAX_FILE_NAME {
        return Err(PathError::NameTooLong);
    }
    name.chars().try_for_each(check_char)?;
    if is_reserved(name) { Err(PathError::Reserved) } else { Ok(()) }
}

fn check_char(char: char) -> Result<(), PathError> {
    match char {
        '/' | '\\' => Err(PathError::Separator),
        '\u{2028}' | '\u{2029}' => Err(PathError::Control),
        _ if char.is_control() => Err(PathError::Control),
        // The characters with the property Bidi_Control (UAX 9, section 2).
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Err(PathError::Direction)
        }
        _ => Ok(()),
    }
}

/// What a fuzzer runs: any bytes in; a path that is taken is its own normal form, and each of its names one step down.
#[cfg(test)]
pub(super) fn fuzz(data: &[u8]) {
    let Ok(path) = TreePath::parse(&String::from_utf8_lossy(data)) else { return };
    assert_eq!(TreePath::parse(&path.to_string()).as_ref(), Ok(&path));
    assert!(path.to_string().len() <= MAX_PATH && path.names().len() <= MAX_DEPTH);
    for name in path.names() {
        let mut steps = std::path::Path::new(name).components();
        assert!(matches!(steps.next(), Some(std::path::Component::Normal(step)) if step == name.as_str()));
        assert!(steps.next().is_none() && can_be_said(name) && !name.contains('\0'));
        assert!(!name.to_lowercase().starts_with(RESERVED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_in_any_writing_are_taken_in_one_form() {
        let path = TreePath::parse("files/e\u{301}te\u{301}/日本 😀.txt").unwrap();
        assert_eq!(path.names(), ["files", "été", "日本 😀.txt"]);
        assert_eq!(path.to_string(), "files/été/日本 😀.txt");
        assert!(TreePath::parse("").unwrap().is_empty());
        assert!(TreePath::parse("a/.hidden/...").is_ok() && TreePath::parse("a/ ").is_ok());
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused_with_a_sentence() {
        let long = "é".repeat(128);
        let cases = [
            ("/etc/passwd", PathError::Absolute),
            ("files/../etc", PathError::Dots),
            ("..", PathError::Dots),
            ("files/.", PathError::Dots),
            ("files//a", PathError::Empty),
            ("files/", PathError::Empty),
            ("files/a\\b", PathError::Separator),
            ("files/..\\..\\etc", PathError::Separator),
            ("files/a\0b", PathError::Control),
            ("files/a\nb", PathError::Control),
            ("files/\u{1b}[2J", PathError::Control),
            ("files/\u{85}", PathError::Control),
            ("files/a\u{2028}b", PathError::Control),
            ("files/\u{202e}gpj.exe", PathError::Direction),
            ("files/.watchword-partial", PathError::Reserved),
            ("files/.WATCHWORD-Partial/x", PathError::Reserved),
            ("files/.watch\u{200b}word-partial", PathError::Reserved),
            (long.as_str(), PathError::NameTooLong),
        ];
        for (text, error) in cases {
            assert_eq!(TreePath::parse(text), Err(error), "{text:?}");
            assert!(error.to_string().ends_with('.'));
        }
        assert_eq!(TreePath::parse(&"a/".repeat(65)), Err(PathError::TooDeep));
        assert_eq!(TreePath::parse(&"a".repeat(MAX_PATH + 1)), Err(PathError::TooLong));
        // U+0344 has another form in NFC, which is longer.
        assert_eq!(TreePath::parse(&"\u{344}".repeat(127)), Err(PathError::NameTooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_hold(data in prop::collection::vec(any::<u8>(), 0..300)) {
            fuzz(&data);
        }

        #[test]
        fn likely_paths_hold(text in "([a.]{0,3}|\\.watchword-[a-z]{0,2}|[\\PC\u{301}\u{200b}\u{344}]{0,6})(/([a.\\\\ ]{0,3}|\\PC{0,6}|.{0,3})){0,4}") {
            fuzz(text.as_bytes());
        }
    }
}
