//! The way of a camera's pictures, with GStreamer's own test source in the camera's place.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use super::*;
use crate::camera::Mode;
use crate::{CameraChoice, Feed, FeedSettings, Opener, Running, Still, StreamInfo};
use std::str::FromStr;

/// A camera that is `source`, a piece of a pipeline.
struct Stand {
    source: &'static str,
    plan: Plan,
    settings: VideoSettings,
}

struct Open {
    capture: Option<Capture>,
    pump: Arc<Pump>,
}

impl Opener for Stand {
    fn open(&self, sink: Sink) -> Result<Box<dyn Running>, OpenError> {
        crate::init()?;
        let pump = Pump::new(sink.clone(), "stand".into(), Some("x264enc"), self.settings.bitrate)?;
        let pump = Arc::new(pump);
        let source = gst::parse::bin_from_description(self.source, true).expect("a source");
        let capture = Capture::run(vec![source.upcast()], &self.plan, &self.settings, pump.clone(), sink)?;
        Ok(Box::new(Open { capture: Some(capture), pump }))
    }
}

impl Running for Open {
    fn request_key_frame(&self) {
        self.pump.request_key_frame();
    }

    fn set_bitrate(&self, _: u32) {}

    fn still(&self) -> Option<Still> {
        Some(self.pump.still())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.capture = None;
        self.pump.stop();
    }
}

fn stand(source: &'static str, mode: (&str, u32, u32, f32), settings: VideoSettings) -> Feed {
    let mode = Mode { format: mode.0.into(), width: mode.1, height: mode.2, fps: mode.3 };
    let plan = Plan { path: "/dev/null".into(), name: "stand".into(), mode, why: String::new() };
    Feed::new(Arc::new(Stand { source, plan, settings }), FeedSettings::default())
}

/// Frames in a second, and what they are.
async fn second(feed: &Feed) -> (StreamInfo, usize) {
    let mut viewer = feed.subscribe();
    let first =
        tokio::time::timeout(Duration::from_secs(10), viewer.next()).await.expect("in time").expect("one");
    assert!(first.key);
    let begin = Instant::now();
    let (mut count, mut last) = (0, first.captured);
    while begin.elapsed() < Duration::from_secs(1) {
        let frame = viewer.next().await.expect("a frame");
        assert!(frame.captured > last, "time goes on");
        assert!(frame.captured <= Instant::now() + Duration::from_millis(2), "and is not ahead");
        last = frame.captured;
        count += 1;
    }
    let info = feed.stats().info.expect("live");
    feed.close().await;
    (info, count)
}

#[tokio::test]
async fn raw_pictures_are_converted_scaled_and_turned() {
    let source =
        "videotestsrc is-live=true ! video/x-raw,format=YUY2,width=1280,height=960,framerate=30/1 ! identity";
    let settings = VideoSettings {
        rotation: Rotation::Clockwise90,
        time_code: true,
        width: 640,
        height: 360,
        ..Default::default()
    };
    let feed = stand(source, ("YUYV", 1280, 960, 30.0), settings);
    let (info, count) = second(&feed).await;
    assert_eq!((info.width, info.height), (360, 480), "640x360 holds 480x360, turned");
    assert!((20..=40).contains(&count), "{count} pictures");
}

#[tokio::test]
async fn what_the_encoder_takes_is_left_alone_and_thinned() {
    let source =
        "videotestsrc is-live=true ! video/x-raw,format=NV12,width=320,height=240,framerate=60/1 ! identity";
    let settings = VideoSettings { fps: 15, time_code: true, ..VideoSettings::default() };
    let feed = stand(source, ("NV12", 320, 240, 60.0), settings);
    let (info, count) = second(&feed).await;
    assert_eq!((info.width, info.height, info.fps), (320, 240, 15.0));
    assert!((10..=20).contains(&count), "{count} pictures");
}

