//! What the owner orders of a running device: words added, listed, replaced, removed; sessions listed and ended.

use super::{Device, Visit};
use crate::state::{Entry, Terms, WordsError};
use protocol::{
    proof::{ProofError, Record},
    signal::{Refusal, RefusalCode},
    word::{Place, SecretWord},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

/// Places tried before the owner is told that the server has none free.
const TRIES: u32 = 8;
/// How long a new word waits for the rendezvous to confirm its place.
const CONFIRMATION: Duration = Duration::from_secs(5);

/// What a new word should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WordWish {
    /// The owner's name for it; empty: `word`, `word 2`, ...
    pub label: String,
    /// Its place; none: a word of the list that is free.
    pub place: Option<String>,
    /// What it allows, for how long, to how many.
    #[serde(default)]
    pub terms: Terms,
    /// Forgotten when the process ends.
    pub ephemeral: bool,
}

/// Which word is to be replaced by a new one, on the same terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    /// The old word's label, which the new one gets.
    pub label: String,
    /// When the new one ends, seconds since the epoch; none: when the old one would have.
    #[serde(default)]
    pub expires: Option<u64>,
}

/// A word that was made.
pub(crate) struct Added {
    /// Its label.
    pub label: String,
    /// The word: to be shown once.
    pub word: SecretWord,
    /// Whether the rendezvous confirmed the place.
    pub registered: bool,
}

/// A word as the owner sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Label.
    pub label: String,
    /// Place.
    pub place: String,
    /// Seconds since the epoch.
    pub created: u64,
    /// What it allows, for how long, to how many.
    pub terms: Terms,
    /// Ends with the process.
    pub ephemeral: bool,
    /// Sessions now; none when no daemon runs.
    pub viewers: Option<usize>,
    /// Why the rendezvous refuses its place, in the words of that server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The refusal is about the claim, not the place: the server asks for another token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bad_claim: bool,
}

/// One order and where its answer goes.
pub(crate) enum Order {
    /// Make a word.
    Add(WordWish, oneshot::Sender<Result<Added, String>>),
    /// Tell all words.
    List(oneshot::Sender<Vec<Listed>>),
    /// Put a new word in the place of an old one; its sessions end.
    Rotate(Rotation, oneshot::Sender<Result<Added, String>>),
    /// Remove the word of this label; its sessions end: how many there are is told.
    Remove(String, oneshot::Sender<Result<usize, String>>),
    /// Tell all sessions.
    Visits(oneshot::Sender<Vec<Visit>>),
    /// End the session whose name begins so, and tell which it is.
    End(String, oneshot::Sender<Result<Visit, String>>),
}

/// Gives orders to a running device.
#[derive(Clone)]
pub(crate) struct Orders(mpsc::Sender<Order>);

impl Orders {
    pub(super) fn new(sender: mpsc::Sender<Order>) -> Self {
        Self(sender)
    }

    /// Makes a word.
    pub(crate) async fn add(&self, wish: WordWish) -> Result<Added, String> {
        self.ask(|answer| Order::Add(wish, answer)).await?
    }

    /// All words.
    pub(crate) async fn list(&self) -> Result<Vec<Listed>, String> {
        self.ask(Order::List).await
    }

    /// Replaces a word.
    pub(crate) async fn rotate(&self, rotation: Rotation) -> Result<Added, String> {
        self.ask(|answer| Order::Rotate(rotation, answer)).await?
    }

    /// All sessions.
    pub(crate) async fn visits(&self) -> Result<Vec<Visit>, String> {
        self.ask(Order::Visits).await
    }

    /// Ends a session; tells which.
    pub(crate) async fn end(&self, begins: String) -> Result<Visit, String> {
        self.ask(|answer| Order::End(begins, answer)).await?
    }

