//! What is said on the channel of a transfer beside the bytes.

use super::stall::PATIENCE;
use protocol::control::{MAX_TRANSFER_TEXT, RpcError, Transfer, code, rpc};
use std::time::Duration;
use tokio::time::timeout;
use webrtc::data_channel::{DataChannel, DataChannelEvent};

/// How long the last message may take to arrive.
const FAREWELL: Duration = Duration::from_secs(5);
/// Bytes that may still be on their way when a transfer ends: twice what any viewer has credit for.
const MAX_LATE: usize = 8 << 20;

/// What came on the channel of a transfer.
pub(super) enum Heard {
    /// Bytes of the file.
    Bytes(bytes::BytesMut),
    /// Anything else that is of use.
    Said(Transfer),
    /// What no viewer should say.
    Nonsense,
    /// The channel has closed.
    Closed,
}

/// The next that comes. Safe to cancel.
pub(super) async fn hear(channel: &dyn DataChannel) -> Heard {
    loop {
        match channel.poll().await {
            Some(DataChannelEvent::OnMessage(message)) if !message.is_string => {
                return Heard::Bytes(message.data);
            }
            Some(DataChannelEvent::OnMessage(message)) => {
                return Transfer::read(&message.data).map_or(Heard::Nonsense, Heard::Said);
            }
            Some(DataChannelEvent::OnClose | DataChannelEvent::OnClosing) | None => return Heard::Closed,
            Some(_) => {}
        }
    }
}

/// Says something; that the channel is gone is heard elsewhere. It waits behind what the viewer has not taken, but not
/// without end.
pub(super) async fn say(channel: &dyn DataChannel, message: &Transfer) {
    // Serialising this type cannot fail.
    let text = serde_json::to_string(message).unwrap_or_default();
    let _ = timeout(PATIENCE, channel.send_text(&text)).await;
}

/// Says why it came to nothing. A viewer that takes nothing is not told.
pub(super) async fn say_failed(channel: &dyn DataChannel, error: &RpcError) {
    let failed = Transfer::Failed { code: error.code, message: error.message.clone() };
    let _ = timeout(FAREWELL, say(channel, &failed)).await;
}

/// Waits until the viewer has closed the channel, which it does when it has heard the last, or closes it then. `false`:
/// it went on sending, as nobody does who has heard it.
pub(super) async fn close(channel: &dyn DataChannel) -> bool {
    let mut late = 0;
    let closed = async {
        while late <= MAX_LATE {
            match hear(channel).await {
                Heard::Bytes(bytes) => late += bytes.len(),
                Heard::Said(_) | Heard::Nonsense => late += MAX_TRANSFER_TEXT,
                Heard::Closed => return,
            }
        }
    };
    let _ = timeout(FAREWELL, closed).await;
    let _ = channel.close().await;
    late <= MAX_LATE
}

/// The viewer went away, or broke it off to go on later.
pub(super) fn broken() -> RpcError {
    rpc::error(code::UNAVAILABLE, "The transfer broke off.")
}

/// The viewer wants no more of it.
pub(super) fn given_up() -> RpcError {
    rpc::error(code::UNAVAILABLE, "The viewer gave it up.")
}

/// The viewer does nothing.
pub(super) fn silent() -> RpcError {
    let sentence = format!(
        "Next to nothing moved for {} s, so the transfer was ended; begin it again.",
        PATIENCE.as_secs()
    );
    rpc::error(code::UNAVAILABLE, &sentence)
}

pub(super) fn nonsense() -> RpcError {
    rpc::error(code::INVALID_REQUEST, "This message has no place in a transfer.")
}
