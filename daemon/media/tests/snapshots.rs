//! Snapshots of the real test picture: what is in them, how old they are, and what they cost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use gst::prelude::*;
use std::time::Duration;
use tokio::time::timeout;
use watchword_media::{
    AudioSettings, CameraChoice, Feed, FeedSettings, FeedState, MicrophoneChoice, Rotation, SnapshotError,
    VideoSettings, audio_opener, timecode, video_opener,
};

fn feed(settings: VideoSettings) -> Feed {
    let camera = CameraChoice::Test;
    let feed_settings = FeedSettings { linger: Duration::ZERO, ..FeedSettings::default() };
    Feed::new(video_opener(VideoSettings { camera, ..settings }), feed_settings)
}

fn sized(width: u32, height: u32) -> VideoSettings {
    VideoSettings { width, height, ..VideoSettings::default() }
}

/// A decoded JPEG: its luma, as the file has it.
struct Luma {
    data: Vec<u8>,
    stride: usize,
    width: usize,
    height: usize,
}

impl Luma {
    fn of(jpeg: &[u8]) -> Self {
        assert_eq!((&jpeg[..3], &jpeg[jpeg.len() - 2..]), (&[0xff, 0xd8, 0xff][..], &[0xff, 0xd9][..]));
        let description =
            "appsrc name=in ! jpegdec max-errors=0 ! video/x-raw,format=I420 ! appsink name=out sync=false";
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
        let data = sample.buffer().unwrap().map_readable().unwrap().to_vec();
        let (width, height) = (info.width() as usize, info.height() as usize);
        Self { data, stride: info.stride()[0] as usize, width, height }
    }

    fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn time(&self) -> u64 {
        timecode::read(&self.data, self.stride, self.width, self.height).expect("a time code")
    }

    /// The first two cells of the time code: white and black.
    fn white_and_black(&self) -> (u8, u8) {
        let line = self.height / 48 * self.stride;
        (self.data[line + self.width / 64], self.data[line + 3 * self.width / 64])
    }
}

#[tokio::test]
async fn shows_the_picture_of_now_while_somebody_watches() {
    for (width, height) in [(1280, 720), (640, 360), (320, 180)] {
        let feed = feed(sized(width, height));
        let mut viewer = feed.subscribe();
        assert!(viewer.next().await.expect("a frame").key);
        for _ in 0..3 {
            let asked = timecode::now_ms();
            let jpeg = feed.snapshot().await.expect("a snapshot");
            let picture = Luma::of(&jpeg);
            assert_eq!(picture.size(), (width as usize, height as usize));
            let time = picture.time();
            assert!((asked..=timecode::now_ms()).contains(&time), "asked at {asked}, taken at {time}");
        }
        assert_eq!(feed.stats().subscribers, 1, "only the viewer is left");
        let frame = timeout(Duration::from_secs(2), viewer.next()).await.expect("in time").expect("a frame");
        assert!(!frame.data.is_empty(), "and the viewer goes on");
        feed.close().await;
    }
}

#[tokio::test]
async fn opens_the_camera_for_itself_alone() {
    let feed = feed(sized(640, 360));
    for _ in 0..3 {
        assert_eq!(*feed.state().borrow(), FeedState::Closed);
        let asked = timecode::now_ms();
        let picture = Luma::of(&feed.snapshot().await.expect("a snapshot"));
        assert!(picture.time() >= asked);
        let closed = timeout(Duration::from_secs(5), async {
            feed.state().wait_for(|state| *state == FeedState::Closed).await.expect("the feed is there");
        });
        closed.await.expect("it lets go of the camera");
        assert!(!feed.stats().running);
    }
    feed.close().await;
    assert_eq!(feed.snapshot().await, Err(SnapshotError::Closed));
}

#[tokio::test]
async fn is_turned_as_viewers_see_it_and_has_a_jpegs_range() {
    let feed = feed(VideoSettings { rotation: Rotation::Clockwise90, ..sized(640, 360) });
    let picture = Luma::of(&feed.snapshot().await.expect("a snapshot"));
    assert_eq!(picture.size(), (360, 640));
    picture.time();
    let (white, black) = picture.white_and_black();
    assert!(white >= 250 && black <= 5, "white is {white}, black is {black}");
    feed.close().await;
}

#[tokio::test]
async fn those_who_ask_together_get_one_picture() {
    let feed = feed(sized(640, 360));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let feed = feed.clone();
        all.spawn(async move { feed.snapshot().await.expect("a snapshot") });
    }
    let all = all.join_all().await;
    assert!(all.iter().all(|jpeg| jpeg.as_ptr() == all[0].as_ptr()), "one picture, and no copy of it");
    feed.close().await;
}

#[tokio::test]
async fn what_cannot_be_had_says_why() {
    let nowhere = CameraChoice::Path("/dev/video-none".into());
    let settings = VideoSettings { camera: nowhere, ..VideoSettings::default() };
    let missing = Feed::new(video_opener(settings), FeedSettings::default());
    let error = missing.snapshot().await.unwrap_err();
    assert!(error.to_string().contains("There is no camera at /dev/video-none"), "{error}");
    missing.close().await;

    let settings = AudioSettings { microphone: MicrophoneChoice::Test, ..AudioSettings::default() };
    let sound = Feed::new(audio_opener(settings), FeedSettings::default());
    assert_eq!(sound.snapshot().await, Err(SnapshotError::NoPicture));
    sound.close().await;
}
