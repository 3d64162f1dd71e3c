//! The way of a camera's pictures, with GStreamer's own test source in the camera's place.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use super::*;
use crate::camera::Mode;
use crate::{CameraChoice, Feed, FeedSettings, Opener, Running, StreamInfo};

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
