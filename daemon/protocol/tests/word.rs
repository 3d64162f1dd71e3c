//! The secret word as people meet it. Spellings and slips are in `vectors.json`.

use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use watchword_protocol::word::{Place, SecretWord, WordError, list, suggest};

#[test]
fn the_list_gives_the_bits_that_are_promised() {
    let words: HashSet<_> = list().collect();
    assert_eq!(list().count(), 7776);
    // EFF lists `yoyo` and `yo-yo`: the one word that is drawn twice as often.
    assert_eq!(words.len(), 7775);
    assert!(words.iter().all(|word| word.len() >= 3 && word.bytes().all(|b| b.is_ascii_lowercase())));
    let doubled = 2.0 / 7776.0_f64;
    let part = doubled * -doubled.log2() + (1.0 - doubled) * 7776.0_f64.log2();
    assert!(3.0 * part > 38.7, "{part}");
}

#[test]
fn a_new_word_reads_back_and_is_of_the_list() {
    let words: HashSet<_> = list().collect();
    let mut seen = HashSet::new();
    for _ in 0..100 {
        let word = SecretWord::generate(None);
        assert_eq!(SecretWord::parse(word.phrase()), Ok(word.clone()));
        let parts: Vec<_> = word.phrase().split('-').collect();
        assert_eq!(parts.len(), 4);
        assert!(parts.iter().all(|part| words.contains(*part)), "{parts:?}");
        assert_eq!(suggest(word.phrase()), None);
        assert!(seen.insert(word.phrase().to_owned()));
    }
}

#[test]
fn new_words_use_the_whole_list() {
    // 4,000 words draw 12,000 parts: each quarter of the alphabetical list gets 3,000, give or take 47.
    let order: HashMap<_, _> = list().enumerate().map(|(at, word)| (word, at)).collect();
    let mut quarters = [0_i32; 4];
    for _ in 0..4000 {
        let word = SecretWord::generate(Place::parse("garden").ok());
        for part in word.phrase().split('-').skip(1) {
            quarters[order[part] * 4 / 7776] += 1;
        }
    }
    assert!(quarters.iter().all(|count| (count - 3000).abs() < 300), "{quarters:?}");
}

#[test]
fn a_place_of_ones_own_is_kept() {
    let word = SecretWord::generate(Some(Place::parse("shed2").unwrap()));
    assert_eq!(word.place().as_ref(), "shed2");
    assert!(word.phrase().starts_with("shed2-"));
}

#[test]
fn places_are_taken_as_they_travel() {
    for good in ["abc", "garden27", "a0123456789abcdefghijklmnopqrstu"] {
        assert_eq!(Place::parse(good).unwrap().to_string(), good);
    }
    for bad in ["", "ab", "Garden", "7up", "gar-den", "gärden", " garden", "garden\n", &"a".repeat(33)] {
        assert_eq!(Place::parse(bad), Err(WordError::BadPlace), "{bad:?}");
        assert!(serde_json::from_value::<Place>(bad.into()).is_err(), "{bad:?}");
    }
}

#[test]
fn the_secret_stays_out_of_logs() {
    let word = SecretWord::parse("garden-otter-violin-cobalt").unwrap();
    assert_eq!(format!("{word:?}"), "SecretWord(garden-…)");
    for text in ["garden-otter-violin-cobalt!", "Otter!", "garden-otter"] {
        let error = SecretWord::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").to_lowercase().contains("garden-otter-violin-cobalt!"));
    }
}

#[test]
fn every_refusal_is_a_sentence() {
    for error in [
        WordError::Empty,
        WordError::TooLong,
        WordError::BadPlace,
        WordError::BadCharacter,
        WordError::TooFewParts,
        WordError::TooManyParts,
        WordError::TooShort,
    ] {
        let sentence = error.to_string();
        assert!(sentence.ends_with('.') && sentence.len() > 30, "{sentence}");
    }
}

proptest! {
    #[test]
    fn spelling_does_not_matter(
        seed in any::<[prop::sample::Index; 3]>(),
        gaps in prop::array::uniform3("[ \t\u{A0}\u{2003}_\u{2010}-\u{2015}\u{2212}-]{1,4}"),
        upper in any::<[bool; 4]>(),
    ) {
        let words: Vec<_> = list().collect();
        let parts = seed.map(|at| at.get(&words).to_string());
        let phrase = format!("garden-{}", parts.join("-"));
        let mut text = if upper[0] { "GARDEN".to_owned() } else { "garden".to_owned() };
        for ((part, gap), upper) in parts.iter().zip(&gaps).zip(&upper[1..]) {
            text += gap;
            text += &if *upper { part.to_uppercase() } else { part.clone() };
        }
        let word = SecretWord::parse(&text).unwrap();
        prop_assert_eq!(word.phrase(), phrase);
    }

}

proptest! {
    // Each case looks the whole list through a few times.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn one_letter_left_out_still_leads_to_a_word_of_the_list(
        seed in any::<[prop::sample::Index; 3]>(),
        which in 0..3_usize,
        at in any::<prop::sample::Index>(),
    ) {
        let words: Vec<_> = list().collect();
        let mut parts = seed.map(|at| at.get(&words).to_string());
        let at = at.index(parts[which].len());
        parts[which].remove(at);
        let text = format!("garden-{}", parts.join("-"));
        match suggest(&text) {
            Some(meant) => prop_assert!(meant.split('-').all(|part| words.iter().any(|word| word == part))),
            None => prop_assert!(words.iter().any(|word| *word == parts[which])),
        }
    }
}
