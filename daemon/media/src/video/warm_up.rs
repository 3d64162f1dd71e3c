//! Which encoder works here, found out before somebody waits for it.

use super::encoder::Encoder;
use super::encoders::{Kind, Target, candidates, failed};
use crate::OpenError;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// How long an encoder may take for one small picture.
const PATIENCE: Duration = Duration::from_millis(1500);
/// When it is given the next: an encoder may keep the first until then.
const AGAIN: Duration = Duration::from_millis(100);

/// Lets the encoders of this board encode one picture, in order, until one has done it. One that fails is left alone for
/// a while; one that is only slow, as everything may be on a board that has just started, is not.
pub(crate) fn warm_up() {
    for kind in candidates(None).unwrap_or_default() {
        match encodes(kind) {
            Ok(true) => return,
            Ok(false) => log::info!("the encoder {} is slow to start", kind.name()),
            Err(problem) => {
                log::warn!("the encoder {} does not work here ({problem})", kind.name());
                failed(kind);
            }
        }
    }
    log::warn!("no H.264 encoder works here");
}

/// Whether it has encoded a picture in time.
fn encodes(kind: Kind) -> Result<bool, OpenError> {
    let broken = |error: gst::glib::BoolError| OpenError::Failed(error.to_string());
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 320, 240)
        .fps(gst::Fraction::new(30, 1))
        .build()
        .map_err(broken)?;
    let target = Target { width: info.width(), height: info.height(), fps: 30.0, bitrate: 500_000 };
    let (sender, receiver) = sync_channel(1);
    let output = move |_| {
        let _ = sender.try_send(());
    };
    let begin = Instant::now();
    let encoder = Encoder::start(kind, &info, &target, begin, output)?;
    while begin.elapsed() < PATIENCE {
        encoder.push(grey(&info, begin.elapsed()).map_err(broken)?);
        if receiver.recv_timeout(AGAIN).is_ok() {
            return Ok(true);
        }
        if let Some(problem) = encoder.failure() {
            return Err(OpenError::Failed(problem));
        }
    }
    Ok(false)
}

fn grey(info: &gst_video::VideoInfo, time: Duration) -> Result<gst::Buffer, gst::glib::BoolError> {
    let mut picture = gst::Buffer::with_size(info.size())?;
    let own = picture.make_mut();
    own.map_writable()?.fill(128);
    own.set_pts(gst::ClockTime::try_from(time).ok());
    Ok(picture)
}
