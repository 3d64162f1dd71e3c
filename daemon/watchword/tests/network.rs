//! A device and a viewer with a real network between them that is cut for a while.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what a test needs is there, or the test fails")]

mod common;

use common::{Home, Running, stdout};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

/// How long the network is away.
const CUT: Duration = Duration::from_secs(10);
/// What an upload may take with all of that in it.
const LONG: Duration = Duration::from_secs(120);
/// A wire of 40 Mbit/s, 15 ms long.
const WIRE: &str = "delay_ms = 15\nrate_kbps = 40000\nqueue_ms = 100";
const PORT: u16 = 8443;

/// Two network name spaces, joined; gone with the test.
struct Network {
    process: Running,
    shape: PathBuf,
}

impl Network {
    fn up(folder: &Path) -> Self {
        let shape = folder.join("network.toml");
        fs::write(&shape, both(WIRE)).unwrap();
        let mut command = Command::new("chrt");
        command.args(["-f", "50"]).arg(relay()).args(["run", "upload-cut", "--file"]).arg(&shape);
        let process = Running::new(command);
        process.line("\"ready\"");
        Self { process, shape }
    }

    fn shape(&self, wire: &str) {
        let next = self.shape.with_extension("next");
        fs::write(&next, both(wire)).unwrap();
        fs::rename(next, &self.shape).unwrap();
        self.process.line("\"applied\"");
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It takes its name spaces away.
        self.process.signal("TERM");
        self.process.end();
    }
}

fn both(wire: &str) -> String {
    format!("[a_to_b]\n{wire}\n[b_to_a]\n{wire}\n")
}

/// The program between the name spaces. It is of another package: built beside ours, where that has not been done.
fn relay() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_watchword")).parent().unwrap();
    let program = folder.join("watchword-netem");
    if !program.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "watchword-netem", "--target-dir"]);
        assert!(cargo.arg(folder.parent().unwrap()).status().unwrap().success());
    }
    program
}

/// The same command in a name space.
fn inside(namespace: &str, command: &Command) -> Command {
    let mut inside = Command::new("ip");
    inside.args(["netns", "exec", namespace]).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(key, value),
            None => inside.env_remove(key),
        };
    }
    inside
}

fn is_root() -> bool {
    stdout(&Command::new("id").arg("-u").output().unwrap()).trim() == "0"
}

fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is() {
        assert!(Instant::now() < deadline, "{what} does not come");
        sleep(Duration::from_millis(10));
    }
}

/// Bytes that have come of an upload that is not whole.
fn come(folder: &Path) -> u64 {
    let Ok(files) = fs::read_dir(folder.join(".watchword-partial")) else { return 0 };
    files.filter_map(|file| file.unwrap().metadata().ok()).map(|metadata| metadata.len()).max().unwrap_or(0)
}

#[test]
fn an_upload_goes_on_by_itself_after_the_network_was_away() {
    if !is_root() {
        println!("left out: network name spaces take root");
        return;
    }
    let (home, viewer) = (Home::new(), Home::new());
    let network = Network::up(viewer.path());
    let config = home.config(&format!(
        "[server]\nlisten = \"10.77.0.1:{PORT}\"\nstun = \"\"\n[video]\nsource = \"test\"\n[audio]\nsource = \"test\"\n"
    ));
    let config = config.to_str().unwrap();
    let added = home.run(&["word", "add", "--allow", "upload", "--label", "test", "--config", config]);
    let added = stdout(&added);
    let word = added.lines().find_map(|line| line.trim().strip_prefix("Word")).unwrap().trim().to_owned();
    let device = Running::new(inside("upload-cut-a", &home.command(&["run", "--config", config])));
    device.line("registered at the place");

    let sent: Vec<u8> = (0..24_u32 << 18).flat_map(u32::to_be_bytes).collect();
    let file = viewer.path().join("big");
    fs::write(&file, &sent).unwrap();
    let folder = home.path().join("state/files");
    let mut sending = viewer.command(&["send", file.to_str().unwrap(), "--json"]);
    sending.env("WATCHWORD_SERVER", format!("https://10.77.0.1:{PORT}")).env("WATCHWORD_WORD", word);
    let mut sending = Running::new(inside("upload-cut-b", &sending));
    wait_until("the upload", || come(&folder) > 4 << 20);
    network.shape("loss = 100");
    sleep(CUT);
    assert!(!folder.join("big").exists() && sending.child.try_wait().unwrap().is_none());
    network.shape(WIRE);
    wait_until("the end of the upload", || sending.child.try_wait().unwrap().is_some());
    let done = sending.line(r#""event":"done""#);
    assert_eq!(sending.end(), Some(0), "{done}");
    assert!(fs::read(folder.join("big")).unwrap() == sent, "another file arrived");
    assert_eq!(come(&folder), 0, "nothing else is left");
}
