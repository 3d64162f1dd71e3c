//! The state folder: is it there, and does it belong to who runs the device?

use super::{
    account::{Account, EXECUTE, Guard, WRITE, name},
    finding::Finding,
};
use crate::{folder::quoted, state::StateDirectory};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

const NAME: &str = "state";
/// What is in the folder, as far as its owner matters.
const FILES: [&str; 8] =
    ["", "lock", "identity.key", "opaque.key", "pass.key", "words.json", "audit.jsonl", "server/key.pem"];
/// Of these, what nobody else may read.
const SECRETS: [&str; 4] = ["identity.key", "opaque.key", "pass.key", "server/key.pem"];

/// The state folder, as far as this user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It can be looked into.
    Folder(PathBuf),
    /// The device has never run, or cannot.
    Absent(PathBuf),
    /// It is somebody else's.
    Forbidden(PathBuf),
    /// There is no telling where it is.
    Unknown(String),
}

impl Place {
    /// Looks for it, and makes nothing.
    pub(super) fn find() -> Self {
        let path = match StateDirectory::seen() {
            Ok(path) => path,
            Err(error) => return Self::Unknown(error.to_string()),
        };
        match fs::read_dir(&path) {
            Ok(_) => Self::Folder(path),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Self::Absent(path)
            }
            Err(_) => Self::Forbidden(path),
        }
    }

    /// Where it is, or is to be.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Folder(path) | Self::Absent(path) | Self::Forbidden(path) => Some(path),
            Self::Unknown(_) => None,
        }
    }

    /// The folder, if it can be looked into.
    pub(super) fn folder(&self) -> Option<&PathBuf> {
        match self {
            Self::Folder(path) => Some(path),
            Self::Absent(_) | Self::Forbidden(_) | Self::Unknown(_) => None,
        }
    }
}

/// Looks at the folder and judges it; `account` runs the device. systemd makes the folder of a `service`.
pub(super) fn look(place: &Place, account: &Account, service: bool) -> Vec<Finding> {
    match place {
        Place::Unknown(why) => vec![Finding::failed(NAME, format!("{why}."), "Set STATE_DIRECTORY or HOME.")],
        Place::Absent(path) if service => vec![absent(path)],
        Place::Absent(path) => vec![to_be_made(path, account)],
        Place::Forbidden(path) => {
            let message = format!("This user may not look into {}.", path.display());
            vec![Finding::skipped(NAME, message).better_as_root()]
        }
        Place::Folder(path) => {
            let files = FILES
                .iter()
                .filter_map(|file| Some((*file, Guard::of(&path.join(file))?)))
                .collect::<Vec<_>>();
            judge(&path.display().to_string(), &files, account)
        }
    }
}

fn absent(path: &Path) -> Finding {
    let message = format!("There is no state folder {} yet: the first start makes it.", path.display());
    Finding::skipped(NAME, message)
}

/// Whether the account may make the folder, with all that is missing above it.
fn to_be_made(path: &Path, account: &Account) -> Finding {
    let Some(parent) = path.ancestors().find(|parent| parent.symlink_metadata().is_ok()) else {
        return absent(path);
    };
    let set = "Set STATE_DIRECTORY (or HOME) to a folder of that user's";
    let (why, advice) = if !parent.is_dir() {
        (format!("{} is no folder", parent.display()), format!("{set}."))
    } else if !account.may_use(parent, WRITE | EXECUTE) {
        let make = format!("sudo install -d -o {} -m 700 {}", account.name, quoted(path));
        let why = format!("{} may make nothing in {}", account.shown(), parent.display());
        (why, format!("{set}, or make it: {make}"))
    } else {
        return absent(path);
    };
    let message =
        format!("There is no state folder {}, and the first start cannot make it: {why}.", path.display());
    Finding::failed(NAME, message, advice)
}

