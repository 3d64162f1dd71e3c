//! Disks: is there room for files, and may they be written?

use super::{
    access::{Use, remedy},
    account::{Account, Guard},
    finding::Finding,
    place::Place,
    scene::Scene,
    view::View,
};
use crate::config::Files;
use bytesize::ByteSize;
use rustix::fs::StatVfsMountFlags;
use std::{
    fmt::Write as _,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const NAME: &str = "disk";
/// What the device itself needs: keys, words, audit log.
const STATE: u64 = 64 << 20;
/// How long the files are counted. Where it takes longer, the quota is not judged.
const COUNTING: Duration = Duration::from_secs(2);
/// What a file takes at least: a block of most file systems, and what the quota counts in.
const BLOCK: u64 = 4096;
/// Where the service's sandbox is opened for a folder.
const DROP_IN: &str = "files.conf in /usr/share/doc/watchword/examples";

/// A file system, below one folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Space {
    free: u64,
    read_only: bool,
    /// No file can be made, however small.
    no_inodes: bool,
}

/// One folder.
struct Folder {
    /// In a sentence.
    what: String,
    path: PathBuf,
    writable: bool,
    space: Result<Space, ErrorKind>,
    guard: Option<Guard>,
    may_use: bool,
    /// Below the state folder.
    own: bool,
}

/// Looks at the state folder and at the folders of `[files]`.
pub(super) fn look(files: &Files, scene: &Scene) -> Vec<Finding> {
    let (place, account, service) = (&scene.place, &scene.account, scene.is_service());
    let mut findings = Vec::new();
    if let Some(path) = place.folder() {
        let folder = Folder::at("The state folder".into(), path.clone(), true, (account, place));
        // Its owner is judged elsewhere.
        findings.extend(folder.bad_file_system().or_else(|| folder.too_full(STATE)));
    }
    if files.quota.as_u64() == 0 {
        findings.push(Finding::ok(NAME, "Viewers reach no files: [files] quota is 0."));
        return findings;
    }
    let folders = folders(files, place, account);
    if folders.is_empty() && findings.is_empty() {
        return vec![Finding::skipped(
            NAME,
            "The files' folder is not there yet, or not for this user to see.",
        )];
    }
    let used = used(folders.iter().filter(|folder| folder.writable).map(|folder| folder.path.as_path()));
    findings.extend(
        folders.iter().map(|folder| folder.judge(files.floor.as_u64(), (account, service), &scene.view)),
    );
    let quota = files.quota.as_u64();
    if let Some(used) = used.filter(|used| *used >= quota) {
        findings.push(Finding::warning(
            NAME,
            format!(
                "The files take {}, which is all of the quota ({}): uploads are refused.",
                bytes(used),
                bytes(quota)
            ),
            "Remove some, or raise [files] quota.",
        ));
    }
    findings
}

fn folders(files: &Files, place: &Place, account: &Account) -> Vec<Folder> {
    if files.roots.is_empty() {
        let path = place.folder().map(|folder| folder.join("files")).filter(|path| path.exists());
        return path
            .map(|path| Folder::at("The files' folder".into(), path, true, (account, place)))
            .into_iter()
            .collect();
    }
    let folder = |root: &crate::config::Root| {
        let what = format!("The files' folder {:?}", root.name);
        Folder::at(what, root.path.clone(), root.writable, (account, place))
    };
    files.roots.iter().map(folder).collect()
}

impl Folder {
    fn at(what: String, path: PathBuf, writable: bool, (account, place): (&Account, &Place)) -> Self {
        let wanted = wanted(writable).bits();
        let own = place.folder().is_some_and(|state| path.starts_with(state));
        let is_folder = path.metadata().and_then(|metadata| match metadata.is_dir() {
            true => Ok(()),
            false => Err(ErrorKind::NotADirectory.into()),
        });
        let space = is_folder.and_then(|()| space(&path)).map_err(|error| error.kind());
        let (guard, may_use) = (Guard::of(&path), account.may_use(&path, wanted));
        Self { what, path, writable, space, guard, may_use, own }
    }

