//! The command-line peer: a viewer without a browser.
//!
//! [`Reach`] takes a secret word to a [`Session`] with its device: through the real rendezvous, over a real peer
//! connection, with data alone (no picture, no sound). What it remembers between two visits is in [`Known`].

mod failure;
mod known;
mod lasting;
mod line;
mod output;
mod partial;
mod progress;
mod reach;
mod server;
mod session;
mod text;
mod word;

pub(crate) use failure::{EXIT_CODES, Failure};
pub(crate) use lasting::LastingSession;
pub(crate) use output::{Output, remark};
pub(crate) use partial::{Fetched, Partial};
pub(crate) use progress::{Event, FileProgress, Progress};
pub(crate) use reach::Reach;
pub(crate) use server::ServerAddress;
pub(crate) use session::Session;
pub(crate) use text::printable;
pub(crate) use word::{WordArgument, WordSource};
