//! The secret word: a place, which finds the device, and at least three more parts, which nobody else knows.
//!
//! `garden-otter-violin-cobalt`: everything before the first hyphen is public, the phrase as a whole is the password.

mod normal;
mod suggest;

pub use suggest::suggest;

use rand::{Rng, rngs::OsRng};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Longest text taken as a secret word, bytes of UTF-8 before normalisation; also the bound of the phrase after it.
pub const MAX_LEN: usize = 256;
/// Fewest parts of a phrase, the place included.
pub const MIN_PARTS: usize = 4;
/// Most parts of a phrase, the place included.
pub const MAX_PARTS: usize = 16;
/// Fewest characters of all parts after the place together: three of the list's shortest words.
pub const MIN_SECRET: usize = 9;
/// Bounds of a place, characters.
pub const PLACE_LEN: std::ops::RangeInclusive<usize> = 3..=32;

/// Where a device is found: `[a-z][a-z0-9]{2,31}`. Public.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place(String);

impl Place {
    /// Takes a place as it travels: nothing is normalised.
    ///
    /// # Errors
    /// [`WordError::BadPlace`].
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let good = PLACE_LEN.contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if good { Ok(Self(text.to_owned())) } else { Err(WordError::BadPlace) }
    }
}

impl AsRef<str> for Place {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Place {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Place {
    type Error = WordError;
    fn try_from(text: String) -> Result<Self, WordError> {
        Self::parse(&text)
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.0
    }
}

/// The whole phrase, normalised; wiped when dropped. `{:?}` shows the place alone.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretWord {
    place: Place,
    phrase: Zeroizing<String>,
}

impl SecretWord {
    /// Takes what a person typed: Unicode NFKC, lower case, and any run of spaces, dashes and underscores as one hyphen.
    ///
    /// # Errors
    /// Every [`WordError`].
    pub fn parse(text: &str) -> Result<Self, WordError> {
        if text.len() > MAX_LEN {
            return Err(WordError::TooLong);
        }
        let phrase = normal::normalise(text);
        if phrase.is_empty() {
            return Err(WordError::Empty);
        }
        if phrase.len() > MAX_LEN {
            return Err(WordError::TooLong);
        }
        if !phrase.chars().all(|c| c == '-' || normal::belongs(c)) {
            return Err(WordError::BadCharacter);
        }
        let (first, secret) = phrase.split_once('-').unwrap_or((&phrase, ""));
        let place = Place::parse(first)?;
        let parts = phrase.split('-').count();
        if parts < MIN_PARTS {
            return Err(WordError::TooFewParts);
        }
        if parts > MAX_PARTS {
            return Err(WordError::TooManyParts);
        }
        if secret.chars().filter(|&c| c != '-').count() < MIN_SECRET {
            return Err(WordError::TooShort);
        }
        Ok(Self { place, phrase })
    }

    /// A new word: the place (or a random word of the list) and three random words of the list, 38.7 bits.
    #[must_use]
    pub fn generate(place: Option<Place>) -> Self {
        let place = place.unwrap_or_else(|| Place(random().into_owned()));
        let mut phrase = Zeroizing::new(String::with_capacity(MAX_LEN));
        phrase.push_str(&place.0);
        for _ in 1..MIN_PARTS {
            phrase.push('-');
            phrase.push_str(&random());
        }
        Self { place, phrase }
    }

    /// The public part.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The whole, normalised, with hyphens: OPAQUE's password. Keep it out of logs and files.
    #[must_use]
    pub fn phrase(&self) -> &str {
        &self.phrase
    }
}

impl std::fmt::Debug for SecretWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretWord({}-…)", self.place)
    }
}

impl std::str::FromStr for SecretWord {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        Self::parse(text)
    }
}

/// EFF's long list of 7,776 words in its order, hyphens inside a word dropped (so that `yoyo` stands twice).
pub fn list() -> impl Iterator<Item = Cow<'static, str>> {
    diceware_wordlists::EFF_LONG_WORDLIST.iter().map(|word| without_hyphens(word))
}

/// Why a text is no secret word, or no place. None of them repeats the text: it may be secret, or a stranger's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum WordError {
    /// Nothing but separators.
    #[error("Type the secret word, such as garden-otter-violin-cobalt.")]
    Empty,
    /// More than [`MAX_LEN`].
    #[error("This is too long for a secret word: at most {MAX_LEN} bytes.")]
    TooLong,
    /// Not `[a-z][a-z0-9]{2,31}`.
    #[error("The first part names the place: 3 to 32 letters a to z and digits, beginning with a letter.")]
    BadPlace,
    /// Something that is no letter, mark, digit or separator.
    #[error("A secret word is made of letters and digits, with a hyphen or a space between its parts.")]
    BadCharacter,
    /// Fewer than [`MIN_PARTS`].
    #[error(
        "A secret word has at least {MIN_PARTS} parts: the place and three more. Check whether one is missing."
    )]
    TooFewParts,
    /// More than [`MAX_PARTS`].
    #[error("A secret word has at most {MAX_PARTS} parts.")]
    TooManyParts,
    /// Fewer than [`MIN_SECRET`] characters.
    #[error(
        "The parts after the place are too short to keep a secret: {MIN_SECRET} letters and digits at least."
    )]
    TooShort,
}

impl WordError {
    /// Stable name for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too-long",
            Self::BadPlace => "bad-place",
            Self::BadCharacter => "bad-character",
            Self::TooFewParts => "too-few-parts",
            Self::TooManyParts => "too-many-parts",
            Self::TooShort => "too-short",
        }
    }
}

fn random() -> Cow<'static, str> {
    let words = &diceware_wordlists::EFF_LONG_WORDLIST;
    without_hyphens(words[OsRng.gen_range(0..words.len())])
}

fn without_hyphens(word: &'static str) -> Cow<'static, str> {
    if word.contains('-') { Cow::Owned(word.replace('-', "")) } else { Cow::Borrowed(word) }
}
