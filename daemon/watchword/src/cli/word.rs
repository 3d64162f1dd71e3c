//! `watchword word`: the owner's words.

use crate::{
    config::Config,
    device::{Listed, WordWish, new_word},
    owner::{self, Question, Reply},
    screen::{Pages, word_link},
    state::{Entry, Keys, StateDirectory, Words},
};
use anyhow::{Result, anyhow, bail};
use clap::Subcommand;
use protocol::proof::Record;
use std::io::Write as _;

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
        /// Also shows a QR code of the link
        #[arg(long)]
        qr: bool,
    },
    /// Lists all words by label and place (the words themselves are not kept)
    List,
    /// Removes a word; its viewers are sent away
    Remove {
        /// The word's label
        label: String,
    },
}

impl Word {
    pub(super) async fn apply(self, config: Config) -> Result<()> {
        let state = StateDirectory::open()?;
        match self.command {
            Command::Add { label, place, qr } => {
                let wish = WordWish { label, place, ephemeral: false };
                show_added(answer(&state, Question::Add(wish), &config).await?, qr)
            }
            Command::List => show_list(answer(&state, Question::List, &config).await?),
            Command::Remove { label } => {
                expect_done(answer(&state, Question::Remove { label }, &config).await?)
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
            let pages = if config.rendezvous.url.is_empty() {
                Pages::of_this_host("https", config.server.listen, None)
            } else {
                Pages::of_remote(&config.rendezvous.url, None)
            };
            Reply::Added { label, phrase, registered: false, pages: pages.addresses }
        }
        Question::List => {
            Reply::Words { words: words.iter().map(|entry| Listed::new(entry, None)).collect() }
        }
        Question::Remove { label } => {
            words.remove(&label)?;
            words.save(state)?;
            Reply::Done
        }
    };
    Ok(reply)
}

fn add(
    state: &StateDirectory,
    words: &mut Words,
    wish: WordWish,
) -> Result<(String, zeroize::Zeroizing<String>)> {
    let keys = Keys::load_or_make(state)?;
    let word = new_word(&wish, 0).map_err(|message| anyhow!(message))?;
    let label = if wish.label.is_empty() { words.free_label("word") } else { wish.label };
    words.check(&label, word.place())?;
    let record = Record::register(&keys.setup, &word)?;
    words.add(Entry::new(label.clone(), &word, record, false))?;
    Ok((label, word.phrase().to_owned().into()))
}

fn show_added(reply: Reply, qr: bool) -> Result<()> {
    let Reply::Added { label, phrase, registered, pages } = reply else { return expect_done(reply) };
    let pages = Pages { addresses: pages, fingerprint: None };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\n  Word      {}\n{}",
        phrase.as_str(),
        word_link(&pages, &phrase, qr).trim_end_matches('\n')
    )?;
    writeln!(out, "  Label     {label}")?;
    writeln!(out, "  This is the only time that it is shown: it is kept nowhere.")?;
    if !registered {
        writeln!(out, "  Its place is registered when the daemon reaches its rendezvous.")?;
    }
    Ok(writeln!(out)?)
}

fn show_list(reply: Reply) -> Result<()> {
    let Reply::Words { words } = reply else { return expect_done(reply) };
    let mut out = std::io::stdout().lock();
    if words.is_empty() {
        return Ok(writeln!(out, "No secret word yet. Make one: watchword word add")?);
    }
    let width = words.iter().map(|word| word.label.chars().count()).max().unwrap_or(0).max(5);
    writeln!(out, "{:width$}  {:32}  VIEWERS", "LABEL", "PLACE")?;
    for word in words {
        let viewers = word.viewers.map_or("(no daemon runs)".into(), |viewers| viewers.to_string());
        let note = if word.ephemeral { "  ends with the process" } else { "" };
        writeln!(out, "{:width$}  {:32}  {viewers}{note}", word.label, word.place)?;
    }
    Ok(())
}

fn expect_done(reply: Reply) -> Result<()> {
    match reply {
        Reply::Done => Ok(()),
        Reply::Failed { message } => bail!(message),
        Reply::Added { .. } | Reply::Words { .. } => bail!("the running daemon answered something else"),
    }
}
