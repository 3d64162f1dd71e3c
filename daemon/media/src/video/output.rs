//! What comes out of an encoder: made whole, counted, and stopped for good when the encoder is given up.

use super::encoders::{Kind, Target};
use crate::Frame;
use crate::h264::{self, ParameterSets};
use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Pictures that an encoder may owe without being thought stuck, however long ago they came: some keep the last one
/// or two until the next comes.
const OWED: u32 = 3;

/// Where an encoder is: shared by who gives it pictures and by its sink.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Whether it has encoded anything.
    encoded: bool,
    /// Pictures since its last frame, and when the first of them came.
    owed: u32,
    since: Option<Instant>,
    /// Since when a key frame is wanted of it.
    key_wanted: Option<Instant>,
    /// Nothing more is taken from it.
    closed: bool,
}

impl Progress {
    /// It is given a picture.
    pub(super) fn given(&self) {
        let mut state = self.state();
        state.owed = state.owed.saturating_add(1);
        state.since.get_or_insert_with(Instant::now);
    }

    /// Its next picture is to be a key frame.
    pub(super) fn key_wanted(&self) {
        self.state().key_wanted.get_or_insert_with(Instant::now);
    }

    /// Whether it goes on without the key frame that was wanted `patience` ago.
    pub(super) fn ignores_key(&self, patience: Duration) -> bool {
        let state = self.state();
        state.encoded && state.key_wanted.is_some_and(|since| since.elapsed() > patience)
    }

    /// Nothing comes out any more; what is on its way just now has come out when this returns.
    pub(super) fn close(&self) {
        self.state().closed = true;
    }

    pub(super) fn has_encoded(&self) -> bool {
        self.state().encoded
    }

    /// Whether it has had several pictures since its last frame, the first of them `patience` ago.
    pub(super) fn is_stuck(&self, patience: Duration) -> bool {
        let state = self.state();
        state.owed >= OWED && state.since.is_some_and(|since| since.elapsed() > patience)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of an encoder's chain: hands each access unit to `output`, on the encoder's thread.
pub(super) fn sink(
    kind: Kind,
    target: &Target,
    epoch: Instant,
    progress: Progress,
    mut output: impl FnMut(Frame) + Send + 'static,
) -> gst_app::AppSink {
    let level = h264::level(target.width, target.height, target.fps);
    let mut sets = ParameterSets::within(level);
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let Some(buffer) = sample.buffer() else { return Ok(gst::FlowSuccess::Ok) };
        // Running time: encoders shift timestamps (x264enc by 1000 hours), and the segment with them.
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
        let time = segment.and_then(|segment| segment.to_running_time(buffer.pts()));
        let captured = epoch + Duration::from_nanos(time.map_or(0, gst::ClockTime::nseconds));
        let map = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
        if map.is_empty() {
            // A driver's way to say that this picture could not be encoded.
            return Ok(gst::FlowSuccess::Ok);
        }
        let (data, key) = sets.complete(Bytes::copy_from_slice(&map));
        // Held while the frame goes out: after `close` none does.
        let mut state = progress.state();
        if !state.closed {
            (state.encoded, state.owed, state.since) = (true, 0, None);
            if key {
                state.key_wanted = None;
            }
            output(Frame { data, key, captured });
        }
        Ok(gst::FlowSuccess::Ok)
    });
    gst_app::AppSink::builder()
        .caps(&kind.caps(target))
        .sync(false)
        .async_(false)
        .qos(false)
        .enable_last_sample(false)
        .max_buffers(2)
        .callbacks(callbacks.build())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuck_is_who_owes_several_frames_for_long() {
        let progress = Progress::default();
        let patience = Duration::from_millis(10);
        assert!(!progress.is_stuck(Duration::ZERO), "it was given nothing");
        for _ in 1..OWED {
            progress.given();
        }
        std::thread::sleep(patience * 2);
        assert!(!progress.is_stuck(patience), "it may keep some");
        progress.given();
        assert!(progress.is_stuck(patience));
        assert!(!progress.is_stuck(Duration::from_secs(60)), "not for long");
    }

    #[test]
    fn a_key_frame_is_waited_for_once_there_are_frames() {
        let progress = Progress::default();
        assert!(!progress.ignores_key(Duration::ZERO), "nobody asked");
        progress.key_wanted();
        std::thread::sleep(Duration::from_millis(2));
        assert!(!progress.ignores_key(Duration::ZERO), "its first frame is one");
        progress.state().encoded = true;
        assert!(progress.ignores_key(Duration::ZERO));
        assert!(!progress.ignores_key(Duration::from_secs(60)));
    }
}
