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
        let done = super::block_on(async {
            match self {
                Self::Status(status) => status.apply().await,
                Self::Chat(chat) => chat.apply().await,
                Self::Exec(exec) => exec.apply().await,
                Self::Send(send) => send.apply().await,
                Self::Get(get) => get.apply().await,
                Self::Ls(ls) => ls.apply().await,
                Self::Mv(mv) => mv.apply().await,
                Self::Rm(rm) => rm.apply().await,
                Self::Mkdir(mkdir) => mkdir.apply().await,
                Self::Snapshot(snapshot) => snapshot.apply().await,
            }
        });
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) if failure.speaks() => {
                super::complain(&failure.to_string(), failure.exit_code().saturating_add(beside))
            }
            Err(failure) => ExitCode::from(failure.exit_code()),
        }
    }
}
