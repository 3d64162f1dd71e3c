//! The state folder of the installed service, and who may use it.

use crate::folder::state_folder;
use anyhow::{Context as _, Result, bail};
use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};
use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// `StateDirectory=watchword` of systemd/watchword.service.
const SERVICE: &str = "/var/lib/watchword";

/// Whose state a command is about.
#[derive(Debug, PartialEq, Eq)]
enum Whose {
    /// That of the caller's own environment.
    Own,
    /// The service's, which belongs to the caller.
    Service,
    /// The service's, once root has become its owner.
    ServiceAsOwner,
    /// The service's, and the caller is somebody else.
    Refused,
}

/// The service's folder, where it is the one meant: there is one, the environment names no other, and the caller is its
/// owner or root, who becomes the owner. `None` where the caller's own is meant.
pub(super) fn folder(command: &str) -> Result<Option<PathBuf>> {
    let path = Path::new(SERVICE);
    let found = fs::metadata(path).ok().filter(fs::Metadata::is_dir);
    let (Some(found), false) = (found, named()) else { return Ok(None) };
    let has_own = state_folder().is_ok_and(|own| own.exists());
    match whose(geteuid(), found.uid().into(), has_own) {
        Whose::Own => return Ok(None),
        Whose::Service => {}
        Whose::ServiceAsOwner => become_owner(found.uid().into(), found.gid().into())
            .with_context(|| format!("cannot become the user that owns {SERVICE}"))?,
        Whose::Refused => bail!("Watchword runs as a service here: use sudo watchword {command} ..."),
    }
    Ok(Some(path.to_owned()))
}

/// The folder that an onlooker means, who changes nothing and stays who he is: the service's, where there is one and he
/// has none of his own that would be meant instead.
pub(super) fn seen() -> Option<PathBuf> {
    let found = fs::metadata(SERVICE).ok().filter(|found| found.is_dir() && !named())?;
    let has_own = state_folder().is_ok_and(|own| own.exists());
    (whose(geteuid(), found.uid().into(), has_own) != Whose::Own).then(|| SERVICE.into())
}

/// Whether this is the service's folder.
pub(super) fn is(folder: &Path) -> bool {
    folder == Path::new(SERVICE)
}

/// Whether the environment names a folder, as systemd's does.
fn named() -> bool {
    std::env::var_os("STATE_DIRECTORY").is_some_and(|folder| !folder.is_empty())
}

fn whose(caller: Uid, owner: Uid, has_own: bool) -> Whose {
    match (caller == owner, caller.is_root(), has_own) {
        (true, _, _) => Whose::Service,
        (false, true, _) => Whose::ServiceAsOwner,
        (false, false, true) => Whose::Own,
        (false, false, false) => Whose::Refused,
    }
}

/// Groups first: without root's rights they could not be left.
fn become_owner(user: Uid, group: Gid) -> nix::Result<()> {
    setgroups(&[group])?;
    setgid(group)?;
    setuid(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_state_is_for_its_owner_and_root_and_else_for_nobody() {
        let (root, service, person) = (Uid::from_raw(0), Uid::from_raw(990), Uid::from_raw(1000));
        for has_own in [true, false] {
            assert_eq!(whose(root, service, has_own), Whose::ServiceAsOwner);
            assert_eq!(whose(service, service, has_own), Whose::Service);
            assert_eq!(whose(root, root, has_own), Whose::Service);
        }
        assert_eq!(whose(person, service, true), Whose::Own);
        assert_eq!(whose(person, service, false), Whose::Refused);
    }
}
