//! Too much said on the control channel, or nothing taken from it.

use crate::stage::{LONG, Stage, refused};
use protocol::control::{MAX_CHAT, MAX_MESSAGE, code, method};
use serde_json::json;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A gibibyte, in messages as large as they may be.
const FLOOD: usize = 1 << 30;

/// A text of this many bytes with as many values in it as can be.
fn dense(bytes: usize) -> String {
    let head = r#"{"jsonrpc":"2.0","id":"x","method":"ping","params":{"a":["#;
    let values = "{},".repeat((bytes - head.len() - 10) / 3);
    format!("{head}{values}0]}}}}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gibibyte_of_json_ends_the_session() {
    let stage = Stage::new().await;
    let offender = stage.offender().await;
    let text = dense(MAX_MESSAGE);
    let mut sent = 0;
    let flood = async {
        while sent < FLOOD && offender.viewer.say(&text).await.is_ok() {
            sent += text.len();
        }
    };
    timeout(LONG, flood).await.expect("it is taken or refused");
    println!("{} MiB were sent", sent >> 20);
    assert!(sent < FLOOD, "the device took all of it");
    assert_eq!(offender.ended().await, "Far too many messages came.");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_messages_at_the_pace_that_is_allowed_take_no_memory() {
    let stage = Stage::new().await;
    let offender = stage.offender().await;
    let text = dense(MAX_MESSAGE);
    for _ in 0..100 {
        offender.viewer.say(&text).await.unwrap();
    }
    for _ in 0..20 {
        offender.viewer.say(&text).await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    offender.leave().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_is_refused_and_the_session_stands() {
    let stage = Stage::new().await;
    let offender = stage.offender().await;
    let garbage = [
        String::new(),
        "\0".repeat(1_000),
        "[".repeat(MAX_MESSAGE),
        "{\"a\":".repeat(MAX_MESSAGE / 5),
        "9".repeat(MAX_MESSAGE),
        "\"\u{202e}".repeat(10_000),
        "[]".to_owned(),
        r#"[{"jsonrpc":"2.0","id":"x","method":"ping"}]"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1e400,"method":"ping"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":"x","method":"\u0000"}"#.to_owned(),
        format!(r#"{{"jsonrpc":"2.0","id":"x","method":"{}"}}"#, "x".repeat(60_000)),
        format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "x".repeat(60_000)),
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(),
    ];
    for text in &garbage {
        offender.viewer.say(text).await.unwrap();
    }
    for (method, params, expected) in [
        (method::CHAT_SEND, json!({ "text": "x".repeat(MAX_CHAT + 1) }), code::INVALID_PARAMS),
        (method::CHAT_SEND, json!({ "text": 5 }), code::INVALID_PARAMS),
        (method::PROFILE_SET, json!({ "name": "x".repeat(60_000) }), code::INVALID_PARAMS),
        (method::PROFILE_SET, json!({ "name": "a\u{1b}[31mb" }), code::INVALID_PARAMS),
        (method::FILES_PUT, json!({ "path": "files/a", "size": -1 }), code::INVALID_PARAMS),
        (method::FILES_PUT, json!({ "path": "files/a", "size": 1e30 }), code::INVALID_PARAMS),
        (method::FILES_PUT, json!({ "path": "files/a", "size": u64::MAX }), code::NO_ROOM),
        (method::FILES_GET, json!({ "path": ["files", "a"] }), code::INVALID_PARAMS),
        (method::COMMAND_STOP, json!({ "run": u64::MAX }), code::NOT_FOUND),
        ("files.everything", json!({}), code::METHOD_NOT_FOUND),
    ] {
        assert_eq!(refused(offender.call(method, params.clone()).await), expected, "{method} {params}");
    }
    offender.leave().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_for_the_device_are_bounded_as_calls_are() {
    let stage = Stage::new().await;
    let offender = stage.offender().await;
    for line in ["/", "/ls", "/ls ../..", "/get /etc/passwd", "/run sh -c id", "/\u{202e}", "/ls \0"] {
        let text = format!("{line} {}", "x".repeat(MAX_CHAT - line.len() - 1));
        for text in [line, &text] {
            offender.call(method::CHAT_SEND, json!({ "text": text })).await.unwrap();
        }
    }
    offender.leave().await;
    stage.close().await;
}
