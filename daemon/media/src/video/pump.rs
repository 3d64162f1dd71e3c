//! From raw pictures to a sink, by way of the encoder: which encoder, which timestamps, and key frames at once.

use super::encoder::Encoder;
use super::encoders::{self, Kind, Target};
use super::jpeg::jpeg;
use super::retired::Retired;
use crate::camera::mode::round;
use crate::{OpenError, Sink, SnapshotError, Still, StreamInfo};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How long an encoder may take for its first frame, and one of a chip for any, before the next is tried; and for a key
/// frame, before it is started anew. Shorter than what the feed takes for the end of its source.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Least time between two timestamps. A picture that is encoded twice comes at two times, and a receiver takes two
/// frames with one RTP timestamp (RFC 3550 section 5.1) for parts of one.
const STEP: Duration = Duration::from_millis(1);

/// Takes raw pictures from a source, and keeps the last.
pub(crate) struct Pump {
    sink: Sink,
    source: String,
    epoch: Instant,
    bitrate: AtomicU32,
    /// The encoder has yet to be told of the bitrate.
    retune: AtomicBool,
    /// A key frame is wanted and could not be asked for at once.
    key: AtomicBool,
    /// Who wants the next picture for a still.
    still: Mutex<Option<SyncSender<Raw>>>,
    inner: Mutex<Inner>,
}

/// A picture as it came.
type Raw = (gst_video::VideoInfo, gst::Buffer);

struct Inner {
    candidates: VecDeque<Kind>,
    encoder: Option<Encoder>,
    format: Option<(gst_video::VideoInfo, f32)>,
    last: Option<gst::Buffer>,
    last_time: Duration,
    failed: bool,
    /// The thread on which an encoder that was given up is closed.
    closing: Retired,
}

impl Pump {
    /// `source` is its name for people; `encoder` the one wanted, or any.
    pub(crate) fn new(
        sink: Sink,
        source: String,
        encoder: Option<&str>,
        bitrate: u32,
    ) -> Result<Self, OpenError> {
        let inner = Inner {
            candidates: encoders::candidates(encoder)?.into(),
            encoder: None,
            format: None,
            last: None,
            last_time: Duration::ZERO,
            failed: false,
            closing: Retired::default(),
        };
        // The epoch lies before everything that can have been captured, so that no timestamp is negative.
        let now = Instant::now();
        let epoch = now.checked_sub(Duration::from_secs(2)).unwrap_or(now);
        Ok(Self {
            sink,
            source,
            epoch,
            bitrate: AtomicU32::new(bitrate),
            retune: AtomicBool::new(false),
            key: AtomicBool::new(false),
            still: Mutex::new(None),
            inner: Mutex::new(inner),
        })
    }

