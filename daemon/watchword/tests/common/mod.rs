//! The real executable, as a person would run it: its own state folder, its own ports.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test needs is there, or the test fails")]

pub(crate) mod device;

use std::{
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with state and configuration of one device.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a configuration and returns its path.
    pub(crate) fn config(&self, text: &str) -> PathBuf {
        let path = self.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A configuration that serves the test picture on free ports of loopback; returns the HTTPS port too.
    pub(crate) fn loopback_config(&self, more: &str) -> (PathBuf, u16) {
        let port = free_port();
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\nstun = \"\"\n[video]\nsource = \"test\"\nwidth = 320\nheight = 180\n\
             [audio]\nsource = \"test\"\n{more}"
        );
        (self.config(&text), port)
    }

    /// Lets the only word of the state folder have ended; no daemon may run.
    pub(crate) fn end_the_word(&self) {
        let path = self.path().join("state/words.json");
        let mut words: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        words[0]["expires"] = 5.into();
        std::fs::write(&path, words.to_string()).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchword"));
        command
            .args(arguments)
            .env("STATE_DIRECTORY", self.path().join("state"))
            .env_remove("NOTIFY_SOCKET")
            .env_remove("JOURNAL_STREAM")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What comes of this line with the configuration of the home, typed without quotes.
    pub(crate) fn typed(&self, line: &str) -> Output {
        let mut command = self.command(&line.split(' ').collect::<Vec<_>>());
        command.arg("--config").arg(self.path().join("config.toml")).output().unwrap()
    }

    /// Starts a long-running command and reads its lines.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::new(self.command(arguments))
    }
}

/// A running executable; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    pub(crate) fn new(mut command: Command) -> Self {
        command.stdout(Stdio::piped());
        Self::with_its_output(command)
    }

    /// Likewise, with standard output as the command has it.
    pub(crate) fn with_its_output(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let out = child.stdout.take().map(|out| Box::new(out) as Box<dyn std::io::Read + Send>);
        let err = child.stderr.take().map(|err| Box::new(err) as Box<dyn std::io::Read + Send>);
        for stream in out.into_iter().chain(err) {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// The next line that contains `part`.
    pub(crate) fn line(&self, part: &str) -> String {
        let (deadline, mut seen) = (Instant::now() + PATIENCE, String::new());
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if line.contains(part) {
                return line;
            }
            seen += &(line + "\n");
        }
        panic!("no line with {part:?} came; seen:\n{seen}")
    }

    /// The text behind `Word` on the screen.
    pub(crate) fn word(&self) -> String {
        self.line("  Word ").trim().trim_start_matches("Word").trim().to_owned()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end; returns the exit code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the process does not end")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn wait_for_port(port: u16) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "nothing listens on port {port}");
        thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
