//! Cameras, microphones and encoders, and the fan-out of what they make.
//!
//! Two halves. Without features there is the seam ([`Opener`], [`Running`], [`Sink`]), the unit that crosses it
//! ([`Frame`]) and the fan-out behind it ([`Feed`]): what a session needs, without GStreamer. The feature
//! `gstreamer` adds the sources and encoders of a real board.

mod feed;
mod frame;
pub mod h264;
mod sink;
mod source;

pub use feed::{Feed, FeedSettings, FeedState, FeedStats, Subscription};
pub use frame::{Frame, StreamInfo};
pub use sink::Sink;
pub use source::{OpenError, Opener, Running};
