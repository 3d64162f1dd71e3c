//! Transfers between two real peers over loopback, with real files: what a viewer's program has to say, message by
//! message.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod support;

use bytes::BytesMut;
use protocol::control::{
    FilesGet, FilesPut, GetReady, MAX_CHUNK, PutReady, RESUME_STEP, Transfer, code, method, transfer_label,
};
use serde_json::json;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use support::transfer::{Channel, Heard, LONG, bytes, hash, refused};
use support::{Served, Setup, start_for_data};
use tokio::time::timeout;
use watchword_peer::viewer::{CallError, Viewer};
use webrtc::data_channel::DataChannelEvent;
use webrtc::runtime::TokioRuntime;

const DEVICE: Ipv4Addr = Ipv4Addr::new(127, 0, 79, 1);
const VIEWER: Ipv4Addr = Ipv4Addr::new(127, 0, 79, 2);
const MIB: usize = 1 << 20;

struct Visit {
    viewer: Viewer,
    served: tokio::task::JoinHandle<watchword_peer::End>,
}

async fn visit(setup: &Setup) -> Visit {
    let Served { viewer, session, .. } =
        start_for_data(Arc::new(TokioRuntime), &setup.environment, VIEWER).await;
    Visit { viewer: viewer.expect("connected"), served: session }
}

impl Visit {
    async fn put(&self, path: &str, size: usize, resume: bool) -> Result<PutReady, CallError> {
        let put =
            FilesPut { path: path.into(), size: size as u64, modified_ms: None, overwrite: false, resume };
        let ready = self.viewer.call(method::FILES_PUT, serde_json::to_value(put).unwrap()).await?;
        Ok(serde_json::from_value(ready).unwrap())
    }

    async fn get(&self, path: &str, offset: u64, version: &str) -> Result<GetReady, CallError> {
        let get = FilesGet { path: path.into(), offset, version: version.into() };
        let ready = self.viewer.call(method::FILES_GET, serde_json::to_value(get).unwrap()).await?;
        Ok(serde_json::from_value(ready).unwrap())
    }

    async fn leave(self) {
        self.viewer.leave().await;
        timeout(LONG, self.served).await.expect("the session ends").unwrap();
    }
}

