//! Users and groups, and what they may do to a file.

use nix::unistd::{Gid, Group, Uid, User, getgrouplist, getgroups};
use procfs::process::Process;
use std::{
    ffi::CString,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// To be added up, as in a file's mode.
pub(super) const READ: u32 = 4;
/// As [`READ`].
pub(super) const WRITE: u32 = 2;
/// As [`READ`].
pub(super) const EXECUTE: u32 = 1;

/// A user with its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gids: Vec<u32>,
    /// Whether this very process runs as it.
    pub(super) own: bool,
}

impl Account {
    /// That of this process.
    pub(super) fn current() -> Self {
        let mut gids: Vec<u32> = getgroups().unwrap_or_default().into_iter().map(Gid::as_raw).collect();
        gids.insert(0, Gid::effective().as_raw());
        let uid = Uid::effective().as_raw();
        Self { name: name(uid), uid, gids, own: true }
    }

    /// That of a process, with the groups that it has in fact.
    pub(super) fn of_process(pid: i32) -> Option<Self> {
        let status = Process::new(pid).ok()?.status().ok()?;
        let mut gids: Vec<u32> = status.groups.clone();
        gids.insert(0, status.egid);
        Some(Self { name: name(status.euid), uid: status.euid, gids, own: false })
    }

    /// That of a user of this system, with `more` groups by name.
    pub(super) fn of_user(user: &str, more: &[String]) -> Option<Self> {
        let user = User::from_name(user).ok()??;
        let listed =
            CString::new(user.name.as_str()).ok().and_then(|name| getgrouplist(&name, user.gid).ok());
        let more = more.iter().filter_map(|group| Group::from_name(group).ok()?);
        let mut gids = vec![user.gid.as_raw()];
        gids.extend(listed.unwrap_or_default().into_iter().map(Gid::as_raw));
        gids.extend(more.map(|group| group.gid.as_raw()));
        gids.dedup();
        Some(Self { name: user.name, uid: user.uid.as_raw(), gids, own: user.uid == Uid::effective() })
    }

    /// Whether it may do this to a file of this owner, group and mode. (Access control lists apart.)
    pub(super) fn may(&self, file: &Guard, wanted: u32) -> bool {
        let granted = match () {
            () if self.uid == 0 => return true,
            () if self.uid == file.uid => file.mode >> 6,
            () if self.gids.contains(&file.gid) => file.mode >> 3,
            () => file.mode,
        };
        granted & wanted == wanted
    }

    /// As [`Self::may`], with the last word for the kernel where the account is this process's own. What an access
    /// control list grants it counts as well.
    pub(super) fn may_use(&self, path: &Path, wanted: u32) -> bool {
        if self.own {
            let access = rustix::fs::Access::from_bits_truncate(wanted);
            return rustix::fs::access(path, access).is_ok();
        }
        Guard::of(path).is_some_and(|guard| self.may(&guard, wanted)) || self.is_granted(path, wanted)
    }

    /// Whether an access control list (acl(5)) grants it this, by its name or by that of a group. What the kernel keeps: a
    /// version, then tag, rights and id of each entry.
    fn is_granted(&self, path: &Path, wanted: u32) -> bool {
        const USER: u16 = 2;
        const GROUP: u16 = 8;
        const MASK: u16 = 16;
        let mut list = [0_u8; 4096];
        let Ok(length) = rustix::fs::getxattr(path, "system.posix_acl_access", &mut list[..]) else {
            return false;
        };
        let entries = list.get(4..length).unwrap_or_default().as_chunks::<8>().0.iter();
        let entries: Vec<(u16, u16, u32)> = entries
            .map(|[t0, t1, r0, r1, id @ ..]| {
                (u16::from_le_bytes([*t0, *t1]), u16::from_le_bytes([*r0, *r1]), u32::from_le_bytes(*id))
            })
            .collect();
        let mask = entries.iter().find(|entry| entry.0 == MASK).map_or(7, |entry| entry.1);
        entries.iter().any(|(tag, rights, id)| {
            let meant = (*tag == USER && *id == self.uid) || (*tag == GROUP && self.gids.contains(id));
            meant && u32::from(rights & mask) & wanted == wanted
        })
    }

