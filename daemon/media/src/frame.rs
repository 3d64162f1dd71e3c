//! What crosses from an encoder to the sessions.

use bytes::Bytes;
use std::time::Instant;

/// One encoded unit.
///
/// H.264: one access unit in the byte stream format (ITU-T H.264 Annex B), with SPS and PPS before each IDR picture.
/// Opus: one packet of 20 ms (RFC 6716), and `key` is always true.
#[derive(Clone)]
pub struct Frame {
    /// The encoded bytes.
    pub data: Bytes,
    /// Whether a decoder can start here.
    pub key: bool,
    /// When the picture was taken, or the first sample heard. Strictly increasing within a stream; video and audio
    /// use the same clock.
    pub captured: Instant,
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = if self.key { ", key" } else { "" };
        write!(f, "Frame({} bytes{key})", self.data.len())
    }
}

/// What a running stream is.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamInfo {
    /// Camera or microphone, for people.
    pub source: String,
    /// Encoder element, such as `x264enc`.
    pub encoder: String,
    /// Encoded width, pixels; 0 for audio.
    pub width: u32,
    /// Encoded height, pixels; 0 for audio.
    pub height: u32,
    /// Pictures a second; 0 for audio.
    pub fps: f32,
    /// Target of the encoder, bits per second.
    pub bitrate: u32,
}
