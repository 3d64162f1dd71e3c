//! A camera at work: from its node to raw pictures, as the encoder takes them.

use super::mode::{Kind, kind};
use super::{Plan, ribbon};
use crate::gstreamer::property::set;
use crate::gstreamer::{Failure, TimeBase, element};
use crate::picture::{Plane, timecode};
use crate::video::Pump;
use crate::{OpenError, Rotation, Sink, VideoSettings};
use gst::prelude::*;
use gst_video::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A running camera. Dropping it stops it and frees the device.
pub(crate) struct Capture {
    pipeline: gst::Pipeline,
}

impl Capture {
    /// Starts the camera; its pictures go to `pump`, and what stops it to `sink`.
    pub(crate) fn start(
        plan: &Plan,
        settings: &VideoSettings,
        pump: Arc<Pump>,
        sink: Sink,
    ) -> Result<Self, OpenError> {
        Self::run(camera(plan)?, plan, settings, pump, sink)
    }

    /// From whatever gives pictures in the mode of `plan`.
    fn run(
        source: Vec<gst::Element>,
        plan: &Plan,
        settings: &VideoSettings,
        pump: Arc<Pump>,
        sink: Sink,
    ) -> Result<Self, OpenError> {
        let failed =
            |error: gst::glib::BoolError| OpenError::Failed(format!("The camera cannot be used: {error}."));
        let pipeline = gst::Pipeline::new();
        let mut chain = source;
        chain.extend(decoded(plan)?);
        chain.extend(upright(plan, settings)?);
        chain.push(end(plan, settings, pump)?);
        pipeline.add_many(&chain).map_err(failed)?;
        gst::Element::link_many(&chain).map_err(failed)?;

        let name = plan.name.clone();
        let failure = Failure::watch(&pipeline, move |error| sink.failed(sentence(&name, error)));
        let capture = Self { pipeline };
        if capture.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(OpenError::Failed(sentence(&plan.name, &failure.get().unwrap_or_default())));
        }
        Ok(capture)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if self.pipeline.set_state(gst::State::Null).is_err() {
            log::warn!("a camera could not be stopped");
        }
    }
}

fn sentence(name: &str, error: &str) -> String {
    if error.contains("busy") {
        return format!("Another program uses the camera {name}: close it there.");
    }
    format!("The camera {name} stopped ({}): is it still plugged in?", error.trim_end_matches('.'))
}

/// The camera in its mode.
fn camera(plan: &Plan) -> Result<Vec<gst::Element>, OpenError> {
    if plan.on_ribbon() {
        return on_ribbon(plan);
    }
    let source = element("v4l2src")?;
    source.set_property("device", plan.path.to_str().unwrap_or_default());
    let filter = element("capsfilter")?;
    let caps = match kind(&plan.mode.format) {
        Some(Kind::Raw { name, .. }) => gst::Caps::builder("video/x-raw").field("format", name),
        _ => gst::Caps::builder("image/jpeg"),
    };
    let size = |pixels| i32::try_from(pixels).unwrap_or(i32::MAX);
    let caps = caps.field("width", size(plan.mode.width)).field("height", size(plan.mode.height));
    let rate = gst::Fraction::approximate_f32(plan.mode.fps).unwrap_or(gst::Fraction::new(30, 1));
    filter.set_property("caps", caps.field("framerate", near(rate)).build());
    Ok(vec![source, filter])
}

/// A camera by libcamera, whose pictures have the size that is asked for.
fn on_ribbon(plan: &Plan) -> Result<Vec<gst::Element>, OpenError> {
    let source = element(ribbon::SOURCE)?;
    if !set(&source, "camera-name", plan.path.to_str().unwrap_or_default()) {
        return Err(OpenError::Failed("This libcamera cannot be told which camera to open.".to_owned()));
    }
    let filter = element("capsfilter")?;
    filter.set_property("caps", caps_on_ribbon(plan));
    Ok(vec![source, filter])
}

/// With the rate, and else without: libcamera before 0.0.4 (Debian 12's own) does not speak of rates.
fn caps_on_ribbon(plan: &Plan) -> gst::Caps {
    let size = |pixels| i32::try_from(pixels).unwrap_or(i32::MAX);
    let rate = gst::Fraction::approximate_f32(plan.mode.fps).unwrap_or(gst::Fraction::new(30, 1));
    let plain = gst::Structure::builder("video/x-raw")
        .field("format", ribbon::FORMAT)
        .field("width", size(plan.mode.width))
        .field("height", size(plan.mode.height))
        .build();
    let mut rated = plain.clone();
    rated.set("framerate", rate);
    [rated, plain].into_iter().collect()
}