    /// `service`: the account is that of the service, with its sandbox.
    fn judge(&self, floor: u64, (account, service): (&Account, bool), view: &View) -> Finding {
        if let Some(finding) = self.bad_file_system().or_else(|| self.sandboxed(view)) {
            return finding;
        }
        if !self.may_use {
            return self.refused(account, service);
        }
        if let Some(finding) = self.too_full(floor).filter(|_| self.writable) {
            return finding;
        }
        let free = self.space.map_or(0, |space| space.free);
        if !self.writable {
            return Finding::ok(NAME, format!("{} can be read.", self.shown()));
        }
        let room = free.saturating_sub(floor);
        Finding::ok(NAME, format!("{} has room for {} more.", self.shown(), bytes(room)))
    }

    fn refused(&self, account: &Account, service: bool) -> Finding {
        let (done, rights) = if self.writable { ("written", "write") } else { ("read", "read") };
        let message =
            format!("{} may not be {done}: {} has no right to {rights} it.", self.shown(), account.shown());
        let mut advice = self.guard.map_or_else(
            || "See who owns it: ls -ld".to_owned(),
            |guard| remedy(account, &self.path, &guard, wanted(self.writable), self.own),
        );
        if service && !self.own {
            let _ = write!(advice, " (The service's sandbox needs a drop-in as well: see {DROP_IN}.)");
        }
        Finding::failed(NAME, message, advice)
    }

    /// What makes the folder useless, whoever uses it.
    fn bad_file_system(&self) -> Option<Finding> {
        let shown = self.shown();
        Some(match self.space {
            Err(ErrorKind::NotFound) => Finding::failed(
                NAME,
                format!("{shown} is not there, so the device does not start."),
                "Make it, or take it out of [files] roots. Is its disk plugged in and mounted?",
            ),
            Err(ErrorKind::NotADirectory) => {
                Finding::failed(NAME, format!("{shown} is no folder."), "Correct its path in [files] roots.")
            }
            Err(ErrorKind::PermissionDenied) => {
                Finding::skipped(NAME, format!("{shown} is not for this user to see.")).better_as_root()
            }
            Err(kind) => Finding::failed(
                NAME,
                format!("{shown} cannot be looked at: {kind}."),
                "Look at its disk: sudo dmesg",
            ),
            Ok(space) if space.read_only && self.writable => Finding::failed(
                NAME,
                format!("{shown} is on a file system that is read-only now."),
                "Mount it for writing. Where nobody made it read-only, the kernel did, because the disk fails: see sudo dmesg.",
            ),
            Ok(space) if space.no_inodes && self.writable => Finding::failed(
                NAME,
                format!("{shown} is on a file system that takes no more files, however small."),
                "Remove some: df -i shows how many there are.",
            ),
            Ok(_) => return None,
        })
    }

    /// What the service's sandbox takes away.
    fn sandboxed(&self, view: &View) -> Option<Finding> {
        let how = match (view.hides(&self.path), self.writable && view.is_read_only(&self.path)) {
            (true, _) => "hides it from the running device",
            (false, true) => "lets the running device only read it",
            (false, false) => return None,
        };
        let message = format!("{} is there, but the service's sandbox {how}.", self.shown());
        let advice = format!("Allow it in a drop-in: see {DROP_IN}.");
        Some(Finding::failed(NAME, message, advice))
    }

    fn too_full(&self, floor: u64) -> Option<Finding> {
        let free = self.space.ok()?.free;
        (free < floor).then(|| {
            let message = format!(
                "{} has {} left on its disk, and {} have to stay free: nothing more is taken.",
                self.shown(),
                bytes(free),
                bytes(floor)
            );
            Finding::warning(
                NAME,
                message,
                "Remove something: sudo du -xh / | sort -h | tail shows the largest.",
            )
        })
    }

    fn shown(&self) -> String {
        format!("{} ({})", self.what, self.path.display())
    }
}

