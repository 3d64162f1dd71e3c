//! Real encoders: what they send, how soon, and what is left of them afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use gst::prelude::*;
use h264_reader::annexb::AnnexBReader;
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::nal::{Nal, RefNal, UnitType};
use h264_reader::push::NalInterest;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use watchword_media::{
    CameraChoice, Feed, FeedSettings, FeedState, Frame, Rotation, Subscription, VideoSettings, h264,
    timecode, video_opener,
};

const ENCODERS: [&str; 2] = ["x264enc", "openh264enc"];

fn settings(encoder: &str, width: u32, height: u32) -> VideoSettings {
    VideoSettings {
        camera: CameraChoice::Test,
        width,
        height,
        encoder: Some(encoder.to_owned()),
        ..VideoSettings::default()
    }
}

fn feed(settings: VideoSettings) -> Feed {
    let feed_settings = FeedSettings { linger: Duration::ZERO, ..FeedSettings::default() };
    Feed::new(video_opener(settings), feed_settings)
}

async fn next(viewer: &mut Subscription) -> Arc<Frame> {
    timeout(Duration::from_secs(10), viewer.next()).await.expect("in time").expect("a frame")
}

async fn some(viewer: &mut Subscription, count: usize) -> Vec<Arc<Frame>> {
    let mut frames = Vec::new();
    for _ in 0..count {
        frames.push(next(viewer).await);
    }
    frames
}

/// The NAL units of an access unit: type, and the sequence parameter set if it is one.
fn nals(data: &[u8]) -> Vec<(UnitType, Option<SeqParameterSet>)> {
    let mut found = Vec::new();
    let mut reader = AnnexBReader::accumulate(|nal: RefNal<'_>| {
        if nal.is_complete() {
            let kind = nal.header().unwrap().nal_unit_type();
            let sps = (kind == UnitType::SeqParameterSet)
                .then(|| SeqParameterSet::from_bits(nal.rbsp_bits()).expect("a valid SPS"));
            found.push((kind, sps));
        }
        NalInterest::Buffer
    });
    reader.push(data);
    reader.reset();
    found
}

#[tokio::test]
async fn what_is_sent_is_what_the_sdp_says() {
    for encoder in ENCODERS {
        for (width, height) in [(1280, 720), (640, 360), (320, 180)] {
            let feed = feed(settings(encoder, width, height));
            let mut viewer = feed.subscribe();
            let frames = some(&mut viewer, 12).await;
            assert!(frames[0].key && !frames[1].key, "{encoder}: one key frame, the first");
            assert!(frames.windows(2).all(|pair| pair[0].captured < pair[1].captured));
            let key = nals(&frames[0].data);
            let kinds: Vec<_> =
                key.iter().map(|(kind, _)| *kind).filter(|kind| *kind != UnitType::SEI).collect();
            let expected = [
                UnitType::SeqParameterSet,
                UnitType::PicParameterSet,
                UnitType::SliceLayerWithoutPartitioningIdr,
            ];
            assert_eq!(kinds[..2], expected[..2], "{encoder}");
            assert!(kinds[2..].iter().all(|kind| *kind == expected[2]), "{encoder}: {kinds:?}");
            let sps = key.iter().find_map(|(_, sps)| sps.as_ref()).expect("an SPS");
            assert_eq!(u8::from(sps.profile_idc), 66, "{encoder}: baseline");
            assert!(sps.constraint_flags.flag1(), "{encoder}: constrained");
            assert!(sps.level_idc <= h264::level(width, height, 30.0), "{encoder}: level {}", sps.level_idc);
            assert_eq!(sps.pixel_dimensions().unwrap(), (width, height), "{encoder}");
            for frame in &frames[1..] {
                let slices = nals(&frame.data);
                assert!(
                    slices.iter().any(|(kind, _)| *kind == UnitType::SliceLayerWithoutPartitioningNonIdr)
                );
            }
            let info = feed.stats().info.expect("live");
            assert_eq!((info.encoder.as_str(), info.width, info.height), (encoder, width, height));
            feed.close().await;
        }
    }
}

#[tokio::test]
async fn a_key_frame_comes_at_once_when_asked_for() {
    for encoder in ENCODERS {
        // Five pictures a second: the next one is 200 ms away, and is not waited for.
        let feed = feed(VideoSettings { fps: 5, ..settings(encoder, 640, 360) });
        let mut viewer = feed.subscribe();
        some(&mut viewer, 3).await;
        let mut times = Vec::new();
        for _ in 0..5 {
            let before = next(&mut viewer).await;
            sleep(Duration::from_millis(20)).await;
            let begin = Instant::now();
            viewer.request_key_frame();
            let frame = next(&mut viewer).await;
            times.push(begin.elapsed());
            assert!(frame.key, "{encoder}: the very next frame is the key frame");
            assert!(frame.captured > before.captured);
            let after = next(&mut viewer).await;
            assert!(!after.key && after.captured > frame.captured, "{encoder}: and only that one");
        }
        times.sort();
        assert!(times[2] < Duration::from_millis(80), "{encoder}: {times:?}");
        println!(
            "{encoder}: key frame {:.1} ms after the request (median of 5)",
            times[2].as_secs_f64() * 1e3
        );
        feed.close().await;
    }
}

#[tokio::test]
async fn a_newcomer_has_its_first_frame_at_once() {
    let feed = feed(settings("x264enc", 640, 360));
    let mut first = feed.subscribe();
    some(&mut first, 2).await;
    for pause in [100, 300, 50] {
        sleep(Duration::from_millis(pause)).await;
        let begin = Instant::now();
        let mut newcomer = feed.subscribe();
        let frame = next(&mut newcomer).await;
        assert!(frame.key);
        assert!(begin.elapsed() < Duration::from_millis(250), "{pause} ms after: {:?}", begin.elapsed());
    }
    feed.close().await;
}

