//! The one place that knows how GStreamer is started, and how its time is told.

mod clock;
mod failure;
mod plugins;
pub(crate) mod property;

pub(crate) use clock::TimeBase;
pub(crate) use failure::Failure;
pub(crate) use plugins::{element, known};
pub use plugins::{init, warm_up};
