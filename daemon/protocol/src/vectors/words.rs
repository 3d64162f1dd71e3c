//! Vectors of the secret word.

use crate::word::{SecretWord, suggest};
use serde::{Deserialize, Serialize};

/// What a person typed, and either phrase and place, or the error's code.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Word {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phrase: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What a person typed, and what was probably meant (null: nothing to offer).
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Suggestion {
    text: String,
    meant: Option<String>,
}

const TEXTS: [&str; 58] = [
    // One phrase in the spellings of keyboards, messengers and word processors.
    "garden-otter-violin-cobalt",
    "Garden Otter Violin Cobalt",
    "  GARDEN\tOTTER\r\nVIOLIN  COBALT \n",
    "garden_otter_violin_cobalt",
    "garden--otter__violin- -cobalt",
    "-garden-otter-violin-cobalt-",
    "garden\u{2013}otter\u{2014}violin\u{2212}cobalt",
    "garden\u{2010}otter\u{2011}violin\u{2012}cobalt",
    "garden\u{2015}otter\u{203F}violin\u{2054}cobalt",
    "garden\u{A0}otter\u{2003}violin\u{3000}cobalt",
    "garden\u{FF0D}otter\u{FE63}violin\u{FF3F}cobalt",
    "garden\u{30A0}otter\u{301C}violin\u{2E3A}cobalt",
    "garden\u{58A}otter\u{5BE}violin\u{1806}cobalt",
    "garden\u{85}otter\u{2028}violin\u{1680}cobalt",
    "garden \u{200B}otter\u{AD} violin\u{200D}\u{FEFF} co\u{2060}balt",
    "\u{FF27}\u{FF41}\u{FF52}\u{FF44}\u{FF45}\u{FF4E} otter violin cobalt",
    "\u{1D420}\u{1D41A}\u{1D42B}\u{1D41D}\u{1D41E}\u{1D427}-otter-violin-cobalt",
    "garden-otter-violin-cobalt-extra",
    // Places of the owner's own, and numbered ones.
    "garden27-otter-violin-cobalt",
    "GARDEN27 otter violin cobalt",
    "abc-otter-violin-cobalt",
    "a2345678901234567890123456789012-otter-violin-cobalt",
    "\u{24D6}arden\u{2460}-otter-violin-cobalt",
    // Parts of the owner's own, in any script.
    "garden-fu\u{308}r-stra\u{DF}e-\u{C4}pfel",
    "garden-\u{39F}\u{394}\u{39F}\u{3A3}-\u{3A3}\u{399}\u{3A3}\u{3A5}\u{3A6}\u{39F}\u{3A3}-delta",
    "garden-\u{43C}\u{43E}\u{441}\u{43A}\u{432}\u{430}-\u{41E}\u{413}\u{41E}\u{41D}\u{42C}-\u{41B}\u{415}\u{421}",
    "garden-\u{6771}\u{4EAC}-\u{FF83}\u{FF9E}\u{FF9D}\u{FF77}-\u{5927}\u{962A}\u{5E02}\u{6C11}",
    "garden-\u{939}\u{93F}\u{928}\u{94D}\u{926}\u{940}-otter-violin",
    "garden-\u{130}stanbul-otter-violin",
    "garden-\u{FB01}nance-o\u{FB03}ce-\u{216B}",
    "garden-x\u{B2}-otter-violin",
    "garden-1-22-333-4444",
    "garden-otter-violin-\u{1F1}abc",
    "garden-\u{E9}t\u{E9}-e\u{301}te\u{301}-\u{C9}T\u{C9}",
    // Refused.
    "",
    " \t-_\u{2014}\u{200B} ",
    "garden",
    "garden-otter",
    "garden otter violin",
    "gardenotterviolincobalt",
    "ga-otter-violin-cobalt",
    "a23456789012345678901234567890123-otter-violin-cobalt",
    "27garden-otter-violin-cobalt",
    "g\u{E4}rden-otter-violin-cobalt",
    "\u{433}\u{430}rden-otter-violin-cobalt",
    "garden-otter-violin-cobalt.",
    "\"garden-otter-violin-cobalt\"",
    "garden/otter/violin/cobalt",
    "garden-otter-violin-co\u{0}balt",
    "garden-otter-violin-\u{1F98A}",
    "garden-otter-violin-cob\u{7}alt",
    "garden-a-b-c",
    "garden-ab-cde-fgh",
    "garden-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
    "garden-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
    "\u{A8}garden-otter-violin-cobalt",
    "garden-otter-violin-cobalt\u{378}",
    "garden-otter-violin-cobalt#",
];

const SLIPS: [&str; 27] = [
    // Right already, or nothing that can be told.
    "garden-otter-violin-cobalt",
    "Garden Otter Violin Cobalt",
    "garden27-otter-violin-cobalt",
    "",
    "garden-otter-violin",
    "garden-otter-violin-xqzzkw",
    "garden-xqzzkw-violen-cobalt",
    // One slip: a letter wrong, missing, too many, two exchanged; two in a long part.
    "garden-oter-violin-cobalt",
    "garden-otter-violen-cobalt",
    "garden-ottter-violin-cobalt",
    "garden-otter-voilin-cobalt",
    "garden-otter-violin-cobaltt",
    "garden otter vilon cobalt",
    "garden-oter-voilin-cobolt",
    "garden-otter-vioilm-cobalt",
    "garden-otter-anacnoad-cobalt",
    "garden-abdomin-violin-cobalt",
    // Words whose hyphen the list has lost.
    "garden-yoyo-feltip-dropdwon",
    // The place is the owner's: left alone beside another slip, corrected where all else is right.
    "gaden-otter-violen-cobalt",
    "gardne-otter-violin-cobalt",
    "gardne27-otter-violin-cobalt",
    "zqxwv-otter-violin-cobalt",
    "g\u{E4}rden-otter-violin-cobalt",
    "g\u{E4}rden-otter-violen-cobalt",
    // Several words equally near: same letters, then same first letter, then nearest length, then the list's order.
    "garden-bat-cat-rat",
    "garden-otter-violin-czt",
    "garden-otter-violin-aple",
];

pub(super) fn words() -> Vec<Word> {
    TEXTS.iter().copied().map(str::to_owned).chain([long("o"), long("\u{FDFA}")]).map(word).collect()
}

pub(super) fn suggestions() -> Vec<Suggestion> {
    SLIPS.iter().map(|text| Suggestion { text: (*text).to_owned(), meant: suggest(text) }).collect()
}

/// Longer than a phrase may be, as it is or once normalised.
fn long(part: &str) -> String {
    format!("garden-otter-violin-{}", part.repeat(240 / part.len()))
}

fn word(text: String) -> Word {
    match SecretWord::parse(&text) {
        Ok(word) => Word {
            text,
            phrase: Some(word.phrase().to_owned()),
            place: Some(word.place().to_string()),
            error: None,
        },
        Err(error) => Word { text, phrase: None, place: None, error: Some(error.code().to_owned()) },
    }
}
