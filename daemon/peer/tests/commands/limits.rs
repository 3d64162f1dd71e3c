//! How many run at once.

use crate::harness::{Folder, LONG, SUCCESS, call, program, start, until};
use protocol::control::{CommandExit, code};
use tokio::sync::mpsc;
use tokio::time::timeout;
use watchword_peer::commands::{CommandError, CommandEvent, Commands, MAX_RUNS};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_starts_at_once_run_as_many_as_may() {
    let folder = Folder::new();
    let mut specs = vec![
        folder.script("one", ": > \"ran.$$\"\n exec sleep 300"),
        folder.script("two", ": > \"ran.$$\"\n exec sleep 300"),
        folder.script("three", ": > \"ran.$$\"\n exec sleep 300"),
    ];
    (specs[0].concurrency, specs[1].concurrency, specs[2].concurrency) = (2, MAX_RUNS, MAX_RUNS);
    let commands = Commands::new(specs).unwrap();
    let starts = (0..1000).map(|index| {
        let commands = commands.clone();
        tokio::spawn(async move { start(&commands, &call(["one", "two", "three"][index % 3], &[])) })
    });
    let starts: Vec<_> = starts.collect();
    let (mut running, mut refused) = (Vec::new(), 0);
    for started in starts {
        match started.await.unwrap() {
            Ok(viewed) => running.push(viewed),
            Err(error) => {
                assert_eq!(error.code(), code::TOO_FAST);
                assert!(error.to_string().contains("running already"), "{error}");
                refused += 1;
            }
        }
    }
    assert_eq!((running.len(), refused), (MAX_RUNS, 1000 - MAX_RUNS));
    let ran = || {
        std::fs::read_dir(folder.path(""))
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("ran."))
            .count()
    };
    until(|| ran() == MAX_RUNS).await;
    timeout(LONG, commands.close()).await.expect("it hangs");
    for viewed in running {
        assert_eq!(viewed.hear().await.exit, CommandExit::Stopped);
    }
    assert_eq!(ran(), MAX_RUNS);
}

#[tokio::test]
async fn a_place_is_free_as_soon_as_the_end_is_told() {
    let commands = Commands::new(vec![program("true", &["/bin/true"])]).unwrap();
    let mut last = 0;
    for _ in 0..50 {
        let viewed = start(&commands, &call("true", &[])).unwrap();
        assert_eq!(start(&commands, &call("true", &[])).err(), Some(CommandError::Busy("true".to_owned())));
        assert!(viewed.running.run > last, "no number is used again");
        last = viewed.running.run;
        assert_eq!(viewed.hear().await.exit, SUCCESS);
    }
}

#[tokio::test]
async fn who_reads_nothing_starts_no_more() {
    let mut spec = program("true", &["/bin/true"]);
    spec.concurrency = 2;
    let commands = Commands::new(vec![spec]).unwrap();
    let (sender, mut events) = mpsc::channel(1);
    let first = commands.start(&call("true", &[]), &crate::harness::caller(), sender.clone()).unwrap();
    let refused = commands.start(&call("true", &[]), &crate::harness::caller(), sender.clone());
    assert_eq!(refused.err(), Some(CommandError::Unread));
    assert_eq!(first.finished().await.unwrap().exit, SUCCESS);
    assert!(matches!(events.recv().await, Some(CommandEvent::Exited(_))));
    assert!(commands.start(&call("true", &[]), &crate::harness::caller(), sender).is_ok());
}
