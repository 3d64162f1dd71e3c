//! GStreamer's time as [`Instant`]s, so that picture and sound share one clock.

use gst::prelude::*;
use std::time::{Duration, Instant};

/// A timestamp older than this is the driver's mistake, not the picture's age.
const OLDEST: Duration = Duration::from_secs(1);

/// Maps running times of one pipeline to instants. Both are the monotonic clock of the system; only their origins
/// differ.
#[derive(Clone, Copy)]
pub(crate) struct TimeBase {
    instant: Instant,
    clock: gst::ClockTime,
}

impl TimeBase {
    pub(crate) fn new() -> Self {
        let clock = gst::SystemClock::obtain().time();
        Self { instant: Instant::now(), clock }
    }

    /// When a buffer of a live source was captured: now, where its timestamp says nothing or nonsense.
    pub(crate) fn captured(&self, element: &impl IsA<gst::Element>, pts: Option<gst::ClockTime>) -> Instant {
        let now = Instant::now();
        let Some((base, pts)) = element.base_time().zip(pts) else { return now };
        let at = base + pts;
        let captured = match at.checked_sub(self.clock) {
            Some(later) => self.instant.checked_add(Duration::from_nanos(later.nseconds())),
            None => self.instant.checked_sub(Duration::from_nanos((self.clock - at).nseconds())),
        };
        match captured {
            Some(captured) if captured <= now && now - captured <= OLDEST => captured,
            _ => now,
        }
    }
}
