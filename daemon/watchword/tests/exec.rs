//! Commands of the owner, run from a command line elsewhere: a real device, real programs.

#![allow(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

mod common;

use common::{
    Home, Running,
    device::{Device, code, output},
    stderr, stdout,
};
use serde_json::Value;
use std::{
    io::Read as _,
    process::{Output, Stdio},
};

const COMMANDS: &str = r#"
[[commands]]
name = "say"
description = "Says something, and something else beside it."
run = ["/bin/sh", "-c", "printf %s \"$1\"; echo beside >&2; exit $2", "say", "{text}", "{status}"]
args = { text = "[^-].*|", status = "[0-9]+" }
[[commands]]
name = "lamp"
label = "The lamp"
run = ["/bin/echo", "{state}"]
args = { state = "on|off" }
[[commands]]
name = "wait"
run = ["/bin/sh", "-c", "trap 'echo told to end; exit 0' TERM; echo waiting; while :; do sleep 0.05; done"]
on_leave = "keep"
[[commands]]
name = "slow"
run = ["/bin/sleep", "30"]
timeout = 0.3
[[commands]]
name = "dies"
run = ["/bin/sh", "-c", "kill -9 $$"]
[[commands]]
name = "denied"
run = ["/bin/sh", "-c", "echo 'gpioset: /dev/gpiochip0: Permission denied' >&2; exit 1"]
[[commands]]
name = "flood"
run = ["/usr/bin/seq", "1", "1000000"]
max_output = 16000000
[[commands]]
name = "too-much"
run = ["/bin/sh", "-c", "yes | head -c 5000"]
max_output = 1000
"#;

fn device() -> Device {
    Device::allowing("commands", COMMANDS)
}

fn exec(device: &Device, viewer: &Home, arguments: &[&str]) -> Output {
    output(device.visit(viewer, &[&["exec"], arguments].concat()))
}

#[test]
fn output_comes_on_its_own_streams_and_the_status_is_the_commands() {
    let (device, viewer) = (device(), Home::new());
    exec(&device, &viewer, &[]); // the certificate is known from now on
    for (status, expected) in [("0", 0), ("1", 1), ("7", 7), ("255", 255)] {
        let done = exec(&device, &viewer, &["say", "Grüße; $(reboot) %s \\n", status]);
        assert_eq!(code(&done), Some(expected), "{}", stderr(&done));
        assert_eq!(stdout(&done), "Grüße; $(reboot) %s \\n", "a pipe gets it as it was written");
        assert_eq!(stderr(&done), "beside\n");
    }
    let named = exec(&device, &viewer, &["say", "status=3", "text=hello"]);
    assert_eq!((code(&named), stdout(&named).as_str()), (Some(3), "hello"));
}

#[test]
fn without_a_name_it_tells_what_there_is() {
    let (device, viewer) = (device(), Home::new());
    let list = exec(&device, &viewer, &[]);
    assert_eq!(code(&list), Some(0), "{}", stderr(&list));
    let lines = stdout(&list);
    assert!(lines.contains("lamp on|off      The lamp\n"), "{lines}");
    assert!(lines.contains("say TEXT STATUS  Says something, and something else beside it.\n"), "{lines}");
    assert!(lines.lines().any(|line| line == "wait"), "a name is no description of itself: {lines}");
    let json = exec(&device, &viewer, &["--json"]);
    let names: Vec<Value> = stdout(&json)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].clone())
        .collect();
    assert_eq!(names, ["say", "lamp", "wait", "slow", "dies", "denied", "flood", "too-much"]);
}

#[test]
fn as_json_it_tells_each_piece_and_the_end() {
    let (device, viewer) = (device(), Home::new());
    let done = exec(&device, &viewer, &["--json", "say", "hello", "4"]);
    assert_eq!(code(&done), Some(4));
    let lines: Vec<Value> = stdout(&done).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |stream: &str| -> String {
        let pieces = lines.iter().filter(|line| line["stream"] == stream);
        pieces.map(|line| line["text"].as_str().unwrap()).collect()
    };
    assert_eq!((said("stdout").as_str(), said("stderr").as_str()), ("hello", "beside\n"));
    let end = lines.last().unwrap();
    assert_eq!((&end["exit"], &end["code"]), (&"code".into(), &4.into()));
}

#[test]
fn ends_that_have_no_status_have_a_code_and_a_sentence() {
    let (device, viewer) = (device(), Home::new());
    let cases: [(&[&str], i32, &str); 9] = [
        (&["dies"], 128 + 9, "ended by signal 9"),
        (&["slow"], 124, "took too long"),
        (&["too-much"], 0, "4000 bytes of output were left out"),
        (&["fly"], 242, "fly"),
        (&["lamp"], 242, "state"),
        (&["lamp", "maybe"], 242, "state"),
        (&["lamp", "foo=on"], 242, "There is no argument \"foo\": lamp on|off"),
        (&["lamp", "on", "off"], 242, "too many values: lamp on|off"),
        (&["lamp", "--verbose"], 242, "state"),
    ];
    for (arguments, expected, sentence) in cases {
        let done = exec(&device, &viewer, arguments);
        assert_eq!(code(&done), Some(expected), "{arguments:?}: {}", stderr(&done));
        assert!(stderr(&done).contains(sentence), "{arguments:?}: {}", stderr(&done));
    }
    let nobody = exec(&device, &viewer, &["--word", "nowhere27-otter-violin-cobalt"]);
    assert_eq!(code(&nobody), Some(243), "{}", stderr(&nobody));
}

#[test]
fn what_the_system_denies_a_command_is_in_the_owners_log() {
    let (device, viewer) = (device(), Home::new());
    let denied = output(device.visit(&viewer, &["exec", "denied"]));
    assert_eq!(code(&denied), Some(1));
    let line = device.running.line("command denied ended");
    assert!(line.contains("code 1 after it said \"Permission denied\""), "{line}");
    assert!(!line.contains("gpiochip"), "the rest is the viewer's: {line}");
}

#[test]
fn a_word_without_the_right_runs_nothing() {
    let (device, viewer) = (Device::allowing("chat", COMMANDS), Home::new());
    let done = exec(&device, &viewer, &["lamp", "on"]);
    assert_eq!(code(&done), Some(245));
    assert!(stderr(&done).contains("this word does not allow commands"), "{}", stderr(&done));
}

#[test]
fn a_signal_stops_the_command_on_the_device() {
    let (device, viewer) = (device(), Home::new());
    for (signal, expected) in [("INT", 130), ("TERM", 143)] {
        let mut running = Running::new(device.visit(&viewer, &["exec", "wait"]));
        running.line("waiting");
        running.signal(signal);
        // It was told on the device, not cut off: what it says at its end still comes.
        running.line("told to end");
        let ended = running.end();
        assert!(
            ended == Some(expected) || ended == Some(if signal == "INT" { 130 } else { 143 }),
            "{ended:?}"
        );
    }
    // One at a time is allowed: were one left, this would be refused.
    let mut running = Running::new(device.visit(&viewer, &["exec", "wait"]));
    running.line("waiting");
    running.signal("INT");
    running.end();
}

#[test]
fn a_slow_reader_gets_every_line() {
    let (device, viewer) = (device(), Home::new());
    let mut command = device.visit(&viewer, &["exec", "flood"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut pipe = child.stdout.take().unwrap();
    // Long enough for all queues between the command and here to be full.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let mut all = String::new();
    pipe.read_to_string(&mut all).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(all.lines().count(), 1_000_000);
    assert!(all.lines().zip(1..).all(|(line, number)| line.parse() == Ok(number)));
}
