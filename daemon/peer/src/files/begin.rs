//! How an upload begins: what has to be so before its first byte comes.

use super::change::replaced;
use super::error::FilesError;
use super::index::Header;
use super::partial::{Claim, Names, Partial};
use super::present::Present;
use super::root::Root;
use super::space::Reservation;
use super::tree::{Target, Tree};
use super::upload::UploadRequest;
use cap_std::fs::{Dir, Metadata};
use std::time::{SystemTime, UNIX_EPOCH};

/// Whether there can be a file of this name, or it is there and need not be sent.
pub(super) fn look(
    target: &Target<'_, &Root>,
    request: &UploadRequest<'_>,
) -> Result<Option<Present>, FilesError> {
    let dir = match target.root.walk(target.parents) {
        Ok(dir) => dir,
        Err(FilesError::NotFound) => return Ok(None),
        Err(FilesError::IsFile) => return Err(FilesError::Exists),
        Err(error) => return Err(error),
    };
    if !target.root.has_on_its_disk(&dir)? {
        return Err(FilesError::OtherDisk);
    }
    if request.resume
        && let Some(present) = Present::find(&dir, target.name, request.size, request.modified_ms)?
    {
        return Ok(Some(present));
    }
    free_or_replaced(&dir, target.name, request.overwrite)?;
    Ok(None)
}

/// The file that is to be replaced, if there is one; nothing else may be in the way.
pub(super) fn free_or_replaced(
    dir: &Dir,
    name: &str,
    overwrite: bool,
) -> Result<Option<Metadata>, FilesError> {
    match replaced(dir, name)? {
        Some(there) if !(overwrite && there.is_file()) => Err(FilesError::Exists),
        old => Ok(old),
    }
}

/// Claims the partial file, takes room for all of the file, and opens or makes what is needed.
pub(super) fn receive(
    tree: &Tree,
    target: &Target<'_, &Root>,
    request: &UploadRequest<'_>,
) -> Result<(Partial, Reservation, Claim), FilesError> {
    let path = request.path.to_string();
    let hidden = target.root.hidden()?;
    let (id, names) = Names::of_upload(&path, request.size, request.owner);
    let claim = tree.0.claims.claim((target.index, id))?;
    let resumed = match request.resume {
        true => Partial::resume(hidden.clone(), names.clone(), &path, request.size)?,
        false => None,
    };
    if resumed.is_none() {
        if names.are_locked(&hidden) {
            return Err(FilesError::Busy);
        }
        names.remove(&hidden)?;
    }
    tree.0.space.set_partial(&claim.key, resumed.as_ref().map(Partial::synced));
    let room = tree.0.reserve(target.root.disk(), request.size, Some(&claim.key))?;
    let partial = match resumed {
        Some(partial) => partial,
        None => {
            tree.0.make_folders(target.root, target.parents)?;
            let header = Header { path, size: request.size, created_ms: now_ms() };
            Partial::create(hidden.clone(), names.clone(), &header).inspect_err(|_| {
                // Half of it may be there.
                let _ = names.remove(&hidden);
            })?
        }
    };
    Ok((partial, room, claim))
}

fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
