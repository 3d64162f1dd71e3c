//! Files: the tree, and transfers.
//!
//! A path is names joined by `/`, without one at the beginning or the end; its first name is that of a root. The empty
//! path is the list of roots.
//!
//! A transfer has a data channel of its own, reliable and ordered, labelled [`transfer_label`]. On it, binary messages
//! are the bytes of the file in order, at most [`MAX_CHUNK`] each; text messages are [`Transfer`]. Bytes are sent only
//! as far as the receiver's credit reaches.

use serde::{Deserialize, Serialize};

/// Longest path, bytes of UTF-8.
pub const MAX_PATH: usize = 4096;
/// Longest name in a path, bytes of UTF-8.
pub const MAX_FILE_NAME: usize = 255;
/// Largest binary message of a transfer, bytes.
pub const MAX_CHUNK: usize = 64 * 1024;
/// Longest text message of a transfer, bytes.
pub const MAX_TRANSFER_TEXT: usize = 4096;
/// Transfers resume at multiples of this, bytes.
pub const RESUME_STEP: u64 = 1 << 20;

/// How the label of a transfer's data channel begins.
const LABELLED: &str = "transfer/";

/// Label of the data channel of a transfer.
#[must_use]
pub fn transfer_label(transfer: &str) -> String {
    format!("{LABELLED}{transfer}")
}

/// The transfer that a data channel of this label is for, if it is one.
#[must_use]
pub fn transfer_of(label: &str) -> Option<&str> {
    label.strip_prefix(LABELLED)
}

/// Parameters that are a path and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesPath {
    /// Which.
    pub path: String,
}

/// Parameters of `files.list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesList {
    /// Folder; empty: the roots.
    #[serde(default)]
    pub path: String,
    /// Name after which the page begins; empty: the first page.
    #[serde(default)]
    pub after: String,
}

/// Result of `files.list`, in the order of the names' bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesPage {
    /// What is in the folder.
    pub entries: Vec<FileEntry>,
    /// There is more after the last of these.
    #[serde(default)]
    pub more: bool,
}

/// One file or folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name, without the folder's.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// Bytes; 0 for a folder.
    pub size: u64,
    /// Last change, milliseconds since the epoch.
    pub modified_ms: u64,
    /// Whether the root that it is in can be written at all.
    pub writable: bool,
}

/// What an entry is. Links and devices are not told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// Parameters of `files.move`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesMove {
    /// What is moved or renamed.
    pub from: String,
    /// Its new path, within the same root.
    pub to: String,
    /// Replaces a file that is there.
    #[serde(default)]
    pub overwrite: bool,
}

/// Parameters of `files.remove`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesRemove {
    /// Which.
    pub path: String,
    /// A folder with all that is in it; else only an empty one goes.
    #[serde(default)]
    pub recursive: bool,
}

/// Parameters of `files.put`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesPut {
    /// Where it is to be. Folders above it that are missing are made.
    pub path: String,
    /// Its whole size, bytes.
    pub size: u64,
    /// Its last change, milliseconds since the epoch; kept with the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_ms: Option<u64>,
    /// Replaces a file that is there; needs the right to manage.
    #[serde(default)]
    pub overwrite: bool,
    /// Goes on where a transfer of this path and size broke off, if there is one.
    #[serde(default)]
    pub resume: bool,
}

/// Result of `files.put`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutReady {
    /// Names the transfer; the channel has to be opened within 30 s.
    pub transfer: String,
    /// From which byte on to send; a multiple of [`RESUME_STEP`]. 0: all of it.
    pub offset: u64,
    /// BLAKE3 of the [`RESUME_STEP`] bytes before the offset, hexadecimal; empty at offset 0. A sender whose file
    /// has something else there begins anew, with `resume` false.
    #[serde(default)]
    pub before: String,
    /// The device has a file of this name, size and last change: what is sent is compared with it, and not kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub present: bool,
}

/// Parameters of `files.get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesGet {
    /// Which file.
    pub path: String,
    /// From which byte on; a multiple of [`RESUME_STEP`].
    #[serde(default)]
    pub offset: u64,
    /// What [`GetReady::version`] said before; needed to go on at an offset.
    #[serde(default)]
    pub version: String,
}

/// Result of `files.get` and of `snapshot.take`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetReady {
    /// Names the transfer; the channel has to be opened within 30 s.
    pub transfer: String,
    /// Its whole size, bytes.
    pub size: u64,
    /// The byte from which on it is sent: the one asked for, or 0 where the file has changed since.
    pub offset: u64,
    /// Last change, milliseconds since the epoch.
    pub modified_ms: u64,
    /// Changes when the file does.
    pub version: String,
}

/// Text messages of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Transfer {
    /// Of the receiver: bytes of the file up to this offset may be sent.
    Credit {
        /// Counted from the beginning of the file.
        until: u64,
    },
    /// Of the sender, after the last byte: BLAKE3 of the whole file.
    End {
        /// 64 hexadecimal digits.
        hash: String,
    },
    /// Of the receiver, last: the file is whole, and on the disk.
    Done,
    /// Either way, last: it came to nothing.
    Failed {
        /// As in an error of JSON-RPC.
        code: i32,
        /// A sentence for a person.
        message: String,
    },
}

impl Transfer {
    /// Reads a text message; `None`: nobody says this in a transfer.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_TRANSFER_TEXT { None } else { serde_json::from_slice(text).ok() }
    }
}
