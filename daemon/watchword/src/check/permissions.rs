//! Devices: may the user that runs the device open them?

use super::{
    account::{Account, Guard, READ, WRITE, group_name},
    finding::Finding,
    unit::{Sandbox, UNIT},
};
use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

const NAME: &str = "permissions";

/// Devices of one kind.
struct Kind {
    /// For people.
    what: &'static str,
    folder: &'static str,
    /// How their names begin, and end.
    prefix: &'static str,
    suffix: &'static str,
    /// Their class for `DeviceAllow=` (proc(5), /proc/devices).
    class: &'static str,
    /// Without them the device is of little use.
    needed: bool,
}

const KINDS: [Kind; 4] = [
    Kind {
        what: "cameras",
        folder: "/dev",
        prefix: "video",
        suffix: "",
        class: "char-video4linux",
        needed: true,
    },
    Kind {
        what: "microphones",
        folder: "/dev/snd",
        prefix: "pcm",
        suffix: "c",
        class: "char-alsa",
        needed: true,
    },
    Kind {
        what: "graphics",
        folder: "/dev/dri",
        prefix: "renderD",
        suffix: "",
        class: "char-drm",
        needed: false,
    },
    Kind {
        what: "camera memory",
        folder: "/dev/dma_heap",
        prefix: "",
        suffix: "",
        class: "char-dma_heap",
        needed: false,
    },
];

/// One device.
struct Node {
    path: PathBuf,
    /// Of its device number.
    major: u32,
    guard: Guard,
    allowed: bool,
}

/// Looks at the devices that there are; `sandbox`: that of the service, where it is what runs the device.
pub(super) fn look(account: &Account, sandbox: Option<&Sandbox>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = Vec::new();
    for kind in &KINDS {
        let nodes = nodes(kind, account);
        if !nodes.is_empty() {
            seen.push(kind.what);
            findings.extend(judge(kind, &nodes, account, sandbox));
        }
    }
    if !findings.is_empty() {
        return findings;
    }
    let groups = account.groups().join(", ");
    let whom = format!(
        "{} (groups: {})",
        capitalised(&account.shown()),
        if groups.is_empty() { "none" } else { &groups }
    );
    vec![match seen.as_slice() {
        [] => Finding::skipped(NAME, format!("There is no device here that {} could open.", account.shown())),
        kinds => Finding::ok(NAME, format!("{whom} may open: {}.", kinds.join(", "))),
    }]
}

fn nodes(kind: &Kind, account: &Account) -> Vec<Node> {
    let fits = |path: &Path| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(kind.prefix) && name.ends_with(kind.suffix))
    };
    let entries = fs::read_dir(kind.folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| fits(path)).collect();
    paths.sort();
    let node = |path: PathBuf| {
        let guard = Guard::of(&path)?;
        let major = rustix::fs::major(path.metadata().ok()?.rdev());
        Some(Node { allowed: account.may_use(&path, READ | WRITE), major, guard, path })
    };
    // What the system gives to no group is meant for nobody but root.
    paths.into_iter().filter_map(node).filter(|node| kind.needed || node.guard.gid != 0).collect()
}

fn judge(kind: &Kind, nodes: &[Node], account: &Account, sandbox: Option<&Sandbox>) -> Option<Finding> {
    let finding = |message: String, advice: String| match kind.needed {
        true => Finding::failed(NAME, message, advice),
        false => Finding::warning(NAME, message, advice),
    };
    let refused: Vec<&Node> = nodes.iter().filter(|node| !node.allowed).collect();
    if let Some(first) = refused.first() {
        let message =
            format!("{} may not open {} ({}).", capitalised(&account.shown()), paths(&refused), kind.what);
        return Some(finding(message, remedy(first, account, sandbox.is_some())));
    }
    let closed = sandbox.is_some_and(|sandbox| !sandbox.lets(kind.class, nodes));
    closed.then(|| {
        let all: Vec<&Node> = nodes.iter().collect();
        finding(
            format!("The sandbox of the service does not let it open {} ({}).", paths(&all), kind.what),
            format!("sudo systemctl edit {UNIT}, with the lines [Service] and DeviceAllow={} rw", kind.class),
        )
    })
}

