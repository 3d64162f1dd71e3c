//! A viewer that leaves: its command ends, or goes on alone, as its owner said.

use crate::harness::{Folder, LONG, SUCCESS, call, is_reaped, start, until};
use protocol::control::CommandExit;
use std::time::Duration;
use tokio::time::timeout;
use watchword_peer::commands::{Commands, OnLeave};

#[tokio::test]
async fn it_ends_when_its_viewer_leaves() {
    let folder = Folder::new();
    let text = "echo $$ > own\n echo ready\n while :; do sleep 0.05; done";
    let commands = Commands::new(vec![folder.script("kept", text)]).unwrap();
    let mut viewed = start(&commands, &call("kept", &[])).unwrap();
    viewed.wait_for("ready").await;
    let (own, finished) = (folder.number("own").await, viewed.running.finished());
    drop(viewed);
    let finished = timeout(LONG, finished).await.expect("it hangs").unwrap();
    assert_eq!(finished.exit, CommandExit::Stopped);
    until(|| is_reaped(own)).await;
}

#[tokio::test]
async fn it_goes_on_alone_where_it_is_to_be_kept() {
    let folder = Folder::new();
    // More than pipe and channel hold: a command whose output nobody takes would stand still.
    let text = "echo ready\n while ! test -e go; do sleep 0.02; done\n head -c 3000000 /dev/zero\n : > came";
    let mut spec = folder.script("kept", text);
    spec.on_leave = OnLeave::Keep;
    let commands = Commands::new(vec![spec]).unwrap();
    let mut viewed = start(&commands, &call("kept", &[])).unwrap();
    viewed.wait_for("ready").await;
    let finished = viewed.running.finished();
    // The channel may outlive the viewer.
    drop(viewed.running);
    let channel = viewed.events;
    std::fs::write(folder.path("go"), "").unwrap();
    let finished = timeout(LONG, finished).await.expect("it hangs").unwrap();
    assert_eq!((finished.exit, finished.sent), (SUCCESS, 6));
    assert_eq!(finished.dropped, 3_000_000);
    assert!(folder.path("came").exists());
    drop(channel);
    assert_eq!(start(&commands, &call("kept", &[])).unwrap().hear().await.exit, SUCCESS);
}

#[tokio::test]
async fn what_goes_on_alone_still_has_its_time_and_ends_with_the_device() {
    let folder = Folder::new();
    let text = "echo ready\n exec sleep 300";
    let mut spec = folder.script("kept", text);
    (spec.on_leave, spec.timeout) = (OnLeave::Keep, Duration::from_millis(800));
    let mut longer = folder.script("longer", text);
    longer.on_leave = OnLeave::Keep;
    let commands = Commands::new(vec![spec, longer]).unwrap();
    let begin = async |name: &str| {
        let mut viewed = start(&commands, &call(name, &[])).unwrap();
        viewed.wait_for("ready").await;
        viewed
    };
    let viewed = [begin("kept").await, begin("longer").await];
    let [short, long] = viewed.each_ref().map(|viewed| viewed.running.finished());
    drop(viewed);
    assert_eq!(timeout(LONG, short).await.expect("it hangs").unwrap().exit, CommandExit::TimedOut);
    commands.close().await;
    assert_eq!(timeout(LONG, long).await.expect("it hangs").unwrap().exit, CommandExit::Stopped);
}
