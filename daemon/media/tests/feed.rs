//! The fan-out: who gets which frames, and when the source is opened, asked and closed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use bytes::Bytes;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use watchword_media::{
    Feed, FeedSettings, FeedState, Frame, OpenError, Opener, Running, Sink, SnapshotError, Still, StreamInfo,
    Subscription,
};

/// A source in the hand of the test.
#[derive(Default)]
struct Hand {
    sink: Mutex<Option<Sink>>,
    opened: AtomicUsize,
    closed: AtomicUsize,
    key_requests: AtomicUsize,
    bitrate: AtomicU32,
    /// Openings that fail from now on.
    failures: AtomicUsize,
    stills: AtomicUsize,
    /// What the still under way comes to.
    still: Mutex<Option<std::sync::mpsc::Sender<Bytes>>>,
}

struct Source(Arc<Hand>);
struct Open(Arc<Hand>);

impl Opener for Source {
    fn open(&self, sink: Sink) -> Result<Box<dyn Running>, OpenError> {
        self.0.opened.fetch_add(1, Ordering::SeqCst);
        if self.0.failures.load(Ordering::SeqCst) > 0 {
            self.0.failures.fetch_sub(1, Ordering::SeqCst);
            return Err(OpenError::NotFound("There is no camera.".to_owned()));
        }
        *self.0.sink.lock().unwrap() = Some(sink);
        Ok(Box::new(Open(self.0.clone())))
    }
}

impl Running for Open {
    fn request_key_frame(&self) {
        self.0.key_requests.fetch_add(1, Ordering::SeqCst);
    }

    fn set_bitrate(&self, bits_per_second: u32) {
        self.0.bitrate.store(bits_per_second, Ordering::SeqCst);
    }

    fn still(&self) -> Option<Still> {
        self.0.stills.fetch_add(1, Ordering::SeqCst);
        let (sender, next) = std::sync::mpsc::channel();
        *self.0.still.lock().unwrap() = Some(sender);
        Some(Box::new(move |_| next.recv().map_err(|_| SnapshotError::Source("gone".into()))))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
        *self.0.still.lock().unwrap() = None;
    }
}

impl Hand {
    fn sink(&self) -> Sink {
        self.sink.lock().unwrap().clone().expect("opened")
    }

    fn push(&self, number: u32, key: bool) {
        let data = Bytes::copy_from_slice(&number.to_be_bytes());
        self.sink().push(Frame { data, key, captured: std::time::Instant::now() });
    }

    fn counts(&self) -> (usize, usize, usize) {
        let load = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (load(&self.opened), load(&self.closed), load(&self.key_requests))
    }
}

fn info() -> StreamInfo {
    StreamInfo {
        source: "hand".into(),
        encoder: "none".into(),
        width: 2,
        height: 2,
        fps: 30.0,
        bitrate: 1000,
    }
}

const LINGER: Duration = Duration::from_secs(5);

fn feed(queue: usize) -> (Arc<Hand>, Feed) {
    let hand = Arc::new(Hand::default());
    let settings = FeedSettings { linger: LINGER, queue, key_frame_interval_min: Duration::from_millis(100) };
    (hand.clone(), Feed::new(Arc::new(Source(hand)), settings))
}