fn partials(setup: &Setup) -> Vec<PathBuf> {
    let hidden = setup.dir.path().join("files/.watchword-partial");
    let names = std::fs::read_dir(hidden).map(|names| names.map(|name| name.unwrap().path()).collect());
    names.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_up_and_comes_down_again() {
    let setup = Setup::new(DEVICE);
    let visit = visit(&setup).await;
    for (number, size) in [0, 1, MAX_CHUNK, 9 * MIB + 17].into_iter().enumerate() {
        let data = bytes(size, u8::try_from(number).unwrap() + 1);
        let path = format!("files/új könyvtár/{number}.bin");
        let ready = visit.put(&path, size, false).await.unwrap();
        assert_eq!((ready.offset, ready.before.as_str()), (0, ""));
        let channel = Channel::open(&visit.viewer, &ready.transfer).await;
        channel.send(&data, 0..size).await;
        channel.finish(&data).await;
        channel.close().await;
        assert_eq!(std::fs::read(setup.dir.path().join(&path)).unwrap(), data);

        let ready = visit.get(&path, 0, "").await.unwrap();
        assert_eq!((ready.size, ready.offset), (size as u64, 0));
        let channel = Channel::open(&visit.viewer, &ready.transfer).await;
        let (mut come, mut credit) = (Vec::new(), 0);
        let end = loop {
            if come.len() + MIB > credit {
                credit += 2 * MIB;
                channel.say(&Transfer::Credit { until: credit as u64 }).await;
            }
            match channel.hear().await {
                Heard::Bytes(bytes) => come.extend_from_slice(&bytes),
                Heard::Said(Transfer::End { hash }) => break hash,
                other => panic!("{other:?}"),
            }
            assert!(come.len() <= credit, "bytes beyond the credit");
        };
        assert_eq!((end, come == data), (hash(&data), true));
        channel.say(&Transfer::Done).await;
        channel.close().await;
    }
    assert!(partials(&setup).is_empty());
    let listed = visit.viewer.call(method::FILES_LIST, json!({ "path": "files/új könyvtár" })).await.unwrap();
    assert_eq!(listed["entries"].as_array().unwrap().len(), 4);
    let missing = visit.viewer.call(method::FILES_STAT, json!({ "path": "files/nothing" })).await;
    assert_eq!(refused(missing), code::NOT_FOUND);
    visit.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_before_a_break_is_not_sent_again() {
    let setup = Setup::new(DEVICE);
    let data = bytes(6 * MIB, 1);
    let first = visit(&setup).await;
    let ready = first.put("files/a", data.len(), true).await.unwrap();
    let channel = Channel::open(&first.viewer, &ready.transfer).await;
    channel.send(&data, 0..3 * MIB + 5).await;
    channel.arrived().await;
    // Closed, not given up: this is a pause. And then the whole session goes.
    channel.close().await;
    let ready = first.put("files/a", data.len(), true).await.unwrap();
    assert_eq!((ready.offset, ready.before), (3 * RESUME_STEP, hash(&data[2 * MIB..3 * MIB])));
    let channel = Channel::open(&first.viewer, &ready.transfer).await;
    channel.send(&data, 3 * MIB..4 * MIB + 1).await;
    channel.arrived().await;
    first.leave().await;

    let second = visit(&setup).await;
    let ready = second.put("files/a", data.len(), true).await.unwrap();
    assert_eq!(ready.offset, 4 * RESUME_STEP);
    let channel = Channel::open(&second.viewer, &ready.transfer).await;
    channel.send(&data, 4 * MIB..data.len()).await;
    channel.finish(&data).await;
    assert_eq!(std::fs::read(setup.dir.path().join("files/a")).unwrap(), data);

    let whole = second.get("files/a", 0, "").await.unwrap();
    let part = second.get("files/a", 5 * RESUME_STEP, &whole.version).await.unwrap();
    assert_eq!((part.offset, part.size), (5 * RESUME_STEP, data.len() as u64));
    let channel = Channel::open(&second.viewer, &part.transfer).await;
    channel.say(&Transfer::Credit { until: part.size }).await;
    let mut come = Vec::new();
    let end = loop {
        match channel.hear().await {
            Heard::Bytes(bytes) => come.extend_from_slice(&bytes),
            Heard::Said(Transfer::End { hash }) => break hash,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((end, come == data[5 * MIB..]), (hash(&data), true));
    second.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_back_takes_its_upload_over() {
    let setup = Setup::new(DEVICE);
    let data = bytes(3 * MIB, 1);
    let (lost, back) = (visit(&setup).await, visit(&setup).await);
    let ready = lost.put("files/a", data.len(), true).await.unwrap();
    let old = Channel::open(&lost.viewer, &ready.transfer).await;
    old.send(&data, 0..2 * MIB).await;
    assert_eq!(refused(back.put("files/a", data.len(), false).await), code::UNAVAILABLE, "it is being sent");
    let ready = back.put("files/a", data.len(), true).await.unwrap();
    assert_eq!(old.failed().await, code::UNAVAILABLE);
    let channel = Channel::open(&back.viewer, &ready.transfer).await;
    channel.send(&data, usize::try_from(ready.offset).unwrap()..data.len()).await;
    channel.finish(&data).await;
    assert_eq!(std::fs::read(setup.dir.path().join("files/a")).unwrap(), data);
    lost.leave().await;
    back.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_or_given_up_leaves_nothing() {
    let setup = Setup::new(DEVICE);
    let visit = visit(&setup).await;
    let data = bytes(2 * MIB, 1);

    let ready = visit.put("files/given-up", data.len(), false).await.unwrap();
    let channel = Channel::open(&visit.viewer, &ready.transfer).await;
    channel.send(&data, 0..MIB).await;
    channel.say(&Transfer::Failed { code: code::UNAVAILABLE, message: "enough".into() }).await;
    assert_eq!(channel.failed().await, code::UNAVAILABLE);
    channel.close().await;

    let ready = visit.put("files/wrong", data.len(), false).await.unwrap();
    let channel = Channel::open(&visit.viewer, &ready.transfer).await;
    channel.send(&data, 0..data.len()).await;
    channel.say(&Transfer::End { hash: hash(&data[1..]) }).await;
    assert_eq!(channel.failed().await, code::MISMATCH);
    channel.close().await;

    let ready = visit.put("files/greedy", MIB, false).await.unwrap();
    let channel = Channel::open(&visit.viewer, &ready.transfer).await;
    channel.send(&data, 0..MIB).await;
    channel.0.send(BytesMut::from(&data[MIB..MIB + 1])).await.unwrap();
    assert_eq!(channel.failed().await, code::TOO_FAST, "beyond the credit");
    channel.close().await;

    let ready = visit.put("files/short", data.len(), false).await.unwrap();
    let channel = Channel::open(&visit.viewer, &ready.transfer).await;
    channel.say(&Transfer::End { hash: hash(&data) }).await;
    assert_eq!(channel.failed().await, code::MISMATCH, "nothing came");
    channel.close().await;

    assert!(partials(&setup).is_empty(), "{:?}", partials(&setup));
    assert_eq!(
        std::fs::read_dir(setup.dir.path().join("files")).unwrap().count(),
        1,
        "but the hidden folder"
    );
    visit.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_at_once_and_no_others() {
    let setup = Setup::new(DEVICE);
    let visit = visit(&setup).await;
    let mut ready = Vec::new();
    for number in 0..4 {
        ready.push(visit.put(&format!("files/{number}"), 1, false).await.unwrap().transfer);
    }
    assert_eq!(refused(visit.put("files/4", 1, false).await), code::TOO_FAST);
    // Ended, they make room for others.
    let channel = Channel::open(&visit.viewer, &ready[0]).await;
    channel.0.send(BytesMut::from(&b"x"[..])).await.unwrap();
    channel.finish(b"x").await;
    channel.close().await;
    let again = async {
        while visit.put("files/4", 1, false).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, again).await.expect("there is room again");
    // A name that was never given, and one that was used.
    for label in ["transfer/99".to_owned(), transfer_label(&ready[0]), "transfer".to_owned()] {
        let channel = visit.viewer.channel(&label).await.unwrap();
        let closed =
            async { while !matches!(channel.poll().await, Some(DataChannelEvent::OnClose) | None) {} };
        timeout(LONG, closed).await.expect("closed");
    }
    visit.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_after_the_other_for_long() {
    let setup = Setup::new(DEVICE);
    let visit = visit(&setup).await;
    let data = bytes(MAX_CHUNK + 1, 1);
    for number in 0..150 {
        let ready = visit.put(&format!("files/{number}"), data.len(), false).await.unwrap();
        let channel = Channel::open(&visit.viewer, &ready.transfer).await;
        channel.send(&data, 0..data.len()).await;
        channel.finish(&data).await;
        channel.close().await;
    }
    visit.leave().await;
}
