//! The command line as a person meets it: what it prints, what it refuses, and with which exit code.

#![allow(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

mod common;

use common::{Home, free_port, stderr, stdout, wait_for_port};

#[test]
fn version_and_help_are_there() {
    let home = Home::new();
    assert_eq!(stdout(&home.run(&["--version"])), format!("watchword {}\n", env!("CARGO_PKG_VERSION")));
    let help = stdout(&home.run(&["--help"]));
    for command in ["run", "serve", "word", "cameras", "status", "chat", "--config"] {
        assert!(help.contains(command), "{command} is missing:\n{help}");
    }
}

#[test]
fn a_typo_in_the_configuration_is_one_sentence_with_the_nearest_key() {
    let home = Home::new();
    let path = home.config("[video]\nbitrat = 1\n");
    let output = home.run(&["run", "--config", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("line 2") && said.contains("did you mean `bitrate`?"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_configuration_that_is_not_there_is_an_error() {
    let home = Home::new();
    let output = home.run(&["serve", "--config", "/nonexistent/config.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/nonexistent/config.toml"));
}

#[test]
fn a_port_in_use_is_named() {
    let (one, other) = (Home::new(), Home::new());
    let (path, port) = one.loopback_config("");
    let _running = one.start(&["serve", "--config", path.to_str().unwrap()]);
    wait_for_port(port);
    let output = other.run(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains(&port.to_string()) && said.contains("in use"), "{said}");
}

#[test]
fn plain_http_is_refused_where_others_could_reach_it() {
    let home = Home::new();
    let path =
        home.config(&format!("[server]\nlisten = \"0.0.0.0:{}\"\nstun = \"\"\nplain = true\n", free_port()));
    let output = home.run(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("loopback"), "{}", stderr(&output));
}

#[test]
fn what_cannot_be_is_one_sentence_of_run_and_check_alike() {
    let home = Home::new();
    for (text, says) in [
        ("[video]\nencoder = \"h264\"\n", "line 2: video.encoder is \"h264\"; it may be auto, v4l2h264enc"),
        ("[video]\nsource = \"webcam\"\n", "line 2: video.source is \"webcam\"; it may be \"auto\""),
        (
            "[server]\nlisten = \"8443\"\n",
            "line 2: server.listen is \"8443\": it must be an address and a port",
        ),
        ("[server]\nplain = true\n", "line 2: server.plain is true and server.listen is \"[::]:8443\""),
        ("[log]\nlevel = \"loud\"\n", "line 2: log.level: \"loud\" is no filter"),
    ] {
        let path = home.config(text);
        let run = home.run(&["run", "--config", path.to_str().unwrap()]);
        assert_eq!(run.status.code(), Some(2), "{text}");
        assert!(stderr(&run).contains(says) && stderr(&run).lines().count() == 1, "{}", stderr(&run));
        let check = home.run(&["check", "--config", path.to_str().unwrap()]);
        assert_eq!(check.status.code(), Some(2), "{text}");
        assert!(stdout(&check).contains(says), "{}", stdout(&check));
    }
}

#[test]
fn a_log_filter_that_would_silence_everything_is_an_error_of_usage() {
    let home = Home::new();
    for filter in ["loud", "info,="] {
        let output = home.run(&["--log", filter, "check"]);
        assert_eq!(output.status.code(), Some(2), "{filter}");
        assert!(stderr(&output).contains("is no filter"), "{}", stderr(&output));
    }
}

#[test]
fn words_are_made_listed_and_removed_without_a_daemon() {
    let home = Home::new();
    let (path, _) = home.loopback_config("");
    let config = ["--config", path.to_str().unwrap()];
    let word = |more: &[&str]| home.run(&[&["word"], more, &config].concat());
    assert!(stdout(&word(&["list"])).contains("No secret word yet"));
    let added = stdout(&word(&["add", "--label", "workshop", "--place", "garden", "--qr"]));
    let phrase = added.lines().find_map(|line| line.trim().strip_prefix("Word")).unwrap().trim().to_owned();
    assert!(phrase.starts_with("garden-") && phrase.split('-').count() == 4, "{added}");
    assert!(added.contains(&format!("/#{phrase}")) && added.contains('█'), "{added}");
    let list = stdout(&word(&["list"]));
    assert!(list.contains("workshop") && list.contains("garden"), "{list}");
    for part in phrase.split('-').skip(1) {
        assert!(!list.contains(part), "the word itself is listed: {list}");
    }
    let json = stdout(&word(&["list", "--json"]));
    let listed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&listed[0]["label"], &listed[0]["place"]), (&"workshop".into(), &"garden".into()));
    let again = word(&["add", "--label", "workshop"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("already a word"), "{}", stderr(&again));
    assert_eq!(stdout(&word(&["remove", "workshop"])), "Removed \"workshop\".\n");
    let missing = word(&["remove", "workshop"]);
    assert!(stderr(&missing).contains("no word with the label"), "{}", stderr(&missing));
}

#[test]
fn a_new_word_is_one_object_for_a_program_and_its_place_may_be_typed_large() {
    let home = Home::new();
    let (_, port) = home.loopback_config("");
    for line in ["word add --label door --place GARDEN --json", "word rotate door --json"] {
        let made = home.typed(line);
        assert!(made.status.success(), "{}", stderr(&made));
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        assert_eq!((&made["label"], &made["place"]), (&"door".into(), &"garden".into()));
        let phrase = made["phrase"].as_str().unwrap();
        assert!(phrase.starts_with("garden-"), "{made}");
        assert_eq!(made["link"], format!("https://127.0.0.1:{port}/#{phrase}"));
    }
}

#[test]
fn the_columns_of_the_words_are_as_wide_as_what_is_in_them() {
    let home = Home::new();
    home.loopback_config("");
    let word = |line: &str| stdout(&home.typed(line));
    word("word add --label a --allow watch,listen,talk,chat,files,upload,manage,commands");
    word("word add --label b --allow chat");
    let list = word("word list");
    let at = |line: &str, text: &str| line.find(text);
    let lines: Vec<&str> = list.lines().collect();
    let ends = at(lines[0], "ENDS");
    assert!(ends.is_some() && lines[1..].iter().all(|line| at(line, "never") == ends), "{list}");
}

#[test]
fn a_bad_place_is_refused() {
    let home = Home::new();
    let output = home.run(&["word", "add", "--place", "No Place!"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!stderr(&output).is_empty());
}

#[test]
fn cameras_answers_also_where_there_is_none() {
    let home = Home::new();
    let output = home.run(&["cameras"]);
    assert!(output.status.success() && !stdout(&output).is_empty());
    assert!(serde_json::from_slice::<serde_json::Value>(&home.run(&["cameras", "--json"]).stdout).is_ok());
}