    /// The outermost folder above `path` that it may not pass through, where there is one.
    pub(super) fn barrier(&self, path: &Path) -> Option<PathBuf> {
        // Links are followed where whoever asks may see where they lead.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut above: Vec<&Path> = path.ancestors().skip(1).collect();
        above.reverse();
        above.into_iter().find(|folder| folder.exists() && !self.may_use(folder, EXECUTE)).map(Path::to_owned)
    }

    /// `the user watchword`, or `this user` where nobody else is meant.
    pub(super) fn shown(&self) -> String {
        format!("the user {}", self.name)
    }

    /// Names of its groups, but for that of its own name.
    pub(super) fn groups(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.gids.iter().map(|gid| group_name(*gid)).filter(|name| *name != self.name).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Who may do what to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guard {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u32,
}

impl Guard {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() })
    }
}

/// A user's name, or its number where it has none.
pub(super) fn name(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

/// A group's name, or its number where it has none.
pub(super) fn group_name(gid: u32) -> String {
    let group = Group::from_gid(Gid::from_raw(gid)).ok().flatten();
    group.map_or_else(|| gid.to_string(), |group| group.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(uid: u32, gids: &[u32]) -> Account {
        Account { name: "somebody".into(), uid, gids: gids.to_vec(), own: false }
    }

    #[test]
    fn the_first_class_that_fits_decides_as_in_the_kernel() {
        let camera = Guard { uid: 0, gid: 44, mode: 0o20660 };
        assert!(account(0, &[0]).may(&camera, READ | WRITE), "root");
        assert!(account(1000, &[1000, 44]).may(&camera, READ | WRITE), "its group");
        assert!(!account(1000, &[1000]).may(&camera, READ), "anybody");
        let odd = Guard { uid: 1000, gid: 44, mode: 0o077 };
        assert!(!account(1000, &[44]).may(&odd, READ), "an owner without rights has those of no group");
        assert!(account(7, &[7]).may(&odd, READ | WRITE | EXECUTE));
    }

    #[test]
    fn what_an_access_control_list_grants_counts() {
        let scratch = tempfile::tempdir().unwrap();
        let stranger = account(4_000_000, &[4_000_000]);
        assert!(!stranger.may_use(scratch.path(), WRITE));
        // Version 2; then tag, rights and id of the owner, one user, the group, the mask and all others.
        let entries: [(u16, u16, u32); 5] =
            [(1, 7, u32::MAX), (2, 7, 4_000_000), (4, 5, u32::MAX), (16, 7, u32::MAX), (32, 5, u32::MAX)];
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (tag, rights, id) in entries {
            list.extend(tag.to_le_bytes().into_iter().chain(rights.to_le_bytes()).chain(id.to_le_bytes()));
        }
        let flags = rustix::fs::XattrFlags::empty();
        match rustix::fs::setxattr(scratch.path(), "system.posix_acl_access", &list, flags) {
            Ok(()) => {
                assert!(stranger.may_use(scratch.path(), WRITE));
                assert!(!account(4_000_001, &[4_000_001]).may_use(scratch.path(), WRITE), "another's");
            }
            Err(error) => assert_eq!(error, rustix::io::Errno::OPNOTSUPP, "a file system without lists"),
        }
    }

    #[test]
    fn users_of_this_system_are_found() {
        let root = Account::of_user("root", &["daemon".into()]).unwrap();
        assert_eq!((root.uid, root.gids[0]), (0, 0));
        assert!(root.groups().contains(&"daemon".to_owned()), "{:?}", root.groups());
        assert_eq!(Account::of_user("no-such-user-here", &[]), None);
        let own = Account::of_process(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert_eq!(own.uid, Account::current().uid);
    }
}
