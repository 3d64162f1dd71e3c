//! Sessions in virtual time over a network in memory.
//!
//! `WATCHWORD_STARTS` sets how many sessions are started in each weather (60 by default).
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
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::network::{Simulated, Weather};
use support::{Setup, start};
use tokio::time::{Instant, timeout};
use watchword_peer::viewer::Media;
use watchword_peer::{Reason, Stop};

const DEVICE: Ipv4Addr = Ipv4Addr::new(127, 0, 77, 1);
const VIEWER: Ipv4Addr = Ipv4Addr::new(127, 0, 77, 2);
const MS15: Duration = Duration::from_millis(15);

fn starts() -> u64 {
    std::env::var("WATCHWORD_STARTS").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

fn percentile(sorted: &[Duration], share: f64) -> Duration {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = (sorted.len() as f64 * share) as usize;
    sorted[index.min(sorted.len() - 1)]
}

/// Starts many sessions, each with a picture, and returns the slowest connection and the slowest open channel.
async fn many(name: &str, weather: Weather) -> (Duration, Duration) {
    let setup = Setup::new(DEVICE);
    let (mut connected, mut open, mut picture) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..starts() {
        let network = Simulated::new(weather, seed);
        let began = Instant::now();
        let served = start(network.runtime(), &setup.environment, VIEWER).await;
        let mut viewer = served.viewer.unwrap_or_else(|error| panic!("{name}, seed {seed}: {error}"));
        open.push(served.open);
        loop {
            let media = timeout(Duration::from_secs(5), viewer.media()).await;
            match media.unwrap_or_else(|_| panic!("{name}, seed {seed}: no picture")) {
                Some(Media::Packet { video: true, arrived, .. }) => {
                    picture.push(arrived - began);
                    break;
                }
                Some(_) => {}
                None => panic!("{name}, seed {seed}: media ended"),
            }
        }
        network.set(Weather::default());
        viewer.leave().await;
        let end = timeout(Duration::from_secs(1), served.session).await.expect("gone within 1 s").unwrap();
        assert_eq!(end.reason, Reason::Left, "{name}, seed {seed}: {end}");
        connected.push(end.connected_after.expect("connected"));
    }
    setup.close().await;
    for (what, times) in [("connected", &mut connected), ("control", &mut open), ("picture", &mut picture)] {
        times.sort();
        let [p50, p95, max] = [0.5, 0.95, 1.0].map(|share| percentile(times, share).as_millis());
        println!("{name}: {what} after {p50}/{p95}/{max} ms (median/p95/max, n = {})", times.len());
    }
    (connected[connected.len() - 1], open[open.len() - 1])
}

#[tokio::test(start_paused = true)]
async fn a_clean_network() {
    let (connected, open) = many("clean", Weather::default()).await;
    assert!(connected <= Duration::from_millis(40), "{connected:?}");
    assert!(open <= Duration::from_millis(60), "{open:?}");
}

#[tokio::test(start_paused = true)]
async fn thirty_milliseconds_round_trip() {
    let (connected, open) = many("30 ms", Weather { delay: MS15, ..Weather::default() }).await;
    // Four and a half round trips: a check, its nomination by our own viewer, and DTLS with the cookie that it asks for.
    assert!(connected <= Duration::from_millis(150), "{connected:?}");
    assert!(open <= Duration::from_millis(260), "{open:?}");
}

#[tokio::test(start_paused = true)]
async fn five_per_cent_loss_each_way() {
    let (connected, open) = many("30 ms, 5 %", Weather { delay: MS15, loss: 50, ..Weather::default() }).await;
    assert!(connected <= Duration::from_secs(4), "{connected:?}");
    assert!(open <= Duration::from_secs(10), "{open:?}");
}

#[tokio::test(start_paused = true)]
async fn ten_per_cent_loss_each_way() {
    let (connected, _) = many("30 ms, 10 %", Weather { delay: MS15, loss: 100, ..Weather::default() }).await;
    assert!(connected <= Duration::from_secs(8), "{connected:?}");
}

#[tokio::test(start_paused = true)]
async fn reordering() {
    let weather = Weather { delay: MS15, jitter: Duration::from_millis(20), loss: 10 };
    let (connected, _) = many("15-35 ms, 1 %", weather).await;
    assert!(connected <= Duration::from_secs(4), "{connected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_picture_brings_a_key_frame() {
    let setup = Setup::new(DEVICE);
    let network = Simulated::new(Weather { delay: MS15, ..Weather::default() }, 1);
    let served = start(network.runtime(), &setup.environment, VIEWER).await;
    let mut viewer = served.viewer.expect("connected");
    let key = async |viewer: &mut watchword_peer::viewer::Viewer| loop {
        if let Some(Media::Packet { video: true, packet, .. }) = viewer.media().await {
            // STAP-A (RFC 6184 section 5.7.1): SPS and PPS, which only a key frame has.
            if packet.payload.first().is_some_and(|byte| byte & 31 == 24) {
                return;
            }
        }
    };
    timeout(Duration::from_secs(2), key(&mut viewer)).await.expect("the first picture is a key frame");
    tokio::time::sleep(Duration::from_secs(1)).await;
    while let Ok(Some(_)) = timeout(Duration::from_millis(1), viewer.media()).await {}
    let before = setup.video.key_requests.load(Ordering::Relaxed);
    let asked = Instant::now();
    viewer.picture_lost().await.expect("connected");
    timeout(Duration::from_millis(200), key(&mut viewer)).await.expect("a key frame");
    println!(
        "key frame {} ms after its loss was told (30 ms of them are the network)",
        asked.elapsed().as_millis()
    );
    assert!(setup.video.key_requests.load(Ordering::Relaxed) > before);
    viewer.leave().await;
    served.session.await.unwrap();
    setup.close().await;
}

#[tokio::test(start_paused = true)]
async fn lost_packets_of_the_picture_are_sent_again() {
    let setup = Setup::new(DEVICE);
    let network = Simulated::new(Weather { delay: MS15, loss: 20, ..Weather::default() }, 3);
    let served = start(network.runtime(), &setup.environment, VIEWER).await;
    let mut viewer = served.viewer.expect("connected");
    let mut seen = std::collections::BTreeSet::new();
    let (mut last, mut turns) = (None, 0_u32);
    let until = Instant::now() + Duration::from_secs(10);
    while let Ok(Some(media)) = tokio::time::timeout_at(until, viewer.media()).await {
        let Media::Packet { video: true, packet, .. } = media else { continue };
        let number = packet.header.sequence_number;
        if last.is_some_and(|last: u16| last > 60_000 && number < 5_000) {
            turns += 1;
        }
        last = Some(number);
        seen.insert(turns << 16 | u32::from(number));
    }
    // What was lost in the last moment is still to come.
    let (first, end) = (*seen.first().unwrap(), *seen.last().unwrap() - 60);
    let missing = (first..end).filter(|number| !seen.contains(number)).count();
    println!(
        "{} packets, {} datagrams lost, {missing} packets missing in the end",
        end - first,
        network.lost()
    );
    assert!(network.lost() > 20 && missing <= 2, "{missing} missing");
    viewer.leave().await;
    served.session.await.unwrap();
    setup.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_dies_is_gone_within_ten_seconds_and_one_that_pauses_is_not() {
    let setup = Setup::new(DEVICE);
    let calm = Weather { delay: MS15, ..Weather::default() };
    let network = Simulated::new(calm, 1);
    let served = start(network.runtime(), &setup.environment, VIEWER).await;
    let viewer = served.viewer.expect("connected");
    network.set(Weather { loss: 1000, ..calm });
    tokio::time::sleep(Duration::from_secs(5)).await;
    network.set(calm);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!served.session.is_finished(), "5 s of silence are a pause");
    viewer.call(method::PING, json!({})).await.expect("still there");
    network.set(Weather { loss: 1000, ..calm });
    let died = Instant::now();
    let end = timeout(Duration::from_secs(10), served.session).await.expect("gone within 10 s").unwrap();
    println!("a dead viewer is gone after {} ms", died.elapsed().as_millis());
    assert_eq!(end.reason, Reason::Lost);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!setup.video.running.load(Ordering::Relaxed), "the camera is closed");
    drop(viewer);
    setup.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_dies_is_noticed_by_its_viewer_and_one_that_pauses_is_not() {
    let setup = Setup::new(DEVICE);
    let calm = Weather { delay: MS15, ..Weather::default() };
    let network = Simulated::new(calm, 1);
    let served = support::start_for_data(network.runtime(), &setup.environment, VIEWER).await;
    let mut viewer = served.viewer.expect("connected");
    let mut gone = async |within: u64| {
        let gone = async { while viewer.notice().await.is_some() {} };
        timeout(Duration::from_secs(within), gone).await
    };
    network.set(Weather { loss: 1000, ..calm });
    assert!(gone(5).await.is_err(), "5 s of silence are a pause");
    network.set(calm);
    assert!(gone(5).await.is_err());
    network.set(Weather { loss: 1000, ..calm });
    gone(10).await.expect("noticed within 10 s");
    assert!(viewer.call(method::PING, json!({})).await.is_err(), "nothing waits for an answer any more");
    network.set(calm);
    viewer.leave().await;
    let _ = timeout(Duration::from_secs(60), served.session).await.expect("gone").unwrap();
    setup.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_may_not_come_back_is_told_why_over_a_bad_network_as_well() {
    let setup = Setup::new(DEVICE);
    let weather = Weather { delay: MS15, loss: 100, ..Weather::default() };
    for seed in 0..starts() {
        let network = Simulated::new(Weather { loss: 0, ..weather }, seed);
        let served = support::start_for_data(network.runtime(), &setup.environment, VIEWER).await;
        let mut viewer = served.viewer.expect("connected");
        network.set(weather);
        served.stop.end("This word was removed.", false);
        assert_eq!(bye(&mut viewer).await.as_deref(), Some("This word was removed."), "seed {seed}");
        network.set(Weather::default());
        viewer.leave().await;
        served.session.await.unwrap();
    }
    setup.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_may_not_come_back_is_told_why_however_young_the_session() {
    let setup = Setup::new(DEVICE);
    for age in (5..=300).step_by(5).map(Duration::from_millis) {
        let network = Simulated::new(Weather { delay: MS15, ..Weather::default() }, 1);
        let stop = |stop: Stop| async move {
            tokio::time::sleep(age).await;
            stop.end("This word was removed.", false);
        };
        let served = support::start_while(network.runtime(), &setup.environment, VIEWER, stop).await;
        let mut viewer = served.viewer.unwrap_or_else(|error| panic!("after {age:?}: {error}"));
        assert_eq!(bye(&mut viewer).await.as_deref(), Some("This word was removed."), "after {age:?}");
        let end = timeout(Duration::from_secs(1), served.session).await.expect("it ends").unwrap();
        assert_eq!(end.reason, Reason::Stopped);
        viewer.leave().await;
    }
    setup.close().await;
}

/// The reason of the device's bye; `None` if the session ends without one.
async fn bye(viewer: &mut watchword_peer::viewer::Viewer) -> Option<String> {
    while let Some(notice) = viewer.notice().await {
        if notice.method == method::SESSION_BYE {
            return notice.params["reason"].as_str().map(str::to_owned);
        }
    }
    None
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_never_connects_is_given_up() {
    let setup = Setup::new(DEVICE);
    let network = Simulated::new(Weather { loss: 1000, ..Weather::default() }, 1);
    let began = Instant::now();
    let served = start(network.runtime(), &setup.environment, VIEWER).await;
    assert!(served.viewer.is_err());
    let end = timeout(Duration::from_secs(5), served.session).await.expect("gone").unwrap();
    assert_eq!(end.reason, Reason::NeverConnected);
    let took = began.elapsed();
    assert!(took > Duration::from_secs(29) && took < Duration::from_secs(32), "{took:?}");
    setup.close().await;
}
