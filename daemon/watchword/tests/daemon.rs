//! The running daemon: its start, the owner's commands to it, and its end.

mod common;

use common::{
    Home,
    device::{Device, code, output},
    stderr, stdout, wait_for_port,
};
use std::{
    io::Read as _,
    os::unix::{fs::PermissionsExt as _, net::UnixDatagram},
    process::Stdio,
    time::Instant,
};

#[test]
fn it_prints_one_screen_with_the_word_and_stops_in_order() {
    let home = Home::new();
    let (path, port) = home.loopback_config("");
    let mut running = home.start(&["run", "--new-word", "--config", path.to_str().unwrap()]);
    let word = running.word();
    assert_eq!(word.split('-').count(), 4, "{word}");
    let link = running.line("Link");
    assert!(link.contains(&format!("https://127.0.0.1:{port}/#{word}")), "{link}");
    running.signal("TERM");
    assert_eq!(running.end(), Some(0));
}

#[test]
fn a_server_told_to_stop_at_its_first_word_stops_in_order() {
    let home = Home::new();
    let (path, _) = home.loopback_config("");
    for _ in 0..10 {
        let mut serving = home.start(&["serve", "--config", path.to_str().unwrap()]);
        serving.line("Watchword");
        serving.signal("TERM");
        assert_eq!(serving.end(), Some(0));
    }
}

