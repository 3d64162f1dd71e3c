//! However a command ends, the end is told, and nothing of it stays.

use crate::harness::{Folder, LONG, SUCCESS, call, is_reaped, program, run, runs, start, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::control::CommandExit;
use std::time::Duration;
use tokio::time::timeout;
use watchword_peer::commands::Commands;

#[tokio::test]
async fn its_exit_is_told() {
    let folder = Folder::new();
    assert_eq!(run(program("true", &["/bin/true"])).await.exit, SUCCESS);
    assert_eq!(run(folder.script("seven", "exit 7")).await.exit, CommandExit::Code { code: 7 });
    assert_eq!(run(folder.script("killed", "kill -KILL $$")).await.exit, CommandExit::Signal { signal: 9 });
    assert_eq!(run(folder.script("term", "kill -TERM $$")).await.exit, CommandExit::Signal { signal: 15 });
}

#[tokio::test]
async fn what_takes_too_long_is_ended_with_its_children() {
    let folder = Folder::new();
    let mut spec = folder.script("slow", "echo $$ > own\n sleep 300 &\n echo $! > other\n echo begun\n wait");
    spec.timeout = Duration::from_millis(700);
    let heard = run(spec).await;
    assert_eq!((heard.exit, heard.stdout.as_str()), (CommandExit::TimedOut, "begun\n"));
    assert!(is_reaped(folder.number("own").await));
    let other = folder.number("other").await;
    until(|| !runs(other)).await;
}

#[tokio::test]
async fn what_does_not_listen_to_sigterm_is_killed() {
    let folder = Folder::new();
    let text = "trap '' TERM\n echo $$ > own\n sh -c 'echo $$ > other; while :; do sleep 1; done' &\n \
                echo deaf\n while :; do sleep 1; done";
    let commands = Commands::new(vec![folder.script("deaf", text)]).unwrap();
    let mut viewed = start(&commands, &call("deaf", &[])).unwrap();
    viewed.wait_for("deaf").await;
    let (own, other) = (folder.number("own").await, folder.number("other").await);
    viewed.running.stop();
    assert_eq!(viewed.hear().await.exit, CommandExit::Stopped);
    assert!(is_reaped(own));
    until(|| !runs(other)).await;
}

#[tokio::test]
async fn what_listens_to_sigterm_may_say_goodbye() {
    let folder = Folder::new();
    let text = "trap 'echo goodbye; exit 3' TERM\n echo ready\n while :; do sleep 0.05; done";
    let commands = Commands::new(vec![folder.script("polite", text)]).unwrap();
    let mut viewed = start(&commands, &call("polite", &[])).unwrap();
    viewed.wait_for("ready").await;
    viewed.running.stop();
    viewed.running.stop();
    let heard = viewed.hear().await;
    assert_eq!((heard.exit, heard.stdout.as_str()), (CommandExit::Stopped, "goodbye\n"));
}

#[tokio::test]
async fn a_grandchild_that_holds_the_pipes_holds_nobody_up_and_ends() {
    let folder = Folder::new();
    let heard = run(folder.script("parent", "sleep 300 &\n echo $! > other\n echo done")).await;
    assert_eq!((heard.exit, heard.stdout.as_str()), (SUCCESS, "done\n"));
    let other = folder.number("other").await;
    until(|| !runs(other)).await;
}

#[tokio::test]
async fn a_grandchild_that_left_the_pipes_ends_too() {
    let folder = Folder::new();
    let text = "sleep 300 > /dev/null 2>&1 &\n echo $! > other";
    assert_eq!(run(folder.script("parent", text)).await.exit, SUCCESS);
    let other = folder.number("other").await;
    until(|| !runs(other)).await;
}

#[tokio::test]
async fn a_grandchild_that_left_the_group_holds_nobody_up() {
    let folder = Folder::new();
    let text = "setsid sh -c 'echo $$ > other; exec sleep 300' &\n while ! test -s other; do sleep 0.01; done\n echo done";
    let mut spec = folder.script("parent", text);
    spec.timeout = LONG * 2;
    let heard = run(spec).await;
    let other = folder.number("other").await;
    let ran = runs(other);
    kill(Pid::from_raw(other), Signal::SIGKILL).unwrap();
    assert_eq!((heard.exit, heard.stdout.as_str()), (SUCCESS, "done\n"));
    assert!(ran, "it is not of the group");
}

#[tokio::test]
async fn a_grandchild_that_left_the_group_and_never_stops_talking_holds_nobody_up() {
    let folder = Folder::new();
    let text = "setsid sh -c 'echo $$ > other; exec yes' &\n while ! test -s other; do sleep 0.01; done";
    let mut spec = folder.script("parent", text);
    spec.timeout = LONG * 2;
    assert_eq!(run(spec).await.exit, SUCCESS);
    // Its pipe is broken now.
    let other = folder.number("other").await;
    until(|| !runs(other)).await;
}

#[tokio::test]
async fn closing_ends_all_that_runs() {
    let folder = Folder::new();
    let mut spec = folder.script("deaf", "trap '' TERM\n echo ready\n while :; do sleep 1; done");
    spec.concurrency = 8;
    let commands = Commands::new(vec![spec]).unwrap();
    let mut all = Vec::new();
    for _ in 0..8 {
        let mut viewed = start(&commands, &call("deaf", &[])).unwrap();
        viewed.wait_for("ready").await;
        all.push(viewed);
    }
    timeout(LONG, commands.close()).await.expect("it hangs");
    for viewed in all {
        assert_eq!(viewed.hear().await.exit, CommandExit::Stopped);
    }
}

#[test]
fn a_runtime_that_ends_takes_the_group_with_it() {
    let folder = Folder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let commands =
        Commands::new(vec![folder.script("slow", "sleep 300 &\n echo $! > other\n wait")]).unwrap();
    let (viewed, other) = runtime.block_on(async {
        let viewed = start(&commands, &call("slow", &[])).unwrap();
        (viewed, folder.number("other").await)
    });
    drop(runtime);
    let again = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    again.block_on(async {
        until(|| !runs(other)).await;
        assert_eq!(viewed.running.finished().await, None);
    });
}
