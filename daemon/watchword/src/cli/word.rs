//! `watchword word`: the owner's words.

use crate::{
    config::Config,
    device::{Listed, WordWish, new_word},
    owner::{self, Question, Reply},
    screen::{Pages, word_link},
    state::{Entry, Keys, StateDirectory, Terms, Words, now},
};
use anyhow::{Result, anyhow, bail};
use clap::Subcommand;
use protocol::{grant::Grant, proof::Record, word::SecretWord};
use std::{io::Write as _, time::Duration};
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
        #[arg(long, value_name = "RIGHTS", default_value_t)]
        allow: Grant,
        /// How long it lasts, such as `2h`, `30m` or `7days` [default: for ever]
        #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
        lasts: Option<Duration>,
        /// Viewers at once with it [default: as in the configuration]
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        viewers: Option<u16>,
        /// Also shows a QR code of the link
        #[arg(long)]
        qr: bool,
    },
    /// Makes a new word in the place of an old one, on the same terms, and shows it, once; viewers are sent away
    Rotate {
        /// The word's label
        label: String,
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
    pub(super) async fn apply(self, config: Config, state: StateDirectory) -> Result<()> {
        match self.command {
            Command::Add { label, place, allow, lasts, viewers, qr } => {
                let expires = lasts.map(|lasts| now().saturating_add(lasts.as_secs()));
                let terms = Terms { grant: allow, expires, viewers: viewers.map(usize::from) };
                let wish = WordWish { label, place, terms, ephemeral: false };
                show_added(answer(&state, Question::Add(wish), &config).await?, qr)
            }
            Command::Rotate { label, qr } => {
                show_added(answer(&state, Question::Rotate { label }, &config).await?, qr)
            }
            Command::List => show_list(answer(&state, Question::List, &config).await?, &state),
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
            Reply::Added { label, phrase, registered: false, pages: pages(config) }
        }
        Question::Rotate { label } => {
            let phrase = rotate(state, &mut words, &label)?;
            words.save(state)?;
            Reply::Added { label, phrase, registered: false, pages: pages(config) }
        }
        Question::Sessions | Question::End { .. } => bail!("no daemon runs, so there is no session"),
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
    words.check(&label, word.place())?;
    let record = Record::register(&keys.setup, &word)?;
    words.add(Entry::new(label.clone(), &word, record, wish.terms, false))?;
    Ok((label, word.phrase().to_owned().into()))
}

fn rotate(state: &StateDirectory, words: &mut Words, label: &str) -> Result<Zeroizing<String>> {
    let old = words.labelled(label)?.clone();
    let word = SecretWord::generate(Some(old.place));
    let record = Record::register(&Keys::load_or_make(state)?.setup, &word)?;
    words.replace(Entry::new(old.label, &word, record, old.terms, old.ephemeral))?;
    Ok(word.phrase().to_owned().into())
}

/// A time as people write it, of at least a minute.
fn lasting(text: &str) -> Result<Duration, String> {
    let lasts =
        humantime::parse_duration(text).map_err(|error| format!("{error}; write `2h`, `30m` or `7days`"))?;
    if lasts < Duration::from_secs(60) { Err("a word lasts at least a minute".to_owned()) } else { Ok(lasts) }
}

fn show_added(reply: Reply, qr: bool) -> Result<()> {
    let Reply::Added { label, phrase, registered, pages } = reply else { return expect_done(reply) };
    let pages = Pages { addresses: pages, ..Pages::default() };
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

fn show_list(reply: Reply, state: &StateDirectory) -> Result<()> {
    let Reply::Words { words } = reply else { return expect_done(reply) };
    let mut out = std::io::stdout().lock();
    if words.is_empty() {
        let add = state.typed("watchword word add");
        return Ok(writeln!(out, "No secret word yet. Make one: {add}")?);
    }
    let width = words.iter().map(|word| word.label.chars().count()).max().unwrap_or(0).max(5);
    writeln!(out, "{:width$}  {:16}  {:7}  {:26}  ENDS", "LABEL", "PLACE", "VIEWERS", "ALLOWS")?;
    for word in words {
        let most = word.terms.viewers.map_or(String::new(), |most| format!("/{most}"));
        let viewers = word.viewers.map_or("-".into(), |viewers| viewers.to_string()) + &most;
        let (place, allows, ends) = (word.place.as_str(), word.terms.grant.to_string(), ends(&word));
        writeln!(out, "{:width$}  {place:16}  {viewers:7}  {allows:26}  {ends}", word.label)?;
    }
    Ok(())
}

fn ends(word: &Listed) -> String {
    match word.terms.expires.map(|expires| expires.saturating_sub(now())) {
        None if word.ephemeral => "with the process".to_owned(),
        None => "never".to_owned(),
        Some(0) => "has ended".to_owned(),
        // The two largest units say enough.
        Some(left) => {
            let left = humantime::format_duration(Duration::from_secs(left)).to_string();
            format!("in {}", left.split(' ').take(2).collect::<Vec<_>>().join(" "))
        }
    }
}

fn expect_done(reply: Reply) -> Result<()> {
    match reply {
        Reply::Done => Ok(()),
        Reply::Failed { message } => bail!(message),
        Reply::Added { .. } | Reply::Words { .. } | Reply::Sessions { .. } => {
            bail!("the running daemon answered something else")
        }
    }
}