    /// The next picture, held by nobody else: it gets its time here, without a copy. `fps` is what the source promises.
    pub(crate) fn picture(
        &self,
        info: &gst_video::VideoInfo,
        fps: f32,
        picture: gst::Buffer,
        captured: Instant,
    ) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.failed {
            return;
        }
        if inner.format.as_ref().is_none_or(|format| format.0 != *info) {
            inner.encoder = None;
            inner.format = Some((info.clone(), fps));
        }
        let picture = self.stamped(&mut inner, picture, captured);
        inner.last.clone_from(&picture);
        self.hand_out(info, picture.as_ref());
        if let Some(problem) = inner.encoder.as_ref().and_then(|encoder| encoder.problem(PATIENCE)) {
            self.give_up(&mut inner, &problem);
        }
        // It has not learnt to make key frames on demand; but it begins with one.
        if let Some(encoder) = inner.encoder.take_if(|encoder| encoder.ignores_key(PATIENCE)) {
            log::debug!("{} makes no key frame: it is started anew", encoder.kind.name());
            inner.closing.close(encoder);
        }
        while inner.encoder.is_none() && !inner.failed {
            self.start(&mut inner);
        }
        if let Some(encoder) = &inner.encoder {
            if self.retune.swap(false, Ordering::AcqRel) {
                encoder.set_bitrate(self.bitrate.load(Ordering::Relaxed));
            }
            if self.key.swap(false, Ordering::AcqRel) {
                encoder.force_key();
            }
        }
        if let (Some(encoder), Some(picture)) = (&inner.encoder, picture) {
            encoder.push(picture);
        }
    }

    /// A key frame now: the last picture is encoded again, without waiting for the next.
    pub(crate) fn request_key_frame(&self) {
        let mut inner = match self.inner.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                // A picture is being handed over just now: the next one will do.
                self.key.store(true, Ordering::Release);
                return;
            }
        };
        let Some(encoder) = &inner.encoder else { return };
        let waiting = encoder.has_waiting();
        encoder.force_key();
        let last = inner.last.clone().filter(|_| !waiting);
        let again = last.and_then(|last| self.stamped(&mut inner, last, Instant::now()));
        if let (Some(encoder), Some(picture)) = (&inner.encoder, again) {
            encoder.push(picture);
        }
    }

    /// A JPEG of the next picture.
    pub(crate) fn still(&self) -> Still {
        let (sender, next) = sync_channel(1);
        *self.stills() = Some(sender);
        Box::new(move |patience| {
            let begin = Instant::now();
            let (info, picture) = next.recv_timeout(patience).map_err(|error| match error {
                RecvTimeoutError::Timeout => SnapshotError::NotInTime,
                RecvTimeoutError::Disconnected => SnapshotError::Source(
                    "The camera was closed before it gave a picture: try again.".to_owned(),
                ),
            })?;
            jpeg(&info, picture, patience.saturating_sub(begin.elapsed()))
        })
    }

    /// From the next picture on.
    pub(crate) fn set_bitrate(&self, bits_per_second: u32) {
        self.bitrate.store(bits_per_second, Ordering::Relaxed);
        self.retune.store(true, Ordering::Release);
    }

    /// Whether the source has given any, until `stop`.
    pub(crate) fn has_pictures(&self) -> bool {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).last.is_some()
    }

    /// Stops the encoder; pictures that still come are dropped.
    pub(crate) fn stop(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.failed = true;
        inner.last = None;
        let encoder = inner.encoder.take();
        let closing = std::mem::take(&mut inner.closing);
        drop(inner);
        *self.stills() = None;
        drop(encoder);
        closing.join();
    }

    fn stills(&self) -> MutexGuard<'_, Option<SyncSender<Raw>>> {
        self.still.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy for a still, if one is wanted: a camera stops cleanly only when it has all its buffers back, and must not wait
    /// for a JPEG.
    fn hand_out(&self, info: &gst_video::VideoInfo, picture: Option<&gst::Buffer>) {
        let Some(still) = self.stills().take() else { return };
        let copy = picture.and_then(|picture| picture.copy_deep().ok());
        if let Some(copy) = copy {
            // Whoever wanted it may have gone.
            let _ = still.try_send((info.clone(), copy));
        }
    }

    /// The picture with its time. One that is held elsewhere too is copied, pixels and all: a copy that shared them would
    /// let its pool take the buffer back and fill it while the encoder reads it; and a camera's pool loses such a buffer.
    fn stamped(&self, inner: &mut Inner, mut picture: gst::Buffer, captured: Instant) -> Option<gst::Buffer> {
        if picture.get_mut().is_none() {
            picture = picture.copy_deep().ok()?;
        }
        let time = captured.saturating_duration_since(self.epoch).max(inner.last_time + STEP);
        inner.last_time = time;
        let own = picture.get_mut()?;
        own.set_pts(gst::ClockTime::try_from(time).ok());
        own.set_dts(None);
        Some(picture)
    }

    fn start(&self, inner: &mut Inner) {
        let (Some(kind), Some((info, fps))) = (inner.candidates.front().copied(), inner.format.clone())
        else {
            inner.failed = true;
            self.sink.failed(
                "No H.264 encoder works here: install gstreamer1.0-plugins-ugly (x264) or gstreamer1.0-plugins-bad.",
            );
            return;
        };
        let bitrate = self.bitrate.load(Ordering::Relaxed);
        let target = Target { width: info.width(), height: info.height(), fps, bitrate };
        let stream = StreamInfo {
            source: self.source.clone(),
            encoder: kind.name().to_owned(),
            width: target.width,
            height: target.height,
            fps,
            bitrate,
        };
        let sink = self.sink.clone();
        let mut stream = Some(stream);
        let output = move |frame| {
            if let Some(stream) = stream.take() {
                let (width, height, fps) = (stream.width, stream.height, round(stream.fps));
                log::debug!("{} encodes {width}x{height} at {fps} fps", kind.name());
                sink.info(stream);
            }
            sink.push(frame);
        };
        match Encoder::start(kind, &info, &target, self.epoch, output) {
            Ok(encoder) => inner.encoder = Some(encoder),
            Err(error) => self.give_up(inner, &error.to_string()),
        }
    }

    /// On to the next encoder. It begins with a key frame and its own parameter sets, and keeps to the same profile and
    /// level, so that nothing has to be negotiated anew.
    fn give_up(&self, inner: &mut Inner, problem: &str) {
        let Some(kind) = inner.candidates.pop_front() else { return };
        encoders::failed(kind);
        let next = inner
            .candidates
            .front()
            .map_or("none is left".to_owned(), |next| format!("{} takes over", next.name()));
        log::warn!("the encoder {} does not work here ({problem}); {next}", kind.name());
        if let Some(encoder) = inner.encoder.take() {
            inner.closing.close(encoder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Feed, FeedSettings, Opener, Running};
    use std::sync::Arc;

    /// A source whose first choice of an encoder is not there, and whose second can be made to fail.
    struct Hand(Mutex<Option<Arc<Pump>>>);

    impl Hand {
        /// What a subscriber has it open.
        async fn opened(&self) -> Arc<Pump> {
            loop {
                tokio::time::sleep(Duration::from_millis(2)).await;
                if let Some(pump) = self.0.lock().unwrap().clone() {
                    return pump;
                }
            }
        }
    }

    struct Open;

    impl Running for Open {
        fn request_key_frame(&self) {}
        fn set_bitrate(&self, _: u32) {}
    }

    impl Opener for Hand {
        fn open(&self, sink: Sink) -> Result<Box<dyn Running>, OpenError> {
            crate::init()?;
            let pump = Pump::new(sink, "hand".into(), None, 500_000)?;
            pump.inner.lock().unwrap().candidates = [Kind::Mpp, Kind::X264, Kind::OpenH264].into();
            *self.0.lock().unwrap() = Some(Arc::new(pump));
            Ok(Box::new(Open))
        }
    }

    fn format() -> gst_video::VideoInfo {
        gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 320, 240)
            .fps(gst::Fraction::new(30, 1))
            .build()
            .unwrap()
    }

    fn picture(info: &gst_video::VideoInfo) -> gst::Buffer {
        gst::Buffer::with_size(info.size()).unwrap()
    }

    async fn next(viewer: &mut crate::Subscription) -> Arc<crate::Frame> {
        tokio::time::timeout(Duration::from_secs(10), viewer.next()).await.expect("in time").expect("a frame")
    }

    #[tokio::test]
    async fn a_still_waits_no_longer_than_it_may_and_never_for_what_is_closed() {
        let hand = Arc::new(Hand(Mutex::new(None)));
        let feed = Feed::new(hand.clone(), FeedSettings::default());
        let _viewer = feed.subscribe();
        let pump = hand.opened().await;
        assert_eq!(pump.still()(Duration::from_millis(20)), Err(SnapshotError::NotInTime));
        let still = pump.still();
        let closing = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            pump.stop();
        });
        assert!(matches!(still(Duration::from_secs(600)), Err(SnapshotError::Source(_))));
        closing.join().unwrap();
        feed.close().await;
    }

    #[tokio::test]
    async fn the_next_encoder_takes_over_from_one_that_fails() {
        let hand = Arc::new(Hand(Mutex::new(None)));
        let feed = Feed::new(hand.clone(), FeedSettings::default());
        let mut viewer = feed.subscribe();
        let pump = hand.opened().await;
        let info = format();
        pump.picture(&info, 30.0, picture(&info), Instant::now());
        let first = next(&mut viewer).await;
        assert!(first.key);
        assert_eq!(feed.stats().info.unwrap().encoder, "x264enc", "there is no mpph264enc here");

        pump.inner.lock().unwrap().encoder.as_ref().unwrap().break_down();
        pump.picture(&info, 30.0, picture(&info), Instant::now());
        let second = next(&mut viewer).await;
        assert!(second.key && second.captured > first.captured);
        assert_eq!(feed.stats().info.unwrap().encoder, "openh264enc");

        pump.inner.lock().unwrap().encoder.as_ref().unwrap().break_down();
        pump.picture(&info, 30.0, picture(&info), Instant::now());
        let mut state = feed.state();
        let waiting = |state: &crate::FeedState| matches!(state, crate::FeedState::Waiting { message } if message.contains("No H.264"));
        tokio::time::timeout(Duration::from_secs(5), state.wait_for(waiting)).await.unwrap().unwrap();
        pump.stop();
        feed.close().await;
    }

    #[tokio::test]
    async fn what_a_given_up_encoder_still_makes_is_not_sent() {
        let hand = Arc::new(Hand(Mutex::new(None)));
        let feed = Feed::new(hand.clone(), FeedSettings::default());
        let mut viewer = feed.subscribe();
        let pump = hand.opened().await;
        // A camera that does not say its rate.
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 320, 240).build().unwrap();
        pump.inner.lock().unwrap().candidates = [Kind::X264, Kind::OpenH264].into();
        pump.picture(&info, 30.0, picture(&info), Instant::now());
        next(&mut viewer).await;
        let before = feed.stats().frames;
        // Given up before it has begun with its next picture, but not before it has it.
        pump.inner.lock().unwrap().encoder.as_ref().unwrap().close();
        pump.picture(&info, 30.0, picture(&info), Instant::now());
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(feed.stats().frames, before);
        pump.give_up(&mut pump.inner.lock().unwrap(), "of a test");
        pump.picture(&info, 30.0, picture(&info), Instant::now());
        assert!(next(&mut viewer).await.key, "the next one begins with a key frame");
        pump.stop();
        feed.close().await;
    }
}