#[test]
fn the_word_of_the_run_is_never_written_to_disk_or_log() {
    let home = Home::new();
    let (path, _) = home.loopback_config("");
    let mut command =
        home.command(&["--log", "trace", "run", "--new-word", "--config", path.to_str().unwrap()]);
    command.stderr(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut screen = String::new();
    let mut byte = [0];
    while !screen.contains("fingerprint:") && child.stdout.as_mut().unwrap().read(&mut byte).unwrap() == 1 {
        screen.push(byte[0] as char);
    }
    let word = screen.lines().find_map(|line| line.trim().strip_prefix("Word")).unwrap().trim().to_owned();
    std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let secret: Vec<&str> = word.split('-').skip(1).collect();
    let secret = secret.join("-");
    assert!(!stderr(&output).contains(&secret), "the word is in the log");
    for file in walk(home.path()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(
            !bytes.windows(secret.len()).any(|w| w == secret.as_bytes()),
            "the word is in {}",
            file.display()
        );
    }
}

#[test]
fn the_owner_adds_lists_and_removes_words_while_it_runs() {
    let home = Home::new();
    let (path, port) = home.loopback_config("");
    let config = path.to_str().unwrap();
    let _running = home.start(&["run", "--config", config]);
    wait_for_port(port);
    let added = home.run(&["word", "add", "--label", "door", "--config", config]);
    assert!(added.status.success(), "{}", stderr(&added));
    assert!(
        !stdout(&added).contains("is registered when"),
        "the running daemon registers at once: {}",
        stdout(&added)
    );
    let list = stdout(&home.run(&["word", "list", "--config", config]));
    assert!(list.contains("door") && !list.contains("no daemon runs"), "{list}");
    assert!(home.run(&["word", "remove", "door", "--config", config]).status.success());
    assert!(stdout(&home.run(&["word", "list", "--config", config])).contains("No secret word yet"));
}

#[test]
fn a_start_that_fails_ends_the_process_with_its_reason_once() {
    let home = Home::new();
    std::fs::write(home.path().join("file"), "").unwrap();
    let root = |path: &std::path::Path, writable: bool| {
        let path = path.display();
        format!("[files]\nroots = [{{ name = \"photos\", path = \"{path}\", writable = {writable} }}]\n")
    };
    for (more, reason) in [
        (root("/nonexistent".as_ref(), false), "No such file or directory"),
        (root("/nonexistent".as_ref(), true), "No such file or directory"),
        (root(&home.path().join("file"), false), "Not a directory"),
    ] {
        let (path, _) = home.loopback_config(&more);
        let mut failing = home.start(&["run", "--config", path.to_str().unwrap()]);
        let said = failing.line("photos");
        assert_eq!(said.matches(reason).count(), 1, "{said}");
        assert_eq!(failing.end(), Some(1), "{more}");
    }
}

#[test]
fn a_start_that_fails_when_the_server_serves_already_ends_the_process_too() {
    let home = Home::new();
    let (path, _) = home.loopback_config("");
    std::fs::create_dir_all(home.path().join("state/audit.jsonl")).unwrap();
    let mut failing = home.start(&["run", "--config", path.to_str().unwrap()]);
    failing.line("audit.jsonl");
    assert_eq!(failing.end(), Some(1));
}

#[test]
fn a_second_daemon_with_the_same_state_is_refused() {
    let home = Home::new();
    let (path, port) = home.loopback_config("");
    let _running = home.start(&["run", "--config", path.to_str().unwrap()]);
    wait_for_port(port);
    let second = home.run(&["run", "--config", path.to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("another watchword runs"), "{}", stderr(&second));
}

#[test]
fn secrets_are_readable_by_their_owner_alone() {
    let home = Home::new();
    let (path, port) = home.loopback_config("");
    let _running = home.start(&["run", "--config", path.to_str().unwrap()]);
    wait_for_port(port);
    let state = home.path().join("state");
    for name in ["identity.key", "opaque.key", "pass.key", "control.sock"] {
        let mode = std::fs::metadata(state.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is open to others: {mode:o}");
    }
}

#[test]
fn systemd_hears_ready_status_and_stopping() {
    let home = Home::new();
    let (path, _) = home.loopback_config("");
    let socket = home.path().join("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(common::PATIENCE)).unwrap();
    let mut command = home.command(&["run", "--config", path.to_str().unwrap()]);
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "400000");
    let mut running = common::Running::new(command);
    let (mut heard, deadline) = (String::new(), Instant::now() + common::PATIENCE);
    let mut listen = |until: &[&str]| {
        while !until.iter().all(|part| heard.contains(part)) {
            assert!(Instant::now() < deadline, "systemd heard only: {heard}");
            let mut datagram = [0; 4096];
            let length = systemd.recv(&mut datagram).unwrap();
            heard += &String::from_utf8_lossy(&datagram[..length]);
            heard.push('\n');
        }
    };
    listen(&["READY=1", "STATUS=no secret word yet", "WATCHDOG=1"]);
    running.signal("TERM");
    listen(&["STOPPING=1"]);
    assert_eq!(running.end(), Some(0));
}

#[test]
fn a_server_of_its_own_kind_is_joined_and_its_return_is_noticed() {
    let (server, device) = (Home::new(), Home::new());
    let (server_config, port) = server.loopback_config("");
    let serve = server.start(&["serve", "--config", server_config.to_str().unwrap()]);
    let fingerprint = serve.line("fingerprint = ");
    let config = device.config(&format!(
        "[rendezvous]\nurl = \"wss://127.0.0.1:{port}/ws\"\n{}\n[video]\nsource = \"test\"\n",
        fingerprint.trim()
    ));
    let running = device.start(&["run", "--new-word", "--config", config.to_str().unwrap()]);
    running.line("registered at the place");
    drop(serve);
    running.line("out of reach");
    let _again = server.start(&["serve", "--config", server_config.to_str().unwrap()]);
    running.line("registered at the place");
}

#[test]
fn a_server_with_another_certificate_is_refused_with_the_reason() {
    let (server, device) = (Home::new(), Home::new());
    let (server_config, port) = server.loopback_config("");
    let _serve = server.start(&["serve", "--config", server_config.to_str().unwrap()]);
    wait_for_port(port);
    let config = device.config(&format!(
        "[rendezvous]\nurl = \"wss://127.0.0.1:{port}/ws\"\nfingerprint = \"{}\"\n",
        "00".repeat(32)
    ));
    let running = device.start(&["run", "--config", config.to_str().unwrap()]);
    assert!(running.line("out of reach").contains("another fingerprint"));
}

#[test]
fn a_server_that_is_not_there_is_looked_for_and_told_once() {
    let home = Home::new();
    let port = common::free_port();
    let config = home.config(&format!(
        "[rendezvous]\nurl = \"wss://127.0.0.1:{port}/ws\"\nfingerprint = \"{}\"\n[video]\nsource = \"test\"\n",
        "00".repeat(32)
    ));
    let screen = home.start(&["run", "--config", config.to_str().unwrap()]);
    let first = screen.line("the test picture");
    assert!(first.contains(&format!("is looking for its server wss://127.0.0.1:{port}/ws")), "{first}");
    screen.line("There is no secret word yet");
    screen.line("that server made its certificate itself");
    drop(screen);
    // The first failure is a warning, the next ones with the same reason are not.
    let log = home.start(&["--log", "debug", "run", "--config", config.to_str().unwrap()]);
    assert!(log.line("out of reach").contains("WARN"));
    for _ in 0..3 {
        assert!(log.line("out of reach").contains("DEBUG"));
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(walk(&entry.path())),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

#[test]
fn words_are_given_on_terms_and_replaced_on_the_same_ones() {
    let home = Home::new();
    let (path, port) = home.loopback_config("");
    let _running = home.start(&["run", "--config", path.to_str().unwrap()]);
    wait_for_port(port);
    let added = home.typed("word add --label workshop --allow watch,files,upload --for 2h --viewers 3");
    assert!(added.status.success(), "{}", stderr(&added));
    let list = stdout(&home.typed("word list"));
    for part in ["workshop", "0/3", "watch,files,upload"] {
        assert!(list.contains(part), "{part:?} is not in\n{list}");
    }
    assert!(list.contains("in 2h"), "{list}");
    let word = |output: &std::process::Output| {
        stdout(output).lines().find_map(|line| line.trim().strip_prefix("Word")).unwrap().trim().to_owned()
    };
    let rotated = home.typed("word rotate workshop");
    assert!(rotated.status.success(), "{}", stderr(&rotated));
    let (old, new) = (word(&added), word(&rotated));
    assert_ne!(old, new);
    assert_eq!(old.split('-').next(), new.split('-').next(), "the place stays");
    assert!(stdout(&home.typed("word list")).contains("watch,files,upload"));
    assert_eq!(stdout(&home.typed("sessions")), "Nobody is here.\n");
    assert_eq!(stdout(&home.typed("sessions --json")).trim(), "[]");
    // Names of sessions may begin with a hyphen.
    for name in ["abc", "-abc"] {
        let ended = home.typed(&format!("sessions --end {name}"));
        assert_eq!(ended.status.code(), Some(1));
        assert!(stderr(&ended).contains(&format!("there is no session {name:?}")), "{}", stderr(&ended));
    }
}

#[test]
fn terms_with_a_slip_are_refused_with_what_was_meant() {
    let home = Home::new();
    let (path, _) = home.loopback_config("");
    let add =
        |more: &[&str]| home.run(&[&["word", "add", "--config", path.to_str().unwrap()], more].concat());
    for (slip, says) in [
        (["--allow", "wacth"], "there is no right"),
        (["--for", "soon"], "2h"),
        (["--for", "5s"], "a minute"),
        (["--for", "2"], "such as 30m, 2h or 7days"),
        (["--allow", ""], "has to allow something"),
    ] {
        let output = add(&slip);
        assert_eq!(output.status.code(), Some(2), "{slip:?}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
    assert!(stdout(&home.run(&["word", "list"])).contains("No secret word yet"));
    let sessions = home.run(&["sessions"]);
    let said = stderr(&sessions);
    assert!(said.contains("no daemon runs") && said.contains("start it with watchword run"), "{said}");
}

#[test]
fn an_ended_word_is_rotated_only_with_a_new_end() {
    let home = Home::new();
    let (path, port) = home.loopback_config("");
    let rotates = || {
        let refused = home.typed("word rotate short");
        assert_eq!((code(&refused), stdout(&refused).as_str()), (Some(1), ""), "no word is shown");
        let said = stderr(&refused);
        assert!(said.contains("has ended") && said.contains("--for 2h"), "{said}");
        let rotated = home.typed("word rotate short --for 3h");
        assert_eq!(code(&rotated), Some(0), "{}", stderr(&rotated));
        assert!(stdout(&rotated).contains("  Word "), "{}", stdout(&rotated));
        let list = stdout(&home.typed("word list"));
        assert!(list.contains("in 3h"), "{list}");
    };
    assert_eq!(code(&home.typed("word add --label short --for 1m")), Some(0));
    home.end_the_word();
    rotates();
    home.end_the_word();
    let _running = home.start(&["run", "--config", path.to_str().unwrap()]);
    wait_for_port(port);
    rotates();
}

#[test]
fn what_the_owner_ends_is_told_with_who_it_sends_away() {
    let (device, viewer) = (Device::allowing("chat", ""), Home::new());
    assert_eq!(code(&output(device.visit(&viewer, &["status"]))), Some(0));
    let chat = || {
        let mut command = device.visit(&viewer, &["chat"]);
        command.stdin(Stdio::piped());
        let mut running = common::Running::new(command);
        let mut input = running.child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, b"here\n").unwrap();
        running.line(": here");
        (running, input)
    };
    let run = |line: &str| stdout(&device.home.typed(line));
    let (running, _input) = chat();
    let sessions: serde_json::Value = serde_json::from_str(&run("sessions --json")).unwrap();
    let session = sessions[0]["session"].as_str().unwrap();
    let ended = run(&format!("sessions --end={session}"));
    assert_eq!(ended, format!("Ended the session {session} of \"test\".\n"));
    running.line("the device ended the session");
    let (running, _input) = chat();
    let removed = run("word remove test");
    assert!(removed.starts_with("Removed \"test\". 1 viewer was sent away."), "{removed}");
    running.line("the device ended the session");
}
