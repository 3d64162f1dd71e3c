//! Commands, called in ways that their owner did not think of.

use crate::stage::{LONG, Stage, call, refused};
use protocol::control::{CommandExit, CommandExited, code, method};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use watchword_peer::commands::{ArgSpec, CommandSpec, Commands, MAX_RUNS, OnLeave};

fn program(name: &str, run: &[&str]) -> CommandSpec {
    CommandSpec {
        name: name.to_owned(),
        label: name.to_owned(),
        description: String::new(),
        run: run.iter().map(|word| (*word).to_owned()).collect(),
        args: Vec::new(),
        dash: Vec::new(),
        timeout: Duration::from_secs(300),
        max_output: 8 << 20,
        concurrency: MAX_RUNS,
        on_leave: OnLeave::Kill,
        dir: "/".into(),
        env: BTreeMap::new(),
    }
}

async fn stage(specs: Vec<CommandSpec>) -> Stage {
    Stage::with(|environment| environment.commands = Commands::new(specs).unwrap()).await
}

/// Processes whose command line has this in it. One that waits to be reaped has none.
fn running(part: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|process| process.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .filter(|line| String::from_utf8_lossy(line).replace('\0', " ").contains(part))
        .count()
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, wait).await.expect("it hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_at_once_run_as_many_as_may_run() {
    // A number that no other process has in its command line.
    let stage = stage(vec![program("sleep", &["/bin/sleep", "86413"])]).await;
    let offender = stage.offender().await;
    let mut calls = Vec::new();
    for _ in 0..600 {
        let caller = offender.viewer.caller();
        let run = json!({ "name": "sleep" , "args": {} });
        calls.push(tokio::spawn(async move { call(&caller, method::COMMAND_RUN, run).await }));
    }
    let mut started = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => started += 1,
            error => assert!([code::TOO_FAST, code::UNAVAILABLE].contains(&refused(error))),
        }
    }
    assert_eq!((started, running("sleep 86413")), (MAX_RUNS, MAX_RUNS));
    // Four hundred more are too much of it.
    for _ in 0..400 {
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"command.run","params":{"name":"sleep","args":{}}}"#;
        let _ = offender.viewer.say(text).await;
    }
    assert_eq!(offender.ended().await, "Far too many messages came.");
    until(|| running("sleep 86413") == 0).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabyte_of_output_is_cut_and_counted() {
    const ALL: u64 = 1_000_000_000;
    let stage = stage(vec![program("flood", &["/usr/bin/head", "-c", "1000000000", "/dev/zero"])]).await;
    let mut offender = stage.offender().await;
    let caller = offender.viewer.caller();
    let run = tokio::spawn(async move {
        call(&caller, method::COMMAND_RUN, json!({ "name": "flood", "args": {} })).await
    });
    let (mut heard, mut exited) = (0, None);
    while exited.is_none() {
        let notice = timeout(LONG * 4, offender.viewer.notice()).await.expect("it goes on").unwrap();
        match notice.method.as_str() {
            method::COMMAND_OUTPUT => heard += notice.params["text"].as_str().unwrap().len() as u64,
            method::COMMAND_EXITED => exited = Some(serde_json::from_value(notice.params).unwrap()),
            _ => {}
        }
    }
    let CommandExited { exit, dropped, .. } = exited.unwrap();
    assert_eq!((exit, heard, dropped), (CommandExit::Code { code: 0 }, 8 << 20, ALL - (8 << 20)));
    run.await.unwrap().unwrap();
    offender.leave().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_that_nobody_reads_waits_and_the_session_ends() {
    let mut flood = program("flood", &["/usr/bin/head", "-c", "1000000000", "/dev/zero"]);
    flood.max_output = u64::MAX;
    let stage = stage(vec![flood]).await;
    let offender = stage.offender().await;
    let caller = offender.viewer.caller();
    let run = json!({ "name": "flood", "args": {} });
    let _started = timeout(LONG, caller.call(method::COMMAND_RUN, run)).await;
    // Its notices are taken by nobody, so that the channel stands still.
    sleep(Duration::from_secs(14)).await;
    stage.assert_memory_is_bounded();
    assert_eq!(offender.ended().await, "The messages of the device were not read.");
    until(|| running("head -c 1000000000") == 0).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deaf_to_sigterm_ends_when_it_is_stopped_and_when_its_viewer_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("deaf-to-sigterm");
    std::fs::write(&script, "trap '' TERM\n echo ready\n while :; do sleep 1; done").unwrap();
    let script = script.to_str().unwrap();
    let stage = stage(vec![program("deaf", &["/bin/sh", script])]).await;
    for leaves in [false, true] {
        let mut offender = stage.offender().await;
        let run = json!({ "name": "deaf", "args": {} });
        let started = offender.call(method::COMMAND_RUN, run).await.unwrap();
        offender.notice(method::COMMAND_OUTPUT).await;
        assert!(running(script) > 0);
        if !leaves {
            offender.call(method::COMMAND_STOP, started).await.unwrap();
            assert_eq!(offender.notice(method::COMMAND_EXITED).await["exit"], "stopped");
        }
        offender.leave().await;
        until(|| running(script) == 0).await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_could_be_commands_run_none() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let mut echo = program("echo", &["/bin/echo", "{free}", "{choice}"]);
    let arg = |name: &str, pattern: &str| ArgSpec { name: name.to_owned(), pattern: pattern.to_owned() };
    echo.args = vec![arg("free", "(?s).*"), arg("choice", "on|off")];
    let stage = stage(vec![echo]).await;
    let mut offender = stage.offender().await;
    for value in injections(&mark) {
        let args = json!({ "free": value, "choice": "on" });
        match offender.call(method::COMMAND_RUN, json!({ "name": "echo", "args": args })).await {
            // It is one word, whatever is in it.
            Ok(_) => {
                assert_eq!(offender.notice(method::COMMAND_OUTPUT).await["text"], format!("{value} on\n"));
                offender.notice(method::COMMAND_EXITED).await;
            }
            error => assert_eq!(refused(error), code::INVALID_PARAMS, "{value:?}"),
        }
        let args = json!({ "free": "x", "choice": format!("on{value}") });
        let run = offender.call(method::COMMAND_RUN, json!({ "name": "echo", "args": args })).await;
        assert_eq!(refused(run), code::INVALID_PARAMS, "{value:?}");
        assert!(!mark.exists(), "{value:?}");
    }
    for args in undeclared() {
        let run = offender.call(method::COMMAND_RUN, json!({ "name": "echo", "args": args })).await;
        assert_eq!(refused(run), code::INVALID_PARAMS, "{args}");
    }
    for name in ["", "Echo", "echo ", "/bin/echo", "../bin/sh", "sh", "echo;sh", "echo\0", "$(sh)"] {
        let run = offender.call(method::COMMAND_RUN, json!({ "name": name, "args": {} })).await;
        assert_eq!(refused(run), code::NOT_FOUND, "{name:?}");
    }
    offender.leave().await;
    stage.close().await;
}

fn injections(mark: &Path) -> Vec<String> {
    let mark = mark.to_str().unwrap();
    vec![
        format!("; touch {mark}"),
        format!("$(touch {mark})"),
        format!("`touch {mark}`"),
        format!("| touch {mark}"),
        format!("&& touch {mark}"),
        format!("\ntouch {mark}\n"),
        format!("' ; touch {mark} ; '"),
        format!("\"; touch {mark}; \""),
        format!("> {mark}"),
        "{choice}".to_owned(),
        "{{free}}".to_owned(),
        "$IFS".to_owned(),
        "*".to_owned(),
        "--help".to_owned(),
        "-n".to_owned(),
        "\0".to_owned(),
        format!("x\0; touch {mark}"),
    ]
}

/// Arguments that are not those that were declared, or no texts.
fn undeclared() -> Vec<Value> {
    vec![
        json!({}),
        json!({ "free": "x" }),
        json!({ "free": "x", "choice": "on", "more": "y" }),
        json!({ "free": "x", "choice": "on\n" }),
        json!({ "free": "x", "choice": "" }),
        json!({ "free": ["x"], "choice": "on" }),
        json!({ "free": 5, "choice": "on" }),
        json!({ "free": null, "choice": "on" }),
        json!(["x", "on"]),
        json!("x on"),
        json!({ "free": "x".repeat(60_000), "choice": "on" }),
    ]
}
