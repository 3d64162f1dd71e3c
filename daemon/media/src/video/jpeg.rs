//! One raw picture as a JPEG.

use crate::gstreamer::{Failure, element};
use crate::{OpenError, SnapshotError};
use bytes::Bytes;
use gst::prelude::*;
use std::time::Duration;

/// Of 100: hardly told from the picture itself, at a tenth of its size.
const QUALITY: i32 = 90;
/// What a JPEG's luma and chroma are: full range, BT.601 (ITU-T T.871 section 6.2). The encoder takes what it gets for
/// that, and limited range would look washed out.
const COLORIMETRY: &str = "1:4:0:0";
/// What is converted to in between: from one YUV to another, GStreamer 1.22's converter leaves the range as it is.
const BETWEEN: &str = "BGRx";

/// Encodes `picture`. Blocks, for at most `patience`; nothing is left of the encoder afterwards.
pub(super) fn jpeg(
    info: &gst_video::VideoInfo,
    picture: gst::Buffer,
    patience: Duration,
) -> Result<Bytes, SnapshotError> {
    let broken = |error: OpenError| SnapshotError::Encoder(error.to_string());
    let (once, source, sink) = Once::new(info).map_err(broken)?;
    let cannot = |_| SnapshotError::Encoder("This picture cannot be made a JPEG.".to_owned());
    once.pipeline.set_state(gst::State::Playing).map_err(cannot)?;
    // Refused where the pipeline has failed: then no JPEG comes, and why is asked there.
    let _ = source.push_buffer(picture);
    let _ = source.end_of_stream();
    let sample = sink.try_pull_sample(gst::ClockTime::try_from(patience).ok());
    let missing = || match once.failure.get() {
        Some(error) => {
            SnapshotError::Encoder(format!("The picture cannot be made a JPEG ({error}): try again."))
        }
        None => SnapshotError::NotInTime,
    };
    let sample = sample.ok_or_else(missing)?;
    let map = sample.buffer().and_then(|buffer| buffer.map_readable().ok()).ok_or_else(missing)?;
    Ok(Bytes::copy_from_slice(&map))
}

/// A pipeline for one picture. Dropping it ends its thread and frees it.
struct Once {
    pipeline: gst::Pipeline,
    failure: Failure,
}

impl Once {
    fn new(info: &gst_video::VideoInfo) -> Result<(Self, gst_app::AppSrc, gst_app::AppSink), OpenError> {
        let failed =
            |error: gst::glib::BoolError| OpenError::Failed(format!("No JPEG can be made here: {error}."));
        let source = super::encoder::raw_source(info)?;
        let (between, full_range) = (element("capsfilter")?, element("capsfilter")?);
        let caps = |format| gst::Caps::builder("video/x-raw").field("format", format);
        between.set_property("caps", caps(BETWEEN).build());
        full_range.set_property("caps", caps("I420").field("colorimetry", COLORIMETRY).build());
        let encoder = element("jpegenc")?;
        encoder.set_property("quality", QUALITY);
        encoder.set_property_from_str("idct-method", "islow");
        // Loads its plugin.
        element("appsink")?;
        let sink = gst_app::AppSink::builder().sync(false).qos(false).enable_last_sample(false).build();

        let pipeline = gst::Pipeline::new();
        let chain = [
            source.clone().upcast(),
            element("videoconvert")?,
            between,
            element("videoconvert")?,
            full_range,
            encoder,
            sink.clone().upcast(),
        ];
        pipeline.add_many(&chain).map_err(failed)?;
        gst::Element::link_many(&chain).map_err(failed)?;
        let failure = Failure::watch(&pipeline, |_| {});
        Ok((Self { pipeline, failure }, source, sink))
    }
}

impl Drop for Once {
    fn drop(&mut self) {
        if self.pipeline.set_state(gst::State::Null).is_err() {
            log::warn!("the encoder of a snapshot could not be stopped");
        }
    }
}