fn wanted(writable: bool) -> Use {
    if writable { Use::Write } else { Use::Read }
}

fn space(path: &Path) -> io::Result<Space> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(Space {
        free: disk.f_bavail.saturating_mul(disk.f_frsize),
        read_only: disk.f_flag.contains(StatVfsMountFlags::RDONLY),
        // Some file systems count none.
        no_inodes: disk.f_files > 0 && disk.f_favail == 0,
    })
}

/// What counts towards the quota; `None` where there is more than can be counted in time.
fn used<'a>(folders: impl Iterator<Item = &'a Path>) -> Option<u64> {
    let begun = Instant::now();
    let mut sum = 0_u64;
    for entry in folders.flat_map(|folder| walkdir::WalkDir::new(folder).min_depth(1)).flatten() {
        if begun.elapsed() > COUNTING {
            return None;
        }
        let size =
            entry.metadata().ok().filter(std::fs::Metadata::is_file).map_or(0, |metadata| metadata.len());
        sum = sum.saturating_add(size.max(1).next_multiple_of(BLOCK));
    }
    Some(sum)
}

fn bytes(bytes: u64) -> String {
    ByteSize::b(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    const GIB: u64 = 1 << 30;

    fn folder(space: Result<Space, ErrorKind>) -> Folder {
        Folder {
            what: "The files' folder".into(),
            path: "/srv/inbox".into(),
            writable: true,
            space,
            guard: Some(Guard { uid: 1000, gid: 1000, mode: 0o40_755 }),
            may_use: true,
            own: false,
        }
    }

    fn judged(folder: &Folder) -> Finding {
        // The group 2 is `bin` on Debian.
        let account = Account { name: "watchword".into(), uid: 999, gids: vec![2], own: false };
        folder.judge(GIB, (&account, true), &View::default())
    }

    const GOOD: Space = Space { free: 5 * GIB, read_only: false, no_inodes: false };

    #[test]
    fn room_is_what_is_above_the_floor() {
        let finding = judged(&folder(Ok(GOOD)));
        assert_eq!(finding.state, State::Ok);
        assert!(finding.message.contains("room for 4.0 GiB"), "{finding:?}");
        let finding = judged(&folder(Ok(Space { free: GIB - 1, ..GOOD })));
        assert_eq!(finding.state, State::Warning);
    }

    #[test]
    fn a_folder_that_cannot_take_files_fails() {
        for (space, part) in [
            (Ok(Space { read_only: true, ..GOOD }), "read-only"),
            (Ok(Space { no_inodes: true, ..GOOD }), "no more files"),
            (Err(ErrorKind::NotFound), "not there"),
            (Err(ErrorKind::NotADirectory), "no folder"),
        ] {
            let finding = judged(&folder(space));
            assert_eq!(finding.state, State::Failed, "{finding:?}");
            assert!(finding.message.contains(part) && finding.message.contains("/srv/inbox"), "{finding:?}");
        }
        let finding = judged(&Folder { may_use: false, ..folder(Ok(GOOD)) });
        let advice = finding.advice.unwrap();
        assert!(advice.starts_with("sudo chgrp bin /srv/inbox && sudo chmod g+rwxs /srv/inbox"), "{advice}");
        assert!(advice.contains("files.conf") && !advice.contains("chown"), "{advice}");
        assert_eq!(judged(&folder(Err(ErrorKind::PermissionDenied))).state, State::Skipped);
    }

    #[test]
    fn a_folder_that_is_only_read_needs_no_room() {
        let space = Space { free: 0, read_only: true, no_inodes: true };
        assert_eq!(judged(&Folder { writable: false, ..folder(Ok(space)) }).state, State::Ok);
    }

    #[test]
    fn files_count_in_blocks() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir(scratch.path().join("a")).unwrap();
        std::fs::write(scratch.path().join("a/b"), [0; 5000]).unwrap();
        assert_eq!(used([scratch.path()].into_iter()), Some(3 * BLOCK));
    }
}
