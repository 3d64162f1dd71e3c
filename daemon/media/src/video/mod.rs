//! The picture: from a camera (or the test picture) through an encoder to a sink.

mod encoder;
mod encoders;
mod jpeg;
mod opener;
mod pump;
mod test_picture;
mod trial;

pub use opener::video_opener;
pub(crate) use pump::Pump;
pub(crate) use trial::warm_up;
