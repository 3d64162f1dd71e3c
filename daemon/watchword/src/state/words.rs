//! The words of a device: what is kept of each is its label, its place and an OPAQUE record, never the word.

use super::{StateDirectory, Terms, now, write_atomically};
use anyhow::{Context as _, Result};
use protocol::{
    bytes::B64,
    proof::Record,
    word::{Place, SecretWord},
};
use serde::{Deserialize, Serialize};
use std::{fs, io::ErrorKind};

/// Longest label, bytes.
const MAX_LABEL: usize = 64;

/// One word.
#[derive(Clone)]
pub(crate) struct Entry {
    /// The owner's name for it.
    pub label: String,
    /// Where its viewers knock.
    pub place: Place,
    /// What proves it.
    pub record: Record,
    /// What it allows, for how long, to how many.
    pub terms: Terms,
    /// Seconds since the epoch.
    pub created: u64,
    /// Forgotten when the process ends.
    pub ephemeral: bool,
}

impl Entry {
    /// What is kept of a word that was made just now.
    pub(crate) fn new(
        label: String,
        word: &SecretWord,
        record: Record,
        terms: Terms,
        ephemeral: bool,
    ) -> Self {
        Self { label, place: word.place().clone(), record, terms, created: now(), ephemeral }
    }
}

/// All words of a device.
#[derive(Clone, Default)]
pub(crate) struct Words(Vec<Entry>);

/// Why a word cannot be added or removed. Each is a sentence for a person.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum WordsError {
    /// Labels are short, visible text.
    #[error("a label is 1 to {MAX_LABEL} bytes of visible text")]
    BadLabel,
    /// Labels name one word each.
    #[error("there is already a word with the label {0:?}: remove it first, or choose another label")]
    LabelTaken(String),
    /// Places lead to one word each.
    #[error("there is already a word at the place {0}: choose another place")]
    PlaceTaken(Place),
    /// No such word.
    #[error("there is no word with the label {0:?}")]
    NoLabel(String),
    /// A new word on the same terms would be dead when it is shown.
    #[error("the word {0:?} has ended, and a new one on the same terms would open nothing")]
    Ended(String),
}

impl WordsError {
    /// What is wrong, and what the owner of this state types to set it right.
    #[must_use]
    pub(crate) fn sentence(&self, state: &StateDirectory) -> String {
        let advice = match self {
            Self::BadLabel | Self::LabelTaken(_) | Self::PlaceTaken(_) => return self.to_string(),
            Self::NoLabel(_) => format!("; {} shows all", state.typed("watchword word list")),
            Self::Ended(label) => {
                let rotate = state.typed(&format!("watchword word rotate {label:?} --for 2h"));
                format!(": say how long it lasts from now on, such as {rotate}")
            }
        };
        format!("{self}{advice}")
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    label: String,
    place: String,
    record: B64,
    created: u64,
    #[serde(flatten)]
    terms: Terms,
}

impl Words {
    /// Reads `words.json`; none is an empty list.
    pub(crate) fn load(state: &StateDirectory) -> Result<Self> {
        let path = state.path("words.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let kept: Vec<Kept> = serde_json::from_str(&text).with_context(|| {
            format!("{} is damaged: restore it, or remove it and add words anew", path.display())
        })?;
        let entries = kept.into_iter().map(Entry::try_from).collect::<Result<_>>();
        Ok(Self(entries.with_context(|| format!("in {}", path.display()))?))
    }

    /// Writes all but the ephemeral ones.
    pub(crate) fn save(&self, state: &StateDirectory) -> Result<()> {
        let kept: Vec<Kept> = self.0.iter().filter(|entry| !entry.ephemeral).map(Kept::from).collect();
        write_atomically(&state.path("words.json"), &serde_json::to_vec_pretty(&kept)?)
    }

