//! Secret words: is there one that opens the door?

use super::finding::Finding;
use crate::{age::roughly, device::Listed, folder::shell_word};

const NAME: &str = "words";
const ADD: &str = "watchword word add --label family --qr";
/// Most words that a sentence names.
const SHOWN: usize = 4;

/// Where the words were learned.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    /// From the daemon, or from the file where none runs.
    Words(Vec<Listed>),
    /// There is no state folder yet.
    Nothing,
    /// This user may not know.
    Forbidden,
    /// They cannot be read, for this reason.
    Damaged(String),
}

/// What the advice depends on besides the words.
pub(super) struct Circumstances<'a> {
    /// Seconds since the epoch.
    pub(super) now: u64,
    /// What the owner types for a command.
    pub(super) typed: &'a dyn Fn(&str) -> String,
    /// Whether the device has a token for the server elsewhere, where that is known.
    pub(super) has_token: Option<bool>,
}

/// Judges them.
pub(super) fn judge(known: &Known, around: &Circumstances<'_>) -> Vec<Finding> {
    let add = || (around.typed)(ADD);
    match known {
        Known::Forbidden => {
            vec![Finding::skipped(NAME, "This user may not look at the service's words.").better_as_root()]
        }
        Known::Damaged(why) => {
            vec![Finding::failed(
                NAME,
                format!("The words cannot be read: {why}."),
                "Restore the file from a backup, or remove it and make the words anew.",
            )]
        }
        Known::Nothing => vec![none(&add())],
        Known::Words(words) if words.is_empty() => vec![none(&add())],
        Known::Words(words) => of(words, around),
    }
}

fn none(add: &str) -> Finding {
    Finding::warning(NAME, "There is no secret word yet, so nobody can come in.", format!("Make one: {add}"))
}

fn of(words: &[Listed], around: &Circumstances<'_>) -> Vec<Finding> {
    let (ended, valid): (Vec<&Listed>, Vec<&Listed>) =
        words.iter().partition(|word| word.terms.ended(around.now));
    if valid.is_empty() {
        let message = format!("{} has ended, so nobody can come in.", labels(&ended));
        let advice = format!("Make a new one: {}", (around.typed)(ADD));
        return vec![Finding::warning(NAME, message, advice)];
    }
    // A claim is refused for the token, which is the same for all words: one line for them all.
    let (claims, places): (Vec<&Listed>, Vec<&Listed>) =
        valid.iter().filter(|word| word.refused.is_some()).partition(|word| word.bad_claim);
    let mut findings: Vec<Finding> = token(&claims, around.has_token).into_iter().collect();
    findings.extend(places.iter().map(|word| place(word, around)));
    if !ended.is_empty() {
        let message = format!(
            "{} has ended and opens nothing any more; {} still valid.",
            labels(&ended),
            is(valid.len())
        );
        findings.push(Finding::warning(NAME, message, format!("Tidy up: {}", remove(&ended, around))));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(NAME, fine(&valid, around.now)));
    }
    findings
}

/// The server wants a token, or another one.
fn token(refused: &[&Listed], has_token: Option<bool>) -> Option<Finding> {
    let said = refused.first()?.refused.as_deref().unwrap_or_default();
    let (what, remedy) = match has_token {
        Some(true) => ("does not take the device's token", "correct [rendezvous] token"),
        Some(false) => ("asks for a token, and the device has none", "set [rendezvous] token"),
        None => ("asks for a token", "set [rendezvous] token"),
    };
    let advice = format!("Ask the server's owner for it, {remedy}, and restart the device.");
    let message = format!(
        "The server {what}, so nobody can come in with {}: {}",
        labels(refused),
        crate::client::printable(said)
    );
    Some(Finding::failed(NAME, message, advice))
}

/// The server gives the word's place to somebody else, or to nobody.
fn place(word: &Listed, around: &Circumstances<'_>) -> Finding {
    let message = format!(
        "The server refuses the place {} of {}: {}",
        word.place,
        labels(&[word]),
        crate::client::printable(word.refused.as_deref().unwrap_or_default())
    );
    let add = (around.typed)("watchword word add");
    let advice = format!("Remove that word and make another: {}; {add}", remove(&[word], around));
    Finding::failed(NAME, message, advice)
}

/// The commands that remove these words.
fn remove(words: &[&Listed], around: &Circumstances<'_>) -> String {
    let command = |word: &&Listed| {
        // What begins like an option is none behind `--`.
        let dashes = if word.label.starts_with('-') { "-- " } else { "" };
        (around.typed)(&format!("watchword word remove {dashes}{}", shell_word(&word.label)))
    };
    words.iter().take(SHOWN).map(command).collect::<Vec<_>>().join("; ")
}