    /// Removes a word; tells how many sessions end with it.
    pub(crate) async fn remove(&self, label: String) -> Result<usize, String> {
        self.ask(|answer| Order::Remove(label, answer)).await?
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, String> {
        let (answer, heard) = oneshot::channel();
        let stopping = || "the device is stopping".to_owned();
        self.0.send(order(answer)).await.map_err(|_| stopping())?;
        heard.await.map_err(|_| stopping())
    }
}

/// Words on their way: being stretched, then waiting for their place.
#[derive(Default)]
pub(super) struct PendingWords {
    making: JoinSet<Made>,
    waiting: HashMap<String, Made>,
}

/// A word with its record, before its place is confirmed.
pub(super) struct Made {
    wish: WordWish,
    word: SecretWord,
    record: Result<Record, ProofError>,
    tries: u32,
    /// It takes the place of the word with its label.
    replaces: bool,
    deadline: Instant,
    answer: oneshot::Sender<Result<Added, String>>,
}

impl PendingWords {
    /// The next word whose record is made; `None` while none is on its way.
    pub(super) async fn made(&mut self) -> Option<Made> {
        self.making.join_next().await?.inspect_err(|error| log::error!("making a word failed: {error}")).ok()
    }

    /// Places that wait for their confirmation.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.waiting.values().map(|made| made.word.place().clone())
    }
}

impl Device {
    pub(super) async fn on_order(&mut self, order: Order) {
        match order {
            Order::Add(wish, answer) => self.begin_word(wish, 0, answer),
            Order::Rotate(rotation, answer) => self.begin_rotation(&rotation, answer),
            Order::List(answer) => drop(answer.send(self.list())),
            Order::Visits(answer) => drop(answer.send(self.doors.visits(&self.words))),
            Order::End(begins, answer) => {
                let all = self.state.typed("watchword sessions");
                let ended = self.doors.end(&begins, &self.words);
                drop(
                    answer.send(
                        ended.ok_or_else(|| format!("there is no session {begins:?}; {all} shows all")),
                    ),
                );
            }
            Order::Remove(label, answer) => {
                let removed = self.remove(&label).await;
                drop(answer.send(removed));
            }
        }
    }

    /// Chooses a place and stretches a new word, off this task: it takes 0.2 s and 64 MiB.
    fn begin_word(&mut self, mut wish: WordWish, tries: u32, answer: oneshot::Sender<Result<Added, String>>) {
        if wish.label.is_empty() {
            wish.label = self.words.free_label("word");
        }
        let word = match new_word(&wish, tries).and_then(|word| {
            let free = self.words.check(&wish.label, word.place());
            free.map_err(|error| error.sentence(&self.state))?;
            Ok(word)
        }) {
            Ok(word) => word,
            Err(problem) => return drop(answer.send(Err(problem))),
        };
        self.stretch(wish, word, tries, false, answer);
    }

    /// Stretches a new word for the place of an old one.
    fn begin_rotation(&mut self, rotation: &Rotation, answer: oneshot::Sender<Result<Added, String>>) {
        match self.words.rotation(&rotation.label, rotation.expires) {
            Err(error) => drop(answer.send(Err(error.sentence(&self.state)))),
            Ok((old, terms)) => {
                let wish = WordWish {
                    label: old.label.clone(),
                    place: Some(old.place.to_string()),
                    terms,
                    ephemeral: old.ephemeral,
                };
                let word = SecretWord::generate(Some(old.place.clone()));
                self.stretch(wish, word, 0, true, answer);
            }
        }
    }

    fn stretch(
        &mut self,
        wish: WordWish,
        word: SecretWord,
        tries: u32,
        replaces: bool,
        answer: oneshot::Sender<Result<Added, String>>,
    ) {
        let keys = self.keys.clone();
        self.pending.making.spawn_blocking(move || Made {
            record: Record::register(&keys.setup, &word),
            wish,
            word,
            tries,
            replaces,
            deadline: Instant::now() + CONFIRMATION,
            answer,
        });
    }

    /// The record is there: claim the place, or keep the word at once where there is no server to ask.
    pub(super) async fn on_made(&mut self, made: Made) {
        let place = made.word.place().clone();
        if made.replaces {
            self.keep(made, true);
        } else if self.claims.is_up() {
            self.pending.waiting.insert(place.to_string(), made);
            self.claim(&place).await;
        } else {
            self.keep(made, false);
        }
    }

    pub(super) fn on_claimed(&mut self, place: &str) {
        if let Some(made) = self.pending.waiting.remove(place) {
            self.keep(made, true);
        }
    }

