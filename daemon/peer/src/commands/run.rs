//! The life of one run: it runs, is asked to end where it has to, is killed where it does not, and is reaped.

use super::denial;
use super::output::Output;
use super::process::Process;
use super::spec::OnLeave;
use super::{CommandEvent, Finished};
use futures_util::future::{Fuse, FusedFuture as _, FutureExt as _};
use nix::sys::signal::Signal;
use protocol::control::{CommandExit, CommandExited};
use std::os::unix::process::ExitStatusExt as _;
use std::pin::{Pin, pin};
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// Between SIGTERM and SIGKILL.
const TERMINATION: Duration = Duration::from_secs(2);
/// How long the system may take to end what was killed.
const KILLING: Duration = Duration::from_secs(5);
/// How long pipes that others hold are waited for after the command's own end.
const PIPES: Duration = Duration::from_secs(1);

/// One run, from its start to its end.
pub(super) struct Run {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) process: Process,
    pub(super) output: Output,
    pub(super) limits: Limits,
    pub(super) report: Report,
    pub(super) places: [OwnedSemaphorePermit; 2],
}

/// Who hears of the end.
pub(super) struct Report {
    pub(super) started: Instant,
    /// The slot in the channel of events that is kept for the end: telling it never waits.
    pub(super) last: mpsc::OwnedPermit<CommandEvent>,
    pub(super) finished: watch::Sender<Option<Finished>>,
}

/// What ends a run before it ends by itself.
pub(super) struct Limits {
    pub(super) deadline: Instant,
    /// The device stops.
    pub(super) closing: CancellationToken,
    /// The viewer wants its end (`true`); without a sender the viewer has left.
    pub(super) wish: watch::Receiver<bool>,
    pub(super) on_leave: OnLeave,
    /// The viewer has left, and the run goes on.
    pub(super) alone: bool,
}

impl Run {
    /// Lives it.
    pub(super) async fn live(self, stdout: ChildStdout, stderr: ChildStderr) {
        let Self { id, name, mut process, output, mut limits, report, places } = self;
        let mut reading = pin!(output.pump(stdout, stderr).fuse());
        let early = while_reading(&mut reading, limits.until_end(&mut process, &output)).await;
        if early.is_some() {
            while_reading(&mut reading, terminate(&mut process)).await;
        }
        read_on(&mut reading, sleep(PIPES)).await;
        // What it left running ends with it: limits that children escape are none.
        process.signal(Signal::SIGKILL);
        output.last_call();
        match early {
            // It has said all that it had to say; its viewer may read slowly, but not for ever.
            None => read_on(&mut reading, limits.reached(&output)).await,
            Some(_) => read_on(&mut reading, sleep(PIPES)).await,
        };
        let status = process.reap().unwrap_or_else(|error| {
            log::warn!("command {name}: cannot learn how it ended: {error}");
            None
        });
        // The place is free before the end is told: who hears of it may start the next at once.
        let places = status.is_none().then_some(places);
        let exit = early.or(status.map(exit_of)).unwrap_or(CommandExit::Stopped);
        if let Some(remark) = denial::remark(&exit, output.denied()) {
            log::warn!("command {name} {remark}");
        }
        report.tell(id, exit, output.counts());
        if let Some(_taken) = places {
            log::warn!("command {name} does not end when it is killed; its place is taken until it does");
            tokio::select! {
                () = process.ended() => {}
                () = limits.closing.cancelled() => {}
            }
            let _ = process.reap();
        }
    }
}

impl Report {
    fn tell(self, run: u64, exit: CommandExit, (sent, dropped): (u64, u64)) {
        let duration = self.started.elapsed();
        self.finished.send_replace(Some(Finished { exit, duration, sent, dropped }));
        self.last.send(CommandEvent::Exited(CommandExited { run, exit, dropped }));
    }
}

impl Limits {
    /// Waits for the end of the process (`None`) or for what ends it early. Safe to cancel.
    async fn until_end(&mut self, process: &mut Process, output: &Output) -> Option<CommandExit> {
        tokio::select! {
            biased;
            () = process.ended() => None,
            exit = self.reached(output) => Some(exit),
        }
    }

    /// Waits for what ends it early. Safe to cancel.
    async fn reached(&mut self, output: &Output) -> CommandExit {
        loop {
            let wish = tokio::select! {
                biased;
                () = self.closing.cancelled() => return CommandExit::Stopped,
                () = sleep_until(self.deadline) => return CommandExit::TimedOut,
                wish = self.wish.changed(), if !self.alone => wish,
            };
            match (wish, self.on_leave) {
                (Ok(()), _) if *self.wish.borrow_and_update() => return CommandExit::Stopped,
                (Ok(()), _) => {}
                (Err(_), OnLeave::Kill) => return CommandExit::Stopped,
                (Err(_), OnLeave::Keep) => {
                    self.alone = true;
                    output.stop_sending();
                }
            }
        }
    }
}

/// Asks the group to end, then makes it.
async fn terminate(process: &mut Process) {
    process.signal(Signal::SIGTERM);
    if timeout(TERMINATION, process.ended()).await.is_err() {
        process.signal(Signal::SIGKILL);
        // A process that hangs in the kernel, or that became another user's, is not ended by this.
        let _ = timeout(KILLING, process.ended()).await;
    }
}

type Reading<'a, F> = Pin<&'a mut Fuse<F>>;

/// Goes on reading until something else is done.
async fn while_reading<T>(
    reading: &mut Reading<'_, impl Future<Output = ()>>,
    until: impl Future<Output = T>,
) -> T {
    let mut until = pin!(until);
    loop {
        tokio::select! {
            biased;
            done = &mut until => return done,
            () = reading.as_mut(), if !reading.is_terminated() => {}
        }
    }
}

/// Goes on reading to the end, or until something else is done.
async fn read_on<T>(reading: &mut Reading<'_, impl Future<Output = ()>>, until: impl Future<Output = T>) {
    if !reading.is_terminated() {
        tokio::select! {
            biased;
            () = reading.as_mut() => {}
            _ = until => {}
        }
    }
}

fn exit_of(status: ExitStatus) -> CommandExit {
    match (status.code(), status.signal()) {
        (Some(code), _) => CommandExit::Code { code },
        (None, Some(signal)) => CommandExit::Signal { signal },
        // Neither is not said of a process that has ended.
        (None, None) => CommandExit::Stopped,
    }
}
