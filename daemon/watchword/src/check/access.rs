//! How an account gets at a folder that it may not use, without taking the folder from whom it belongs to.

use super::account::{Account, EXECUTE, Guard, READ, WRITE, group_name};
use crate::folder::quoted;
use std::path::{Component, Path};

/// What belongs to the system: nobody is let into it for files' sake.
const SYSTEM: [&str; 11] =
    ["/proc", "/sys", "/dev", "/run", "/boot", "/etc", "/usr", "/bin", "/sbin", "/lib", "/root"];

/// What is wanted of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Write,
}

impl Use {
    /// As bits of a mode.
    pub(super) fn bits(self) -> u32 {
        READ | EXECUTE | if self == Self::Write { WRITE } else { 0 }
    }

    fn letters(self) -> &'static str {
        match self {
            Self::Read => "rx",
            Self::Write => "rwx",
        }
    }
}

/// What helps `account`, which may not use `folder` for this; `own`: the folder is part of the device's own state. Only
/// owner, group and mode of the one folder are ever to be changed, and its owner only where it is the device's own.
pub(super) fn remedy(account: &Account, folder: &Path, guard: &Guard, wanted: Use, own: bool) -> String {
    let (shown, letters) = (quoted(folder), wanted.letters());
    if account.may(guard, wanted.bits()) {
        return format!(
            "Its owner and mode allow it, so it is the file system that does not: name another folder in [files] roots, such as {}.",
            quoted(&instead(folder))
        );
    }
    if own && guard.uid != account.uid {
        return format!("sudo chown {} {shown}", account.name);
    }
    if guard.uid == account.uid {
        return format!("sudo chmod u+{letters} {shown}");
    }
    // With `s` the group stays that of the folder, for what is put into it.
    let group_letters = if wanted == Use::Write { "rwxs" } else { letters };
    if is_shared(folder, guard) {
        let group = account.gids.first().map_or_else(|| account.name.clone(), |gid| group_name(*gid));
        return format!(
            "That folder is not the device's to take. Make one of its own, and name that in [files] roots: sudo install -d -o {} -g {group} -m 2770 {}",
            account.name,
            quoted(&instead(folder))
        );
    }
    match account.gids.first() {
        _ if guard.gid != 0 && account.gids.contains(&guard.gid) => {
            format!("sudo chmod g+{group_letters} {shown}")
        }
        Some(group) => {
            format!("sudo chgrp {} {shown} && sudo chmod g+{group_letters} {shown}", group_name(*group))
        }
        None => format!("Let its owner allow it for {}.", account.shown()),
    }
}

/// A folder that would be the device's alone: within this one, or beside the system's.
fn instead(folder: &Path) -> std::path::PathBuf {
    let within = if is_system(folder) { Path::new("/srv") } else { folder };
    within.join("watchword")
}

/// Whether much else lives there: a folder of the system, one right below `/`, or somebody's home.
fn is_shared(folder: &Path, guard: &Guard) -> bool {
    let depth = folder.components().filter(|part| matches!(part, Component::Normal(_))).count();
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(guard.uid)).ok().flatten();
    let is_home = user.is_some_and(|user| user.dir == folder) || folder.parent() == Some(Path::new("/home"));
    depth < 2 || is_home || is_system(folder)
}

fn is_system(folder: &Path) -> bool {
    folder == Path::new("/") || SYSTEM.iter().any(|system| folder.starts_with(system))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(folder: &str, (uid, gid, mode): (u32, u32, u32), own: bool) -> String {
        // The group 2 is `bin` on Debian.
        let account = Account { name: "watchword".into(), uid: 999, gids: vec![2, 44], own: false };
        remedy(&account, Path::new(folder), &Guard { uid, gid, mode: 0o40_000 | mode }, Use::Write, own)
    }

    #[test]
    fn somebody_elses_folder_stays_theirs() {
        assert_eq!(
            advice("/srv/inbox", (1000, 1000, 0o755), false),
            "sudo chgrp bin /srv/inbox && sudo chmod g+rwxs /srv/inbox"
        );
        assert_eq!(advice("/srv/our box", (1000, 44, 0o755), false), "sudo chmod g+rwxs '/srv/our box'");
        assert_eq!(advice("/srv/inbox", (999, 999, 0o500), false), "sudo chmod u+rwx /srv/inbox");
        assert_eq!(advice("/s/files", (0, 0, 0o700), true), "sudo chown watchword /s/files");
    }

    #[test]
    fn a_tree_with_much_else_in_it_is_left_alone() {
        for (folder, instead) in [
            ("/srv", "/srv/watchword"),
            ("/home/pi", "/home/pi/watchword"),
            ("/proc/sys", "/srv/watchword"),
            ("/", "/srv/watchword"),
        ] {
            let advice = advice(folder, (1000, 1000, 0o755), false);
            assert!(
                advice.ends_with(&format!("sudo install -d -o watchword -g bin -m 2770 {instead}")),
                "{folder}: {advice}"
            );
        }
    }

    #[test]
    fn what_no_owner_and_no_mode_forbids_is_the_file_systems_doing() {
        let root = Account { name: "root".into(), uid: 0, gids: vec![0], own: true };
        let guard = Guard { uid: 0, gid: 0, mode: 0o40_555 };
        let advice = remedy(&root, Path::new("/proc/sys"), &guard, Use::Write, false);
        assert!(advice.contains("file system") && !advice.contains("sudo"), "{advice}");
    }
}
