//! What commands say: all of it up to its bound, as text, and never more memory than that.

use crate::harness::{Folder, LONG, SUCCESS, call, program, run, start};
use protocol::control::{CommandExit, MAX_OUTPUT};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use watchword_peer::commands::{CommandEvent, Commands};

/// Memory of this process, bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn the_streams_are_apart_and_whole() {
    let folder = Folder::new();
    let text = "i=0; while [ $i -lt 3000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; printf end";
    let heard = run(folder.script("lines", text)).await;
    let lines = |word: &str| (0..3000).map(|index| format!("{word} {index}\n")).collect::<String>();
    assert_eq!(heard.exit, SUCCESS);
    assert_eq!(heard.stdout, lines("out") + "end");
    assert_eq!(heard.stderr, lines("err"));
    assert_eq!(heard.dropped, 0);
    assert!(heard.messages < 600, "{} messages for 6,000 lines", heard.messages);
}

#[tokio::test]
async fn it_is_heard_while_it_runs() {
    let folder = Folder::new();
    let commands = Commands::new(vec![folder.script("talks", "printf 'no line'\n exec sleep 300")]).unwrap();
    let mut viewed = start(&commands, &call("talks", &[])).unwrap();
    viewed.wait_for("no line").await;
    viewed.running.stop();
    assert_eq!(viewed.hear().await.exit, CommandExit::Stopped);
}

#[tokio::test]
async fn what_is_no_utf8_is_made_visible_and_what_is_torn_is_not() {
    let folder = Folder::new();
    let text = r"printf '\377a\303'; sleep 0.2; printf '\244\360\237'; sleep 0.2; printf '\230\200b\342\202'";
    let heard = run(folder.script("bytes", text)).await;
    assert_eq!(heard.stdout, "\u{fffd}aä😀b\u{fffd}");
    let heard = run(program("random", &["/usr/bin/head", "-c", "300000", "/dev/urandom"])).await;
    assert!(heard.stdout.contains('\u{fffd}') && heard.dropped == 0);
}

#[tokio::test]
async fn its_bound_is_kept_to_the_byte() {
    let folder = Folder::new();
    let mut spec = folder.script("much", "printf 0123456789; sleep 0.2; printf 0123456789 >&2; exit 2");
    spec.max_output = 14;
    let heard = run(spec.clone()).await;
    assert_eq!((heard.stdout.as_str(), heard.stderr.as_str(), heard.dropped), ("0123456789", "0123", 6));
    assert_eq!(heard.exit, CommandExit::Code { code: 2 });
    spec.max_output = 0;
    let heard = run(spec).await;
    assert_eq!((heard.messages, heard.dropped), (0, 20));
    // A character that the bound would cut is left out.
    let mut spec = folder.script("wide", "printf 'aä€'");
    spec.max_output = 5;
    let heard = run(spec).await;
    assert_eq!((heard.stdout.as_str(), heard.dropped), ("aä", 3));
}

#[tokio::test]
async fn a_gigabyte_takes_no_memory() {
    const ALL: u64 = 1_000_000_000;
    let mut spec = program("flood", &["/usr/bin/head", "-c", "1000000000", "/dev/zero"]);
    (spec.timeout, spec.max_output) = (LONG * 10, 64 << 20);
    let most = spec.max_output;
    let commands = Commands::new(vec![spec]).unwrap();
    let mut viewed = start(&commands, &call("flood", &[])).unwrap();
    let (before, mut peak, mut bytes) = (resident(), 0, 0);
    let exited = loop {
        let event = timeout(LONG * 5, viewed.events.recv()).await.expect("it hangs").unwrap();
        peak = peak.max(resident());
        match event {
            CommandEvent::Output(output) => {
                assert!(output.text.len() <= MAX_OUTPUT);
                bytes += output.text.len() as u64;
            }
            CommandEvent::Exited(exited) => break exited,
        }
    };
    assert_eq!((bytes, exited.exit, exited.dropped), (most, SUCCESS, ALL - most));
    assert!(peak < before + (24 << 20), "{} MB more", (peak - before) >> 20);
}

#[tokio::test]
async fn a_viewer_that_reads_nothing_holds_the_command_back_until_its_time_is_over() {
    let folder = Folder::new();
    let mut spec = folder.script("flood", "exec head -c 1000000000 /dev/zero");
    (spec.timeout, spec.max_output) = (Duration::from_secs(2), u64::MAX);
    let commands = Commands::new(vec![spec]).unwrap();
    let before = resident();
    let viewed = start(&commands, &call("flood", &[])).unwrap();
    let finished = timeout(LONG, viewed.running.finished()).await.expect("it hangs").unwrap();
    assert_eq!(finished.exit, CommandExit::TimedOut);
    assert!(finished.sent + finished.dropped < 1 << 20, "the pipe was left full: {finished:?}");
    assert!(resident() < before + (24 << 20));
    let heard = viewed.hear().await;
    assert_eq!((heard.exit, heard.dropped), (CommandExit::TimedOut, finished.dropped));
}

#[tokio::test]
async fn a_viewer_that_reads_slowly_gets_all_of_it() {
    let folder = Folder::new();
    // It ends long before its viewer has read what its pipe holds.
    let commands =
        Commands::new(vec![folder.script("quick", "head -c 200000 /dev/zero | tr '\\0' x")]).unwrap();
    let mut viewed = start(&commands, &call("quick", &[])).unwrap();
    let mut bytes = 0;
    loop {
        sleep(Duration::from_millis(200)).await;
        match timeout(LONG, viewed.events.recv()).await.expect("it hangs").unwrap() {
            CommandEvent::Output(output) => bytes += output.text.len(),
            CommandEvent::Exited(exited) => {
                assert_eq!((bytes, exited.exit, exited.dropped), (200_000, SUCCESS, 0));
                return;
            }
        }
    }
}
