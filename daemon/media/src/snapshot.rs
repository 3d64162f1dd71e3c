//! Stills: a JPEG of the picture as it is now.

use bytes::Bytes;
use std::time::Duration;

/// How long a snapshot may take: opening a camera and waiting for its first picture included.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A still under way: waits for the next picture and encodes it. Blocks, for at most the time given; ends at once when
/// its source is closed while it waits.
pub type Still = Box<dyn FnOnce(Duration) -> Result<Bytes, SnapshotError> + Send>;

/// Why there is no snapshot; each says in one sentence what a person can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// What is captured is no picture, or nothing here can make a still of it.
    #[error("There is no picture to take a snapshot of.")]
    NoPicture,
    /// The camera does not work now; the sentence is the camera's.
    #[error("{0}")]
    Source(String),
    /// Nothing came within 5 s.
    #[error("The camera gave no picture within {} s: try again, and look after the camera if it stays so.", PATIENCE.as_secs())]
    NotInTime,
    /// There is a picture, and no JPEG can be made of it.
    #[error("{0}")]
    Encoder(String),
    /// So many wait for a snapshot already that this one was not taken.
    #[error("Too many snapshots are asked for at once: try again in a moment.")]
    TooMany,
    /// The feed has ended.
    #[error("The device is stopping: come back when it runs again.")]
    Closed,
}