    /// All, in the order they were added.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The word whose viewers knock at `place`.
    #[must_use]
    pub(crate) fn at(&self, place: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.place.as_ref() == place)
    }

    /// Whether a word with this label and place could be added.
    pub(crate) fn check(&self, label: &str, place: &Place) -> Result<(), WordsError> {
        if label.is_empty() || label.len() > MAX_LABEL || label.chars().any(char::is_control) {
            return Err(WordsError::BadLabel);
        }
        if self.0.iter().any(|entry| entry.label == label) {
            return Err(WordsError::LabelTaken(label.to_owned()));
        }
        if self.at(place.as_ref()).is_some() {
            return Err(WordsError::PlaceTaken(place.clone()));
        }
        Ok(())
    }

    /// Adds a word.
    pub(crate) fn add(&mut self, entry: Entry) -> Result<(), WordsError> {
        self.check(&entry.label, &entry.place)?;
        self.0.push(entry);
        Ok(())
    }

    /// The word with this label.
    pub(crate) fn labelled(&self, label: &str) -> Result<&Entry, WordsError> {
        let found = self.0.iter().find(|entry| entry.label == label);
        found.ok_or_else(|| WordsError::NoLabel(label.to_owned()))
    }

    /// The word with this label, with the terms of the one that is to replace it: the same, but for a new end where
    /// one is given.
    pub(crate) fn rotation(&self, label: &str, expires: Option<u64>) -> Result<(&Entry, Terms), WordsError> {
        let old = self.labelled(label)?;
        let terms = Terms { expires: expires.or(old.terms.expires), ..old.terms.clone() };
        if terms.ended(now()) { Err(WordsError::Ended(label.to_owned())) } else { Ok((old, terms)) }
    }

    /// Puts another word in the place of the one with the same label and place.
    pub(crate) fn replace(&mut self, new: Entry) -> Result<(), WordsError> {
        let old = self.0.iter_mut().find(|entry| entry.label == new.label && entry.place == new.place);
        let Some(old) = old else { return Err(WordsError::NoLabel(new.label)) };
        *old = new;
        Ok(())
    }

    /// Removes the word with this label.
    pub(crate) fn remove(&mut self, label: &str) -> Result<Entry, WordsError> {
        let index = self.0.iter().position(|entry| entry.label == label);
        index.map(|index| self.0.remove(index)).ok_or_else(|| WordsError::NoLabel(label.to_owned()))
    }

    /// A label that is free: `wanted`, or `wanted 2`, and so on.
    #[must_use]
    pub(crate) fn free_label(&self, wanted: &str) -> String {
        let taken = |label: &str| self.0.iter().any(|entry| entry.label == label);
        std::iter::once(wanted.to_owned())
            .chain((2..).map(|number| format!("{wanted} {number}")))
            .find(|label| !taken(label))
            .unwrap_or_default()
    }
}

impl TryFrom<Kept> for Entry {
    type Error = anyhow::Error;

    fn try_from(kept: Kept) -> Result<Self> {
        Ok(Self {
            place: Place::parse(&kept.place)?,
            record: Record::from_bytes(&kept.record.0)
                .with_context(|| format!("the record of {:?} is damaged", kept.label))?,
            label: kept.label,
            created: kept.created,
            terms: kept.terms,
            ephemeral: false,
        })
    }
}

