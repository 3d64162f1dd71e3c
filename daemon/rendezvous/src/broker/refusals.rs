//! The sentences: each refusal says what happened and what to do.

use protocol::signal::{Refusal, RefusalCode};
use std::time::Duration;

/// A refusal without a time.
pub(super) fn refusal(code: RefusalCode, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into(), retry_after: None }
}

/// A refusal that ends by waiting: whole seconds, at least one.
pub(super) fn wait(code: RefusalCode, message: impl Into<String>, time: Duration) -> Refusal {
    let seconds = time.as_secs_f64().ceil().clamp(1.0, f64::from(u32::MAX)) as u32;
    Refusal { code, message: message.into(), retry_after: Some(seconds) }
}

/// Something that is no message.
pub(super) fn unreadable(code: RefusalCode) -> Refusal {
    let message = match code {
        RefusalCode::TooLarge => "The message is larger than 64 KiB; send smaller ones.",
        RefusalCode::UnknownMessage => {
            "This server does not know messages of this type; update the server, or send one that it knows."
        }
        _ => {
            "This is not a message of the signaling protocol; send one JSON object with a `type` in each text frame."
        }
    };
    refusal(code, message)
}

pub(super) fn wrong_version(v: u32) -> Refusal {
    let ours = protocol::VERSION;
    refusal(
        RefusalCode::WrongVersion,
        format!(
            "This server speaks version {ours} of the protocol and not {v}; update the older of the two."
        ),
    )
}

pub(super) fn bad_place() -> Refusal {
    refusal(
        RefusalCode::BadPlace,
        "This is not a place: 3 to 32 letters a-z and digits, beginning with a letter. Check the secret word.",
    )
}

pub(super) fn no_session() -> Refusal {
    refusal(RefusalCode::NoSession, "This session has ended or never was; knock again.")
}

/// Whether this refusal answers a fault of the client itself, and not just crowding or bad luck.
pub(super) fn is_misbehaviour(code: RefusalCode) -> bool {
    match code {
        RefusalCode::Malformed
        | RefusalCode::UnknownMessage
        | RefusalCode::WrongVersion
        | RefusalCode::WrongRole
        | RefusalCode::TooLarge
        | RefusalCode::TooFast
        | RefusalCode::TooManySockets
        | RefusalCode::TooManyKnocks
        | RefusalCode::BadPlace
        | RefusalCode::BadClaim => true,
        RefusalCode::TooManySessions
        | RefusalCode::TooManyPlaces
        | RefusalCode::PlaceTaken
        | RefusalCode::NoSession
        | RefusalCode::TryLater
        | RefusalCode::ProofFailed
        | RefusalCode::Unavailable
        | RefusalCode::Replaced => false,
    }
}