fn judge(folder: &str, files: &[(&str, Guard)], account: &Account) -> Vec<Finding> {
    let mut findings = Vec::new();
    let strange: Vec<&(&str, Guard)> = files.iter().filter(|(_, guard)| guard.uid != account.uid).collect();
    if let Some((file, guard)) = strange.first() {
        let shown = format!("{folder}/{file}");
        let message = format!(
            "{} belongs to the user {}, and the device runs as {}.",
            shown.trim_end_matches('/'),
            name(guard.uid),
            account.name
        );
        findings.push(Finding::failed(NAME, message, give_back(Path::new(folder), &strange, account)));
    }
    let open: Vec<String> = files
        .iter()
        .filter(|(file, guard)| SECRETS.contains(file) && guard.mode & 0o077 != 0)
        .map(|(file, _)| format!("{folder}/{file}"))
        .collect();
    if !open.is_empty() {
        let message = format!("Others on this machine may read secret keys: {}.", open.join(", "));
        findings.push(Finding::warning(NAME, message, format!("chmod 600 {}", open.join(" "))));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(NAME, format!("{folder} belongs to the user {}.", account.name)));
    }
    findings
}

/// The whole folder changes hands only where it is one that Watchword makes for itself: `STATE_DIRECTORY` may name any.
fn give_back(folder: &Path, strange: &[&(&str, Guard)], account: &Account) -> String {
    if folder.file_name().is_some_and(|name| name == "watchword") {
        return format!("sudo chown -R {}: {}", account.name, quoted(folder));
    }
    let files: Vec<String> = strange
        .iter()
        .map(|(file, _)| if file.is_empty() { quoted(folder) } else { quoted(&folder.join(file)) })
        .collect();
    format!("sudo chown {}: {}", account.name, files.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    fn guard(uid: u32, mode: u32) -> Guard {
        Guard { uid, gid: uid, mode }
    }

    fn account() -> Account {
        Account { name: "watchword".into(), uid: 999, gids: vec![999], own: false }
    }

    #[test]
    fn a_folder_of_the_devices_own_user_is_fine() {
        let findings =
            judge("/s", &[("", guard(999, 0o700)), ("identity.key", guard(999, 0o600))], &account());
        assert_eq!((findings.len(), findings[0].state), (1, State::Ok));
    }

    #[test]
    fn a_file_of_somebody_else_is_named_with_what_helps() {
        let findings = judge("/s", &[("", guard(999, 0o700)), ("words.json", guard(0, 0o600))], &account());
        assert_eq!((findings.len(), findings[0].state), (1, State::Failed));
        assert!(findings[0].message.starts_with("/s/words.json belongs to the user root"), "{findings:?}");
        assert_eq!(findings[0].advice.as_deref(), Some("sudo chown watchword: /s/words.json"));
        let own = judge("/var/lib/watchword", &[("words.json", guard(0, 0o600))], &account());
        assert_eq!(own[0].advice.as_deref(), Some("sudo chown -R watchword: /var/lib/watchword"));
        let findings = judge("/s", &[("", guard(0, 0o700))], &account());
        assert!(findings[0].message.starts_with("/s belongs"), "{findings:?}");
        assert_eq!(findings[0].advice.as_deref(), Some("sudo chown watchword: /s"));
    }

    #[test]
    fn a_folder_that_the_first_start_cannot_make_fails() {
        let scratch = tempfile::tempdir().unwrap(); // of whoever runs this, and for nobody else to write
        let path = scratch.path().join("home/state");
        let stranger = Account { uid: 4_000_000, gids: vec![4_000_000], ..account() };
        let finding = &look(&Place::Absent(path.clone()), &stranger, false)[0];
        assert_eq!(finding.state, State::Failed);
        assert!(
            finding.message.contains("cannot make it") && finding.message.contains("may make nothing in")
        );
        assert!(
            finding.advice.as_ref().unwrap().contains("sudo install -d -o watchword -m 700"),
            "{finding:?}"
        );
        assert_eq!(
            look(&Place::Absent(path.clone()), &stranger, true)[0].state,
            State::Skipped,
            "systemd does"
        );
        assert_eq!(look(&Place::Absent(path), &Account::current(), false)[0].state, State::Skipped);
        std::fs::write(scratch.path().join("file"), "").unwrap();
        let below = Place::Absent(scratch.path().join("file/state"));
        let finding = &look(&below, &Account::current(), false)[0];
        assert!(finding.state == State::Failed && finding.message.contains("is no folder"), "{finding:?}");
    }

    #[test]
    fn keys_that_others_may_read_are_a_warning() {
        let findings =
            judge("/s", &[("opaque.key", guard(999, 0o644)), ("words.json", guard(999, 0o644))], &account());
        assert_eq!((findings.len(), findings[0].state), (1, State::Warning));
        assert_eq!(findings[0].advice.as_deref(), Some("chmod 600 /s/opaque.key"));
    }
}
