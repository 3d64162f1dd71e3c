//! Chat, and who is here.

use serde::{Deserialize, Serialize};

/// Longest chat text, bytes of UTF-8.
pub const MAX_CHAT: usize = 4096;
/// Longest display name, bytes of UTF-8.
pub const MAX_NAME: usize = 64;

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
    /// The device's answer to a line of yours that began with `/`: nobody else hears it, and no history keeps it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reply: bool,
    /// The text; show it as text.
    pub text: String,
    /// Milliseconds since the epoch, by the device.
    pub time_ms: u64,
}

/// Parameters of `chat.history`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatHistory {
    /// Messages before this one; absent: the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// Result of `chat.history`: the newest that fit, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatPage {
    /// Messages.
    pub messages: Vec<ChatMessage>,
    /// There are older ones.
    #[serde(default)]
    pub more: bool,
}

/// A viewer, as the others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMember {
    /// Names this visit; never used again while the device runs.
    pub id: u64,
    /// Display name; two may have the same.
    pub name: String,
    /// When it came, milliseconds since the epoch, by the device.
    pub since_ms: u64,
}

/// Result of `room.info`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// Your own id.
    pub you: u64,
    /// Who is here, in the order in which they came. At most 256.
    pub members: Vec<RoomMember>,
}

/// Parameters of `room.changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomChanged {
    /// What happened.
    pub event: RoomEvent,
    /// To whom, as it is now.
    pub member: RoomMember,
}

/// What happens to a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoomEvent {
    /// It came.
    Joined,
    /// It went.
    Left,
    /// It has another name now.
    Renamed,
}
