//! The sound: from a microphone (or a test tone) through Opus to a sink.

mod microphones;
mod opener;

pub use microphones::{Microphone, microphones};
pub use opener::audio_opener;
