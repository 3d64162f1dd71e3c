//! Every message on every wire of Watchword, the secret word and its proofs.
//!
//! Pure: no I/O, no async, no clock. Both ends of each conversation use these types, so that a change of the wire is
//! a change of this crate. `docs/protocol.md` tells the same story for people who write another client.

pub mod bytes;
pub mod control;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod grant;
pub mod identity;
pub mod pass;
pub mod proof;
pub mod seal;
pub mod sealed;
pub mod signal;
#[cfg(test)]
mod vectors;
pub mod word;

/// Version of the signaling and control wire, sent as `v` in every hello. A peer with another version is refused.
pub const VERSION: u32 = 1;
