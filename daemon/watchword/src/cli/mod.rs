//! The command line: parse, then apply. One file a command.

#[cfg(feature = "device")]
mod cameras;
#[cfg(feature = "device")]
mod check;
#[cfg(feature = "device")]
mod columns;
mod generate;
#[cfg(feature = "device")]
mod run;
mod serve;
#[cfg(feature = "device")]
mod sessions;
#[cfg(feature = "client")]
mod visit;
#[cfg(feature = "device")]
mod word;

#[cfg(feature = "device")]
use crate::state::StateDirectory;
use crate::{config, logging, systemd};
use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use std::{io::Write as _, path::PathBuf, process::ExitCode};

/// What this executable is called where it is installed. The server alone is a package of its own, which may stand
/// beside the whole.
pub(crate) const NAME: &str = if cfg!(feature = "client") { "watchword" } else { "watchword-server" };
const ABOUT: &str = if cfg!(feature = "client") {
    "See and hear this board's camera from any browser that knows its secret word"
} else {
    "The server where Watchword's devices and their viewers meet"
};

const CONFIG: &str = if cfg!(feature = "client") {
    "Configuration file [default: /etc/watchword/config.toml, if there is one]"
} else {
    "Configuration file [default: /etc/watchword/server.toml, if there is one]"
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = NAME, about = ABOUT, long_about = None, version, arg_required_else_help = true, propagate_version = true)]
pub(crate) struct Arguments {
    #[arg(long, global = true, value_name = "FILE", help = CONFIG)]
    config: Option<PathBuf>,
    /// What to log, such as `debug` or `info,watchword_peer=debug` [default: from the configuration]
    #[arg(long, global = true, value_name = "FILTER", value_parser = filter)]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the device: serves its camera and microphone to viewers that know a secret word
    #[cfg(feature = "device")]
    Run(run::Run),
    /// Runs the server alone: page, signaling and STUN for devices elsewhere
    Serve(serve::Serve),
    /// Makes, lists, replaces and removes secret words
    #[cfg(feature = "device")]
    Word(word::Word),
    /// Lists and ends the sessions of the running daemon
    #[cfg(feature = "device")]
    Sessions(sessions::Sessions),
    /// Lists the cameras of this board, and the mode that would be used
    #[cfg(feature = "device")]
    Cameras(cameras::Cameras),
    /// Looks at everything that the device needs, and says what to do where something is wrong
    #[cfg(feature = "device")]
    Check(check::Check),
    /// Writes manual pages and shell completions
    #[command(hide = true)]
    Generate(generate::Generate),
    #[cfg(feature = "client")]
    #[command(flatten)]
    Visit(visit::Visit),
}

impl Arguments {
    /// Does what was asked. Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong;
    /// visiting a device has more (`client::EXIT_CODES`).
    pub(crate) fn apply(self) -> ExitCode {
        #[cfg(feature = "device")]
        if let Command::Check(check) = &self.command {
            return self.check(check);
        }
        let config = match self.configuration() {
            Ok(config) => config,
            Err(error) => {
                // Under systemd the sentence goes to the journal, as an error: there is no terminal to say it on.
                let _ = logging::start("error");
                return complain(&error.to_string(), 2);
            }
        };
        if let Err(error) = logging::start(self.log.as_deref().unwrap_or(&config.log.level)) {
            return complain(&format!("{error:#}"), 2);
        }
        let done = match self.command {
            #[cfg(feature = "device")]
            Command::Run(run) => {
                crate::environment::prepare();
                systemd::sockets().and_then(|open| block_on(run.apply(config, open)))
            }
            Command::Serve(serve) => systemd::sockets().and_then(|open| block_on(serve.apply(config, open))),
            #[cfg(feature = "device")]
            Command::Word(word) => {
                StateDirectory::of_owner("word").and_then(|state| block_on(word.apply(config, state)))
            }
            #[cfg(feature = "device")]
            Command::Sessions(sessions) => {
                StateDirectory::of_owner("sessions").and_then(|state| block_on(sessions.apply(state)))
            }
            #[cfg(feature = "device")]
            Command::Cameras(cameras) => cameras.apply(&config),
            // Done above: it reads the configuration itself, to say what is wrong with it.
            #[cfg(feature = "device")]
            Command::Check(check) => check.apply(None).map(drop),
            Command::Generate(generate) => generate.apply(),
            #[cfg(feature = "client")]
            Command::Visit(visit) => return visit.apply(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&format!("{error:#}"), 1),
        }
    }
}

#[cfg(feature = "device")]
impl Arguments {
    /// The doctor says everything in its report: the log stays silent unless it is asked for.
    fn check(&self, check: &check::Check) -> ExitCode {
        if let Err(error) = logging::start(self.log.as_deref().unwrap_or("off")) {
            return complain(&format!("{error:#}"), 2);
        }
        crate::environment::prepare();
        match check.apply(self.config.as_deref()) {
            Ok(code) => ExitCode::from(code),
            Err(error) => complain(&format!("{error:#}"), 1),
        }
    }
}

impl Arguments {
    /// The configuration. Who visits a device needs none, and may not be allowed to read that of this host's own; what
    /// goes well is not logged then.
    fn configuration(&self) -> Result<config::Config, config::ConfigError> {
        #[cfg(feature = "client")]
        if matches!(self.command, Command::Visit(_)) && self.config.is_none() {
            return Ok(config::Config { log: config::Log { level: "warn".into() }, ..Default::default() });
        }
        config::load(self.config.as_deref())
    }
}

fn filter(text: &str) -> Result<String, String> {
    logging::check(text).map(|()| text.to_owned())
}

/// Two workers serve a board well: media threads are GStreamer's own, and each worker costs memory.
fn block_on<E: From<anyhow::Error>>(work: impl Future<Output = Result<(), E>>) -> Result<(), E> {
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(1, 4);
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    let runtime = built.context("the runtime cannot start")?;
    runtime.block_on(work)
}

/// On this thread alone. What the peer connection's driver and a transfer hand each other, message by message, wakes no
/// other thread then: two fifths less CPU. But whatever blocks here, such as a full pipe, holds the connection up.
#[cfg(feature = "client")]
fn block_on_one_thread<E: From<anyhow::Error>>(work: impl Future<Output = Result<(), E>>) -> Result<(), E> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.context("the runtime cannot start")?.block_on(work)
}

/// The last sentence: to standard error, or to the journal when there is no terminal.
fn complain(message: &str, code: u8) -> ExitCode {
    if logging::to_journal() && log::log_enabled!(log::Level::Error) {
        log::error!("{message}");
    } else {
        let _ = writeln!(std::io::stderr(), "{NAME}: {message}");
    }
    ExitCode::from(code)
}