fn fine(valid: &[&Listed], now: u64) -> String {
    let next = valid.iter().filter_map(|word| word.terms.expires).min();
    let ends = next.map_or_else(String::new, |at| {
        let left = roughly(at.saturating_sub(now));
        if valid.len() == 1 {
            format!("; it ends in {left}")
        } else {
            format!("; the first to end does so in {left}")
        }
    });
    format!("{} valid: {}{ends}.", is(valid.len()), labels(valid))
}

fn is(count: usize) -> String {
    if count == 1 { "1 word is".into() } else { format!("{count} words are") }
}

/// Labels, some of them where there are many.
fn labels(words: &[&Listed]) -> String {
    let mut shown: Vec<String> = words.iter().take(SHOWN).map(|word| format!("{:?}", word.label)).collect();
    if words.len() > shown.len() {
        shown.push(format!("{} more", words.len() - shown.len()));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check::finding::State, state::Terms};

    fn word(label: &str, expires: Option<u64>) -> Listed {
        Listed {
            label: label.into(),
            place: "garden".into(),
            created: 0,
            terms: Terms { expires, ..Terms::default() },
            ephemeral: false,
            viewers: None,
            refused: None,
            bad_claim: false,
        }
    }

    fn judged(words: &[Listed]) -> Vec<Finding> {
        judged_with(&Known::Words(words.to_vec()), false)
    }

    fn judged_with(known: &Known, has_token: impl Into<Option<bool>>) -> Vec<Finding> {
        let typed = |command: &str| format!("sudo {command}");
        judge(known, &Circumstances { now: 1_000, typed: &typed, has_token: has_token.into() })
    }

    #[test]
    fn without_a_word_nobody_comes_in() {
        for known in [Known::Nothing, Known::Words(Vec::new())] {
            let finding = &judged_with(&known, false)[0];
            assert_eq!(finding.state, State::Warning);
            assert_eq!(
                finding.advice.as_deref(),
                Some("Make one: sudo watchword word add --label family --qr")
            );
        }
    }

    #[test]
    fn valid_words_are_named_and_the_next_end_is_told() {
        let findings = judged(&[word("family", None), word("guest", Some(8_200))]);
        assert_eq!((findings.len(), findings[0].state), (1, State::Ok));
        assert_eq!(
            findings[0].message,
            "2 words are valid: \"family\", \"guest\"; the first to end does so in 2h."
        );
    }

    #[test]
    fn ended_words_are_told_and_all_of_them_ended_is_said() {
        let findings = judged(&[word("family", None), word("guest", Some(1_000))]);
        assert_eq!((findings.len(), findings[0].state), (1, State::Warning));
        assert!(findings[0].message.contains("\"guest\" has ended"), "{findings:?}");
        assert_eq!(findings[0].advice.as_deref(), Some("Tidy up: sudo watchword word remove guest"));
        let findings = judged(&[word("family", None), word("Uncle Tom's", Some(1)), word("-x", Some(1))]);
        let advice = findings[0].advice.as_deref();
        assert_eq!(
            advice,
            Some("Tidy up: sudo watchword word remove \"Uncle Tom's\"; sudo watchword word remove -- -x")
        );
        assert!(judged(&[word("guest", Some(1))])[0].message.contains("nobody can come in"));
    }

    #[test]
    fn a_place_that_another_device_has_is_a_failure() {
        let refused = Listed { refused: Some("Another device has it.\u{7}".into()), ..word("family", None) };
        let findings = judged(&[refused, word("guest", None)]);
        assert_eq!((findings.len(), findings[0].state), (1, State::Failed));
        assert!(
            findings[0].message.contains("Another device has it.") && !findings[0].message.contains('\u{7}')
        );
        let advice = findings[0].advice.as_ref().unwrap();
        assert!(advice.contains("sudo watchword word remove family; sudo watchword word add"), "{advice}");
    }

    #[test]
    fn a_token_that_is_missing_or_wrong_is_not_the_words_fault() {
        let refused =
            |label| Listed { refused: Some("A token.".into()), bad_claim: true, ..word(label, None) };
        let words = Known::Words(vec![refused("family"), refused("guest")]);
        for (has_token, what, remedy) in [
            (false, "has none", "set [rendezvous] token"),
            (true, "does not take", "correct [rendezvous] token"),
        ] {
            let findings = judged_with(&words, has_token);
            assert_eq!((findings.len(), findings[0].state), (1, State::Failed));
            assert!(findings[0].message.contains(what), "{findings:?}");
            let advice = findings[0].advice.as_ref().unwrap();
            assert!(advice.contains(remedy) && !advice.contains("word remove"), "{advice}");
        }
        assert!(judged_with(&words, None)[0].message.contains("asks for a token"));
    }

    #[test]
    fn what_cannot_be_seen_and_what_is_broken_are_two_things() {
        assert_eq!(judged_with(&Known::Forbidden, false)[0].state, State::Skipped);
        assert_eq!(judged_with(&Known::Damaged("no JSON".into()), false)[0].state, State::Failed);
    }
}
