//! How long from opening the test picture to its first encoded frame, and from a raw picture to its encoded one.
//!
//! `cargo run --release -p watchword-media --features gstreamer --example first_frame -- [WIDTH HEIGHT FPS ENCODER]`

use std::time::{Duration, Instant};
use watchword_media::{CameraChoice, Feed, FeedSettings, VideoSettings, init, video_opener, warm_up};

/// Openings, and frames looked at in the last of them.
const OPENINGS: usize = 9;
const FRAMES: usize = 150;

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "that is what it is for")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |index: usize, or: u32| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(or);
    let (width, height, fps) = (number(0, 1280), number(1, 720), number(2, 30));
    let settings = VideoSettings {
        camera: CameraChoice::Test,
        width,
        height,
        fps,
        encoder: arguments.get(3).cloned(),
        ..VideoSettings::default()
    };
    let begin = Instant::now();
    println!("rss before everything: {} kB", rss());
    if init().is_ok() {
        println!("init: {:.1} ms, rss {} kB", ms(begin.elapsed()), rss());
    }
    let begin = Instant::now();
    warm_up();
    println!("warm-up: {:.1} ms, rss {} kB", ms(begin.elapsed()), rss());
    let feed_settings = FeedSettings { linger: Duration::ZERO, ..FeedSettings::default() };
    let feed = Feed::new(video_opener(settings), feed_settings);
    let mut firsts = Vec::new();
    for opening in 0..OPENINGS {
        let begin = Instant::now();
        let mut viewer = feed.subscribe();
        let Some(first) = viewer.next().await else { return };
        firsts.push(ms(begin.elapsed()));
        if opening == 0 {
            println!("first opening: {:.1} ms, {} bytes, rss {} kB", firsts[0], first.data.len(), rss());
            continue;
        }
        let _ = tokio::time::timeout(Duration::from_millis(200), async {
            while viewer.next().await.is_some() {}
        })
        .await;
        drop(viewer);
        let mut state = feed.state();
        let _ = state.wait_for(|state| *state == watchword_media::FeedState::Closed).await;
    }
    println!("opening to first frame: {}", line(&mut firsts));
    steady(&feed).await;
    feed.close().await;
    println!("rss after closing: {} kB", rss());
}

#[allow(clippy::print_stdout, reason = "that is what it is for")]
async fn steady(feed: &Feed) {
    let mut viewer = feed.subscribe();
    let (mut ages, mut keys, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    let (begin, cpu) = (Instant::now(), cpu_ms());
    let mut asked = None;
    for index in 0..FRAMES {
        let Some(frame) = viewer.next().await else { return };
        ages.push(ms(frame.captured.elapsed()));
        if frame.key {
            sizes.push(frame.data.len() as f64 / 1000.0);
            keys.extend(asked.take().map(|at: Instant| ms(at.elapsed())));
        }
        if index % 15 == 10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            asked = Some(Instant::now());
            viewer.request_key_frame();
        }
    }
    let bytes = feed.stats().bytes;
    println!("raw to encoded: {}", line(&mut ages));
    println!("key frame asked for to encoded: {}", line(&mut keys));
    println!("key frames, kB: {}", line(&mut sizes));
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "cpu: {:.3} cores, {} bytes so far, rss {} kB",
        (cpu_ms() - cpu) / seconds / 1000.0,
        bytes,
        rss()
    );
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn line(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let at = |part: usize| values.get(values.len() * part / 100).copied().unwrap_or(f64::NAN);
    format!("median {:.1}, p95 {:.1} (n {})", at(50), at(95), values.len())
}

fn rss() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap_or("?")
        .trim()
        .trim_end_matches(" kB")
        .to_owned()
}

/// User and system time of this process; a clock tick is 10 ms on Linux.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) * 10.0
}
