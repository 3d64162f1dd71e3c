//! From a message to text.

use protocol::signal::FromServer;

/// One line of JSON. These types always have one; were that ever untrue, a `pong` harms nobody and the log says it.
pub(crate) fn json(message: &FromServer) -> String {
    serde_json::to_string(message).unwrap_or_else(|error| {
        log::error!("a message cannot be written as JSON: {error}");
        r#"{"type":"pong"}"#.to_owned()
    })
}
