//! The device and the session: who it is, how it is, what it sends.

use crate::bytes::B64;
use crate::grant::Grant;
use serde::{Deserialize, Serialize};

/// Result of `device.info`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// The device's name for people (host name by default).
    pub name: String,
    /// Version of Watchword it runs.
    pub version: String,
    /// This session's viewer number in chat, such as "viewer 2".
    pub you: String,
    /// Camera in use, for people.
    pub camera: String,
    /// Picture, such as "1280x720 at 30 fps".
    pub picture: String,
    /// Encoder element.
    pub encoder: String,
    /// A pass to show at the next knock; keep it beside the pinned key.
    pub pass: B64,
    /// What this viewer's word allows.
    #[serde(default = "nothing")]
    pub grant: Grant,
    /// When the word ends, seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// A device that tells no grant is of an earlier version, and grants nothing that needs one.
fn nothing() -> Grant {
    Grant::NONE
}

/// `device.stats`, once a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceStats {
    /// Milliseconds since the epoch, by the device.
    pub time_ms: u64,
    /// Sessions now.
    pub viewers: u32,
    /// Encoders running now.
    pub encoders: u32,
    /// Encoder element in use, empty when none.
    pub encoder: String,
    /// Encoded width, pixels; 0 when none.
    pub width: u32,
    /// Encoded height, pixels; 0 when none.
    pub height: u32,
    /// Frames encoded in the last second.
    pub fps: f32,
    /// Bits encoded in the last second (video).
    pub bitrate: u64,
    /// Key frames since the source was opened.
    pub key_frames: u64,
    /// CPU of the process over the last second, cores.
    pub cpu_cores: f32,
    /// Resident memory of the process, bytes.
    pub rss: u64,
    /// Degrees Celsius, where the board says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Frames this viewer missed because it was slow (it skipped to a key frame).
    pub skipped_frames: u64,
}

/// Parameters of `media.state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaState {
    /// The picture.
    pub video: TrackState,
    /// The sound.
    pub audio: TrackState,
}

/// One track's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum TrackState {
    /// The device has none, the word does not allow it, or the viewer did not ask for it.
    None,
    /// The browser offered no codec that the device sends (no H.264).
    NoCodec,
    /// Being opened.
    Starting,
    /// Running.
    Live,
    /// Broken or unplugged; tried again by itself.
    Waiting {
        /// What is wrong and what to do, one sentence.
        message: String,
    },
}

/// Parameters of `session.bye`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye {
    /// One sentence.
    pub reason: String,
    /// Whether coming again makes sense (a restart, not a removed word).
    pub again: bool,
}
