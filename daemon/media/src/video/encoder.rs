//! One encoder at work: raw pictures in, access units out.

use super::encoders::{Built, Kind, Target, key_interval};
use super::output::{Progress, sink};
use crate::gstreamer::{Failure, element};
use crate::{Frame, OpenError};
use gst::prelude::*;
use std::time::{Duration, Instant};

/// A running encoder. Dropping it stops its thread and frees it.
pub(super) struct Encoder {
    pub(super) kind: Kind,
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    element: gst::Element,
    failure: Failure,
    progress: Progress,
    started: Instant,
    key_interval: u32,
}

impl Encoder {
    /// Starts an encoder for pictures of `info`. Presentation times of the pictures count from `epoch`. What it makes
    /// goes to `output`, on a thread of its own.
    pub(super) fn start(
        kind: Kind,
        info: &gst_video::VideoInfo,
        target: &Target,
        epoch: Instant,
        output: impl FnMut(Frame) + Send + 'static,
    ) -> Result<Self, OpenError> {
        let failed = |error: gst::glib::BoolError| OpenError::Failed(format!("{}: {error}", kind.name()));
        let source = raw_source(&rated(info, target.fps)?)?;
        let Built { encoder, after } = kind.build(target)?;
        let progress = Progress::default();
        let sink = sink(kind, target, epoch, progress.clone(), output);

        let pipeline = gst::Pipeline::new();
        let mut chain = vec![source.clone().upcast::<gst::Element>()];
        chain.extend(kind.before(info.format().to_str())?);
        chain.push(encoder.clone());
        chain.extend(after);
        chain.push(sink.upcast());
        pipeline.add_many(&chain).map_err(failed)?;
        gst::Element::link_many(&chain).map_err(failed)?;

        let failure = Failure::watch(&pipeline, |_| {});
        let started = Instant::now();
        let key_interval = key_interval(target);
        let encoder =
            Self { kind, pipeline, source, element: encoder, failure, progress, started, key_interval };
        let start = encoder.pipeline.set_state(gst::State::Playing);
        start.map_err(|_| OpenError::Failed(format!("{} does not start", kind.name())))?;
        Ok(encoder)
    }

    /// Gives it a picture, and never waits: one that it has not begun with is replaced.
    pub(super) fn push(&self, picture: gst::Buffer) {
        self.progress.given();
        // Refused while it shuts down or has failed; `problem` tells the latter.
        let _ = self.source.push_buffer(picture);
    }

    /// The next picture becomes a key frame.
    pub(super) fn force_key(&self) {
        self.progress.key_wanted();
        self.kind.force_key(&self.element);
    }

    /// Whether a picture waits that it has not begun with.
    pub(super) fn has_waiting(&self) -> bool {
        self.source.current_level_buffers() > 0
    }

    pub(super) fn set_bitrate(&self, bits_per_second: u32) {
        self.kind.set_bitrate(&self.element, bits_per_second, self.key_interval);
    }

    /// Why it is of no more use, if it is not: it failed, took longer than `patience` for its first frame, or (an encoder
    /// of a chip, which no load of the processor slows down) has given none for that long.
    pub(super) fn problem(&self, patience: Duration) -> Option<String> {
        let silence = || match self.progress.has_encoded() {
            false => (self.started.elapsed() > patience).then_some("it encoded nothing"),
            true => {
                (self.kind.hardware() && self.progress.is_stuck(patience)).then_some("it encodes no more")
            }
        };
        self.failure().or_else(|| silence().map(str::to_owned))
    }

    /// What it said when it failed, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.get()
    }

    /// Whether it is one that makes no key frames on demand, in this version: seen after `patience`.
    pub(super) fn ignores_key(&self, patience: Duration) -> bool {
        self.kind.hardware() && self.progress.ignores_key(patience)
    }

    /// Nothing of it comes out any more.
    pub(super) fn close(&self) {
        self.progress.close();
    }
}

#[cfg(test)]
impl Encoder {
    /// As an element of it would when it fails.
    pub(super) fn break_down(&self) {
        gst::element_error!(self.element, gst::LibraryError::Encode, ["broken by a test"]);
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if self.pipeline.set_state(gst::State::Null).is_err() {
            log::warn!("the encoder {} could not be stopped", self.kind.name());
        }
    }
}

/// Pictures with a rate: some cameras do not say theirs, and an encoder without one does not know what a bit a second is.
fn rated(info: &gst_video::VideoInfo, fps: f32) -> Result<gst_video::VideoInfo, OpenError> {
    if info.fps().numer() > 0 {
        return Ok(info.clone());
    }
    let broken = || OpenError::Failed("This picture format cannot be encoded.".to_owned());
    let rate = gst::Fraction::approximate_f32(fps.clamp(1.0, 240.0)).unwrap_or(gst::Fraction::new(30, 1));
    let mut caps = info.to_caps().map_err(|_| broken())?;
    caps.make_mut().set("framerate", rate);
    gst_video::VideoInfo::from_caps(&caps).map_err(|_| broken())
}

/// Where raw pictures enter: one may wait, and a newer one takes its place.
pub(super) fn raw_source(info: &gst_video::VideoInfo) -> Result<gst_app::AppSrc, OpenError> {
    let broken = || OpenError::Failed("This picture format cannot be encoded.".to_owned());
    let source = element("appsrc")?.downcast::<gst_app::AppSrc>().map_err(|_| broken())?;
    source.set_caps(Some(&info.to_caps().map_err(|_| broken())?));
    source.set_format(gst::Format::Time);
    source.set_is_live(true);
    source.set_block(false);
    source.set_max_bytes(0);
    source.set_max_buffers(1);
    source.set_leaky_type(gst_app::AppLeakyType::Downstream);
    Ok(source)
}
