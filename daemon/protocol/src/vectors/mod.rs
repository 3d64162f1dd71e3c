//! Known answers that every implementation of the wire is held to: `vectors.json`, read by the tests of this crate and
//! of the page. The file is the promise; to write it anew after a deliberate change of the wire:
//! `cargo test -p watchword-protocol write_vectors -- --ignored`.

mod messages;
mod proofs;
mod words;

use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vectors {
    version: u32,
    words: Vec<words::Word>,
    suggestions: Vec<words::Suggestion>,
    opaque: proofs::Run,
    seal: Vec<proofs::Channel>,
    claims: Vec<proofs::Claim>,
    passes: Vec<proofs::Pass>,
    messages: messages::Messages,
}

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors.json")
}

fn read() -> Vectors {
    let text = std::fs::read_to_string(file()).expect("vectors.json is read");
    serde_json::from_str(&text).expect("vectors.json has its form")
}

/// Invisible and look-alike characters are the point of some vectors: every one outside ASCII is written as an escape.
fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    json.chars().fold(String::new(), |mut text, c| {
        if c.is_ascii() {
            text.push(c);
        } else {
            c.encode_utf16(&mut units).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        }
        text
    })
}

#[test]
#[ignore = "writes vectors.json"]
fn write_vectors() {
    let vectors = Vectors {
        version: crate::VERSION,
        words: words::words(),
        suggestions: words::suggestions(),
        opaque: proofs::Run::record(),
        seal: proofs::channels(),
        claims: proofs::claims(),
        passes: proofs::passes(),
        messages: messages::messages(),
    };
    let json = serde_json::to_string_pretty(&vectors).unwrap();
    std::fs::write(file(), ascii(&json) + "\n").unwrap();
}

#[test]
fn the_file_holds() {
    let vectors = read();
    assert_eq!(vectors.version, crate::VERSION);
    assert_eq!(vectors.words, words::words());
    assert_eq!(vectors.suggestions, words::suggestions());
    vectors.opaque.replay();
    assert_eq!(vectors.seal, proofs::channels());
    assert_eq!(vectors.claims, proofs::claims());
    assert_eq!(vectors.passes.len(), proofs::passes().len());
    vectors.passes.iter().for_each(proofs::Pass::verify);
    assert_eq!(vectors.messages, messages::messages());
}
