//! Transfers that are not what transfers are for.

use crate::stage::{Heard, LONG, MIB, Stage, bytes, call, hash, refused};
use bytes::BytesMut;
use protocol::control::{MAX_CHUNK, Transfer, code, method};
use serde_json::json;
use std::time::Duration;
use tokio::time::{sleep, timeout};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_much_and_takes_nothing_is_ended() {
    let stage = Stage::new().await;
    std::fs::write(stage.on_disk("files/big"), bytes(64 * MIB, 1)).unwrap();
    std::fs::create_dir(stage.on_disk("files/many")).unwrap();
    for number in 0..1_000 {
        std::fs::write(stage.on_disk("files/many").join(format!("{number:0200}")), "").unwrap();
    }
    let offender = stage.offender().await;
    offender.call(method::STATS_SUBSCRIBE, json!({ "on": true })).await.unwrap();
    let mut unread = Vec::new();
    for _ in 0..4 {
        let ready = offender.get("files/big").await.unwrap();
        let channel = offender.open(&ready.transfer).await;
        channel.say(&Transfer::Credit { until: ready.size }).await;
        unread.push(channel);
    }
    // All of its channels stand still by now, those that nobody polls and the one of its calls.
    sleep(Duration::from_secs(2)).await;
    stage.assert_memory_is_bounded();
    let mut asked = Vec::new();
    for _ in 0..400 {
        let caller = offender.viewer.caller();
        let list = json!({ "path": "files/many" });
        asked.push(tokio::spawn(async move { caller.call(method::FILES_LIST, list).await }));
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(offender.ended().await, "The messages of the device were not read.");
    for asked in asked {
        let _ = timeout(LONG, asked).await.expect("an end is an end for all of them");
    }
    drop(unread);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_one_byte_a_second_is_served_as_slowly() {
    let stage = Stage::new().await;
    std::fs::write(stage.on_disk("files/big"), bytes(64 * MIB, 1)).unwrap();
    let offender = stage.offender().await;
    let mut slow = Vec::new();
    for _ in 0..4 {
        let ready = offender.get("files/big").await.unwrap();
        slow.push(offender.open(&ready.transfer).await);
    }
    for until in 1..=4 {
        for channel in &slow {
            channel.say(&Transfer::Credit { until }).await;
            let heard = channel.hear().await;
            assert!(matches!(&heard, Heard::Bytes(bytes) if bytes.len() == 1), "{heard:?}");
        }
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(refused(offender.get("files/big").await), code::TOO_FAST);
    offender.leave().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_messages_of_one_byte_arrives_whole() {
    let stage = Stage::new().await;
    let offender = stage.offender().await;
    let data = bytes(40_000, 1);
    let ready = offender.put("files/a", data.len()).await.unwrap();
    let channel = offender.open(&ready.transfer).await;
    assert!(matches!(channel.hear().await, Heard::Said(Transfer::Credit { .. })));
    for some in data.chunks(1_000) {
        for byte in some {
            channel.0.send(BytesMut::from(&[*byte][..])).await.unwrap();
        }
        // What waits at this end is this end's memory.
        while channel.0.outstanding_bytes().await.unwrap() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    channel.say(&Transfer::End { hash: hash(&data) }).await;
    while !matches!(channel.hear().await, Heard::Said(Transfer::Done)) {}
    assert_eq!(std::fs::read(stage.on_disk("files/a")).unwrap(), data);
    offender.leave().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_that_stand_are_so_many_and_end_with_their_session() {
    let stage = Stage::new().await;
    for _ in 0..5 {
        let offender = stage.offender().await;
        for number in 0..4 {
            let ready = offender.put(&format!("files/{number}"), MIB).await.unwrap();
            if number % 2 == 0 {
                offender.open(&ready.transfer).await;
            }
        }
        assert_eq!(refused(offender.put("files/4", MIB).await), code::TOO_FAST);
        std::fs::write(stage.on_disk("files/here"), "x").unwrap();
        assert_eq!(refused(offender.get("files/here").await), code::TOO_FAST);
        offender.leave().await;
    }
    stage.nothing_unfinished().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_ends_its_transfer_and_nothing_else() {
    let stage = Stage::new().await;
    std::fs::write(stage.on_disk("files/here"), bytes(9 * MIB, 1)).unwrap();
    let offender = stage.offender().await;
    let long = format!(r#"{{"type":"end","hash":"{}"}}"#, "0".repeat(60_000));
    let texts = [
        "",
        "[[[[",
        "null",
        r#"{"type":"begin"}"#,
        r#"{"type":"credit","until":-1}"#,
        r#"{"type":"credit","until":1e300}"#,
        r#"{"type":"done"}"#,
        r#"{"type":"end","hash":"../../../etc/passwd"}"#,
        r#"{"type":"failed","code":99999999999,"message":"x"}"#,
        &long,
        &"\u{202e}\0".repeat(900),
    ];
    for (round, text) in texts.into_iter().enumerate() {
        let ready = offender.put(&format!("files/{round}"), MIB).await.unwrap();
        let channel = offender.open(&ready.transfer).await;
        channel.0.send_text(text).await.unwrap();
        let code = channel.failed().await;
        assert!(
            [code::INVALID_REQUEST, code::INVALID_PARAMS, code::MISMATCH].contains(&code),
            "{text}: {code}"
        );
        channel.close().await;

        let ready = offender.get("files/here").await.unwrap();
        let channel = offender.open(&ready.transfer).await;
        channel.0.send_text(text).await.unwrap();
        assert_eq!(channel.failed().await, code::INVALID_REQUEST, "{text}");
        channel.close().await;
        let left = offender.call(method::FILES_STAT, json!({ "path": format!("files/{round}") })).await;
        assert_eq!(refused(left), code::NOT_FOUND);
    }
    stage.nothing_unfinished().await;
    offender.leave().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_on_sending_after_the_end_of_a_transfer_is_ended() {
    let stage = Stage::new().await;
    std::fs::write(stage.on_disk("files/here"), bytes(9 * MIB, 1)).unwrap();
    let chunk = bytes(MAX_CHUNK, 1);
    for up in [true, false] {
        let offender = stage.offender().await;
        let transfer = if up {
            offender.put("files/new", 16 * MIB).await.unwrap().transfer
        } else {
            offender.get("files/here").await.unwrap().transfer
        };
        let channel = offender.open(&transfer).await;
        // Beyond all credit, and on when it has failed for that.
        let flood = async { while channel.0.send(BytesMut::from(&chunk[..])).await.is_ok() {} };
        let flood = timeout(LONG, flood);
        let (flood, why) = tokio::join!(flood, offender.ended());
        flood.expect("it is taken or refused");
        assert_eq!(why, "Too much came in a transfer that had ended.");
    }
    stage.nothing_unfinished().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_one_after_the_other_leave_nothing_behind() {
    let stage = Stage::new().await;
    let offender = stage.offender().await;
    let data = bytes(1_000, 1);
    for number in 0..120 {
        let caller = offender.viewer.caller();
        offender.sends("files/a", &data).await;
        call(&caller, method::FILES_REMOVE, json!({ "path": "files/a" })).await.unwrap_or_else(|error| {
            panic!("round {number}: {error}");
        });
        // Within the calls that are allowed.
        sleep(Duration::from_millis(45)).await;
    }
    stage.nothing_unfinished().await;
    offender.leave().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute; `make soak` runs it"]
async fn transfers_that_hardly_move_are_ended_and_make_room() {
    let stage = Stage::new().await;
    std::fs::write(stage.on_disk("files/big"), bytes(64 * MIB, 1)).unwrap();
    let offender = stage.offender().await;
    offender.put("files/never-opened", MIB).await.unwrap();
    let silent = offender.put("files/silent", MIB).await.unwrap();
    let silent = offender.open(&silent.transfer).await;
    let given = offender.put("files/given", MIB).await.unwrap();
    let given = offender.open(&given.transfer).await;
    let taken = offender.get("files/big").await.unwrap();
    let taken = offender.open(&taken.transfer).await;
    let trickle = async {
        for until in 1.. {
            given.0.send(BytesMut::from(&b"x"[..])).await.unwrap();
            taken.say(&Transfer::Credit { until }).await;
            sleep(Duration::from_secs(1)).await;
        }
    };
    let failed = async {
        tokio::join!(
            silent.failed_within(LONG * 3),
            given.failed_within(LONG * 3),
            taken.failed_within(LONG * 3)
        )
    };
    let codes = tokio::select! {
        codes = failed => codes,
        () = trickle => unreachable!(),
    };
    assert_eq!(codes, (code::UNAVAILABLE, code::UNAVAILABLE, code::UNAVAILABLE));
    for channel in [&silent, &given, &taken] {
        channel.close().await;
    }
    offender.sends("files/never-opened", b"now it is").await;
    offender.leave().await;
    stage.nothing_unfinished().await;
    stage.close().await;
}
