//! `watchword`: the device's daemon, its rendezvous server, the owner's commands, and a viewer without a browser.

#[cfg(feature = "device")]
mod age;
#[cfg(feature = "device")]
mod audit;
#[cfg(feature = "device")]
mod check;
mod cli;
#[cfg(feature = "client")]
mod client;
mod config;
#[cfg(feature = "device")]
mod device;
#[cfg(feature = "device")]
mod environment;
mod fingerprint;
mod folder;
#[cfg(feature = "client")]
mod link;
mod logging;
mod nearest;
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
