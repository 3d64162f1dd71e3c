//! What a viewer may call itself.

use protocol::control::MAX_NAME;

/// Why a name is refused; a sentence for a person.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing to see in it.
    #[error("A name needs at least one visible character.")]
    Empty,
    /// Longer than [`MAX_NAME`].
    #[error("A name has at most {MAX_NAME} bytes.")]
    TooLong,
    /// Characters that could disturb a page or a terminal.
    #[error("A name has no control characters.")]
    Control,
}

/// The name without the spaces around it.
pub(super) fn check(name: &str) -> Result<&str, NameError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_NAME {
        return Err(NameError::TooLong);
    }
    if name.chars().any(char::is_control) {
        return Err(NameError::Control);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_text() {
        assert_eq!(check("  "), Err(NameError::Empty));
        assert_eq!(check(&"a".repeat(MAX_NAME + 1)), Err(NameError::TooLong));
        assert_eq!(check("a\u{1b}[2J"), Err(NameError::Control));
        assert_eq!(check(" Jürgen 😀 "), Ok("Jürgen 😀"));
    }
}
