//! Channels that nobody asked for.

use crate::stage::{Stage, bytes};
use bytes::BytesMut;
use protocol::control::LABEL;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_channels_end_the_session() {
    let stage = Stage::new().await;
    let offender = stage.offender().await;
    let mut open = Vec::new();
    for number in 0..10_000 {
        match offender.viewer.channel(&format!("channel {number}")).await {
            Ok(channel) => open.push(channel),
            Err(_) => break,
        }
    }
    println!("{} channels were opened", open.len());
    assert_eq!(offender.ended().await, "Too many data channels were opened.");
    drop(open);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_on_channels_without_a_use_is_kept_nowhere() {
    let stage = Stage::new().await;
    let chunk = bytes(60_000, 1);
    for label in [LABEL, "", "transfer/", "transfer/1", "transfer/../1", &"x".repeat(40_000)] {
        let offender = stage.offender().await;
        let channel = offender.viewer.channel(label).await.unwrap();
        // For as long as any of it is taken: what the device closed may well stand still at this end.
        let flood = async { while channel.send(BytesMut::from(&chunk[..])).await.is_ok() {} };
        let _ = timeout(Duration::from_secs(2), flood).await;
        offender.go().await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_come_and_go_leave_nothing() {
    let stage = Stage::new().await;
    for _ in 0..20 {
        let offender = stage.offender().await;
        for number in 0..30 {
            let _ = offender.viewer.channel(&format!("channel {number}")).await;
        }
        assert_eq!(offender.ended().await, "Too many data channels were opened.");
    }
    stage.close().await;
}
