//! The file system as the running device sees it: a service's sandbox shows it less than is there.

use procfs::process::{MountInfo, Process};
use std::path::{Path, PathBuf};

/// The mounts of a process.
#[derive(Clone, Debug, Default)]
pub(super) struct View(Vec<Mount>);

#[derive(Clone, Debug)]
struct Mount {
    at: PathBuf,
    read_only: bool,
    /// What systemd puts over a folder that is not to be seen (`ProtectHome=`, `InaccessiblePaths=`).
    hides: bool,
}

impl View {
    /// That of this process; empty where this user may not know.
    pub(super) fn of(pid: Option<i32>) -> Self {
        let mounts = pid.and_then(|pid| Process::new(pid).ok()?.mountinfo().ok());
        Self(mounts.into_iter().flatten().map(Mount::from).collect())
    }

    /// Whether the folder is hidden from it.
    pub(super) fn hides(&self, path: &Path) -> bool {
        self.mount(path).is_some_and(|mount| mount.hides)
    }

    /// Whether it can only be read there.
    pub(super) fn is_read_only(&self, path: &Path) -> bool {
        self.mount(path).is_some_and(|mount| mount.read_only)
    }

    /// The mount that the path is on: the last of those nearest to it.
    fn mount(&self, path: &Path) -> Option<&Mount> {
        self.0
            .iter()
            .filter(|mount| path.starts_with(&mount.at))
            .max_by_key(|mount| mount.at.components().count())
    }
}

impl From<MountInfo> for Mount {
    fn from(info: MountInfo) -> Self {
        Self {
            read_only: info.mount_options.contains_key("ro"),
            hides: info.root.contains("/systemd/inaccessible/"),
            at: info.mount_point,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_and_last_mount_counts() {
        let mount = |at: &str, read_only, hides| Mount { at: at.into(), read_only, hides };
        let view = View(vec![
            mount("/", true, false),
            mount("/home", true, true),
            mount("/var/lib/watchword", true, false),
            mount("/var/lib/watchword", false, false),
        ]);
        assert!(view.is_read_only(Path::new("/srv/inbox")));
        assert!(!view.is_read_only(Path::new("/var/lib/watchword/files")));
        assert!(view.hides(Path::new("/home/pi/photos")) && !view.hides(Path::new("/homely")));
        assert!(!View::default().hides(Path::new("/")) && !View::default().is_read_only(Path::new("/")));
    }

    #[test]
    fn this_process_has_mounts() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(View::of(Some(pid)).mount(Path::new("/proc/self")).is_some());
        assert!(View::of(None).mount(Path::new("/proc")).is_none());
    }
}