/// What decodes the camera's pictures, if they are not raw.
fn decoded(plan: &Plan) -> Result<Vec<gst::Element>, OpenError> {
    let mut chain = Vec::new();
    if kind(&plan.mode.format) == Some(Kind::Jpeg) {
        // Decoding has a thread of its own, and takes the newest picture: a slow board shows fewer, not older ones.
        let queue = element("queue")?;
        queue.set_property("max-size-buffers", 1_u32);
        queue.set_property("max-size-bytes", 0_u32);
        queue.set_property("max-size-time", 0_u64);
        queue.set_property_from_str("leaky", "downstream");
        let decoder = element("jpegdec")?;
        // A camera's first pictures are often damaged; that is no reason to give up.
        decoder.set_property("max-errors", -1_i32);
        chain.extend([queue, decoder]);
    }
    Ok(chain)
}

/// Rates around the wanted one: the driver's fraction need not be the one that its rounded value gives.
fn near(rate: gst::Fraction) -> gst::FractionRange {
    let (low, high) = (rate * gst::Fraction::new(98, 100), rate * gst::Fraction::new(102, 100));
    gst::FractionRange::new(low, high)
}

/// Size, turn and format as the encoder takes them; elements only for what differs.
fn upright(plan: &Plan, settings: &VideoSettings) -> Result<Vec<gst::Element>, OpenError> {
    let mut chain = Vec::new();
    let mode = (plan.mode.width, plan.mode.height);
    let size = fitted(mode, (settings.width, settings.height));
    if size != mode {
        let filter = element("capsfilter")?;
        let pixels = |pixels| i32::try_from(pixels).unwrap_or(i32::MAX);
        let caps = gst::Caps::builder("video/x-raw")
            .field("width", pixels(size.0))
            .field("height", pixels(size.1))
            .field("pixel-aspect-ratio", gst::Fraction::new(1, 1));
        filter.set_property("caps", caps.build());
        chain.extend([element("videoscale")?, filter]);
    }
    if !matches!(kind(&plan.mode.format), Some(Kind::Raw { direct: true, .. })) {
        chain.push(element("videoconvert")?);
    }
    let method = match settings.rotation {
        Rotation::None => return Ok(chain),
        Rotation::Clockwise90 => "clockwise",
        Rotation::Half => "rotate-180",
        Rotation::CounterClockwise90 => "counterclockwise",
        Rotation::FlipHorizontal => "horizontal-flip",
        Rotation::FlipVertical => "vertical-flip",
    };
    let flip = element("videoflip")?;
    flip.set_property_from_str("method", method);
    chain.push(flip);
    Ok(chain)
}

/// `size`, scaled down into `frame` if it is larger, in its own shape; both sides even (4:2:0).
fn fitted(size: (u32, u32), frame: (u32, u32)) -> (u32, u32) {
    if size.0 <= frame.0 && size.1 <= frame.1 {
        return (size.0 & !1, size.1 & !1);
    }
    let (width, height) = (u64::from(size.0.max(1)), u64::from(size.1.max(1)));
    let (most_width, most_height) = (u64::from(frame.0), u64::from(frame.1));
    let (width, height) = match width * most_height > height * most_width {
        true => (most_width, height * most_width / width),
        false => (width * most_height / height, most_height),
    };
    let even = |pixels: u64| u32::try_from(pixels & !1).unwrap_or(2).max(2);
    (even(width), even(height))
}

