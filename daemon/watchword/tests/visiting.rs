//! The command-line peer: a real device, a real rendezvous, and real commands that visit it.

#![allow(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

mod common;

use common::{
    Home, Running,
    device::{Device, code, output, visit},
    stderr, stdout, wait_for_port,
};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{ChildStdin, Command, Output, Stdio},
    time::Duration,
};

/// A word of nobody's.
const WRONG: &str = "harbor-otter-violin-cobalt";

/// A running chat, which can be spoken to.
fn chat(device: &Device, viewer: &Home, arguments: &[&str]) -> (Running, ChildStdin) {
    let mut command = device.visit(viewer, &[&["chat"], arguments].concat());
    command.stdin(Stdio::piped());
    let mut running = Running::new(command);
    let input = running.child.stdin.take().unwrap();
    (running, input)
}

fn known(viewer: &Home) -> Value {
    let text = std::fs::read(viewer.path().join("state/known.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn status_tells_how_the_device_is_and_opens_no_camera() {
    let (device, viewer) = (Device::start(), Home::new());
    let first = output(device.visit(&viewer, &["status"]));
    assert_eq!(code(&first), Some(0), "{}", stderr(&first));
    let table = stdout(&first);
    for row in
        ["Device  ", "Viewers      1\n", "Word allows  watch, listen, chat\n", "You are      viewer 1\n"]
    {
        assert!(table.contains(row), "{row} is missing:\n{table}");
    }
    assert!(stderr(&first).contains("made its certificate itself"), "{}", stderr(&first));

    let again = output(device.visit(&viewer, &["status", "--json"]));
    assert_eq!(stderr(&again), "", "the certificate is known now");
    let report: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(report["device"]["grant"], serde_json::json!(["watch", "listen", "chat"]));
    assert_eq!((&report["stats"]["encoders"], &report["stats"]["viewers"]), (&0.into(), &1.into()));
    assert!(report["device"].get("pass").is_none());

    let servers = known(&viewer);
    let place = device.word.split('-').next().unwrap();
    let kept = &servers["servers"][format!("127.0.0.1:{}", device.port)]["places"][place];
    assert!(kept["key"].is_string() && kept["pass"].is_string(), "{servers}");
    let secret = device.word.split_once('-').unwrap().1;
    assert!(!servers.to_string().contains(secret), "the word is on the disk");
}

#[test]
fn the_word_comes_from_an_option_a_file_or_the_input() {
    let (device, viewer) = (Device::start(), Home::new());
    let file = viewer.path().join("word");
    std::fs::write(&file, format!("{}\n", device.word)).unwrap();
    let shouted = device.word.to_uppercase().replace('-', " ");
    for arguments in [["--word", &shouted], ["--word-file", file.to_str().unwrap()]] {
        // The environment comes last.
        let mut command = visit(&viewer, device.port, &[&["status"], &arguments[..]].concat());
        command.env("WATCHWORD_WORD", WRONG);
        let done = output(command);
        assert_eq!(code(&done), Some(0), "{arguments:?}: {}", stderr(&done));
    }
    let mut command = visit(&viewer, device.port, &["status", "--word-file", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(device.word.as_bytes()).unwrap();
    assert_eq!(code(&child.wait_with_output().unwrap()), Some(0));

    let both = output(visit(&viewer, device.port, &["status", "--word", "a", "--word-file", "b"]));
    assert_eq!(code(&both), Some(2));
}

#[test]
fn without_a_word_or_with_none_that_can_be_one_it_says_what_to_do() {
    let viewer = Home::new();
    let none = output(visit(&viewer, 1, &["status"]));
    assert_eq!(code(&none), Some(2));
    assert!(stderr(&none).contains("--word-file"), "{}", stderr(&none));
    for (word, sentence) in
        [("garden-otter-violin", "at least 4 parts"), ("otter", "parts"), ("9-a-b-c", "place")]
    {
        let done = output(visit(&viewer, 1, &["status", "--word", word]));
        assert_eq!(code(&done), Some(2), "{word}");
        assert!(stderr(&done).contains(sentence), "{}", stderr(&done));
        assert!(!stderr(&done).contains(word) && stderr(&done).lines().count() == 1, "{}", stderr(&done));
    }
    let link = output(visit(&viewer, 1, &["status", "--server", &format!("https://localhost/#{WRONG}")]));
    assert_eq!(code(&link), Some(2));
    assert!(stderr(&link).contains("carries a secret word"), "{}", stderr(&link));
}

#[test]
fn a_wrong_word_is_refused_and_counted_and_then_has_to_wait() {
    let (device, viewer) = (Device::start(), Home::new());
    let wrong = device.wrong_word();
    let guess = || output(visit(&viewer, device.port, &["status", "--word", &wrong]));
    let first = guess();
    assert_eq!(code(&first), Some(4), "{}", stderr(&first));
    assert!(stderr(&first).contains("not the secret word"), "{}", stderr(&first));
    assert!(!stderr(&first).contains("otter"), "the word is not repeated: {}", stderr(&first));
    device.running.line("wrong word at the place");
    let waits = (0..8).map(|_| guess()).find(|done| stderr(done).contains("try again in"));
    assert_eq!(waits.as_ref().map(code), Some(Some(4)), "a guesser has to wait");
}

#[test]
fn who_was_in_before_is_not_kept_out_by_a_guesser() {
    let (device, viewer, guesser) = (Device::start(), Home::new(), Home::new());
    assert_eq!(code(&output(device.visit(&viewer, &["status"]))), Some(0));
    let wrong = device.wrong_word();
    let waits = (0..8).any(|_| {
        stderr(&output(visit(&guesser, device.port, &["status", "--word", &wrong]))).contains("try again in")
    });
    assert!(waits);
    assert_eq!(code(&output(device.visit(&guesser, &["status"]))), Some(4), "from here nobody may guess now");
    assert_eq!(code(&output(device.visit(&viewer, &["status"]))), Some(0), "but for who shows a pass");
}

#[test]
fn a_place_without_a_device_is_told_apart() {
    let (device, viewer) = (Device::start(), Home::new());
    let absent = output(visit(&viewer, device.port, &["status", "--word", "nowhere27-otter-violin-cobalt"]));
    assert_eq!(code(&absent), Some(3), "{}", stderr(&absent));
    assert!(stderr(&absent).contains("no device answers"), "{}", stderr(&absent));
}

#[test]
fn a_server_that_is_down_is_told_and_with_wait_it_is_waited_for() {
    let (home, viewer) = (Home::new(), Home::new());
    let (config, port) = home.loopback_config("");
    let config = config.to_str().unwrap();
    let added = stdout(&home.run(&["word", "add", "--config", config]));
    let word = added.lines().find_map(|line| line.trim().strip_prefix("Word")).unwrap().trim().to_owned();
    let down = output(visit(&viewer, port, &["status", "--word", &word]));
    assert_eq!(code(&down), Some(6), "{}", stderr(&down));
    assert!(stderr(&down).contains("cannot be reached") && stderr(&down).contains(&port.to_string()));

    let mut waiting = Running::new(visit(&viewer, port, &["status", "--wait", "--word", &word]));
    waiting.line("waiting for it");
    let serve = home.start(&["serve", "--config", config]);
    wait_for_port(port);
    drop(serve);
    let _device = home.start(&["run", "--config", config]);
    waiting.line("Word allows");
    assert_eq!(waiting.end(), Some(0));
}

#[test]
fn what_is_no_watchword_server_is_told_in_plain_words() {
    let viewer = Home::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let web = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut begun = [0; 16];
        stream.read_exact(&mut begun).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let done = output(visit(&viewer, port, &["status", "--word", WRONG]));
    assert_eq!(code(&done), Some(6), "{}", stderr(&done));
    assert!(stderr(&done).contains("speaks another protocol"), "{}", stderr(&done));
    web.join().unwrap();
}

#[test]
fn a_device_that_is_not_there_yet_is_waited_for() {
    let (server, device, viewer) = (Home::new(), Home::new(), Home::new());
    let (config, port) = server.loopback_config("");
    let serve = server.start(&["serve", "--config", config.to_str().unwrap()]);
    let fingerprint = serve.line("fingerprint = ");
    let config = device.config(&format!(
        "[rendezvous]\nurl = \"wss://127.0.0.1:{port}/ws\"\n{}\n[video]\nsource = \"test\"\n",
        fingerprint.trim()
    ));
    let config = config.to_str().unwrap();
    let added = stdout(&device.run(&["word", "add", "--config", config]));
    let word = added.lines().find_map(|line| line.trim().strip_prefix("Word")).unwrap().trim().to_owned();
    let mut waiting = Running::new(visit(&viewer, port, &["status", "--wait", "--word", &word]));
    waiting.line("waiting for it");
    let _device = device.start(&["run", "--config", config]);
    waiting.line("Word allows");
    assert_eq!(waiting.end(), Some(0));
}

#[test]
fn another_certificate_than_before_is_refused_until_a_person_accepts_it() {
    let (first, viewer) = (Device::start(), Home::new());
    assert_eq!(code(&output(first.visit(&viewer, &["status"]))), Some(0));
    let Device { port, home: _kept, mut running, .. } = first;
    running.signal("TERM");
    running.end();

    let other = Home::new();
    let config = other.config(&format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\nstun = \"\"\n[video]\nsource = \"test\"\n[audio]\nsource = \"test\"\n"
    ));
    let running = other.start(&["run", "--new-word", "--config", config.to_str().unwrap()]);
    let word = running.word();
    let status = |more: &[&str]| output(visit(&viewer, port, &[&["status", "--word", &word], more].concat()));
    let changed = status(&["--wait"]);
    assert_eq!(code(&changed), Some(1), "trust is not waited for: {}", stderr(&changed));
    let said = stderr(&changed);
    assert!(said.contains("another certificate than before"), "{said}");
    let seen = said.trim().rsplit(' ').next().unwrap().to_owned();

    let wrong = status(&["--fingerprint", &"00".repeat(32)]);
    assert_eq!(code(&wrong), Some(1));
    assert!(stderr(&wrong).contains(&seen), "{}", stderr(&wrong));
    assert_eq!(code(&status(&["--fingerprint", "12:34"])), Some(2));
    assert_eq!(code(&status(&[])), Some(1), "neither of these was accepted");
    let accepted = status(&["--fingerprint", &seen]);
    assert_eq!(code(&accepted), Some(0), "{}", stderr(&accepted));
    assert_eq!(code(&status(&[])), Some(0), "and it is remembered");
}

#[test]
fn a_server_that_an_authority_vouched_for_is_not_taken_without() {
    let (device, viewer) = (Device::start(), Home::new());
    // An authority is whom this file names.
    let authority = device.home.path().join("state/server/certificate.pem");
    let mut vouched = device.visit(&viewer, &["status"]);
    vouched.env("SSL_CERT_FILE", &authority);
    let vouched = output(vouched);
    assert_eq!((code(&vouched), stderr(&vouched).as_str()), (Some(0), ""), "nothing to compare by eye");
    let alone = output(device.visit(&viewer, &["status"]));
    assert_eq!(code(&alone), Some(1), "{}", stderr(&alone));
    assert!(stderr(&alone).contains("is not trusted: no authority"), "{}", stderr(&alone));
    let seen = stderr(&alone).trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(code(&output(device.visit(&viewer, &["status", "--fingerprint", &seen]))), Some(0));
    assert_eq!(code(&output(device.visit(&viewer, &["status"]))), Some(0), "a person decided");
}

#[test]
fn another_device_than_before_is_refused_until_a_person_accepts_it() {
    let (home, viewer) = (Home::new(), Home::new());
    let (config, port) = home.loopback_config("");
    let config = config.to_str().unwrap();
    let visit_it = |more: &[&str]| {
        let added = home.run(&["word", "add", "--place", "garden", "--config", config]);
        let added = stdout(&added);
        let word = added.lines().find_map(|line| line.trim().strip_prefix("Word")).unwrap().trim().to_owned();
        let mut running = home.start(&["run", "--config", config]);
        running.line("registered at the place");
        let done: Vec<Output> = more
            .iter()
            .map(|flag| {
                let flags: &[&str] = if flag.is_empty() { &[] } else { &[flag] };
                output(visit(&viewer, port, &[&["status", "--word", &word], flags].concat()))
            })
            .collect();
        running.signal("TERM");
        running.end();
        done
    };
    assert_eq!(visit_it(&[""]).iter().map(code).collect::<Vec<_>>(), [Some(0)]);
    // As after a new installation that kept the place and the certificate.
    for file in ["opaque.key", "words.json"] {
        std::fs::remove_file(home.path().join("state").join(file)).unwrap();
    }
    let done = visit_it(&["", "--new-device", ""]);
    assert_eq!(done.iter().map(code).collect::<Vec<_>>(), [Some(1), Some(0), Some(0)]);
    assert!(stderr(&done[0]).contains("another key") && stderr(&done[0]).contains("--new-device"));
}

#[test]
fn two_chats_hear_each_other_and_end_with_their_input() {
    let (device, one, two) = (Device::start(), Home::new(), Home::new());
    let (mut ada, mut ada_types) = chat(&device, &one, &["--name", "Ada"]);
    let (mut bob, mut bob_types) = chat(&device, &two, &["--name", "Bob\u{202e}", "--json"]);
    // Who came later hears what is said from now on.
    writeln!(bob_types, "ready").unwrap();
    bob.line(r#""text":"ready""#);
    writeln!(ada_types, "hello \u{1b}[2J 😀").unwrap();
    let heard: Value = serde_json::from_str(&bob.line("hello")).unwrap();
    assert_eq!((&heard["from"], &heard["own"]), (&"Ada".into(), &false.into()));
    assert_eq!(heard["text"], "hello \u{1b}[2J 😀");
    writeln!(bob_types, "hi\u{1b}[2J").unwrap();
    assert_eq!(ada.line(": hi"), "Bob\\u{202e}: hi\\u{1b}[2J");
    drop((ada_types, bob_types));
    assert_eq!((ada.end(), bob.end()), (Some(0), Some(0)));
}

#[test]
fn a_chat_in_a_pipe_loses_no_line_and_tells_which_it_could_not_say() {
    let (device, viewer) = (Device::start(), Home::new());
    // More than a device takes at once.
    let lines: Vec<String> = (0..260).map(|number| format!("line {number}")).collect();
    let mut child = device
        .visit(&viewer, &["chat", "--name", "Ada"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let typed = lines.join("\n");
    let typing = std::thread::spawn(move || input.write_all(typed.as_bytes()));
    let done = child.wait_with_output().unwrap();
    typing.join().unwrap().unwrap();
    assert_eq!(code(&done), Some(0), "{}", stderr(&done));
    let expected: Vec<String> = lines.iter().map(|line| format!("Ada: {line}")).collect();
    assert_eq!(stdout(&done).lines().collect::<Vec<_>>(), expected);

    let mut child = device
        .visit(&viewer, &["chat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{}\nlast\n", "x".repeat(5_000)).as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(code(&done), Some(1));
    assert!(stderr(&done).contains("at most 4096 bytes"), "{}", stderr(&done));
    assert!(stdout(&done).ends_with(": last\n") && !stdout(&done).contains("xx"), "the rest is said");
}

#[test]
fn a_signal_ends_a_chat_and_the_device_knows_it() {
    let (device, viewer) = (Device::start(), Home::new());
    for (signal, exit) in [("INT", 130), ("TERM", 143)] {
        let (mut running, mut types) = chat(&device, &viewer, &[]);
        writeln!(types, "here").unwrap();
        running.line(": here");
        running.signal(signal);
        assert_eq!(running.end(), Some(exit));
        device.running.line("the viewer left");
    }
    // While it waits for a device that never comes.
    let mut waiting = Running::new(visit(&viewer, device.port, &["status", "--wait", "--word", WRONG]));
    assert!(waiting.line("waiting for it").contains("now); waiting for it"));
    waiting.signal("INT");
    assert_eq!(waiting.end(), Some(130));
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    let (device, viewer) = (Device::start(), Home::new());
    assert_eq!(code(&output(device.visit(&viewer, &["status"]))), Some(0));
    let mut child = device
        .visit(&viewer, &["status", "--watch", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(serde_json::from_str::<Value>(&line).unwrap()["stats"]["time_ms"].is_u64());
    let done = child.wait_with_output().unwrap();
    assert_eq!((code(&done), stderr(&done).as_str()), (Some(0), ""));
}

#[test]
fn a_device_that_stops_or_dies_ends_a_chat_with_the_reason() {
    let (mut device, viewer) = (Device::start(), Home::new());
    let (mut running, mut types) = chat(&device, &viewer, &[]);
    writeln!(types, "here").unwrap();
    running.line(": here");
    device.running.signal("TERM");
    running.line("the device ended the session: ");
    assert_eq!(running.end(), Some(6));
    device.running.end();

    let device = Device::start();
    let (mut running, mut types) = chat(&device, &viewer, &[]);
    writeln!(types, "here").unwrap();
    running.line(": here");
    device.running.signal("KILL");
    running.line("broke");
    assert_eq!(running.end(), Some(6));
}

/// Runs `line` in a shell on a terminal of its own (`script` of util-linux), types once the question is there, and
/// returns what the screen showed.
fn on_a_terminal(mut environment: Command, line: &str, typed: &str) -> (Option<i32>, String) {
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--flush", "--command", line, "/dev/null"]);
    for (name, value) in environment.env("WATCHWORD", env!("CARGO_BIN_EXE_watchword")).get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&shown).contains("Secret word: ") {
        assert_eq!(screen.read(&mut byte).unwrap(), 1, "no question: {}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    // The echo goes off just after the question is there: people are not as fast.
    std::thread::sleep(Duration::from_millis(300));
    input.write_all(typed.as_bytes()).unwrap();
    screen.read_to_end(&mut shown).unwrap();
    (child.wait().unwrap().code(), String::from_utf8_lossy(&shown).into_owned())
}

#[test]
fn on_a_terminal_the_word_is_asked_for_and_not_shown() {
    let (device, viewer) = (Device::start(), Home::new());
    let ask = |typed: &str| on_a_terminal(visit(&viewer, device.port, &[]), "\"$WATCHWORD\" status", typed);
    let (exit, screen) = ask(&format!("{}\n", device.word));
    assert_eq!(exit, Some(0), "{screen}");
    assert!(screen.contains("Word allows") && !screen.contains(&device.word), "{screen}");

    let (exit, screen) = ask("\u{3}");
    assert_eq!(exit, Some(130), "Ctrl-C: {screen}");
    let (exit, screen) = ask("\n");
    assert_eq!(exit, Some(2), "{screen}");
    // A slip is pointed out to the person who made it, and to nobody else.
    let slip = device.word.replacen(device.word.split('-').nth(1).unwrap(), "garrden", 1);
    let (exit, screen) = ask(&format!("{slip}\n"));
    assert_eq!(exit, Some(4), "{screen}");
    assert!(screen.contains("Did you mean ") && screen.contains("-garden-"), "{screen}");
}

#[test]
fn a_question_that_is_ended_by_a_signal_gives_the_terminal_back() {
    let viewer = Home::new();
    let line = "timeout --foreground 1 \"$WATCHWORD\" status; stty -a";
    let (exit, screen) = on_a_terminal(visit(&viewer, 1, &[]), line, "");
    assert_eq!(exit, Some(0), "{screen}");
    let words: Vec<&str> = screen.split_whitespace().collect();
    for mode in ["echo", "icanon", "isig"] {
        assert!(words.contains(&mode), "{mode} is off: {screen}");
    }
}

#[test]
fn nothing_of_a_visit_is_left_on_the_device_or_here() {
    let (device, viewer) = (Device::start(), Home::new());
    assert_eq!(code(&output(device.visit(&viewer, &["status"]))), Some(0));
    let files = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files(&viewer.path().join("state")), 2, "known.json and its lock");
    let secret = device.word.split_once('-').unwrap().1;
    for file in std::fs::read_dir(viewer.path().join("state")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(secret));
    }
    let trace = output(device.visit(&viewer, &["--log", "trace", "status"]));
    assert_eq!(code(&trace), Some(0));
    assert!(!stderr(&trace).contains(secret), "the word is in the log");
    assert!(device.home.path().join("state").is_dir());
}