fn remedy(node: &Node, account: &Account, service: bool) -> String {
    let group = group_name(node.guard.gid);
    let then = if service { format!("sudo systemctl restart {UNIT}") } else { "log in again".into() };
    if node.guard.gid == 0 || node.guard.mode & 0o060 != 0o060 {
        let mode = node.guard.mode & 0o777;
        return format!(
            "It belongs to the group {group} with mode {mode:o}: a udev rule has to give it to a group."
        );
    }
    if account.gids.contains(&node.guard.gid) {
        return format!("{} is in the group {group} already: {then}.", capitalised(&account.shown()));
    }
    format!("sudo usermod -aG {group} {}, then {then}", account.name)
}

impl Sandbox {
    /// By their class, by the number of their driver, or each by its path (systemd.resource-control(5)).
    fn lets(&self, class: &str, nodes: &[Node]) -> bool {
        let named = |node: &Node| {
            let major = format!("char-{}", node.major);
            self.allowed.iter().any(|device| *device == major || Path::new(device) == node.path)
        };
        !self.closed
            || self.allowed.iter().any(|device| device == class || device == "char-*")
            || nodes.iter().all(named)
    }
}

/// Some of them where there are many.
fn paths(nodes: &[&Node]) -> String {
    let mut shown: Vec<String> = nodes.iter().take(3).map(|node| node.path.display().to_string()).collect();
    if nodes.len() > shown.len() {
        shown.push(format!("{} more", nodes.len() - shown.len()));
    }
    shown.join(", ")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    fn account(gids: &[u32]) -> Account {
        Account { name: "watchword".into(), uid: 999, gids: gids.to_vec(), own: false }
    }

    fn camera(mode: u32, gid: u32, account: &Account) -> Node {
        let guard = Guard { uid: 0, gid, mode };
        Node { path: "/dev/video0".into(), major: 81, guard, allowed: account.may(&guard, READ | WRITE) }
    }

    #[test]
    fn a_user_outside_the_group_is_told_how_to_come_in() {
        let outside = account(&[999]);
        let finding = judge(&KINDS[0], &[camera(0o660, 2, &outside)], &outside, None).unwrap();
        assert_eq!(finding.state, State::Failed);
        assert_eq!(finding.message, "The user watchword may not open /dev/video0 (cameras).");
        // The group 2 is `bin` on Debian.
        assert_eq!(finding.advice.as_deref(), Some("sudo usermod -aG bin watchword, then log in again"));
        let inside = account(&[999, 2]);
        assert_eq!(judge(&KINDS[0], &[camera(0o660, 2, &inside)], &inside, None), None);
    }

    #[test]
    fn a_device_of_roots_own_needs_a_rule() {
        let account = account(&[999]);
        let finding = judge(&KINDS[2], &[camera(0o600, 0, &account)], &account, None).unwrap();
        assert_eq!(finding.state, State::Warning, "the device works without graphics");
        assert!(finding.advice.unwrap().contains("udev rule"));
    }

    #[test]
    fn what_the_sandbox_closes_is_named_with_the_line_that_opens_it() {
        let inside = account(&[999, 2]);
        let nodes = [camera(0o660, 2, &inside)];
        let sandbox = |allowed: &[&str]| Sandbox {
            closed: true,
            allowed: allowed.iter().map(|device| (*device).to_owned()).collect(),
        };
        let finding = judge(&KINDS[0], &nodes, &inside, Some(&sandbox(&["char-alsa"]))).unwrap();
        assert!(finding.advice.unwrap().contains("DeviceAllow=char-video4linux rw"));
        for allowed in [&["char-video4linux"][..], &["char-81"], &["/dev/video0"], &["char-*"]] {
            assert_eq!(judge(&KINDS[0], &nodes, &inside, Some(&sandbox(allowed))), None);
        }
        assert_eq!(judge(&KINDS[0], &nodes, &inside, Some(&Sandbox::default())), None);
    }
}
