//! What a session asks of the device it runs on.

use protocol::control::{DeviceInfo, DeviceStats};

/// The device, as its viewers see it. Called on the session's task: must not block for long.
pub trait Device: Send + Sync {
    /// Answer to `device.info` for the viewer that is called `you` in chat.
    fn info(&self, you: &str) -> DeviceInfo;
    /// The figures of the last second; the session fills in `skipped_frames`.
    fn stats(&self) -> DeviceStats;
}
