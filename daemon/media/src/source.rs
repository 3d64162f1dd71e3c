//! The seam between a stream's source and its fan-out: whatever opens a camera, and a test that needs none.

use crate::{Sink, Still};

/// Opens a source whenever somebody wants to see it.
pub trait Opener: Send + Sync + 'static {
    /// Opens the source and starts it: from now on it gives its frames to `sink`, beginning with a key frame.
    ///
    /// May block: it is called on a blocking thread, never twice at a time, and never while what it returned before
    /// is still there.
    ///
    /// # Errors
    /// When the source cannot be had now. It is asked again later.
    fn open(&self, sink: Sink) -> Result<Box<dyn Running>, OpenError>;
}

/// A source at work. Dropping it stops it and frees everything that it held (and may block).
pub trait Running: Send {
    /// Asks for a key frame at once, without waiting for the next picture if that is possible. Must not block.
    fn request_key_frame(&self);
    /// Sets the encoder's target. Must not block.
    fn set_bitrate(&self, bits_per_second: u32);
    /// Begins a still of the next picture; it costs nothing until then. `None` where there are no pictures to take it of.
    /// Must not block. Never called while an earlier one is under way.
    fn still(&self) -> Option<Still> {
        None
    }
}

/// Why a source could not be opened; each says in one sentence what a person can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no such camera or microphone.
    #[error("{0}")]
    NotFound(String),
    /// Another program uses it.
    #[error("{0}")]
    Busy(String),
    /// This process may not open it.
    #[error("{0}")]
    Forbidden(String),
    /// It is there, but not of a kind that can be used (a codec node, a format nobody here reads).
    #[error("{0}")]
    Unsuitable(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}
