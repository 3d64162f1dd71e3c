//! JSON-RPC 2.0 on the `control` data channel: methods, parameters, results, notifications.
//!
//! Requests carry a number or a string as `id`; a message without `id` is a notification. One JSON object a message;
//! batches are refused. Largest message: [`MAX_MESSAGE`].

use crate::bytes::B64;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Label of the control data channel.
pub const LABEL: &str = "control";
/// Largest control message, bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;
/// Longest chat text, bytes of UTF-8.
pub const MAX_CHAT: usize = 4096;
/// Longest display name, bytes of UTF-8.
pub const MAX_NAME: usize = 64;

/// A JSON-RPC id: number or string (null is refused).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A number.
    Number(i64),
    /// A string.
    String(String),
}

/// Any message, either way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Message {
    /// Request (`id`) or notification (no `id`).
    Call(Call),
    /// Answer to a request.
    Answer(Answer),
}

/// Request or notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Always "2.0".
    pub jsonrpc: Version,
    /// Absent in a notification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Name, such as `device.info`.
    pub method: String,
    /// Object, or absent.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub params: Value,
}

/// Answer to a request: `result` or `error`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Always "2.0".
    pub jsonrpc: Version,
    /// The request's id; null where it could not be read.
    pub id: Option<Id>,
    /// What it came to.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Result or error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It worked.
    Result(Value),
    /// It did not.
    Error(RpcError),
}

/// The constant "2.0".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// JSON-RPC 2.0.
    #[default]
    #[serde(rename = "2.0")]
    V2,
}

/// JSON-RPC error object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    /// JSON-RPC 2.0 section 5.1; ours are in -32000..=-32099.
    pub code: i32,
    /// A sentence for a person.
    pub message: String,
    /// More, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Codes of [`RpcError`].
pub mod code {
    /// Not JSON.
    pub const PARSE: i32 = -32700;
    /// Not a request.
    pub const INVALID_REQUEST: i32 = -32600;
    /// No such method.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// Wrong parameters.
    pub const INVALID_PARAMS: i32 = -32602;
    /// Our fault.
    pub const INTERNAL: i32 = -32603;
    /// The word does not allow it.
    pub const NOT_GRANTED: i32 = -32000;
    /// Too often.
    pub const TOO_FAST: i32 = -32001;
}

/// Names of the methods. Viewer to device unless it says otherwise.
pub mod method {
    /// `{}` -> `{}`. Either way.
    pub const PING: &str = "ping";
    /// `{}` -> [`super::DeviceInfo`].
    pub const DEVICE_INFO: &str = "device.info";
    /// `{ "on": bool }` -> `{}`; [`DEVICE_STATS`] notifications follow, one a second.
    pub const STATS_SUBSCRIBE: &str = "stats.subscribe";
    /// `{}` -> [`super::DeviceStats`] as a request; device to viewer as a notification.
    pub const DEVICE_STATS: &str = "device.stats";
    /// [`super::ChatSend`] -> `{}`; everyone, the sender too, gets [`CHAT_MESSAGE`].
    pub const CHAT_SEND: &str = "chat.send";
    /// Device to viewer, notification: [`super::ChatMessage`].
    pub const CHAT_MESSAGE: &str = "chat.message";
    /// `{ "name": string }` -> `{}`.
    pub const PROFILE_SET: &str = "profile.set";
    /// Device to viewer, notification: [`super::MediaState`], on every change and once at the start.
    pub const MEDIA_STATE: &str = "media.state";
    /// Either way, notification: the session ends now. [`super::Bye`].
    pub const SESSION_BYE: &str = "session.bye";
}

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

/// Parameters of `chat.send`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatSend {
    /// 1..=[`MAX_CHAT`] bytes.
    pub text: String,
}

/// Parameters of `chat.message`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Counts up from 1 while the device runs.
    pub id: u64,
    /// Display name of the sender.
    pub from: String,
    /// Whether you sent it.
    #[serde(default)]
    pub own: bool,
    /// The text; show it as text.
    pub text: String,
    /// Milliseconds since the epoch, by the device.
    pub time_ms: u64,
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
    /// The device has none, or the word does not allow it.
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
