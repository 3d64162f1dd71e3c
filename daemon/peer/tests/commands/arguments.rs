//! What viewers give: one word each, whatever is in it, or nothing runs.

use crate::harness::{Folder, SUCCESS, call, start, with_argument};
use protocol::control::code;
use watchword_peer::commands::{Commands, MAX_VALUE};

/// Each tries to make a file that is called `canary`.
const HOSTILE: [&str; 16] = [
    "; touch canary",
    "& touch canary &",
    "| touch canary",
    "|| touch canary",
    "$(touch canary)",
    "`touch canary`",
    "${IFS}touch${IFS}canary",
    "' ; touch canary ; '",
    "\" ; touch canary ; \"",
    "> canary",
    "<(touch canary)",
    "*",
    "{two}",
    "{{one}}",
    "%s%n %00 \\0 \\n",
    "../../../../etc/passwd",
];

const PRINTS_ITS_WORDS: &str = r#"for word; do printf '[%s]\n' "$word"; done"#;

fn two_arguments(folder: &Folder) -> Commands {
    let spec = folder.script("words", PRINTS_ITS_WORDS);
    let mut spec = with_argument(with_argument(spec, "one", ".*"), "two", ".*");
    spec.run.push("--both={one}/{two}".to_owned());
    Commands::new(vec![spec]).unwrap()
}

#[tokio::test]
async fn a_value_is_one_word_and_never_a_command() {
    let folder = Folder::new();
    let commands = two_arguments(&folder);
    for value in HOSTILE {
        for (one, two) in [(value, "x"), ("x", value), (value, value)] {
            let viewed = start(&commands, &call("words", &[("one", one), ("two", two)])).unwrap();
            let heard = viewed.hear().await;
            assert_eq!(heard.exit, SUCCESS);
            assert_eq!(heard.stdout, format!("[{one}]\n[{two}]\n[--both={one}/{two}]\n"));
            assert_eq!(heard.stderr, "");
        }
    }
    assert!(!folder.path("canary").exists());
}

#[tokio::test]
async fn a_value_that_could_do_harm_starts_nothing() {
    let folder = Folder::new();
    let spec = folder.script("mark", ": > ran");
    let spec = with_argument(with_argument(spec, "one", "(?s).*"), "two", "(?s).*");
    let commands = Commands::new(vec![spec]).unwrap();
    let long = "x".repeat(MAX_VALUE + 1);
    let dashes = ["-", "--", "-rf", "--output=/etc/passwd"];
    let controls = ["a\nb", "\n", "a\0b", "a\rb", "\u{1b}]0;x\u{7}", "\u{7f}", "\u{9b}2J"];
    for value in dashes.into_iter().chain(controls).chain([long.as_str()]) {
        for args in [[("one", value), ("two", "x")], [("one", "x"), ("two", value)]] {
            let error = start(&commands, &call("mark", &args)).err().expect("refused");
            assert_eq!(error.code(), code::INVALID_PARAMS, "{value:?}");
            let said = error.to_string();
            assert!(said.contains("of the command mark") && said.len() < 200, "{said}");
            assert!(!said.contains(char::is_control), "{said:?}");
        }
    }
    assert!(!folder.path("ran").exists());
    let longest = "x".repeat(MAX_VALUE);
    let args = [("one", longest.as_str()), ("two", "x")];
    assert_eq!(start(&commands, &call("mark", &args)).unwrap().hear().await.exit, SUCCESS);
    assert!(folder.path("ran").exists());
}

#[tokio::test]
async fn a_declared_hyphen_is_let_through() {
    let folder = Folder::new();
    let mut spec = with_argument(folder.script("words", PRINTS_ITS_WORDS), "one", "-?[0-9]+");
    spec.dash = vec!["one".to_owned()];
    let commands = Commands::new(vec![spec]).unwrap();
    let heard = start(&commands, &call("words", &[("one", "-5")])).unwrap().hear().await;
    assert_eq!(heard.stdout, "[-5]\n");
}

#[tokio::test]
async fn what_is_not_declared_is_refused() {
    let folder = Folder::new();
    let commands = two_arguments(&folder);
    let both = [("one", "a"), ("two", "b")];
    let hostile = "x".repeat(60_000);
    for name in ["", "word", "Words", "words ", "words\n", "/bin/sh", "../words", "words\0", &hostile] {
        let error = start(&commands, &call(name, &both)).err().expect("refused");
        assert_eq!(error.code(), code::NOT_FOUND, "{name:?}");
        let said = error.to_string();
        assert!(said.len() < 300 && !said.contains(char::is_control), "{said:?}");
    }
    for args in [&both[..1], &[], &[both[0], both[1], ("three", "c")], &[both[0], both[1], ("\u{1b}c", "")]] {
        let error = start(&commands, &call("words", args)).err().expect("refused");
        assert_eq!(error.code(), code::INVALID_PARAMS, "{args:?}");
        assert!(!error.to_string().contains(char::is_control));
    }
}