/// The end of the chain. Pictures are taken in front of the sink and not out of it: the sink would hold on to each until
/// the next, and the pump wants it alone.
fn end(plan: &Plan, settings: &VideoSettings, pump: Arc<Pump>) -> Result<gst::Element, OpenError> {
    let sink = element("appsink")?;
    let formats = gst::List::new(["I420", "NV12"]);
    sink.set_property("caps", gst::Caps::builder("video/x-raw").field("format", formats).build());
    sink.set_property("sync", false);
    sink.set_property("async", false);
    sink.set_property("qos", false);
    let taker = Mutex::new(Taker::new(plan, settings, pump));
    let pad =
        sink.static_pad("sink").ok_or_else(|| OpenError::Failed("The camera cannot be used.".into()))?;
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let Some(gst::PadProbeData::Buffer(picture)) = info.data.take() else {
            return gst::PadProbeReturn::Ok;
        };
        let mut taker = taker.lock().unwrap_or_else(PoisonError::into_inner);
        info.flow_res = taker.take(pad, picture).map(|()| gst::FlowSuccess::Ok);
        gst::PadProbeReturn::Handled
    });
    Ok(sink)
}

/// Hands the pictures that arrive at a pad to the pump.
struct Taker {
    pump: Arc<Pump>,
    time_base: TimeBase,
    time_code: bool,
    fps: f32,
    thinning: Thinning,
    format: Option<(gst::Caps, gst_video::VideoInfo)>,
}

impl Taker {
    fn new(plan: &Plan, settings: &VideoSettings, pump: Arc<Pump>) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "rates are small")]
        let fps = plan.mode.fps.min(settings.fps.max(1) as f32);
        let thinning = Thinning::new(plan.mode.fps, fps);
        let (time_base, time_code) = (TimeBase::new(), settings.time_code);
        Self { pump, time_base, time_code, fps, thinning, format: None }
    }

    fn take(&mut self, pad: &gst::Pad, mut picture: gst::Buffer) -> Result<(), gst::FlowError> {
        let now = Instant::now();
        let sink = pad.parent_element().ok_or(gst::FlowError::Flushing)?;
        let captured = self.time_base.captured(&sink, picture.pts());
        let caps = pad.current_caps().ok_or(gst::FlowError::NotNegotiated)?;
        if self.format.as_ref().is_none_or(|known| known.0 != caps) {
            let parsed = gst_video::VideoInfo::from_caps(&caps).map_err(|_| gst::FlowError::NotNegotiated)?;
            self.format = Some((caps, parsed));
        }
        let Some((_, info)) = self.format.as_ref().filter(|_| self.thinning.keeps(now)) else {
            return Ok(());
        };
        if self.time_code {
            draw_time_code(info, &mut picture);
        }
        self.pump.picture(info, self.fps, picture, captured);
        Ok(())
    }
}

/// Leaves pictures out where a camera gives more than wanted.
struct Thinning {
    interval: Option<Duration>,
    due: Option<Instant>,
}

impl Thinning {
    fn new(given: f32, wanted: f32) -> Self {
        let too_many = given > wanted * 1.05 && wanted >= 1.0;
        Self { interval: too_many.then(|| Duration::from_secs_f32(1.0 / wanted)), due: None }
    }

    fn keeps(&mut self, now: Instant) -> bool {
        let Some(interval) = self.interval else { return true };
        let due = self.due.unwrap_or(now);
        // A little early is in time: the camera's ticks do not fall on ours.
        if now + interval / 8 < due {
            return false;
        }
        self.due = Some(if due + interval < now { now + interval } else { due + interval });
        true
    }
}

/// Draws the time into an I420 or NV12 picture.
fn draw_time_code(info: &gst_video::VideoInfo, buffer: &mut gst::Buffer) {
    let (Ok(width), Ok(height)) = (usize::try_from(info.width()), usize::try_from(info.height())) else {
        return;
    };
    let Ok(mut frame) = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.make_mut(), info) else {
        return;
    };
    let strides: Vec<usize> =
        frame.plane_stride().iter().map(|stride| usize::try_from(*stride).unwrap_or(0)).collect();
    let [luma, blue, red, _] = frame.planes_data_mut();
    let planes = [luma, blue, red].into_iter().zip(strides).enumerate();
    let mut planes: Vec<Plane<'_>> = planes
        .map(|(plane, (data, stride))| match (plane, info.format()) {
            (0, _) => Plane { data, stride, width, height },
            (_, gst_video::VideoFormat::Nv12) => Plane { data, stride, width, height: height / 2 },
            _ => Plane { data, stride, width: width / 2, height: height / 2 },
        })
        .collect();
    if let Some((luma, chroma)) = planes.split_first_mut() {
        timecode::draw(luma, chroma, timecode::now_ms());
    }
}

#[cfg(test)]
#[path = "capture_tests.rs"]
mod tests;
