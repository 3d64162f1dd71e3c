//! Scripts, and what is heard of them.

use protocol::control::{CommandExit, CommandRun, OutputStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;
use watchword_peer::commands::{
    ArgSpec, Caller, CommandError, CommandEvent, CommandSpec, Commands, OnLeave, Running,
};

/// What no step of a test takes unless it hangs.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A folder for scripts and for what they leave.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A command that runs this script in the folder. The shell reads it as a file: a program that another test's
    /// child still holds open for writing could not be executed itself.
    pub(crate) fn script(&self, name: &str, text: &str) -> CommandSpec {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        let mut spec = program(name, &["/bin/sh", path.to_str().unwrap()]);
        spec.dir = self.0.path().to_owned();
        spec
    }

    /// The number that a script has written to a file, once it is there.
    pub(crate) async fn number(&self, name: &str) -> i32 {
        let path = self.path(name);
        until(|| std::fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n'))).await;
        std::fs::read_to_string(&path).unwrap().trim().parse().unwrap()
    }
}

/// A command with the defaults of the configuration.
pub(crate) fn program(name: &str, run: &[&str]) -> CommandSpec {
    CommandSpec {
        name: name.to_owned(),
        label: name.to_owned(),
        description: String::new(),
        run: run.iter().map(|word| (*word).to_owned()).collect(),
        args: Vec::new(),
        dash: Vec::new(),
        timeout: Duration::from_secs(30),
        max_output: 1 << 20,
        concurrency: 1,
        on_leave: OnLeave::Kill,
        dir: "/".into(),
        env: std::collections::BTreeMap::new(),
    }
}

/// An argument of that pattern, given as the next word of the command line.
pub(crate) fn with_argument(mut spec: CommandSpec, name: &str, pattern: &str) -> CommandSpec {
    spec.args.push(ArgSpec { name: name.to_owned(), pattern: pattern.to_owned() });
    spec.run.push(format!("{{{name}}}"));
    spec
}

pub(crate) fn call(name: &str, args: &[(&str, &str)]) -> CommandRun {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    CommandRun { name: name.to_owned(), args: args.iter().map(pair).collect() }
}

pub(crate) fn caller() -> Caller {
    Caller { label: "workshop".to_owned(), session: "s-1".to_owned() }
}

/// A run, and the viewer's end of it.
pub(crate) struct Viewed {
    pub(crate) running: Running,
    pub(crate) events: mpsc::Receiver<CommandEvent>,
}

pub(crate) fn start(commands: &Commands, call: &CommandRun) -> Result<Viewed, CommandError> {
    let (sender, events) = mpsc::channel(8);
    Ok(Viewed { running: commands.start(call, &caller(), sender)?, events })
}

/// All that was heard of a run.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) messages: usize,
    pub(crate) dropped: u64,
    pub(crate) exit: CommandExit,
}

impl Viewed {
    /// Listens to the end.
    pub(crate) async fn hear(mut self) -> Heard {
        let (mut stdout, mut stderr, mut messages) = (String::new(), String::new(), 0);
        loop {
            let event = timeout(LONG, self.events.recv()).await.expect("it hangs").expect("an end is told");
            match event {
                CommandEvent::Output(output) => {
                    assert_eq!(output.run, self.running.run);
                    assert!(!output.text.is_empty());
                    messages += 1;
                    match output.stream {
                        OutputStream::Stdout => stdout.push_str(&output.text),
                        OutputStream::Stderr => stderr.push_str(&output.text),
                    }
                }
                CommandEvent::Exited(exited) => {
                    assert_eq!(exited.run, self.running.run);
                    let finished = self.running.finished().await.unwrap();
                    assert_eq!((finished.exit, finished.dropped), (exited.exit, exited.dropped));
                    assert_eq!(self.events.recv().await, None, "the end is the last");
                    return Heard { stdout, stderr, messages, dropped: exited.dropped, exit: exited.exit };
                }
            }
        }
    }

    /// Waits until the command has said this much.
    pub(crate) async fn wait_for(&mut self, part: &str) {
        let mut said = String::new();
        while !said.contains(part) {
            match timeout(LONG, self.events.recv()).await.expect("it hangs") {
                Some(CommandEvent::Output(output)) => said.push_str(&output.text),
                other => panic!("{part:?} was not said but {said:?}, then {other:?}"),
            }
        }
    }
}

/// Runs one command without arguments to its end.
pub(crate) async fn run(spec: CommandSpec) -> Heard {
    let name = spec.name.clone();
    let commands = Commands::new(vec![spec]).unwrap();
    start(&commands, &call(&name, &[])).unwrap().hear().await
}

/// Waits until it is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, wait).await.expect("it hangs");
}

/// Whether a process runs. One that waits to be reaped does not.
pub(crate) fn runs(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// Whether the system knows a process at all.
pub(crate) fn is_reaped(pid: i32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

pub(crate) const SUCCESS: CommandExit = CommandExit::Code { code: 0 };
