//! Files on the device's disk: what viewers see of it, and what they put there.
//!
//! This is the half that knows the disk and nothing of the wire. Every call blocks; none is made from an async task.
//!
//! - [`Tree`] is the whole of it: named roots, each a folder that was opened once. Names are followed down from there
//!   one at a time and through no link ([`TreePath`] says what a name can be), so nothing outside can be reached.
//! - [`Upload`] takes a file into a hidden partial file, beside an index of what of it is on the disk for certain, and
//!   renames it into place when it is whole.
//! - [`Download`] reads a file, and notices when somebody changes it meanwhile.

mod begin;
mod change;
mod config;
mod count;
mod download;
mod error;
pub(crate) mod hash;
mod index;
mod list;
mod partial;
mod path;
mod present;
mod rename;
mod root;
mod space;
mod sweep;
mod tree;
mod upload;

pub use config::{FilesConfig, RootConfig};
pub use download::Download;
pub use error::FilesError;
pub use path::{MAX_DEPTH, PathError, TreePath};
pub use tree::{OpenError, Tree};
pub use upload::{Upload, UploadRequest};
