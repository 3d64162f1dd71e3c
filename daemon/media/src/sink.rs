//! Where a source puts what it makes.

use crate::feed::Shared;
use crate::{Frame, StreamInfo};
use std::sync::Arc;

/// Takes a source's frames. Belongs to one opening of the source: once that is closed or has failed, whatever still
/// comes is ignored. No call blocks, from whatever thread.
#[derive(Clone)]
pub struct Sink {
    shared: Arc<Shared>,
    generation: u64,
}

impl Sink {
    pub(crate) fn new(shared: Arc<Shared>, generation: u64) -> Self {
        Self { shared, generation }
    }

    /// One frame for everybody.
    pub fn push(&self, frame: Frame) {
        self.shared.push(self.generation, frame);
    }

    /// What the stream is; before the first frame, and again whenever it changes.
    pub fn info(&self, info: StreamInfo) {
        self.shared.info(self.generation, info);
    }

    /// The source has failed and gives no more frames; `message` is one sentence for a person. It is closed, and
    /// opened again later. The first message counts.
    pub fn failed(&self, message: impl Into<String>) {
        self.shared.failed(self.generation, message.into());
    }
}
