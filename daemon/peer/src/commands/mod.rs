//! Commands of the owner: what a viewer may have the device do.
//!
//! Commands come from the configuration only. A viewer names one and gives its arguments; each is matched whole
//! against the pattern that the owner gave it. No shell is involved: a value is one word, or a part of one, of the
//! program's command line. A run has an environment, a process group and limits of its own: time, output, and how
//! many there may be at once. When it ends, what is left of its process group is killed.

mod argument;
mod command;
mod denial;
mod error;
mod output;
mod pattern;
mod process;
mod run;
mod spec;
mod template;
mod text;

pub use argument::MAX_VALUE;
pub use error::{CommandError, Refusal};
pub use spec::{ArgSpec, CommandSpec, MAX_RUNS, MAX_TIMEOUT, OnLeave, SpecError};

use command::Command;
use output::Output;
use process::Process;
use protocol::control::{CommandExit, CommandExited, CommandList, CommandOutput, CommandRun, MAX_MESSAGE};
use run::{Limits, Report, Run};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long [`Commands::close`] waits: longer than the end of a run takes that has to be killed.
const CLOSING: Duration = Duration::from_secs(6);
/// Most bytes of the list of commands as JSON: it is one message, with its frame.
const MAX_LIST: usize = MAX_MESSAGE - 1024;

/// The owner's commands, and those that run. Clones are handles of the same.
#[derive(Clone)]
pub struct Commands(Arc<Inner>);

struct Inner {
    commands: Vec<Arc<Command>>,
    list: CommandList,
    places: Arc<Semaphore>,
    /// Runs that ever were; the next one's number.
    runs: AtomicU64,
    tasks: TaskTracker,
    closing: CancellationToken,
}

/// Who runs a command; the command finds it in its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Label of the secret word, `WATCHWORD_WORD`.
    pub label: String,
    /// Name of the session, `WATCHWORD_SESSION`.
    pub session: String,
}

/// What is heard of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandEvent {
    /// It says something.
    Output(CommandOutput),
    /// It ended; the last that is heard of it.
    Exited(CommandExited),
}

/// How a run went, for the record of the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub exit: CommandExit,
    /// From its start to its end.
    pub duration: Duration,
    /// Bytes of output that were sent.
    pub sent: u64,
    /// Bytes of output that were not: too much of it, or nobody to hear it.
    pub dropped: u64,
}

/// A viewer's hold on a run. Dropping it says that the viewer has left; see [`OnLeave`].
#[derive(Debug)]
pub struct Running {
    /// Names the run; no two have the same while the device runs.
    pub run: u64,
    wish: watch::Sender<bool>,
    finished: watch::Receiver<Option<Finished>>,
}

impl Running {
    /// Ends it: SIGTERM to its process group, SIGKILL 2 s later. Does not wait for that.
    pub fn stop(&self) {
        self.wish.send_replace(true);
    }

    /// Waits for its end, also when this handle is gone before. `None` if it cannot be known: the runtime ended first.
    pub fn finished(&self) -> impl Future<Output = Option<Finished>> + Send + 'static + use<> {
        let mut finished = self.finished.clone();
        async move { finished.wait_for(Option::is_some).await.ok().and_then(|finished| *finished) }
    }
}

impl Commands {
    /// Checks the commands and makes them ready.
    ///
    /// # Errors
    /// The first mistake, as a sentence for the owner.
    pub fn new(specs: Vec<CommandSpec>) -> Result<Self, SpecError> {
        let mut names = HashSet::new();
        if let Some(twice) = specs.iter().find(|spec| !names.insert(&spec.name)) {
            let message = "another command has this name already".to_owned();
            return Err(SpecError { command: twice.name.clone(), key: "name", message });
        }
        let commands =
            specs.into_iter().map(|spec| Command::new(spec).map(Arc::new)).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Inner {
            list: list(&commands)?,
            commands,
            places: Arc::new(Semaphore::new(MAX_RUNS)),
            runs: AtomicU64::new(0),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        })))
    }

    /// What there is, in the order of the configuration.
    #[must_use]
    pub fn list(&self) -> CommandList {
        self.0.list.clone()
    }

    /// Starts a command. What is heard of it goes to `events`; while that is full, its output is not read, and it
    /// waits. Of the channel's capacity one place is kept for the end of each run. Needs a runtime; does not wait for
    /// anything but the system's start of a process.
    ///
    /// # Errors
    /// When there is no such command, its arguments are wrong, too much runs already, or the system refuses. Each is a
    /// sentence for the viewer.
    pub fn start(
        &self,
        call: &CommandRun,
        who: &Caller,
        events: mpsc::Sender<CommandEvent>,
    ) -> Result<Running, CommandError> {
        let inner = &*self.0;
        // From here on `close` waits for us.
        let presence = inner.tasks.token();
        if inner.closing.is_cancelled() {
            return Err(CommandError::Closing);
        }
        let known = inner.commands.iter().find(|command| command.info.name == call.name);
        let command = known.ok_or_else(|| CommandError::unknown(&call.name))?;
        let words = command.words(&call.args)?;
        let places = inner.places(command)?;
        let last = events.clone().try_reserve_owned().map_err(|_| CommandError::Unread)?;
        let started = Instant::now();
        let (process, stdout, stderr) = Process::start(command, &words, who).map_err(|error| {
            log::warn!("command {}: cannot start {:?}: {error}", command.info.name, command.program);
            CommandError::start(&command.info.name, &command.dir, &error)
        })?;

        let run = inner.runs.fetch_add(1, Ordering::Relaxed) + 1;
        let ((wish, wished), (finished, told)) = (watch::channel(false), watch::channel(None));
        let limits = Limits {
            deadline: started + command.timeout,
            closing: inner.closing.clone(),
            wish: wished,
            on_leave: command.on_leave,
            alone: false,
        };
        let output = Output::new(run, command.max_output, events);
        let name = command.info.name.clone();
        let report = Report { started, last, finished };
        let life = Run { id: run, name, process, output, limits, report, places };
        inner.tasks.spawn(life.live(stdout, stderr));
        drop(presence);
        Ok(Running { run, wish, finished: told })
    }

    /// Starts nothing more, ends what runs, and waits for that, at most 6 s.
    pub async fn close(&self) {
        self.0.closing.cancel();
        self.0.tasks.close();
        if timeout(CLOSING, self.0.tasks.wait()).await.is_err() {
            log::warn!("{} commands did not end when they were killed", self.0.tasks.len());
        }
    }
}

impl Inner {
    /// Room for one more run of this command.
    fn places(&self, command: &Command) -> Result<[OwnedSemaphorePermit; 2], CommandError> {
        let busy = |_| CommandError::Busy(command.info.name.clone());
        let own = Arc::clone(&command.places).try_acquire_owned().map_err(busy)?;
        let any = Arc::clone(&self.places).try_acquire_owned().map_err(|_| CommandError::Full)?;
        Ok([own, any])
    }
}

/// The list as viewers get it, in one message.
fn list(commands: &Vec<Arc<Command>>) -> Result<CommandList, SpecError> {
    let mut list = CommandList::default();
    let mut size = 0;
    for command in commands {
        size += serde_json::to_vec(&command.info).map_or(usize::MAX, |json| json.len() + 1);
        if size > MAX_LIST {
            return Err(SpecError {
                command: command.info.name.clone(),
                key: "description",
                message: format!(
                    "with it the list of commands has more than {MAX_LIST} bytes; shorten descriptions and patterns"
                ),
            });
        }
        list.commands.push(command.info.clone());
    }
    Ok(list)
}
