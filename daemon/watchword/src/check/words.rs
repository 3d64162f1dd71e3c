//! Secret words: is there one that opens the door?

use super::{age::roughly, finding::Finding};
use crate::device::Listed;

const NAME: &str = "words";
const ADD: &str = "watchword word add --label family --qr";

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

/// Judges them at `now`, seconds since the epoch; `sudo`: the service's words are root's to change.
pub(super) fn judge(known: &Known, now: u64, sudo: bool) -> Vec<Finding> {
    let run = |command: &str| format!("{}{command}", if sudo { "sudo " } else { "" });
    match known {
        Known::Forbidden => {
            vec![
                Finding::skipped(NAME, "This user may not look at the service's words.")
                    .advising("sudo watchword check"),
            ]
        }
        Known::Damaged(why) => {
            vec![Finding::failed(
                NAME,
                format!("The words cannot be read: {why}."),
                "Restore the file from a backup, or remove it and make the words anew.",
            )]
        }
        Known::Nothing => vec![none(&run(ADD))],
        Known::Words(words) if words.is_empty() => vec![none(&run(ADD))],
        Known::Words(words) => of(words, now, &run),
    }
}

fn none(add: &str) -> Finding {
    Finding::warning(NAME, "There is no secret word yet, so nobody can come in.", format!("Make one: {add}"))
}

fn of(words: &[Listed], now: u64, run: &impl Fn(&str) -> String) -> Vec<Finding> {
    let (ended, valid): (Vec<&Listed>, Vec<&Listed>) = words.iter().partition(|word| word.terms.ended(now));
    let mut findings = Vec::new();
    if valid.is_empty() {
        let message = format!("{} has ended, so nobody can come in.", labels(&ended));
        findings.push(Finding::warning(NAME, message, format!("Make a new one: {}", run(ADD))));
        return findings;
    }
    for word in &valid {
        if let Some(refused) = &word.refused {
            let message = format!(
                "The server refuses the place {} of {}: {}",
                word.place,
                labels(&[word]),
                crate::client::printable(refused)
            );
            let advice = format!("Remove that word and make another: {}", run("watchword word remove LABEL"));
            findings.push(Finding::failed(NAME, message, advice));
        }
    }
    if !ended.is_empty() {
        let message = format!(
            "{} has ended and opens nothing any more; {} still valid.",
            labels(&ended),
            is(valid.len())
        );
        findings.push(Finding::warning(
            NAME,
            message,
            format!("Tidy up: {}", run("watchword word remove LABEL")),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(NAME, fine(&valid, now)));
    }
    findings
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
    let mut shown: Vec<String> = words.iter().take(4).map(|word| format!("{:?}", word.label)).collect();
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
        }
    }

    fn judged(words: &[Listed]) -> Vec<Finding> {
        judge(&Known::Words(words.to_vec()), 1_000, true)
    }

    #[test]
    fn without_a_word_nobody_comes_in() {
        for known in [Known::Nothing, Known::Words(Vec::new())] {
            let finding = &judge(&known, 0, false)[0];
            assert_eq!(finding.state, State::Warning);
            assert_eq!(finding.advice.as_deref(), Some("Make one: watchword word add --label family --qr"));
        }
        assert!(judged(&[])[0].advice.as_ref().unwrap().contains("sudo watchword word add"));
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
    }

    #[test]
    fn what_cannot_be_seen_and_what_is_broken_are_two_things() {
        assert_eq!(judge(&Known::Forbidden, 0, true)[0].state, State::Skipped);
        assert_eq!(judge(&Known::Damaged("no JSON".into()), 0, true)[0].state, State::Failed);
    }
}
