//! What is left when the last viewer has gone: nothing. In a process of its own, since it counts threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use gst::prelude::*;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use watchword_media::{
    AudioSettings, CameraChoice, Feed, FeedSettings, FeedState, MicrophoneChoice, VideoSettings,
    audio_opener, video_opener, warm_up,
};

async fn cycle(feeds: &[&Feed]) {
    let mut viewers: Vec<_> = feeds.iter().map(|feed| feed.subscribe()).collect();
    for viewer in &mut viewers {
        timeout(Duration::from_secs(10), viewer.next()).await.expect("in time").expect("a frame");
    }
    drop(viewers);
    for feed in feeds {
        feed.state().wait_for(|state| *state == FeedState::Closed).await.expect("the feed is there");
    }
}

/// With a viewer beside them, so that the camera stays open.
async fn take_snapshots(settings: FeedSettings) {
    let camera = CameraChoice::Test;
    let video = VideoSettings { camera, width: 640, height: 360, fps: 60, ..VideoSettings::default() };
    let feed = Feed::new(video_opener(video), settings);
    let encoders = made("x264enc");
    let _viewer = feed.subscribe();
    let mut before = 0;
    for count in 0..200 {
        if count == 50 {
            before = rss_kb();
        }
        feed.snapshot().await.expect("a snapshot");
    }
    let after = rss_kb();
    println!("200 snapshots; rss {before} kB after 50, {after} kB after all");
    assert!(after < before + 4_000, "rss {before} kB, then {after} kB");
    assert_eq!(made("x264enc") - encoders, 2, "the viewer's and this one: a snapshot needs none of its own");
    feed.close().await;
}

/// Names of this process' threads that are neither the test's own nor tokio's.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names
        .filter(|name| {
            !name.starts_with("tokio") && !name.starts_with("leaves") && !name.starts_with("the_last")
        })
        .collect()
}

/// How many elements of this kind the process has made, with one made here: GStreamer numbers them.
fn made(kind: &str) -> usize {
    let element = gst::ElementFactory::make(kind).build().expect("an element");
    element.name().trim_start_matches(kind).parse().expect("a number")
}

fn rss_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Whether the last of these did not grow by a fifth.
fn has_settled(grown: &[(u64, u64)]) -> bool {
    grown.last().is_some_and(|(before, after)| *after < before + before / 5)
}

#[tokio::test]
async fn the_last_viewer_leaves_nothing_behind() {
    warm_up();
    let settings = || FeedSettings { linger: Duration::ZERO, ..FeedSettings::default() };
    let camera = CameraChoice::Test;
    let video = VideoSettings { camera, width: 640, height: 360, ..VideoSettings::default() };
    let audio = AudioSettings { microphone: MicrophoneChoice::Test, ..AudioSettings::default() };
    let (video, audio) =
        (Feed::new(video_opener(video), settings()), Feed::new(audio_opener(audio), settings()));

    let viewer = video.subscribe();
    sleep(Duration::from_millis(200)).await;
    assert!(threads().iter().any(|name| name.starts_with("test-picture")), "{:?}", threads());
    drop(viewer);

    for _ in 0..20 {
        cycle(&[&video, &audio]).await;
    }
    // A busy machine makes glibc begin another arena now and then; a leak grows every time.
    let mut grown = Vec::new();
    for _ in 0..3 {
        let before = rss_kb();
        for _ in 0..60 {
            cycle(&[&video, &audio]).await;
        }
        grown.push((before, rss_kb()));
        if has_settled(&grown) {
            break;
        }
    }
    println!("rss before and after 60 openings, kB: {grown:?}");
    assert!(has_settled(&grown), "rss before and after 60 openings, kB: {grown:?}");

    take_snapshots(settings()).await;

    let begin = Instant::now();
    while !threads().is_empty() && begin.elapsed() < Duration::from_secs(5) {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(threads(), Vec::<String>::new());
    video.close().await;
    audio.close().await;
}
