//! One knock and what follows from it.

use super::SocketId;
use std::time::{Duration, Instant};

/// What joins two sockets.
pub(super) struct Session {
    pub(super) place: String,
    pub(super) viewer: SocketId,
    pub(super) device: SocketId,
    pub(super) stage: Stage,
    /// When it last went on.
    pub(super) touched: Instant,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The device has KE1.
    Knocked,
    /// The viewer has KE2.
    Replied,
    /// The device has KE3 and the offer. Whether it is content with them, it alone knows.
    Proved,
}

/// Which end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Viewer,
    Device,
}

/// What a side does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Reply,
    Prove,
    Relay,
}

/// Why a session ends, and so what each side is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The viewer left, or its socket ended, or it knocked anew.
    ViewerLeft,
    /// The device left.
    DeviceLeft,
    /// The device's socket ended, or it gave the place up.
    DeviceGone,
    /// The device turned the viewer away.
    Refused(protocol::signal::Refusal),
    /// Nothing was said for too long.
    Expired,
}

impl Stage {
    /// Where `step` of `side` leads; `None` where it may not be taken.
    pub(super) fn after(self, side: Side, step: Step) -> Option<Self> {
        match (self, side, step) {
            (Self::Knocked, Side::Device, Step::Reply) => Some(Self::Replied),
            (Self::Replied, Side::Viewer, Step::Prove) => Some(Self::Proved),
            (Self::Proved, Side::Viewer | Side::Device, Step::Relay) => Some(Self::Proved),
            (Self::Knocked, Side::Device, Step::Prove | Step::Relay)
            | (Self::Knocked, Side::Viewer, Step::Reply | Step::Prove | Step::Relay)
            | (Self::Replied, Side::Viewer, Step::Reply | Step::Relay)
            | (Self::Replied, Side::Device, Step::Reply | Step::Prove | Step::Relay)
            | (Self::Proved, Side::Viewer | Side::Device, Step::Reply | Step::Prove) => None,
        }
    }
}

impl Session {
    /// The side that `socket` is, if it is one.
    pub(super) fn side(&self, socket: SocketId) -> Option<Side> {
        if socket == self.viewer {
            Some(Side::Viewer)
        } else if socket == self.device {
            Some(Side::Device)
        } else {
            None
        }
    }

    /// How long it may stay as it is.
    pub(super) fn patience(&self, times: &crate::settings::Times) -> Duration {
        match self.stage {
            Stage::Knocked => times.reply,
            Stage::Replied => times.proof,
            Stage::Proved => times.idle,
        }
    }
}
