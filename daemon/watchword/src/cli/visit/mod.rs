//! Commands that visit a device elsewhere with a secret word of it. One file a command.

mod chat;
mod reaching;
mod status;

use crate::client::{EXIT_CODES, Failure};
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Visit {
    /// Tells how a device elsewhere is
    #[command(after_help = EXIT_CODES)]
    Status(status::Status),
    /// Chats with whoever is at a device elsewhere
    #[command(after_help = EXIT_CODES)]
    Chat(chat::Chat),
}

impl Visit {
    pub(super) fn apply(self) -> ExitCode {
        let done = super::block_on(async {
            match self {
                Self::Status(status) => status.apply().await,
                Self::Chat(chat) => chat.apply().await,
            }
        });
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) if failure.speaks() => super::complain(&failure.to_string(), failure.exit_code()),
            Err(failure) => ExitCode::from(Failure::exit_code(&failure)),
        }
    }
}