#[tokio::test]
async fn the_time_code_survives_encoding() {
    for encoder in ENCODERS {
        for (width, height) in [(1280, 720), (320, 180)] {
            let feed = feed(settings(encoder, width, height));
            let mut viewer = feed.subscribe();
            let begin = timecode::now_ms();
            let frames = some(&mut viewer, 30).await;
            let end = timecode::now_ms();
            feed.close().await;
            let mut times = Vec::new();
            for scaled in [(width, height), (640, 360), (320, 180)] {
                let pictures = decode(&frames, scaled);
                assert!(pictures.len() >= 28, "{encoder}: {} pictures decoded", pictures.len());
                times = pictures
                    .iter()
                    .map(|luma| {
                        let size = (scaled.0 as usize, scaled.1 as usize);
                        timecode::read(luma, size.0, size.0, size.1).expect("a time code")
                    })
                    .collect();
            }
            assert!(times.iter().all(|time| (begin - 1_000..=end).contains(time)), "{begin} {end} {times:?}");
            assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
        }
    }
}

/// Luma of each picture, after decoding and scaling.
fn decode(frames: &[Arc<Frame>], (width, height): (u32, u32)) -> Vec<Vec<u8>> {
    let description = format!(
        "appsrc name=in format=time ! h264parse ! openh264dec ! videoconvert ! videoscale ! \
         video/x-raw,format=GRAY8,width={width},height={height},pixel-aspect-ratio=1/1 ! \
         appsink name=out sync=false"
    );
    let pipeline = gst::parse::launch(&description).unwrap().downcast::<gst::Pipeline>().unwrap();
    let source = pipeline.by_name("in").unwrap().downcast::<gst_app::AppSrc>().unwrap();
    let sink = pipeline.by_name("out").unwrap().downcast::<gst_app::AppSink>().unwrap();
    source.set_caps(Some(
        &gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .build(),
    ));
    pipeline.set_state(gst::State::Playing).unwrap();
    for (index, frame) in frames.iter().enumerate() {
        let mut buffer = gst::Buffer::from_slice(frame.data.clone());
        buffer.get_mut().unwrap().set_pts(gst::ClockTime::from_mseconds(33 * index as u64));
        source.push_buffer(buffer).unwrap();
    }
    source.end_of_stream().unwrap();
    let mut pictures = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let info = gst_video::VideoInfo::from_caps(sample.caps().unwrap()).unwrap();
        let map = sample.buffer().unwrap().map_readable().unwrap();
        let stride = info.stride()[0] as usize;
        let rows = map.chunks(stride).take(height as usize);
        pictures.push(rows.flat_map(|row| row[..width as usize].to_vec()).collect());
    }
    pipeline.set_state(gst::State::Null).unwrap();
    pictures
}

#[tokio::test]
async fn rotation_turns_the_shape_and_bitrate_changes_the_size() {
    let turned = VideoSettings { rotation: Rotation::Clockwise90, ..settings("x264enc", 640, 360) };
    let feed = feed(turned);
    let mut viewer = feed.subscribe();
    some(&mut viewer, 60).await;
    let info = feed.stats().info.unwrap();
    assert_eq!((info.width, info.height), (360, 640));
    let size = |frames: &[Arc<Frame>]| frames.iter().map(|frame| frame.data.len()).sum::<usize>();
    let before = size(&some(&mut viewer, 30).await);
    feed.set_bitrate(100_000);
    some(&mut viewer, 10).await;
    let after = size(&some(&mut viewer, 30).await);
    assert!(after * 2 < before, "{before} bytes, then {after}");
    feed.close().await;
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    for (camera, encoder, part) in [
        (CameraChoice::Path("/dev/video-none".into()), None, "There is no camera at /dev/video-none"),
        (CameraChoice::Path("/dev/null".into()), None, "/dev/null is no camera"),
        (CameraChoice::Test, Some("nonsense"), "these are: v4l2h264enc"),
    ] {
        let settings =
            VideoSettings { camera, encoder: encoder.map(str::to_owned), ..VideoSettings::default() };
        let feed = feed(settings);
        let viewer = feed.subscribe();
        let mut state = feed.state();
        let state = state.wait_for(|state| matches!(state, FeedState::Waiting { .. })).await.unwrap().clone();
        assert!(matches!(&state, FeedState::Waiting { message } if message.contains(part)), "{state:?}");
        drop(viewer);
        feed.close().await;
    }
}

#[tokio::test]
async fn no_camera_is_no_failure() {
    if !watchword_media::cameras().is_empty() {
        return;
    }
    let feed = feed(VideoSettings { width: 320, height: 180, ..VideoSettings::default() });
    let mut viewer = feed.subscribe();
    assert!(next(&mut viewer).await.key);
    assert_eq!(feed.stats().info.unwrap().source, "test picture");
    feed.close().await;
}

#[tokio::test]
async fn a_v4l2_encoder_that_is_not_there_is_said_so() {
    if std::path::Path::new("/dev/video10").exists() {
        return;
    }
    let feed = feed(settings("v4l2h264enc", 320, 180));
    let viewer = feed.subscribe();
    let mut state = feed.state();
    let state = state.wait_for(|state| matches!(state, FeedState::Waiting { .. })).await.unwrap().clone();
    assert!(
        matches!(&state, FeedState::Waiting { message } if message.contains("No H.264 encoder")),
        "{state:?}"
    );
    drop(viewer);
    feed.close().await;
}
