//! What is wrong with a configuration's text, as a sentence with the line and the key: for people who know neither Rust
//! nor serde, whose words these are at first.

use crate::nearest::nearest;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Error},
};

/// Longest part of a value that is shown, characters.
const SHOWN: usize = 40;

/// One sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Mistake(String);

impl Mistake {
    /// The text cannot be read.
    pub(super) fn read(text: &str, error: &Error) -> Self {
        let span = error.span().unwrap_or_default();
        let table = DeTable::parse(text).ok();
        let key = table.and_then(|table| key_at(table.get_ref(), span.start)).unwrap_or_default();
        let value = text.get(span.clone()).and_then(|value| value.lines().next()).unwrap_or_default();
        Self(format!("line {}: {}", line(text, span.start), sentence(error.message(), &key, value)))
    }

    /// A value is out of its bounds. The line is that of the key with which the sentence begins, where the text has it.
    pub(super) fn found(text: &str, sentence: &str) -> Self {
        let named = sentence.split([' ', ':']).next().and_then(|key| key.split_once('.'));
        let at = named.and_then(|(section, key)| {
            let table = DeTable::parse(text).ok()?;
            let keys = of(table.get_ref(), section)?.get_ref().as_table()?;
            Some(of(keys, key)?.span().start)
        });
        Self(at.map_or_else(|| sentence.to_owned(), |at| format!("line {}: {sentence}", line(text, at))))
    }
}

/// Counted from 1.
fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn of<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
}

/// The key whose value is at this place of the text, such as `server.listen`.
fn key_at(table: &DeTable<'_>, at: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| match key_within(value, at)?.as_str() {
        "" => Some(key.get_ref().to_string()),
        rest => Some(format!("{}.{rest}", key.get_ref())),
    })
}

/// Likewise, below this value; empty for the value itself. Keys of a `[section]` are not within the section's span.
fn key_within(value: &Spanned<DeValue<'_>>, at: usize) -> Option<String> {
    let below = match value.get_ref() {
        DeValue::Table(table) => key_at(table, at),
        DeValue::Array(values) => values.iter().find_map(|value| key_within(value, at)),
        _ => None,
    };
    below.or_else(|| value.span().contains(&at).then(String::new))
}

/// Says in plain words what serde says of this key and its value.
fn sentence(message: &str, key: &str, value: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let known = names.get(1..).unwrap_or_default();
    if message.starts_with("unknown field") {
        return unknown(names.first().copied().unwrap_or_default(), known);
    }
    if let ([missing], true) = (names.as_slice(), message.starts_with("missing field")) {
        return format!("{key}: the key `{missing}` is missing");
    }
    match wanted(message) {
        Some(wanted) if !key.is_empty() => format!("{key} is {}: it must be {wanted}", shown(key, value)),
        _ if key.is_empty() => message.to_owned(),
        _ => format!("{key}: {message}"),
    }
}

fn unknown(slip: &str, known: &[&str]) -> String {
    match nearest(slip, known) {
        Some(name) => format!("unknown key `{slip}`: did you mean `{name}`?"),
        None => format!("unknown key `{slip}`; there are `{}`", known.join("`, `")),
    }
}

/// What must be there instead.
fn wanted(message: &str) -> Option<&str> {
    for (part, wanted) in [
        ("socket address", "an address and a port, such as \"[::]:8443\""),
        ("IP address", "an address, such as \"192.168.1.20\""),
    ] {
        if message.contains(part) {
            return Some(wanted);
        }
    }
    let (_, expected) = message.rsplit_once("expected ")?;
    Some(match expected {
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "path string" => "text in quotation marks",
        "a sequence" => "a list in brackets, such as [\"one\", \"two\"]",
        "parsable string" | "an integer or string" | "integer overflow" => {
            "a number of bytes, such as 500000000 or \"4 GiB\""
        }
        other if other.starts_with("struct ") || other == "a map" => "a section, or keys in braces",
        other => other,
    })
}

/// The value as it is written; secrets are not repeated.
fn shown(key: &str, value: &str) -> String {
    if key.ends_with("token") {
        return "wrong".to_owned();
    }
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &value[..end]),
        None => value.to_owned(),
    }
}
