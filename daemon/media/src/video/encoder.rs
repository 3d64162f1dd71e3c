//! One encoder at work: raw pictures in, access units out.

use super::encoders::{Kind, Target, key_interval};
use crate::gstreamer::{Failure, element};
use crate::{Frame, OpenError, h264::ParameterSets};
use bytes::Bytes;
use gst::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A running encoder. Dropping it stops its thread and frees it.
pub(super) struct Encoder {
    pub(super) kind: Kind,
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    element: gst::Element,
    failure: Failure,
    encoded: Arc<AtomicBool>,
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
        let source = raw_source(info)?;
        let encoder = kind.build(target)?;
        let encoded = Arc::new(AtomicBool::new(false));
        let sink = sink(kind, target, epoch, encoded.clone(), output);

        let pipeline = gst::Pipeline::new();
        let mut chain = vec![source.clone().upcast::<gst::Element>()];
        if !kind.formats().contains(&info.format().to_str().as_str()) {
            let filter = element("capsfilter")?;
            let formats = gst::List::new(kind.formats());
            filter.set_property("caps", gst::Caps::builder("video/x-raw").field("format", formats).build());
            chain.extend([element("videoconvert")?, filter]);
        }
        chain.push(encoder.clone());
        if kind.needs_parser() {
            let parser = element("h264parse")?;
            parser.set_property("config-interval", -1_i32);
            chain.push(parser);
        }
        chain.push(sink.upcast());
        pipeline.add_many(&chain).map_err(failed)?;
        gst::Element::link_many(&chain).map_err(failed)?;

        let failure = Failure::watch(&pipeline, |_| {});
        let started = Instant::now();
        let key_interval = key_interval(target);
        let encoder =
            Self { kind, pipeline, source, element: encoder, failure, encoded, started, key_interval };
        let start = encoder.pipeline.set_state(gst::State::Playing);
        start.map_err(|_| OpenError::Failed(format!("{} does not start", kind.name())))?;
        Ok(encoder)
    }

    /// Gives it a picture, and never waits: one that it has not begun with is replaced.
    pub(super) fn push(&self, picture: gst::Buffer) {
        // Refused while it shuts down or has failed; `problem` tells the latter.
        let _ = self.source.push_buffer(picture);
    }

    /// The next picture becomes a key frame.
    pub(super) fn force_key(&self) {
        self.element.send_event(gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build());
    }

    /// Whether a picture waits that it has not begun with.
    pub(super) fn has_waiting(&self) -> bool {
        self.source.current_level_buffers() > 0
    }

    pub(super) fn set_bitrate(&self, bits_per_second: u32) {
        self.kind.set_bitrate(&self.element, bits_per_second, self.key_interval);
    }

    /// Why it is of no more use, if it is not: it failed, or took longer than `patience` for its first frame.
    pub(super) fn problem(&self, patience: Duration) -> Option<String> {
        let late = !self.encoded.load(Ordering::Relaxed) && self.started.elapsed() > patience;
        self.failure.get().or_else(|| late.then(|| "it encoded nothing".to_owned()))
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

fn sink(
    kind: Kind,
    target: &Target,
    epoch: Instant,
    encoded: Arc<AtomicBool>,
    mut output: impl FnMut(Frame) + Send + 'static,
) -> gst_app::AppSink {
    let mut sets = ParameterSets::default();
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let Some(buffer) = sample.buffer() else { return Ok(gst::FlowSuccess::Ok) };
        // Running time: encoders shift timestamps (x264enc by 1000 hours), and the segment with them.
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
        let time = segment.and_then(|segment| segment.to_running_time(buffer.pts()));
        let captured = epoch + Duration::from_nanos(time.map_or(0, gst::ClockTime::nseconds));
        let map = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
        let (data, key) = sets.complete(Bytes::copy_from_slice(&map));
        encoded.store(true, Ordering::Relaxed);
        output(Frame { data, key, captured });
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
