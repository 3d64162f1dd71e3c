//! `watchword exec`: runs a command that the device's owner allows.

mod arguments;
mod shown;

use super::reaching::{Reaching, Signals};
use crate::client::{Failure, Output, Session, printable, remark};
use peer::viewer::CallError;
use protocol::{
    control::{
        CommandExit, CommandExited, CommandInfo, CommandList, CommandOutput, CommandStarted, RpcError, code,
        method,
    },
    grant::Right,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{self, Instant};

/// Added to the exit codes of [`crate::client::EXIT_CODES`], so that they are not taken for the command's own.
pub(super) const OWN_FAILURE: u8 = 240;
/// As `timeout` of coreutils says it.
const TIMED_OUT: u8 = 124;
/// How long a command that was stopped may take to end: the device kills it after 2 s.
const STOPPING: Duration = Duration::from_secs(10);

pub(super) const EXIT_CODES: &str = "\
Exit codes: that of the command; 128 and the signal's number where a signal ended it; 124 it took too long; 130 stopped \
by Ctrl-C (143 by SIGTERM). Where the command did not run, or how it ended is not known: 241 failed, 242 wrong usage, \
243 no device answers, 244 wrong word or refused by the device, 245 not allowed by the word, 246 no connection to the \
device or it broke";

/// Runs a command on the device, one of those that its owner configured; without a name, lists them. What it prints comes
/// as it is printed. Ctrl-C stops it.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Exec {
    /// Prints one JSON object a line: each piece of output, and how the command ended
    #[arg(long)]
    json: bool,
    /// Which command. Options of `exec` itself come before it
    name: Option<String>,
    /// Its arguments in their order, or each as NAME=VALUE
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "VALUE")]
    values: Vec<String>,
    #[command(flatten)]
    reaching: Reaching,
}

/// One command that runs.
struct Run<'a> {
    session: &'a mut Session,
    output: Output,
    name: &'a str,
    run: u64,
}

impl Exec {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, json, name, values } = self;
        let output = Output::new(json);
        reaching
            .visit_with_signals(async |session, signals| {
                let begun = tokio::select! {
                    begun = begin(session, output, name.as_deref(), &values) => begun?,
                    failure = signals.next() => return Err(failure),
                };
                match (begun, &name) {
                    (Some(run), Some(name)) => Run { session, output, name, run }.follow(signals).await,
                    (None, _) | (_, None) => Ok(()),
                }
            })
            .await
    }
}

/// Starts the command, or without a name lists what there is.
async fn begin(
    session: &mut Session,
    output: Output,
    name: Option<&str>,
    values: &[String],
) -> Result<Option<u64>, Failure> {
    session.needs(Right::Commands)?;
    let list: CommandList = session.ask(method::COMMAND_LIST, &json!({})).await?;
    let Some(name) = name else {
        return shown::list(output, &list).map(|()| None);
    };
    let call = arguments::read(name, values, &list.commands).map_err(Failure::Usage)?;
    let started = match session.request(method::COMMAND_RUN, &call).await {
        Ok(started) => read::<CommandStarted>(started),
        Err(CallError::Ended) => {
            return Err(session.ended("the connection to the device broke".into()).await);
        }
        Err(CallError::Refused(refusal)) => return Err(not_run(&refusal, name, values, &list.commands)),
    };
    let unread = || Failure::Failed("the device's answer cannot be read: is it of another version?".into());
    Ok(Some(started.ok_or_else(unread)?.run))
}

/// Why the device does not run it. No such command, and values that are missing or wrong, are wrong usage, as too many
/// values are.
fn not_run(refusal: &RpcError, name: &str, values: &[String], known: &[CommandInfo]) -> Failure {
    let sentence = printable(&refusal.message);
    match refusal.code {
        code::NOT_FOUND => Failure::Usage(sentence.into_owned()),
        code::INVALID_PARAMS => {
            Failure::Usage(format!("{sentence}{}", printable(&arguments::unknown(name, values, known))))
        }
        _ => CallError::Refused(refusal.clone()).into(),
    }
}

impl Run<'_> {
    /// Until the command has ended. The first signal stops it on the device, a second one ends this at once.
    async fn follow(mut self, signals: &mut Signals) -> Result<(), Failure> {
        let signal = tokio::select! {
            exited = self.hear() => return self.ended(&exited?, None),
            failure = signals.next() => failure,
        };
        let deadline = Instant::now() + STOPPING;
        let stop = self.session.request(method::COMMAND_STOP, &CommandStarted { run: self.run });
        // What it still prints is heard meanwhile: behind it comes the answer.
        let heard = async {
            let (exited, _) = tokio::join!(self.hear(), stop);
            exited
        };
        tokio::select! {
            exited = heard => match exited {
                Ok(exited) => self.ended(&exited, Some(signal)),
                Err(_) => Err(signal),
            },
            _ = signals.next() => Err(signal),
            () = time::sleep_until(deadline) => Err(signal),
        }
    }

    /// Prints what the command prints, until it has ended.
    async fn hear(&mut self) -> Result<CommandExited, Failure> {
        loop {
            let call = self.session.notice().await?;
            match call.method.as_str() {
                method::COMMAND_OUTPUT => {
                    if let Some(piece) =
                        read::<CommandOutput>(call.params).filter(|piece| piece.run == self.run)
                    {
                        shown::piece(self.output, &piece)?;
                    }
                }
                method::COMMAND_EXITED => {
                    if let Some(exited) = read::<CommandExited>(call.params).filter(|end| end.run == self.run)
                    {
                        return Ok(exited);
                    }
                }
                _ => {}
            }
        }
    }

    /// What the end of the command is for who asked for it; `signal` is what stopped it from here.
    fn ended(&self, exited: &CommandExited, signal: Option<Failure>) -> Result<(), Failure> {
        if self.output.is_json() {
            self.output.show(exited, |_| String::new())?;
        }
        if exited.dropped > 0 {
            remark(&format!(
                "{} bytes of output were left out by the device: there was too much",
                exited.dropped
            ));
        }
        let name = printable(self.name);
        match exited.exit {
            CommandExit::Code { code: 0 } => Ok(()),
            CommandExit::Code { code } => Err(Failure::Exit(u8::try_from(code).unwrap_or(u8::MAX))),
            CommandExit::Signal { signal } => {
                remark(&format!("{name} was ended by signal {signal}"));
                Err(Failure::Exit(128 | u8::try_from(signal & 0x7f).unwrap_or_default()))
            }
            CommandExit::TimedOut => {
                remark(&format!("{name} took too long and was ended by the device"));
                Err(Failure::Exit(TIMED_OUT))
            }
            CommandExit::Stopped => {
                Err(signal.unwrap_or_else(|| Failure::Broken(format!("{name} was stopped by the device"))))
            }
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}
