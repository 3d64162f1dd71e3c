//! Which encoder works here, found out before somebody waits for it.

use super::encoder::Encoder;
use super::encoders::{Kind, Target, candidates, worked};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// How long an encoder may take for one small picture.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Lets the encoders of this board encode one picture, in order, until one has done it.
pub(crate) fn warm_up() {
    let works = |kind: &Kind| encodes(*kind).unwrap_or(false);
    match candidates(None).unwrap_or_default().into_iter().find(works) {
        Some(kind) => worked(kind),
        None => log::warn!("no H.264 encoder works here"),
    }
}

fn encodes(kind: Kind) -> Option<bool> {
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 320, 240)
        .fps(gst::Fraction::new(30, 1))
        .build()
        .ok()?;
    let mut picture = gst::Buffer::with_size(info.size()).ok()?;
    picture.make_mut().map_writable().ok()?.fill(128);
    picture.make_mut().set_pts(gst::ClockTime::ZERO);
    let target = Target { width: info.width(), height: info.height(), fps: 30.0, bitrate: 500_000 };
    let (sender, receiver) = sync_channel(1);
    let output = move |_| {
        let _ = sender.try_send(());
    };
    let encoder = Encoder::start(kind, &info, &target, Instant::now(), output).ok()?;
    encoder.push(picture);
    Some(receiver.recv_timeout(PATIENCE).is_ok())
}