/// Lets the feed's task and its blocking threads do what they have to. The threads are real, and so is the wait: what
/// is queued here runs after what they queued before.
async fn settle() {
    for _ in 0..3 {
        let wait = || std::thread::sleep(Duration::from_millis(8));
        tokio::task::spawn_blocking(wait).await.unwrap();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}

async fn number(viewer: &mut Subscription) -> u32 {
    let frame = timeout(Duration::from_secs(1), viewer.next()).await.expect("in time").expect("a frame");
    u32::from_be_bytes(frame.data.as_ref().try_into().unwrap())
}

async fn nothing(viewer: &mut Subscription) -> bool {
    timeout(Duration::from_millis(20), viewer.next()).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn opened_by_the_first_and_closed_after_the_last() {
    let (hand, feed) = feed(10);
    settle().await;
    assert_eq!(hand.counts(), (0, 0, 0), "nobody watches: nothing is open");
    let first = feed.subscribe();
    let second = feed.subscribe();
    settle().await;
    assert_eq!(hand.counts().0, 1, "one source for two");
    hand.sink().info(info());
    hand.push(1, true);
    settle().await;
    assert_eq!(*feed.state().borrow(), FeedState::Live(info()));
    drop(first);
    sleep(Duration::from_secs(2)).await;
    settle().await;
    assert_eq!(hand.counts().1, 0);
    hand.push(2, false);
    drop(second);
    settle().await;
    sleep(Duration::from_secs(2)).await;
    settle().await;
    assert_eq!(hand.counts().1, 0, "it lingers");
    hand.push(3, false);
    let again = feed.subscribe();
    settle().await;
    assert_eq!(hand.counts(), (1, 0, 0), "and is still there for who comes back");
    drop(again);
    settle().await;
    sleep(Duration::from_secs(2)).await;
    hand.push(3, false);
    sleep(LINGER - Duration::from_secs(1)).await;
    settle().await;
    assert_eq!(hand.counts().1, 1);
    assert_eq!(*feed.state().borrow(), FeedState::Closed);
    assert!(!feed.stats().running);
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_starts_at_once_and_decodably() {
    let (hand, feed) = feed(16);
    let mut first = feed.subscribe();
    settle().await;
    hand.push(1, true);
    hand.push(2, false);
    assert_eq!((number(&mut first).await, number(&mut first).await), (1, 2));
    sleep(Duration::from_millis(100)).await;
    let mut second = feed.subscribe();
    assert_eq!((number(&mut second).await, number(&mut second).await), (1, 2), "from what is held");
    settle().await;
    assert_eq!(hand.counts().2, 0, "without a new key frame");
    sleep(Duration::from_millis(400)).await;
    let mut third = feed.subscribe();
    assert!(nothing(&mut third).await, "what is held is too old");
    settle().await;
    assert_eq!(hand.counts().2, 1, "so one is asked for at once");
    hand.push(3, false);
    assert!(nothing(&mut third).await, "it cannot start with that");
    hand.push(4, true);
    assert_eq!(number(&mut third).await, 4);
    assert_eq!((number(&mut first).await, number(&mut first).await), (3, 4), "the others have no gap");
    assert_eq!(third.skipped(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_subscribes_early_starts_when_it_asks() {
    let (hand, feed) = feed(8);
    let mut early = feed.subscribe();
    settle().await;
    hand.push(1, true);
    for frame in 2..40 {
        hand.push(frame, false);
    }
    settle().await;
    assert_eq!(
        (hand.counts().2, early.skipped()),
        (0, 0),
        "nothing is kept for it, and nothing is asked for it"
    );
    assert!(nothing(&mut early).await);
    settle().await;
    sleep(Duration::from_millis(100)).await;
    settle().await;
    assert_eq!(hand.counts().2, 1);
    hand.push(40, true);
    assert_eq!(number(&mut early).await, 40);
}

#[tokio::test(start_paused = true)]
async fn a_slow_viewer_skips_and_slows_nobody() {
    let (hand, feed) = feed(8);
    let (mut fast, mut slow) = (feed.subscribe(), feed.subscribe());
    settle().await;
    hand.push(0, true);
    assert_eq!((number(&mut fast).await, number(&mut slow).await), (0, 0));
    for frame in 1..=100 {
        hand.push(frame, false);
        assert_eq!(number(&mut fast).await, frame);
        sleep(Duration::from_millis(33)).await;
    }
    settle().await;
    assert_eq!(hand.counts().2, 0, "nobody asks for key frames for one that does not take any");
    assert!(nothing(&mut slow).await, "its queue is of the past");
    settle().await;
    assert_eq!(hand.counts().2, 1);
    hand.push(101, true);
    assert_eq!(number(&mut slow).await, 101);
    assert_eq!(number(&mut fast).await, 101);
    assert_eq!((slow.skipped(), fast.skipped()), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn requests_for_key_frames_are_throttled_and_not_lost() {
    let (hand, feed) = feed(8);
    let mut viewers: Vec<_> = (0..5).map(|_| feed.subscribe()).collect();
    settle().await;
    hand.push(0, true);
    for viewer in &mut viewers {
        number(viewer).await;
        viewer.request_key_frame();
    }
    settle().await;
    assert_eq!(hand.counts().2, 0, "there was one just now");
    sleep(Duration::from_millis(110)).await;
    settle().await;
    assert_eq!(hand.counts().2, 1, "one for all of them");
    hand.push(1, true);
    sleep(Duration::from_millis(800)).await;
    settle().await;
    assert_eq!(hand.counts().2, 1);
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_is_tried_again_while_somebody_watches() {
    let (hand, feed) = feed(8);
    hand.failures.store(3, Ordering::SeqCst);
    let mut viewer = feed.subscribe();
    settle().await;
    let waiting = FeedState::Waiting { message: "There is no camera.".into() };
    assert_eq!(*feed.state().borrow(), waiting);
    let begin = Instant::now();
    while hand.counts().0 < 4 {
        sleep(Duration::from_millis(50)).await;
        settle().await;
    }
    let waited = begin.elapsed();
    assert!((3_400..4_200).contains(&waited.as_millis()), "0.5 + 1 + 2 s, not {waited:?}");
    hand.sink().info(info());
    hand.push(1, true);
    assert_eq!(number(&mut viewer).await, 1, "the viewer stayed");
    assert_eq!(*feed.state().borrow(), FeedState::Live(info()));
    assert_eq!(feed.stats().restarts, 3);

    hand.failures.store(usize::MAX, Ordering::SeqCst);
    hand.sink().failed("It was unplugged.");
    settle().await;
    assert_eq!(hand.counts().1, 1, "what failed is freed");
    drop(viewer);
    settle().await;
    let tries = hand.counts().0;
    sleep(Duration::from_secs(60)).await;
    settle().await;
    assert_eq!(hand.counts().0, tries, "nobody watches: nobody tries");
    assert_eq!(*feed.state().borrow(), FeedState::Closed);
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_failure_and_old_sinks_are_not_heard() {
    let (hand, feed) = feed(8);
    let mut viewer = feed.subscribe();
    settle().await;
    hand.sink().info(info());
    hand.push(1, true);
    assert_eq!(number(&mut viewer).await, 1);
    let old = hand.sink();
    sleep(Duration::from_millis(3_100)).await;
    settle().await;
    assert!(matches!(&*feed.state().borrow(), FeedState::Waiting { message } if message.contains("3 s")));
    sleep(Duration::from_millis(600)).await;
    settle().await;
    assert_eq!(hand.counts(), (2, 1, 0), "closed, and opened again");
    let stale = Frame { data: Bytes::from_static(b"stale"), key: true, captured: std::time::Instant::now() };
    old.push(stale);
    old.failed("long gone");
    assert!(nothing(&mut viewer).await);
    hand.push(2, true);
    assert_eq!(number(&mut viewer).await, 2);
}

#[tokio::test(start_paused = true)]
async fn the_bitrate_reaches_the_source_now_and_later() {
    let (hand, feed) = feed(8);
    let viewer = feed.subscribe();
    settle().await;
    feed.set_bitrate(123_000);
    settle().await;
    assert_eq!(hand.bitrate.swap(0, Ordering::SeqCst), 123_000);
    hand.sink().failed("It stopped.");
    settle().await;
    sleep(Duration::from_secs(1)).await;
    settle().await;
    assert_eq!(hand.bitrate.load(Ordering::SeqCst), 123_000);
    drop(viewer);
}

#[tokio::test]
async fn closing_ends_everything() {
    let (hand, feed) = feed(8);
    let mut viewer = feed.subscribe();
    while hand.counts().0 == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let waiting = tokio::spawn(async move { viewer.next().await.is_none() });
    sleep(Duration::from_millis(5)).await;
    feed.close().await;
    assert_eq!(hand.counts().1, 1);
    assert!(waiting.await.unwrap());
    assert!(feed.subscribe().next().await.is_none(), "who comes later is not left waiting");
    feed.close().await;
}

#[tokio::test]
async fn a_feed_that_everybody_dropped_closes_its_source() {
    let (hand, feed) = feed(8);
    let viewer = feed.subscribe();
    drop(feed);
    while hand.counts().0 == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(hand.counts().1, 0, "a subscription keeps it open");
    drop(viewer);
    timeout(Duration::from_secs(2), async {
        while hand.counts().1 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("closed");
}

/// Asks for a snapshot, and waits until the source is at it.
async fn asked(
    hand: &Hand,
    feed: &Feed,
    stills: usize,
) -> tokio::task::JoinHandle<Result<Bytes, SnapshotError>> {
    let feed = feed.clone();
    let asked = tokio::spawn(async move { feed.snapshot().await });
    while hand.stills.load(Ordering::SeqCst) < stills {
        sleep(Duration::from_millis(1)).await;
    }
    asked
}

#[tokio::test]
async fn snapshots_are_made_one_at_a_time_and_shared() {
    let (hand, feed) = feed(8);
    let first = asked(&hand, &feed, 1).await;
    let second = asked(&hand, &feed, 1).await;
    let left = asked(&hand, &feed, 1).await;
    settle().await;
    assert_eq!(feed.stats().subscribers, 3);
    left.abort();
    assert!(left.await.unwrap_err().is_cancelled());
    hand.still.lock().unwrap().take().unwrap().send(Bytes::from_static(b"one")).unwrap();
    let (first, second) = (first.await.unwrap().unwrap(), second.await.unwrap().unwrap());
    assert_eq!((first.as_ref(), first.as_ptr()), (&b"one"[..], second.as_ptr()));
    assert_eq!((hand.counts().0, hand.stills.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(feed.stats().subscribers, 0, "all have let go");

    let third = asked(&hand, &feed, 2).await;
    hand.still.lock().unwrap().take().unwrap().send(Bytes::from_static(b"two")).unwrap();
    assert_eq!(third.await.unwrap().unwrap(), "two");
    settle().await;
    assert_eq!(hand.stills.load(Ordering::SeqCst), 2, "nobody asks: none is made");
    feed.close().await;
}

#[tokio::test]
async fn a_snapshot_of_what_breaks_or_ends_says_so() {
    let (hand, feed) = feed(8);
    let broken = asked(&hand, &feed, 1).await;
    hand.sink().failed("It was unplugged.");
    assert_eq!(broken.await.unwrap(), Err(SnapshotError::Source("It was unplugged.".into())));

    let ended = asked(&hand, &feed, 2).await;
    feed.close().await;
    assert_eq!(ended.await.unwrap(), Err(SnapshotError::Closed));
    assert_eq!(feed.snapshot().await, Err(SnapshotError::Closed));
    assert_eq!(hand.counts().1, hand.counts().0, "whatever was opened is closed");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_cannot_be_opened_is_the_answer_at_once() {
    let (hand, feed) = feed(8);
    hand.failures.store(usize::MAX, Ordering::SeqCst);
    let begin = Instant::now();
    assert_eq!(feed.snapshot().await, Err(SnapshotError::Source("There is no camera.".into())));
    assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
    feed.close().await;
}
