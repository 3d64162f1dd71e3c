//! Real Opus: the test tone, through the encoder and back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use gst::prelude::*;
use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use watchword_media::{AudioSettings, Feed, FeedSettings, FeedState, Frame, MicrophoneChoice, audio_opener};

async fn packets(settings: AudioSettings, count: usize) -> Vec<Arc<Frame>> {
    let feed = Feed::new(audio_opener(settings), FeedSettings { queue: 50, ..FeedSettings::default() });
    let mut listener = feed.subscribe();
    let mut packets = Vec::new();
    while packets.len() < count {
        let packet = timeout(Duration::from_secs(5), listener.next()).await.expect("in time");
        packets.push(packet.expect("a packet"));
    }
    assert_eq!(feed.stats().info.expect("live").encoder, "opusenc");
    feed.close().await;
    packets
}

#[tokio::test]
async fn a_tone_comes_back() {
    let settings = AudioSettings {
        microphone: MicrophoneChoice::Test,
        tone_hz: 1_000.0,
        tone_volume: 0.25,
        ..AudioSettings::default()
    };
    let packets = packets(settings, 50).await;
    for pair in packets.windows(2) {
        let apart = pair[1].captured - pair[0].captured;
        assert!((10..=80).contains(&apart.as_millis()), "{apart:?}");
    }
    let even =
        packets.windows(2).filter(|pair| pair[1].captured - pair[0].captured == Duration::from_millis(20));
    assert!(even.count() >= 45);
    assert!(packets.iter().all(|packet| packet.key && packet.data.len() <= 400));
    let samples = decode(&packets);
    assert!(samples.len() > 40 * 960, "{} samples", samples.len());
    let middle = &samples[9_600..38_400];
    let (tone, other) = (energy(middle, 1_000.0), energy(middle, 1_700.0));
    assert!(tone > 0.005, "{tone}");
    assert!(tone > other * 1_000.0, "{tone} at 1000 Hz, {other} at 1700 Hz");
}

#[tokio::test]
async fn a_microphone_that_is_not_there_says_so() {
    let microphone = MicrophoneChoice::Alsa("hw:CARD=None,DEV=7".into());
    let opener = audio_opener(AudioSettings { microphone, ..AudioSettings::default() });
    let feed = Feed::new(opener, FeedSettings::default());
    let listener = feed.subscribe();
    let mut state = feed.state();
    let state = state.wait_for(|state| matches!(state, FeedState::Waiting { .. })).await.unwrap().clone();
    assert!(matches!(&state, FeedState::Waiting { message } if message.contains("microphone")), "{state:?}");
    drop(listener);
    feed.close().await;
}

/// Mono samples, -1 to 1.
fn decode(packets: &[Arc<Frame>]) -> Vec<f64> {
    let description = "appsrc name=in format=time ! opusdec ! audioconvert ! \
        audio/x-raw,format=S16LE,channels=1,rate=48000 ! appsink name=out sync=false";
    let pipeline = gst::parse::launch(description).unwrap().downcast::<gst::Pipeline>().unwrap();
    let source = pipeline.by_name("in").unwrap().downcast::<gst_app::AppSrc>().unwrap();
    let sink = pipeline.by_name("out").unwrap().downcast::<gst_app::AppSink>().unwrap();
    let caps = gst::Caps::builder("audio/x-opus").field("channel-mapping-family", 0).field("channels", 1);
    source.set_caps(Some(&caps.field("rate", 48_000).build()));
    pipeline.set_state(gst::State::Playing).unwrap();
    for (index, packet) in packets.iter().enumerate() {
        let mut buffer = gst::Buffer::from_slice(packet.data.clone());
        buffer.get_mut().unwrap().set_pts(gst::ClockTime::from_mseconds(20 * index as u64));
        source.push_buffer(buffer).unwrap();
    }
    source.end_of_stream().unwrap();
    let mut samples = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let map = sample.buffer().unwrap().map_readable().unwrap();
        let values =
            map.chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0);
        samples.extend(values);
    }
    pipeline.set_state(gst::State::Null).unwrap();
    samples
}

/// Power of one frequency: the square of its amplitude, by correlation with sine and cosine.
fn energy(samples: &[f64], hz: f64) -> f64 {
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (index, sample) in samples.iter().enumerate() {
        let phase = TAU * hz * index as f64 / 48_000.0;
        sine += sample * phase.sin();
        cosine += sample * phase.cos();
    }
    let scale = 2.0 / samples.len() as f64;
    (sine * scale).powi(2) + (cosine * scale).powi(2)
}
