//! JSON-RPC 2.0 on the `control` data channel: methods, parameters, results, notifications.
//!
//! Requests carry a number or a string as `id`; a message without `id` is a notification. One JSON object a message;
//! batches are refused. Largest message: [`MAX_MESSAGE`].

mod chat;
mod commands;
mod device;
mod files;
pub mod method;
pub mod rpc;

pub use chat::*;
pub use commands::*;
pub use device::*;
pub use files::*;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Label of the control data channel.
pub const LABEL: &str = "control";
/// Largest control message, bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;

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
    /// Too often, or too many at once.
    pub const TOO_FAST: i32 = -32001;
    /// There is nothing of this name.
    pub const NOT_FOUND: i32 = -32002;
    /// Something of this name is there already.
    pub const EXISTS: i32 = -32003;
    /// The device has no room for it: its quota, its disk, or the largest size that it takes.
    pub const NO_ROOM: i32 = -32004;
    /// It is not possible now; the sentence says why.
    pub const UNAVAILABLE: i32 = -32005;
    /// What came is not what was announced.
    pub const MISMATCH: i32 = -32006;
}