    /// Whether the refusal was about a word that is only being made; then another place is tried, or its owner told.
    pub(super) async fn on_place_refused(&mut self, place: &str, refusal: &Refusal) -> bool {
        let Some(made) = self.pending.waiting.remove(place) else { return false };
        self.claims.forget(made.word.place());
        let own_place = made.wish.place.is_some();
        if refusal.code == RefusalCode::PlaceTaken && !own_place && made.tries < TRIES {
            self.begin_word(made.wish, made.tries + 1, made.answer);
        } else {
            drop(made.answer.send(Err(refusal.message.clone())));
        }
        true
    }

    /// Words whose confirmation does not come are kept all the same; the claim is repeated when the server is back.
    pub(super) fn give_up_waiting_words(&mut self) {
        let now = Instant::now();
        let late: Vec<String> = self
            .pending
            .waiting
            .iter()
            .filter(|(_, made)| made.deadline <= now)
            .map(|(place, _)| place.clone())
            .collect();
        for place in late {
            if let Some(made) = self.pending.waiting.remove(&place) {
                self.keep(made, false);
            }
        }
    }

    fn keep(&mut self, made: Made, registered: bool) {
        let Made { wish, word, record, replaces, answer, .. } = made;
        let kept = record.map_err(|error| error.to_string()).and_then(|record| {
            let entry = Entry::new(wish.label.clone(), &word, record, wish.terms, wish.ephemeral);
            let taken = if replaces { self.words.replace(entry) } else { self.words.add(entry) };
            taken.map_err(|error: WordsError| error.sentence(&self.state))?;
            self.words.save(&self.state).map_err(|error| format!("{error:#}"))
        });
        if replaces && kept.is_ok() {
            self.doors.clear_place(word.place().as_ref(), "The owner has replaced this word by a new one.");
        }
        self.tell_status();
        drop(answer.send(kept.map(|()| Added { label: wish.label, word, registered })));
    }

    async fn remove(&mut self, label: &str) -> Result<usize, String> {
        let entry = self.words.remove(label).map_err(|error| error.sentence(&self.state))?;
        let viewers = self.doors.viewers(entry.place.as_ref());
        self.doors.clear_place(entry.place.as_ref(), "The owner has removed this word.");
        self.claims.forget(&entry.place);
        self.send(protocol::signal::ToServer::Release { place: entry.place.to_string() }).await;
        self.tell_status();
        self.words.save(&self.state).map_err(|error| format!("{error:#}"))?;
        Ok(viewers)
    }

    fn list(&self) -> Vec<Listed> {
        let listed = |entry: &Entry| {
            let refusal = self.claims.refusal(entry.place.as_ref());
            Listed {
                refused: refusal.map(|refusal| refusal.message.clone()),
                bad_claim: refusal.is_some_and(|refusal| refusal.code == RefusalCode::BadClaim),
                ..Listed::new(entry, Some(self.doors.viewers(entry.place.as_ref())))
            }
        };
        self.words.iter().map(listed).collect()
    }
}

impl Listed {
    /// As the owner sees it.
    #[must_use]
    pub(crate) fn new(entry: &Entry, viewers: Option<usize>) -> Self {
        Self {
            label: entry.label.clone(),
            place: entry.place.to_string(),
            created: entry.created,
            terms: entry.terms.clone(),
            ephemeral: entry.ephemeral,
            viewers,
            refused: None,
            bad_claim: false,
        }
    }
}

/// A word at the place that is wished for; without a wish at a word of the list, from the third try on with a number
/// (the server is crowded).
pub(crate) fn new_word(wish: &WordWish, tries: u32) -> Result<SecretWord, String> {
    let place = match &wish.place {
        // In lower case, as a word is read that somebody types.
        Some(place) => Some(Place::parse(&place.to_lowercase()).map_err(|error| error.to_string())?),
        None if tries > 2 => {
            let number: u16 = rand::random_range(2..1000);
            let crowded = format!("{}{number}", SecretWord::generate(None).place());
            Some(Place::parse(&crowded).map_err(|error| error.to_string())?)
        }
        None => None,
    };
    Ok(SecretWord::generate(place))
}
