//! What `watchword word` prints.

use crate::{
    age::roughly,
    cli::columns::columns,
    device::Listed,
    owner::Reply,
    screen::{Pages, word_link},
    state::{StateDirectory, now},
};
use anyhow::{Result, bail};
use serde::Serialize;
use std::io::Write as _;
use zeroize::Zeroizing;

/// A word that was made just now, for a program.
#[derive(Serialize)]
struct Made<'a> {
    label: &'a str,
    place: &'a str,
    phrase: &'a str,
    link: Option<&'a str>,
    registered: bool,
}

/// A new word, the only time that it is seen.
pub(super) fn added(reply: Reply, qr: bool, json: bool) -> Result<()> {
    let Reply::Added { label, phrase, registered, pages } = reply else { return other(reply) };
    let pages = Pages { addresses: pages, ..Pages::default() };
    let mut out = std::io::stdout().lock();
    if json {
        let link = pages.link(&phrase).map(Zeroizing::new);
        let place = phrase.split('-').next().unwrap_or_default();
        let link = link.as_ref().map(|link| link.as_str());
        let made = Made { label: &label, place, phrase: &phrase, link, registered };
        let text = Zeroizing::new(serde_json::to_string(&made)?);
        return Ok(writeln!(out, "{}", text.as_str())?);
    }
    writeln!(
        out,
        "\n  Word      {}\n{}",
        phrase.as_str(),
        word_link(&pages, &phrase, qr).trim_end_matches('\n')
    )?;
    writeln!(out, "  Label     {label}")?;
    writeln!(out, "  This is the only time that it is shown: it is kept nowhere.")?;
    if !registered {
        writeln!(out, "  It works as soon as Watchword runs and has registered it at its server.")?;
    }
    Ok(writeln!(out)?)
}

/// All words.
pub(super) fn list(reply: Reply, state: &StateDirectory, json: bool) -> Result<()> {
    let Reply::Words { words } = reply else { return other(reply) };
    let mut out = std::io::stdout().lock();
    if json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&words)?)?);
    }
    if words.is_empty() {
        let add = state.typed("watchword word add");
        return Ok(writeln!(out, "No secret word yet. Make one: {add}")?);
    }
    let heading = ["LABEL", "PLACE", "VIEWERS", "ALLOWS", "ENDS"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(heading).chain(words.iter().map(row)).collect();
    Ok(write!(out, "{}", columns(&rows))?)
}

fn row(word: &Listed) -> [String; 5] {
    let most = word.terms.viewers.map_or(String::new(), |most| format!("/{most}"));
    let viewers = word.viewers.map_or("-".into(), |viewers| viewers.to_string()) + &most;
    [word.label.clone(), word.place.clone(), viewers, word.terms.grant.to_string(), ends(word)]
}

fn ends(word: &Listed) -> String {
    match word.terms.expires.map(|expires| expires.saturating_sub(now())) {
        None if word.ephemeral => "with the process".to_owned(),
        None => "never".to_owned(),
        Some(0) => "has ended".to_owned(),
        Some(left) => format!("in {}", roughly(left)),
    }
}

/// The word of this label is no more.
pub(super) fn removed(reply: Reply, label: &str) -> Result<()> {
    let Reply::Removed { viewers } = reply else { return other(reply) };
    let away = match viewers {
        0 => String::new(),
        1 => " 1 viewer was sent away.".to_owned(),
        many => format!(" {many} viewers were sent away."),
    };
    Ok(writeln!(std::io::stdout(), "Removed {label:?}.{away}")?)
}

fn other(reply: Reply) -> Result<()> {
    match reply {
        Reply::Failed { message } => bail!(message),
        Reply::Added { .. }
        | Reply::Words { .. }
        | Reply::Sessions { .. }
        | Reply::Removed { .. }
        | Reply::Ended { .. } => bail!("the running daemon answered something else"),
    }
}
