//! A bad network on one machine: two network namespaces joined by two TUN devices, and between them loss, delay,
//! a rate and a queue, each direction with its own values.
//!
//! Linux has this in the kernel as `sch_netem`; many small kernels are built without it, and the tests must not
//! depend on the kernel at hand. `README.md` says how a test uses it.

mod link;
mod namespace;
mod network;
mod relay;
mod report;
mod shape;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use network::{Network, Settings};
use std::{net::Ipv4Addr, path::PathBuf};

/// Loss, delay, rate and queue between two network namespaces.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the namespaces NAME-a and NAME-b, join them, and take both away again on SIGTERM or SIGINT.
    ///
    /// One JSON object a line on standard output: `ready` with both addresses, `applied` after each change of the
    /// file, `end` with the counts. Run it under `chrt -f 50`, or it bunches packets whenever the machine is busy.
    Run {
        /// Letters, digits and hyphens, at most 32.
        name: String,
        /// TOML: the tables `a_to_b` and `b_to_a`; read again whenever it changes.
        #[arg(long)]
        file: PathBuf,
        /// First address of the two; the second is the next one.
        #[arg(long, default_value = "10.77.0.1")]
        address: Ipv4Addr,
    },
    /// Take away what a `run` of this NAME that was killed left behind.
    Clean {
        /// As given to `run`.
        name: String,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Run { name, file, address } => run(&name, file, address),
        Command::Clean { name } => namespace::clean(&name).context("cannot clean up"),
    }
}

fn run(name: &str, file: PathBuf, address: Ipv4Addr) -> Result<()> {
    let network = Network::bring_up(&Settings { name, file, address })?;
    let ended = network.run();
    network.take_down()?;
    ended
}
