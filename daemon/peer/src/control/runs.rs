//! The commands that one viewer runs.

use crate::commands::{Caller, CommandEvent, Commands, Running};
use protocol::control::{
    CommandExit, CommandExited, CommandInfo, CommandOutput, CommandRun, CommandStarted, RpcError, code, rpc,
};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Pieces of output that wait to be sent, all runs of the viewer together. While it is full, commands wait.
const EVENTS: usize = 32;

/// Runs of one viewer. Dropped with its session: what its commands do then is for each command's configuration.
pub(crate) struct Runs {
    commands: Commands,
    caller: Caller,
    running: Mutex<HashMap<u64, Run>>,
    events: mpsc::Sender<CommandEvent>,
    heard: tokio::sync::Mutex<mpsc::Receiver<CommandEvent>>,
}

struct Run {
    running: Running,
    name: String,
    /// It was begun by a line of the chat, and is heard there.
    spoken: bool,
}

/// What is heard of a run.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// For the viewer's program.
    Event(CommandEvent),
    /// For the viewer itself, in the chat.
    Line(String),
}

impl Runs {
    pub(crate) fn new(commands: Commands, caller: Caller) -> Self {
        let (events, heard) = mpsc::channel(EVENTS);
        Self { commands, caller, running: Mutex::default(), events, heard: tokio::sync::Mutex::new(heard) }
    }

    /// What there is to run.
    pub(super) fn list(&self) -> protocol::control::CommandList {
        self.commands.list()
    }

    /// Starts one.
    ///
    /// # Errors
    /// As [`Commands::start`].
    pub(super) fn start(&self, call: &CommandRun, spoken: bool) -> Result<CommandStarted, RpcError> {
        let running = self.commands.start(call, &self.caller, self.events.clone())?;
        let run = running.run;
        self.running().insert(run, Run { running, name: call.name.clone(), spoken });
        Ok(CommandStarted { run })
    }

    /// Ends one of this viewer's.
    ///
    /// # Errors
    /// [`code::NOT_FOUND`] when it has no such run.
    pub(super) fn stop(&self, CommandStarted { run }: CommandStarted) -> Result<(), RpcError> {
        match self.running().get(&run) {
            Some(run) => run.running.stop(),
            None => {
                return Err(rpc::error(code::NOT_FOUND, "This command has ended, or is somebody else's."));
            }
        }
        Ok(())
    }

    /// The next that is heard, and for an end what it was the end of and how. Safe to cancel.
    pub(super) async fn next(&self) -> (Heard, Option<(String, CommandExit)>) {
        // This holds a sender: there is always one.
        let event = match self.heard.lock().await.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        };
        let mut running = self.running();
        match event {
            CommandEvent::Output(output) => {
                let spoken = running.get(&output.run).is_some_and(|run| run.spoken);
                (
                    if spoken {
                        Heard::Line(output.text)
                    } else {
                        Heard::Event(CommandEvent::Output(output))
                    },
                    None,
                )
            }
            CommandEvent::Exited(exited) => {
                let run = running.remove(&exited.run);
                let end = run.as_ref().map(|run| (run.name.clone(), exited.exit));
                let spoken = run.filter(|run| run.spoken);
                let heard = match spoken {
                    Some(run) => Heard::Line(sentence(&run.name, &exited)),
                    None => Heard::Event(CommandEvent::Exited(exited)),
                };
                (heard, end)
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<u64, Run>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a command ended, for a person.
fn sentence(name: &str, exited: &CommandExited) -> String {
    let end = match exited.exit {
        CommandExit::Code { code: 0 } => "is done".to_owned(),
        CommandExit::Code { code } => format!("failed with status {code}"),
        CommandExit::Signal { signal } => format!("was ended by signal {signal}"),
        CommandExit::TimedOut => "took too long and was ended".to_owned(),
        CommandExit::Stopped => "was stopped".to_owned(),
    };
    match exited.dropped {
        0 => format!("{name} {end}."),
        bytes => format!("{name} {end}; {bytes} bytes of its output were left out."),
    }
}

/// Reads the words of `/run NAME VALUE ...`: values for the arguments in their order, or `NAME=VALUE`.
pub(super) fn spoken(words: &[String], known: &[CommandInfo]) -> CommandRun {
    let (name, values) =
        words.split_first().map_or((String::new(), words), |(name, rest)| (name.clone(), rest));
    let declared: Vec<&str> = known
        .iter()
        .find(|command| command.name == name)
        .map(|command| command.args.iter().map(|argument| argument.name.as_str()).collect())
        .unwrap_or_default();
    let mut call = CommandRun { name, args: std::collections::BTreeMap::new() };
    for value in values {
        let named = value.split_once('=').filter(|(key, _)| declared.contains(key));
        let next = declared.iter().find(|argument| !call.args.contains_key(**argument));
        match (named, next) {
            (Some((key, value)), _) => drop(call.args.insert(key.to_owned(), value.to_owned())),
            (None, Some(argument)) => drop(call.args.insert((*argument).to_owned(), value.clone())),
            // One too many: as an argument of its own it is refused with a sentence.
            (None, None) => drop(call.args.insert(value.clone(), String::new())),
        }
    }
    call
}

/// Output that a viewer's program is told.
pub(super) fn told(event: &CommandEvent) -> String {
    use protocol::control::method;
    match event {
        CommandEvent::Output(output) => rpc::notification::<CommandOutput>(method::COMMAND_OUTPUT, output),
        CommandEvent::Exited(exited) => rpc::notification(method::COMMAND_EXITED, exited),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::control::CommandArg;

    fn lamp() -> Vec<CommandInfo> {
        let arg = |name: &str| CommandArg { name: name.into(), pattern: ".*".into(), choices: Vec::new() };
        vec![CommandInfo {
            name: "lamp".into(),
            label: "Lamp".into(),
            description: String::new(),
            args: vec![arg("state"), arg("room")],
        }]
    }

    fn args(line: &[&str]) -> Vec<(String, String)> {
        let words: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        spoken(&words, &lamp()).args.into_iter().collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_come_in_order_or_by_name() {
        assert_eq!(args(&["lamp", "on", "kitchen"]), pairs(&[("room", "kitchen"), ("state", "on")]));
        assert_eq!(args(&["lamp", "room=kitchen", "on"]), pairs(&[("room", "kitchen"), ("state", "on")]));
        assert_eq!(args(&["lamp", "a=b"]), pairs(&[("state", "a=b")]), "no argument has this name");
        assert_eq!(args(&["lamp", "1", "2", "3"]), pairs(&[("3", ""), ("room", "2"), ("state", "1")]));
        assert_eq!(args(&["door", "x"]), pairs(&[("x", "")]));
        assert_eq!(args(&[]), pairs(&[]));
    }

    #[test]
    fn an_end_is_told_in_a_sentence() {
        let exited = |exit, dropped| CommandExited { run: 1, exit, dropped };
        assert_eq!(sentence("lamp", &exited(CommandExit::Code { code: 0 }, 0)), "lamp is done.");
        assert_eq!(
            sentence("lamp", &exited(CommandExit::TimedOut, 7)),
            "lamp took too long and was ended; 7 bytes of its output were left out."
        );
    }
}