#[tokio::test]
async fn jpeg_pictures_are_decoded_and_damaged_ones_left_out() {
    let source = "videotestsrc is-live=true ! video/x-raw,format=I420,width=640,height=480,framerate=30/1 ! jpegenc \
        ! identity drop-probability=0.1";
    let feed = stand(
        source,
        ("MJPG", 640, 480, 30.0),
        VideoSettings { camera: CameraChoice::First, ..Default::default() },
    );
    let (info, count) = second(&feed).await;
    assert_eq!((info.width, info.height), (640, 480));
    assert!((15..=40).contains(&count), "{count} pictures");
}

#[tokio::test]
async fn what_has_a_jpegs_range_already_keeps_it() {
    for (source, format, expected) in [
        ("videotestsrc is-live=true pattern=white ! video/x-raw,format=NV12", "NV12", 255),
        // Full range by the file's own word, and 235 in it.
        ("videotestsrc is-live=true pattern=white ! video/x-raw,format=I420", "MJPG", 235),
    ] {
        let jpeg = if format == "MJPG" { "! jpegenc " } else { "" };
        let source = format!("{source},width=320,height=240,framerate=30/1 {jpeg}! identity");
        let feed = stand(Box::leak(source.into_boxed_str()), (format, 320, 240, 30.0), Default::default());
        let jpeg = feed.snapshot().await.expect("a snapshot");
        let luma = luma(&jpeg, 160, 120);
        assert!(luma.abs_diff(expected) <= 4, "{format}: {luma}");
        feed.close().await;
    }
}

/// A JPEG's size, and its luma.
fn decoded(jpeg: &[u8]) -> (gst_video::VideoInfo, Vec<u8>) {
    let description = "appsrc name=in ! jpegdec ! video/x-raw,format=I420 ! appsink name=out sync=false";
    let pipeline = gst::parse::launch(description).unwrap().downcast::<gst::Pipeline>().unwrap();
    let source = pipeline.by_name("in").unwrap().downcast::<gst_app::AppSrc>().unwrap();
    let sink = pipeline.by_name("out").unwrap().downcast::<gst_app::AppSink>().unwrap();
    source.set_caps(Some(&gst::Caps::builder("image/jpeg").build()));
    pipeline.set_state(gst::State::Playing).unwrap();
    source.push_buffer(gst::Buffer::from_slice(jpeg.to_vec())).unwrap();
    source.end_of_stream().unwrap();
    let sample = sink.pull_sample().expect("a whole JPEG");
    pipeline.set_state(gst::State::Null).unwrap();
    let info = gst_video::VideoInfo::from_caps(sample.caps().unwrap()).unwrap();
    let luma = sample.buffer().unwrap().map_readable().unwrap().to_vec();
    (info, luma)
}

fn luma(jpeg: &[u8], x: usize, y: usize) -> u8 {
    let (info, luma) = decoded(jpeg);
    luma[y * info.stride()[0] as usize + x]
}

/// Width and height of a JPEG, and whether its left half, and then its upper half, is the brighter.
fn bright(jpeg: &[u8]) -> (u32, u32, bool, bool) {
    let info = decoded(jpeg).0;
    let (width, height) = (info.width() as usize, info.height() as usize);
    let left = luma(jpeg, width / 4, height / 2) > luma(jpeg, width * 3 / 4, height / 2);
    let top = luma(jpeg, width / 2, height / 4) > luma(jpeg, width / 2, height * 3 / 4);
    (info.width(), info.height(), left, top)
}

