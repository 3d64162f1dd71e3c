//! The tracks of a session: from a feed's frames to RTP packets.

pub(crate) mod clock;
pub(crate) mod codecs;
pub(crate) mod feedback;
mod loss;
pub(crate) mod sender;
