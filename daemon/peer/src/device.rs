//! What a session asks of the device it runs on.

use protocol::control::{DeviceInfo, DeviceStats};
use protocol::grant::Grant;

/// The device, as the viewers of one word see it. Called on the session's task: must not block for long.
pub trait Device: Send + Sync {
    /// Answer to `device.info` for the viewer that is called `you` in chat.
    fn info(&self, you: &str) -> DeviceInfo;
    /// The figures of the last second; the session fills in `skipped_frames`.
    fn stats(&self) -> DeviceStats;
    /// What the word of this session allows.
    fn grant(&self) -> Grant;
    /// The viewer did something, or tried to. For the audit log.
    fn audit(&self, act: &Act<'_>);
}

/// One act of a viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act<'a> {
    /// Method of the control channel.
    pub what: &'a str,
    /// On what: a path, a command, a name. Text of a stranger; never what was said in the chat.
    pub on: &'a str,
    /// The code of its refusal (`protocol::control::code`); `None` where it was done.
    pub refused: Option<i32>,
}
