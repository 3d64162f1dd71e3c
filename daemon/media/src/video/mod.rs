//! The picture: from a camera (or the test picture) through an encoder to a sink.

mod encoder;
mod encoders;
mod jpeg;
mod opener;
mod output;
mod pump;
mod retired;
mod test_picture;
mod trial;
mod warm_up;

pub use encoders::encoder_names;
pub use opener::video_opener;
pub(crate) use pump::Pump;
pub use trial::{EncoderTrial, try_encoder};
pub(crate) use warm_up::warm_up;
