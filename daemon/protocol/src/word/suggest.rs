//! What was probably meant: a part that the list does not have, and one that it has a slip or two away.

use super::{MAX_LEN, MAX_PARTS, MIN_PARTS, Place, list, normal};
use std::{borrow::Cow, collections::BTreeSet};

/// The phrase that was probably meant by a phrase with a slip in it; None where it has none, or where more than slips
/// would have to be changed. The place is an owner's own choice as often as a word of the list: it is taken as typed
/// unless all other parts are right, or it can be no place at all.
#[must_use]
pub fn suggest(text: &str) -> Option<String> {
    if text.len() > MAX_LEN {
        return None;
    }
    let phrase = normal::normalise(text);
    let parts: Vec<&str> = phrase.split('-').collect();
    if parts.len() < MIN_PARTS || parts.len() > MAX_PARTS {
        return None;
    }
    let (place, secret) = parts.split_first()?;
    let mut meant = secret.iter().map(|part| nearest(part)).collect::<Option<Vec<_>>>()?;
    let slipped = meant.iter().zip(secret).any(|(meant, part)| meant != part);
    let place = match (Place::parse(place).is_ok(), slipped) {
        (true, true) => Cow::Borrowed(*place),
        (true, false) => near_place(place)?,
        (false, _) => nearest(place)?,
    };
    meant.insert(0, place);
    Some(meant.join("-"))
}

/// The place corrected: its letters near a word of the list, its number (`garden27`) kept; None where nothing changes.
fn near_place(place: &str) -> Option<Cow<'static, str>> {
    let letters = place.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &place[letters.len()..];
    let meant = nearest(letters)?;
    let corrected = format!("{meant}{number}");
    (meant != letters && Place::parse(&corrected).is_ok()).then_some(Cow::Owned(corrected))
}

/// The word of the list at the smallest distance (optimal string alignment: a letter wrong, missing, too many, or two
/// neighbours exchanged), itself included: 1 at most, or 2 from 6 characters on. Among equals one with the same letters
/// (a letter not doubled is the commonest slip), then the same first letter, then the nearest length, then the first
/// of the list.
fn nearest(part: &str) -> Option<Cow<'static, str>> {
    if let Some(word) = list().find(|word| word == part) {
        return Some(word);
    }
    let length = part.chars().count();
    let bound = if length < 6 { 1 } else { 2 };
    let first = part.chars().next()?;
    let wanted = letters(part);
    list()
        .filter(|word| word.len().abs_diff(length) <= bound)
        .map(|word| (strsim::osa_distance(part, &word), word))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, word)| {
            (*distance, letters(word) != wanted, !word.starts_with(first), word.len().abs_diff(length))
        })
        .map(|(_, word)| word)
}

/// Which letters a part has, however often.
fn letters(part: &str) -> BTreeSet<char> {
    part.chars().collect()
}
