//! `watchword`: the device's daemon, its rendezvous server, and the owner's commands.

#[cfg(feature = "device")]
mod audit;
mod cli;
mod config;
#[cfg(feature = "device")]
mod device;
#[cfg(feature = "device")]
mod environment;
mod folder;
mod logging;
#[cfg(feature = "device")]
mod owner;
#[cfg(feature = "device")]
mod process;
#[cfg(feature = "device")]
mod screen;
mod serving;
#[cfg(feature = "device")]
mod state;
mod stopping;
mod systemd;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::Arguments::parse().apply()
}
