//! The process of a command, and those that it starts: one process group.

use super::Caller;
use super::command::Command;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};

/// Variables that every command has. Nothing of the daemon's own environment goes to a command.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("LANG", "C.UTF-8"),
    ("HOME", "/"),
];
/// Between two looks at a child, should the system's signals not be heard.
const LOOK: Duration = Duration::from_secs(1);

/// A running process that leads its own group. What is left of the group when this is dropped is killed.
///
/// The process is reaped last: as long as it is not, its id, which is its group's too, is nobody else's.
pub(super) struct Process {
    child: Child,
    group: Pid,
    /// SIGCHLD; listened to from before the start, so that no end is missed.
    ended: tokio::signal::unix::Signal,
    reaped: bool,
}

impl Process {
    /// Starts it: no shell, no input, no descriptor of the daemon's.
    ///
    /// # Errors
    /// What the system says: there is no such program, no such directory, no right to it, no room for one more.
    pub(super) fn start(
        command: &Command,
        words: &[String],
        who: &Caller,
    ) -> io::Result<(Self, ChildStdout, ChildStderr)> {
        let ended = signal(SignalKind::child())?;
        // What Rust opens is closed at exec; what C libraries open (a camera) may be not.
        close_fds::set_fds_cloexec_threadsafe(3, &[]);
        let mut child = tokio::process::Command::new(&command.program)
            .args(words)
            .env_clear()
            .envs(ENVIRONMENT)
            .envs(&command.env)
            .env("WATCHWORD_COMMAND", &command.info.name)
            .env("WATCHWORD_WORD", &who.label)
            .env("WATCHWORD_SESSION", &who.session)
            .current_dir(&command.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let pipes = (child.stdout.take(), child.stderr.take());
        let (Some(id), (Some(stdout), Some(stderr))) = (id, pipes) else {
            return Err(io::Error::other("the system gave no process"));
        };
        Ok((Self { child, group: Pid::from_raw(id), ended, reaped: false }, stdout, stderr))
    }

    /// Waits until it has ended; it can still be reaped. Safe to cancel.
    pub(super) async fn ended(&mut self) {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        while let Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) = waitid(Id::Pid(self.group), flags) {
            let _ = tokio::time::timeout(LOOK, self.ended.recv()).await;
        }
    }

    /// Sends a signal to the whole group, as far as there is one and we may.
    pub(super) fn signal(&self, signal: Signal) {
        match killpg(self.group, signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => log::warn!("cannot send {signal} to process group {}: {error}", self.group),
        }
    }

    /// How it ended; `None` while it runs.
    pub(super) fn reap(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        self.reaped |= status.is_some();
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            self.signal(Signal::SIGKILL);
        }
    }
}
