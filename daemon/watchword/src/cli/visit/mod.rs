//! Commands that visit a device elsewhere with a secret word of it. One file a command.

mod chat;
mod exec;
mod get;
mod ls;
mod mkdir;
mod mv;
mod paths;
mod reaching;
mod rm;
mod send;
mod snapshot;
mod status;
mod transfer;

use crate::client::EXIT_CODES;
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
    /// Runs a command on a device elsewhere, one that its owner allows
    #[command(after_help = exec::EXIT_CODES)]
    Exec(exec::Exec),
    /// Sends files and folders to a device elsewhere
    #[command(after_help = EXIT_CODES)]
    Send(send::Send),
    /// Fetches files from a device elsewhere
    #[command(after_help = EXIT_CODES)]
    Get(get::Get),
    /// Lists the files of a device elsewhere
    #[command(after_help = EXIT_CODES)]
    Ls(ls::Ls),
    /// Moves and renames files on a device elsewhere
    #[command(after_help = EXIT_CODES)]
    Mv(mv::Mv),
    /// Removes files from a device elsewhere
    #[command(after_help = EXIT_CODES)]
    Rm(rm::Rm),
    /// Makes folders on a device elsewhere
    #[command(after_help = EXIT_CODES)]
    Mkdir(mkdir::Mkdir),
    /// Takes a picture with the camera of a device elsewhere
    #[command(after_help = EXIT_CODES)]
    Snapshot(snapshot::Snapshot),
}

impl Visit {
    pub(super) fn apply(self) -> ExitCode {
        let beside = if matches!(self, Self::Exec(_)) { exec::OWN_FAILURE } else { 0 };
        let done = match self {
            // They print little, and move much.
            Self::Send(send) => super::block_on_one_thread(send.apply()),
            Self::Get(get) => super::block_on_one_thread(get.apply()),
            Self::Status(status) => super::block_on(status.apply()),
            Self::Chat(chat) => super::block_on(chat.apply()),
            Self::Exec(exec) => super::block_on(exec.apply()),
            Self::Ls(ls) => super::block_on(ls.apply()),
            Self::Mv(mv) => super::block_on(mv.apply()),
            Self::Rm(rm) => super::block_on(rm.apply()),
            Self::Mkdir(mkdir) => super::block_on(mkdir.apply()),
            Self::Snapshot(snapshot) => super::block_on(snapshot.apply()),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) if failure.speaks() => {
                super::complain(&failure.to_string(), failure.exit_code().saturating_add(beside))
            }
            Err(failure) => ExitCode::from(failure.exit_code()),
        }
    }
}
