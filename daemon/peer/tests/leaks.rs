//! What sessions leave behind: nothing. A process of its own, since it counts what the process has.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod support;

use protocol::control::method;
use serde_json::json;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use support::{Setup, start};
use tokio::time::timeout;
use watchword_peer::Reason;
use webrtc::runtime::TokioRuntime;

const DEVICE: Ipv4Addr = Ipv4Addr::new(127, 0, 78, 11);
const VIEWER: Ipv4Addr = Ipv4Addr::new(127, 0, 78, 12);
const SECOND: Duration = Duration::from_secs(1);

/// Counts of what must not grow.
fn resources() -> [usize; 3] {
    let count = |path: &str| std::fs::read_dir(path).map_or(0, Iterator::count);
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    [tasks, count("/proc/self/task"), count("/proc/self/fd")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left() {
    fifty_sessions_leave_nothing_behind().await;
    a_session_that_is_dropped_leaves_nothing_behind().await;
}

async fn fifty_sessions_leave_nothing_behind() {
    let setup = Setup::new(DEVICE);
    let session = async || {
        let served = start(Arc::new(TokioRuntime), &setup.environment, VIEWER).await;
        let viewer = served.viewer.expect("connected");
        viewer.call(method::PING, json!({})).await.unwrap();
        viewer.leave().await;
        let end = timeout(SECOND, served.session).await.expect("gone within 1 s").unwrap();
        assert_eq!(end.reason, Reason::Left);
        end.connected_after.unwrap()
    };
    let mut times = Vec::new();
    for _ in 0..5 {
        session().await;
    }
    tokio::time::sleep(SECOND).await;
    let before = resources();
    for _ in 0..50 {
        times.push(session().await);
    }
    // The source closes after its linger; blocking threads of tokio's are kept for 10 s.
    tokio::time::sleep(SECOND).await;
    let after = resources();
    times.sort();
    println!(
        "connected after {:?} (median), {:?} (max); tasks, threads, fds {before:?} -> {after:?}",
        times[25], times[49]
    );
    for (before, after) in before.into_iter().zip(after) {
        assert!(after <= before + 1, "{before} -> {after}");
    }
    setup.close().await;
}

async fn a_session_that_is_dropped_leaves_nothing_behind() {
    let setup = Setup::new(DEVICE);
    let served = start(Arc::new(TokioRuntime), &setup.environment, VIEWER).await;
    let viewer = served.viewer.expect("connected");
    let [tasks, ..] = resources();
    served.session.abort();
    let _ = served.session.await;
    drop(viewer);
    tokio::time::sleep(SECOND).await;
    let [left, ..] = resources();
    assert!(left + 6 <= tasks, "{tasks} tasks, then {left}");
    setup.close().await;
}
