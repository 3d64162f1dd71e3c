//! Which encoder works here, found out before somebody waits for it.

use super::encoder::Encoder;
use super::encoders::{Kind, Target, candidates, failed};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// How long an encoder may take for one small picture.
const PATIENCE: Duration = Duration::from_millis(1500);
/// When it is given the next: an encoder may keep the first until then.
const AGAIN: Duration = Duration::from_millis(100);

/// Lets the encoders of this board encode one picture, in order, until one has done it.
pub(crate) fn warm_up() {
    for kind in candidates(None).unwrap_or_default() {
        if encodes(kind).unwrap_or(false) {
            return;
        }
        log::warn!("the encoder {} does not work here: it encoded nothing when it was tried", kind.name());
        failed(kind);
    }
    log::warn!("no H.264 encoder works here");
}

fn encodes(kind: Kind) -> Option<bool> {
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 320, 240)
        .fps(gst::Fraction::new(30, 1))
        .build()
        .ok()?;
    let target = Target { width: info.width(), height: info.height(), fps: 30.0, bitrate: 500_000 };
    let (sender, receiver) = sync_channel(1);
    let output = move |_| {
        let _ = sender.try_send(());
    };
    let encoder = Encoder::start(kind, &info, &target, Instant::now(), output).ok()?;
    for number in 0.. {
        encoder.push(grey(&info, AGAIN * number)?);
        if receiver.recv_timeout(AGAIN).is_ok() {
            return Some(true);
        }
        if let Some(problem) = encoder.problem(PATIENCE) {
            log::debug!("{}: {problem}", kind.name());
            return Some(false);
        }
    }
    None
}

fn grey(info: &gst_video::VideoInfo, time: Duration) -> Option<gst::Buffer> {
    let mut picture = gst::Buffer::with_size(info.size()).ok()?;
    let own = picture.get_mut()?;
    own.map_writable().ok()?.fill(128);
    own.set_pts(gst::ClockTime::try_from(time).ok());
    Some(picture)
}
