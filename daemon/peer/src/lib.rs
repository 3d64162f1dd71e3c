//! One viewer's session with a device: the peer connection, its tracks, its control channel.
//!
//! [`session::serve`] takes a viewer from its sealed offer to its end. It is the only user of `webrtc` beside
//! [`viewer`], the other side of the same conversation. What every datagram of a session passes through is the
//! module `wire`; why it is there, and what it does, is said there. [`files`] is the disk under a session's transfers, and
//! knows nothing of either.

pub mod commands;
mod control;
mod device;
pub mod files;
mod network;
mod room;
pub mod session;
mod tracks;
mod transfers;
pub mod viewer;
mod wire;

pub use device::{Act, Device};
pub use network::Network;
pub use room::{Member, NameError, News, Room};
pub use session::{End, Environment, Reason, Stop, serve};
pub use transfers::Files;
