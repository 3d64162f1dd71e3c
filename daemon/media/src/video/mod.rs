//! The picture: from a camera (or the test picture) through an encoder to a sink.

mod encoder;
mod encoders;
mod opener;
mod pump;
mod test_picture;

pub use opener::video_opener;
pub(crate) use pump::Pump;