#[tokio::test]
async fn a_snapshot_is_turned_and_scaled_like_the_picture() {
    // A gradient: dark above, bright below.
    for (source, format) in [
        ("videotestsrc is-live=true pattern=gradient ! video/x-raw,format=NV12", "NV12"),
        ("videotestsrc is-live=true pattern=gradient ! video/x-raw,format=YUY2", "YUYV"),
        ("videotestsrc is-live=true pattern=gradient ! video/x-raw,format=I420", "MJPG"),
    ] {
        let jpeg = if format == "MJPG" { "! jpegenc " } else { "" };
        let source = format!("{source},width=640,height=480,framerate=30/1 {jpeg}! identity");
        let source: &'static str = Box::leak(source.into_boxed_str());
        for (rotation, expected) in [
            (Rotation::None, (320, 240, None, Some(false))),
            (Rotation::Half, (320, 240, None, Some(true))),
            (Rotation::Clockwise90, (240, 320, Some(true), None)),
            (Rotation::CounterClockwise90, (240, 320, Some(false), None)),
        ] {
            let settings = VideoSettings { rotation, width: 320, height: 240, ..Default::default() };
            let feed = stand(source, (format, 640, 480, 30.0), settings);
            let (width, height, left, top) = bright(&feed.snapshot().await.expect("a snapshot"));
            assert_eq!((width, height), (expected.0, expected.1), "{format} {rotation:?}");
            assert!(expected.2.is_none_or(|expected| expected == left), "{format} {rotation:?}");
            assert!(expected.3.is_none_or(|expected| expected == top), "{format} {rotation:?}");
            feed.close().await;
        }
    }
}

#[tokio::test]
async fn a_camera_that_stops_is_a_sentence_and_is_opened_again() {
    let source = "videotestsrc is-live=true num-buffers=10 ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! identity";
    let feed = stand(source, ("YU12", 320, 240, 30.0), VideoSettings::default());
    let mut viewer = feed.subscribe();
    let mut keys = 0;
    while keys < 2 {
        let next = tokio::time::timeout(Duration::from_secs(5), viewer.next()).await.expect("in time");
        keys += usize::from(next.expect("a frame").key);
    }
    assert_eq!(feed.stats().restarts, 1);
    feed.close().await;
}

#[test]
fn pictures_are_scaled_down_in_their_own_shape_and_never_up() {
    assert_eq!(fitted((1280, 720), (1280, 720)), (1280, 720));
    assert_eq!(fitted((640, 480), (1280, 720)), (640, 480));
    assert_eq!(fitted((1920, 1080), (1280, 720)), (1280, 720));
    assert_eq!(fitted((1280, 960), (1280, 720)), (960, 720));
    assert_eq!(fitted((2592, 1944), (640, 360)), (480, 360));
    assert_eq!(fitted((1001, 4001), (1000, 1000)), (250, 1000));
    assert_eq!(fitted((4096, 2), (64, 64)), (64, 2));
}

#[test]
fn too_many_pictures_become_the_wanted_number() {
    let start = Instant::now();
    for (given, wanted) in [(90.0, 30.0), (60.0, 30.0), (50.0, 30.0), (30.0, 30.0)] {
        let mut thinning = Thinning::new(given, wanted);
        let ticks = (0..(given as u32 * 4)).map(|tick| start + Duration::from_secs_f32(tick as f32 / given));
        let kept = ticks.filter(|now| thinning.keeps(*now)).count();
        assert!((115..=125).contains(&kept), "{kept} of {given} a second for {wanted}");
    }
}

#[test]
fn errors_are_sentences() {
    assert!(sentence("Cam", "Device '/dev/video0' is busy").contains("Another program"));
    assert!(sentence("Cam", "Could not read.").contains("plugged in"));
}

#[test]
fn a_camera_on_the_ribbon_cable_is_asked_for_its_size_with_a_rate_or_without() {
    crate::init().unwrap();
    let mode = Mode { format: ribbon::FORMAT.into(), width: 1280, height: 720, fps: 30.0 };
    let path = "/base/soc/i2c0mux/i2c@1/imx708@1a".into();
    let plan = Plan { path, name: "imx708".into(), mode, why: String::new() };
    assert!(plan.on_ribbon() && plan.is_there());
    let caps = caps_on_ribbon(&plan);
    let gives = |text: &str| gst::Caps::from_str(text).unwrap().is_subset(&caps);
    assert!(gives("video/x-raw,format=NV12,width=1280,height=720,framerate=30/1"));
    assert!(gives("video/x-raw,format=NV12,width=1280,height=720"), "as libcamera 0.0.3 says it");
    assert!(!gives("video/x-raw,format=NV12,width=640,height=480,framerate=30/1"));
}
