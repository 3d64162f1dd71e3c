//! Signaling: what a device and a viewer say to the rendezvous, and what it says to them.
//!
//! JSON objects tagged by `type`, one a WebSocket text frame (or one a POST, and one an event of the event stream).
//! Unknown fields are ignored; an unknown `type` is answered with [`Refusal`] code `unknown-message`.
//!
//! ```text
//! device      rendezvous      viewer
//!   |<-- welcome --|-- welcome -->|        handle and challenge of this socket
//!   |--- claim --->|              |        the place, signed
//!   |<-- claimed --|              |
//!   |              |<--- knock ---|        place and KE1
//!   |<-- knock ----|              |        + session, viewer's handle, source
//!   |--- reply --->|--- reply --->|        KE2                      (+ device's handle)
//!   |<-- prove ----|<--- prove ---|        KE3 and the sealed offer
//!   |<-- relay --->|<--- relay -->|        everything else, sealed
//!   |<-- leave --->|<--- leave -->|
//! ```

use crate::bytes::B64;
use serde::{Deserialize, Serialize};

/// Largest signaling message either side accepts, in bytes of JSON text.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// Bytes of a handle, a session id and a challenge before base64url.
pub const ID_LEN: usize = 16;
/// Bytes of the claim challenge.
pub const CHALLENGE_LEN: usize = 32;

/// Random name that the server gives a socket; 16 bytes as base64url.
pub type Handle = String;
/// Random name that the server gives one knock and what follows from it; 16 bytes as base64url.
pub type SessionId = String;

/// From a device or a viewer to the rendezvous.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToServer {
    /// Device: this place is mine. `signature` is Ed25519 over [`crate::identity::claim_bytes`].
    Claim {
        /// Wire version, [`crate::VERSION`].
        v: u32,
        /// The place, normalised.
        place: String,
        /// Ed25519 public key, 32 bytes.
        key: B64,
        /// Ed25519 signature, 64 bytes.
        signature: B64,
        /// What a server that asks for a token was given by its owner.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// Device: this place is no longer served by this socket (the claim of the key stays).
    Release {
        /// The place.
        place: String,
    },
    /// Viewer: is the device at this place, and here is KE1.
    Knock {
        /// Wire version, [`crate::VERSION`].
        v: u32,
        /// The place, normalised.
        place: String,
        /// OPAQUE KE1.
        ke1: B64,
        /// A pass that the device gave this browser earlier (its own budget of guesses).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<B64>,
    },
    /// Device: KE2 for this session.
    Reply {
        /// The session.
        session: SessionId,
        /// OPAQUE KE2.
        ke2: B64,
    },
    /// Device: not now. Ends the session.
    Refuse {
        /// The session.
        session: SessionId,
        /// Why.
        #[serde(flatten)]
        refusal: Refusal,
    },
    /// Viewer: KE3, and with it the first sealed message (the offer).
    Prove {
        /// The session.
        session: SessionId,
        /// OPAQUE KE3.
        ke3: B64,
        /// [`crate::sealed::Sealed`] JSON, sealed.
        sealed: B64,
    },
    /// Either: the next sealed message of this session.
    Relay {
        /// The session.
        session: SessionId,
        /// [`crate::sealed::Sealed`] JSON, sealed.
        sealed: B64,
    },
    /// Either: this session no longer needs the rendezvous.
    Leave {
        /// The session.
        session: SessionId,
    },
    /// Either: are you there? Answered by [`FromServer::Pong`]. (A browser cannot send WebSocket pings.)
    Ping,
}

/// From the rendezvous to a device or a viewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromServer {
    /// First message on every socket.
    Welcome {
        /// Wire version of the server.
        v: u32,
        /// This socket's handle.
        handle: Handle,
        /// 32 random bytes that a claim on this socket signs.
        challenge: B64,
        /// UDP port of the STUN server at the host name of this server; absent where it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stun_port: Option<u16>,
        /// Event stream only: what a POST shows in the header `x-watchword-stream`. Secret of this stream.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<B64>,
    },
    /// Device: the place is yours.
    Claimed {
        /// The place.
        place: String,
    },
    /// Device: this socket no longer serves the place (another socket of the same key took it, or the claim failed later).
    Lost {
        /// The place.
        place: String,
        /// Why.
        #[serde(flatten)]
        refusal: Refusal,
    },
    /// Device: a viewer is at the door.
    Knock {
        /// New session.
        session: SessionId,
        /// The place knocked at.
        place: String,
        /// The viewer's handle.
        viewer: Handle,
        /// Where it comes from: an IPv4 address, or an IPv6 /56 prefix. For budgets and the audit log.
        source: String,
        /// OPAQUE KE1.
        ke1: B64,
        /// The pass it showed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<B64>,
    },
    /// Viewer: nobody answers at this place now; `present` follows when somebody does, while the socket is open.
    Absent {
        /// The place.
        place: String,
    },
    /// Viewer: a device came to the place it waited for. Knock again.
    Present {
        /// The place.
        place: String,
    },
    /// Viewer: KE2.
    Reply {
        /// The session.
        session: SessionId,
        /// The device's handle.
        device: Handle,
        /// OPAQUE KE2.
        ke2: B64,
    },
    /// Device: KE3 and the first sealed message.
    Prove {
        /// The session.
        session: SessionId,
        /// OPAQUE KE3.
        ke3: B64,
        /// Sealed.
        sealed: B64,
    },
    /// Either: the next sealed message.
    Relay {
        /// The session.
        session: SessionId,
        /// Sealed.
        sealed: B64,
    },
    /// Either: the other side left this session (or its socket ended).
    Left {
        /// The session.
        session: SessionId,
    },
    /// Either: what was asked is refused, by the server or (to a viewer) by the device.
    Refused {
        /// The session it is about, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionId>,
        /// The place it is about, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// Why.
        #[serde(flatten)]
        refusal: Refusal,
    },
    /// Answer to [`ToServer::Ping`].
    Pong,
}

/// A refusal: a code for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable code.
    pub code: RefusalCode,
    /// What happened and what to do, one sentence.
    pub message: String,
    /// Seconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// Codes of [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// Not JSON, or a field is missing or of the wrong kind.
    Malformed,
    /// JSON whose `type` this server does not know.
    UnknownMessage,
    /// Another wire version.
    WrongVersion,
    /// A message that this role (or this state) may not send.
    WrongRole,
    /// Larger than [`MAX_MESSAGE`].
    TooLarge,
    /// More messages a second than allowed.
    TooFast,
    /// Too many sockets from this address.
    TooManySockets,
    /// Too many knocks at this place or from this source.
    TooManyKnocks,
    /// Too many sessions for this word or device.
    TooManySessions,
    /// Too many places for this key or address.
    TooManyPlaces,
    /// The place is not a valid one.
    BadPlace,
    /// The place belongs to another key.
    PlaceTaken,
    /// The signature or the token of a claim is wrong.
    BadClaim,
    /// No such session (it ended, or was never there).
    NoSession,
    /// The device asks to wait: too many wrong words.
    TryLater,
    /// The device could not verify KE3, or could not open a sealed message.
    ProofFailed,
    /// The device cannot serve this viewer (the sentence says why).
    Unavailable,
    /// Another socket took over.
    Replaced,
}
