//! Names of the methods. Viewer to device unless it says otherwise.

use crate::grant::Right;

/// `{}` -> `{}`. Either way.
pub const PING: &str = "ping";
/// `{}` -> [`super::DeviceInfo`].
pub const DEVICE_INFO: &str = "device.info";
/// `{ "on": bool }` -> `{}`; [`DEVICE_STATS`] notifications follow, one a second.
pub const STATS_SUBSCRIBE: &str = "stats.subscribe";
/// `{}` -> [`super::DeviceStats`] as a request; device to viewer as a notification.
pub const DEVICE_STATS: &str = "device.stats";
/// Device to viewer, notification: [`super::MediaState`], on every change and once at the start.
pub const MEDIA_STATE: &str = "media.state";
/// Either way, notification: the session ends now. [`super::Bye`].
pub const SESSION_BYE: &str = "session.bye";

/// [`super::ChatSend`] -> `{}`; everyone with `chat`, the sender too, gets [`CHAT_MESSAGE`].
pub const CHAT_SEND: &str = "chat.send";
/// [`super::ChatHistory`] -> [`super::ChatPage`].
pub const CHAT_HISTORY: &str = "chat.history";
/// Device to viewer, notification: [`super::ChatMessage`].
pub const CHAT_MESSAGE: &str = "chat.message";
/// `{ "name": string }` -> `{}`.
pub const PROFILE_SET: &str = "profile.set";
/// `{}` -> [`super::RoomInfo`].
pub const ROOM_INFO: &str = "room.info";
/// Device to viewer, notification: [`super::RoomChanged`].
pub const ROOM_CHANGED: &str = "room.changed";

/// `{}` -> [`super::CommandList`].
pub const COMMAND_LIST: &str = "command.list";
/// [`super::CommandRun`] -> [`super::CommandStarted`]; [`COMMAND_OUTPUT`] and, last, [`COMMAND_EXITED`] follow.
pub const COMMAND_RUN: &str = "command.run";
/// [`super::CommandStarted`] -> `{}`: ends a command of this viewer's.
pub const COMMAND_STOP: &str = "command.stop";
/// Device to viewer, notification: [`super::CommandOutput`].
pub const COMMAND_OUTPUT: &str = "command.output";
/// Device to viewer, notification: [`super::CommandExited`].
pub const COMMAND_EXITED: &str = "command.exited";

/// [`super::FilesList`] -> [`super::FilesPage`].
pub const FILES_LIST: &str = "files.list";
/// [`super::FilesPath`] -> [`super::FileEntry`].
pub const FILES_STAT: &str = "files.stat";
/// [`super::FilesPath`] -> `{}`: makes a folder, and those above it.
pub const FILES_MKDIR: &str = "files.mkdir";
/// [`super::FilesMove`] -> `{}`.
pub const FILES_MOVE: &str = "files.move";
/// [`super::FilesRemove`] -> `{}`.
pub const FILES_REMOVE: &str = "files.remove";
/// [`super::FilesPut`] -> [`super::PutReady`]; the viewer then opens the channel of the transfer.
pub const FILES_PUT: &str = "files.put";
/// [`super::FilesGet`] -> [`super::GetReady`]; the viewer then opens the channel of the transfer.
pub const FILES_GET: &str = "files.get";
/// `{}` -> [`super::GetReady`]: a JPEG of the picture as it is now; the viewer then opens the channel of the transfer.
pub const SNAPSHOT_TAKE: &str = "snapshot.take";

/// What a method needs of a grant. `None`: every viewer may call it; its parameters may need more (overwriting needs
/// [`Right::Manage`]).
#[must_use]
pub fn needs(method: &str) -> Option<Right> {
    match method {
        CHAT_SEND | CHAT_HISTORY => Some(Right::Chat),
        COMMAND_LIST | COMMAND_RUN | COMMAND_STOP => Some(Right::Commands),
        FILES_LIST | FILES_STAT | FILES_GET => Some(Right::Files),
        FILES_PUT | FILES_MKDIR => Some(Right::Upload),
        FILES_MOVE | FILES_REMOVE => Some(Right::Manage),
        SNAPSHOT_TAKE => Some(Right::Watch),
        _ => None,
    }
}
