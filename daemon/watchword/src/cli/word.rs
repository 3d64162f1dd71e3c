//! `watchword word`: the owner's words.

mod shown;

use crate::{
    config::Config,
    device::{Listed, Rotation, WordWish, new_word},
    owner::{self, Question, Reply},
    screen::Pages,
    state::{Entry, Keys, StateDirectory, Terms, Words, WordsError, now},
};
use anyhow::{Result, anyhow, bail};
use clap::Subcommand;
use protocol::{
    grant::{Grant, UnknownRight},
    proof::Record,
    word::SecretWord,
};
use std::time::Duration;
use zeroize::Zeroizing;

/// Makes, lists and removes secret words. A running daemon obeys at once.
#[derive(Debug, clap::Args)]
pub(super) struct Word {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a new word and shows it, once
    Add {
        /// Your name for it, such as `workshop` [default: word, word 2, ...]
        #[arg(long, default_value = "", hide_default_value = true)]
        label: String,
        /// The word's first part, by which viewers find the device [default: a random one that is free]
        #[arg(long)]
        place: Option<String>,
        /// What it allows: `watch`, `listen`, `talk`, `chat`, `files` (read), `upload` (new files), `manage` (move,
        /// remove, overwrite), `commands`, `camera` (settings), with commas
        #[arg(long, value_name = "RIGHTS", default_value_t, value_parser = rights)]
        allow: Grant,
        /// How long it lasts, such as `2h`, `30m` or `7days` [default: for ever]
        #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
        lasts: Option<Duration>,
        /// Viewers at once with it [default: as in the configuration]
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        viewers: Option<u16>,
        #[command(flatten)]
        showing: Showing,
    },
    /// Makes a new word in the place of an old one, on the same terms, and shows it, once; viewers are sent away
    Rotate {
        /// The word's label
        label: String,
        /// How long the new one lasts, such as `2h`, `30m` or `7days`; one that has ended needs it [default: it ends
        /// when the old one would have]
        #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
        lasts: Option<Duration>,
        #[command(flatten)]
        showing: Showing,
    },
    /// Lists all words by label and place (the words themselves are not kept)
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Removes a word; its viewers are sent away
    Remove {
        /// The word's label
        label: String,
    },
}

/// How a new word is shown.
#[derive(Debug, clap::Args)]
struct Showing {
    /// Also shows a QR code of the link
    #[arg(long)]
    qr: bool,
    /// As one JSON object: label, place, phrase and link
    #[arg(long, conflicts_with = "qr")]
    json: bool,
}

impl Word {
    pub(super) async fn apply(self, config: Config, state: StateDirectory) -> Result<()> {
        match self.command {
            Command::Add { label, place, allow, lasts, viewers, showing: Showing { qr, json } } => {
                let expires = lasts.map(from_now);
                let terms = Terms { grant: allow, expires, viewers: viewers.map(usize::from) };
                let wish = WordWish { label, place, terms, ephemeral: false };
                shown::added(answer(&state, Question::Add(wish), &config).await?, qr, json)
            }
            Command::Rotate { label, lasts, showing: Showing { qr, json } } => {
                let rotation = Rotation { label, expires: lasts.map(from_now) };
                shown::added(answer(&state, Question::Rotate(rotation), &config).await?, qr, json)
            }
            Command::List { json } => {
                shown::list(answer(&state, Question::List, &config).await?, &state, json)
            }
            Command::Remove { label } => {
                let question = Question::Remove { label: label.clone() };
                shown::removed(answer(&state, question, &config).await?, &label)
            }
        }
    }
}

/// The running daemon's answer, or ours where none runs.
async fn answer(state: &StateDirectory, question: Question, config: &Config) -> Result<Reply> {
    match owner::ask(state, &question).await? {
        Some(reply) => Ok(reply),
        None => alone(state, question, config),
    }
}

/// Obeys without a daemon, on the locked files.
fn alone(state: &StateDirectory, question: Question, config: &Config) -> Result<Reply> {
    let Some(_lock) = state.try_lock()? else {
        bail!("another watchword holds the state folder but does not answer: is it starting or stopping?");
    };
    let mut words = Words::load(state)?;
    let reply = match question {
        Question::Add(wish) => {
            let (label, phrase) = add(state, &mut words, wish)?;
            words.save(state)?;
            Reply::Added { label, phrase, registered: false, pages: pages(config) }
        }
        Question::Rotate(rotation) => {
            let phrase = rotate(state, &mut words, &rotation)?;
            words.save(state)?;
            Reply::Added { label: rotation.label, phrase, registered: false, pages: pages(config) }
        }
        Question::Sessions | Question::End { .. } => bail!("no daemon runs, so there is no session"),
        Question::List => {
            Reply::Words { words: words.iter().map(|entry| Listed::new(entry, None)).collect() }
        }
        Question::Remove { label } => {
            words.remove(&label).map_err(|error| told(&error, state))?;
            words.save(state)?;
            Reply::Removed { viewers: 0 }
        }
    };
    Ok(reply)
}

/// As the daemon says it.
fn told(error: &WordsError, state: &StateDirectory) -> anyhow::Error {
    anyhow!(error.sentence(state))
}

fn pages(config: &Config) -> Vec<String> {
    if config.rendezvous.url.is_empty() {
        Pages::of_this_host("https", config.server.listen, None).addresses
    } else {
        Pages::of_remote(&config.rendezvous.url, None).addresses
    }
}

fn add(state: &StateDirectory, words: &mut Words, wish: WordWish) -> Result<(String, Zeroizing<String>)> {
    let keys = Keys::load_or_make(state)?;
    let word = new_word(&wish, 0).map_err(|message| anyhow!(message))?;
    let label = if wish.label.is_empty() { words.free_label("word") } else { wish.label };
    words.check(&label, word.place()).map_err(|error| told(&error, state))?;
    let record = Record::register(&keys.setup, &word)?;
    words.add(Entry::new(label.clone(), &word, record, wish.terms, false))?;
    Ok((label, word.phrase().to_owned().into()))
}

fn rotate(
    state: &StateDirectory,
    words: &mut Words,
    Rotation { label, expires }: &Rotation,
) -> Result<Zeroizing<String>> {
    let (old, terms) = words.rotation(label, *expires).map_err(|error| told(&error, state))?;
    let old = old.clone();
    let word = SecretWord::generate(Some(old.place));
    let record = Record::register(&Keys::load_or_make(state)?.setup, &word)?;
    words.replace(Entry::new(old.label, &word, record, terms, old.ephemeral))?;
    Ok(word.phrase().to_owned().into())
}

/// A time as people write it, of at least a minute.
fn lasting(text: &str) -> Result<Duration, String> {
    // What the parser says of a slip names units that are refused here.
    let lasts = humantime::parse_duration(text)
        .map_err(|_| "a time is a number with its unit, such as 30m, 2h or 7days".to_owned())?;
    if lasts < Duration::from_secs(60) { Err("a word lasts at least a minute".to_owned()) } else { Ok(lasts) }
}

/// When what lasts so long from now ends, seconds since the epoch.
fn from_now(lasts: Duration) -> u64 {
    now().saturating_add(lasts.as_secs())
}

/// What a word allows: a word that allows nothing is of no use to anybody.
fn rights(text: &str) -> Result<Grant, String> {
    let grant: Grant = text.parse().map_err(|error: UnknownRight| error.to_string())?;
    if grant == Grant::NONE {
        return Err(format!("a word has to allow something; there are {}", Grant::all()));
    }
    Ok(grant)
}