impl From<&Entry> for Kept {
    fn from(entry: &Entry) -> Self {
        Self {
            label: entry.label.clone(),
            place: entry.place.to_string(),
            record: entry.record.to_bytes().to_vec().into(),
            created: entry.created,
            terms: entry.terms.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::proof::ServerSetup;

    fn entry(label: &str, phrase: &str, ephemeral: bool) -> Result<Entry> {
        let word = SecretWord::parse(phrase)?;
        let record = Record::register(&ServerSetup::generate(), &word)?;
        Ok(Entry::new(label.into(), &word, record, Terms::default(), ephemeral))
    }

    #[test]
    fn words_come_back_from_the_file_and_ephemeral_ones_do_not() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let state = StateDirectory::at(folder.path());
        let mut words = Words::load(&state)?;
        assert!(words.is_empty());
        words.add(entry("workshop", "garden-otter-violin-cobalt", false)?)?;
        words.add(entry("today", "harbor-otter-violin-cobalt", true)?)?;
        words.save(&state)?;
        let again = Words::load(&state)?;
        assert_eq!(again.iter().map(|e| e.label.as_str()).collect::<Vec<_>>(), ["workshop"]);
        let text = fs::read_to_string(state.path("words.json"))?;
        assert!(!text.contains("otter"), "the word itself is on disk: {text}");
        Ok(())
    }

    #[test]
    fn terms_are_kept_and_words_of_before_have_the_usual_ones() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let state = StateDirectory::at(folder.path());
        let mut words = Words::default();
        let terms = Terms { grant: "files,upload".parse()?, expires: Some(5), viewers: Some(2) };
        let workshop = entry("workshop", "garden-otter-violin-cobalt", false)?;
        words.add(Entry { terms: terms.clone(), ..workshop })?;
        words.save(&state)?;
        assert_eq!(Words::load(&state)?.labelled("workshop")?.terms, terms);
        assert!(terms.ended(5) && !terms.ended(4));
        let mut kept: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(state.path("words.json"))?)?;
        for key in ["grant", "expires", "viewers"] {
            kept[0].as_object_mut().context("an object")?.remove(key).context("it is kept")?;
        }
        fs::write(state.path("words.json"), kept.to_string())?;
        assert_eq!(Words::load(&state)?.labelled("workshop")?.terms, Terms::default());
        Ok(())
    }

    #[test]
    fn a_word_is_replaced_at_its_own_place_only() -> Result<()> {
        let mut words = Words::default();
        words.add(entry("workshop", "garden-otter-violin-cobalt", false)?)?;
        words.replace(entry("workshop", "garden-tiger-piano-silver", false)?)?;
        assert!(words.replace(entry("workshop", "harbor-tiger-piano-silver", false)?).is_err());
        assert!(words.replace(entry("attic", "garden-tiger-piano-silver", false)?).is_err());
        assert_eq!(words.iter().count(), 1);
        Ok(())
    }

    #[test]
    fn an_ended_word_is_rotated_with_a_new_end_only() -> Result<()> {
        let mut words = Words::default();
        let terms = Terms { expires: Some(5), viewers: Some(2), ..Terms::default() };
        words.add(Entry { terms, ..entry("attic", "garden-otter-violin-cobalt", false)? })?;
        assert_eq!(words.rotation("attic", None).err(), Some(WordsError::Ended("attic".into())));
        let later = now() + 3600;
        let (_, terms) = words.rotation("attic", Some(later))?;
        assert_eq!((terms.expires, terms.viewers), (Some(later), Some(2)));
        Ok(())
    }

    #[test]
    fn advice_is_what_the_owner_of_this_state_types() {
        let own = StateDirectory::at(std::path::Path::new("/nowhere"));
        let service = StateDirectory::at(std::path::Path::new("/var/lib/watchword"));
        let ended = WordsError::Ended("attic".into());
        assert!(ended.sentence(&own).ends_with("such as watchword word rotate \"attic\" --for 2h"));
        assert!(ended.sentence(&service).contains("sudo watchword word rotate"));
        assert!(WordsError::NoLabel("x".into()).sentence(&service).contains("; sudo watchword word list"));
    }

    #[test]
    fn labels_and_places_are_unique_and_the_errors_say_so() -> Result<()> {
        let mut words = Words::default();
        words.add(entry("workshop", "garden-otter-violin-cobalt", false)?)?;
        let label = words.add(entry("workshop", "harbor-otter-violin-cobalt", false)?).unwrap_err();
        assert_eq!(label, WordsError::LabelTaken("workshop".into()));
        let place = words.add(entry("door", "garden-tiger-violin-cobalt", false)?).unwrap_err();
        assert!(matches!(place, WordsError::PlaceTaken(_)));
        assert_eq!(words.free_label("workshop"), "workshop 2");
        assert!(words.remove("attic").is_err());
        words.remove("workshop")?;
        assert!(words.is_empty());
        Ok(())
    }
}
