//! The owner's commands beside an installed service: whose state they touch, and as whom. Each test has a /var/lib of its
//! own, by a name space of mounts, which takes root.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what a test needs is there, or the test fails")]

mod common;

use common::{Home, PATIENCE, stderr, stdout};
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};
use std::{
    fs,
    os::unix::{fs::MetadataExt as _, fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Command, Output},
    thread,
    time::Instant,
};

const STATE: &str = "/var/lib/watchword";
/// The executable, where everybody may run it.
const EXECUTABLE: &str = "/var/lib/executable";
/// Users that no test machine has: the service's, and a person.
const SERVICE: u32 = 54_321;
const PERSON: u32 = 54_322;

/// A /var/lib with the service's folder in it, seen by this thread and what it starts alone. `false`, with a word, where
/// we may not.
fn installed() -> bool {
    let own = unshare(CloneFlags::CLONE_NEWNS).and_then(|()| {
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
        mount(Some("tmpfs"), "/var/lib", Some("tmpfs"), MsFlags::empty(), Some("mode=755"))
    });
    if own.is_err() {
        println!("left out: to mount something takes root");
        return false;
    }
    fs::write(EXECUTABLE, "").unwrap();
    let executable = Some(env!("CARGO_BIN_EXE_watchword"));
    mount(executable, EXECUTABLE, None::<&str>, MsFlags::MS_BIND, None::<&str>).unwrap();
    folder(STATE, SERVICE);
    true
}

fn folder(path: impl AsRef<Path>, owner: u32) {
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::chown(path, Some(owner), Some(owner)).unwrap();
}

/// `watchword` with these arguments, as this user whose home is `/var/lib/home-UID`.
fn as_user(user: u32, arguments: &[&str]) -> Command {
    let home = format!("/var/lib/home-{user}");
    folder(&home, user);
    let mut command = Command::new(EXECUTABLE);
    command.args(arguments).env_clear().env("HOME", home).uid(user).gid(user);
    command
}

fn run(user: u32, arguments: &[&str]) -> Output {
    as_user(user, arguments).output().unwrap()
}

/// Everything below a folder belongs to one user.
fn belongs(path: &Path, owner: u32) {
    assert_eq!(fs::metadata(path).unwrap().uid(), owner, "{}", path.display());
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            belongs(&entry.unwrap().path(), owner);
        }
    }
}

/// What is advised can be typed as it stands.
fn advice_says_sudo() {
    for command in ["rotate", "remove"] {
        let refused = stderr(&run(0, &["word", command, "nobody"]));
        assert!(refused.contains("; sudo watchword word list shows all"), "{refused}");
    }
}

#[test]
fn root_works_on_the_services_state_and_leaves_nothing_of_its_own_there() {
    if !installed() {
        return;
    }
    let added = run(0, &["word", "add", "--label", "family"]);
    assert!(stdout(&added).contains("Label     family"), "{}", stderr(&added));
    assert!(Path::new(STATE).join("words.json").exists());
    belongs(Path::new(STATE), SERVICE);
    assert!(!Path::new("/var/lib/home-0/.local").exists(), "root's own state was touched");
    advice_says_sudo();
    // The service's user comes to the same words without root.
    assert!(stdout(&run(SERVICE, &["word", "list"])).contains("family"));
}

#[test]
fn root_speaks_to_the_services_daemon() {
    if !installed() {
        return;
    }
    let home = Home::new();
    let (config, _) = home.loopback_config("");
    fs::copy(config, "/var/lib/config.toml").unwrap();
    let mut service = as_user(SERVICE, &["run", "--config", "/var/lib/config.toml"]);
    let mut service = common::Running::new({
        service.env("STATE_DIRECTORY", STATE);
        service
    });
    let deadline = Instant::now() + PATIENCE;
    let sessions = loop {
        let sessions = run(0, &["sessions"]);
        if sessions.status.success() || Instant::now() > deadline {
            break sessions;
        }
        thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_eq!(stdout(&sessions), "Nobody is here.\n", "{}", stderr(&sessions));
    let added = run(0, &["word", "add", "--label", "family"]);
    assert!(stdout(&added).contains("Label     family"), "{}", stderr(&added));
    advice_says_sudo();
    service.signal("TERM");
    assert_eq!(service.end(), Some(0));
    let stopped = stderr(&run(0, &["sessions"]));
    assert!(stopped.contains("start it with sudo systemctl start watchword"), "{stopped}");
    belongs(Path::new(STATE), SERVICE);
}

#[test]
fn others_are_told_to_use_sudo_unless_they_have_a_device_of_their_own() {
    if !installed() {
        return;
    }
    for command in [&["word", "list"][..], &["sessions"]] {
        let refused = run(PERSON, command);
        assert_eq!(refused.status.code(), Some(1));
        let expected = format!("use sudo watchword {} ...", command[0]);
        assert!(stderr(&refused).contains(&expected), "{}", stderr(&refused));
    }
    let home = format!("/var/lib/home-{PERSON}");
    assert!(!Path::new(&home).join(".local").exists(), "a state folder was made for a question");
    // Who has a device of their own still reaches it.
    let mut made = as_user(PERSON, &["word", "add", "--label", "mine"]);
    assert!(
        made.env("STATE_DIRECTORY", format!("{home}/.local/state/watchword")).status().unwrap().success()
    );
    assert!(stdout(&run(PERSON, &["word", "list"])).contains("mine"));
    assert_eq!(fs::read_dir(STATE).unwrap().count(), 0);
}
