//! What sending and fetching have in common: what is tried again, and what is not.

use crate::client::{Failure, FileProgress, LastingSession, Progress, printable};
use peer::viewer::{CallError, TransferError};
use protocol::control::{RpcError, code};
use std::time::Duration;
use tokio::time;

/// Between two tries of what the device cannot do just now.
const BREATH: Duration = Duration::from_secs(1);
/// How often that is tried: a device may need a while to find that the session before has ended.
const BREATHS: u32 = 15;

/// What came of several files.
#[derive(Debug, Default)]
pub(super) struct Tally {
    done: usize,
    failed: usize,
}

impl Tally {
    /// Counts one. A failure of this one alone is told, and the others follow.
    ///
    /// # Errors
    /// The failure, where it is that of all.
    pub(super) fn count(
        &mut self,
        progress: Progress,
        name: &str,
        done: Result<(), Failure>,
    ) -> Result<(), Failure> {
        match done {
            Ok(()) => self.done += 1,
            Err(failure @ Failure::Failed(_)) => {
                self.failed += 1;
                progress.failed(name, &failure)?;
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// After the last one; `what` was to be done to them, such as "sent".
    ///
    /// # Errors
    /// Where one failed.
    pub(super) fn end(&self, what: &str) -> Result<(), Failure> {
        match (self.failed, self.done + self.failed) {
            (0, _) => Ok(()),
            // It has been told.
            (_, 1) => Err(Failure::Exit(1)),
            (failed, all) => Err(Failure::Failed(format!("{failed} of {all} were not {what}"))),
        }
    }
}

/// How often one file was tried.
#[derive(Debug, Default)]
pub(super) struct Tries {
    /// The connection broke in the middle.
    broke: bool,
    /// How far it was then.
    furthest: u64,
    breaths: u32,
}

impl Tries {
    /// Makes ready for another try after `error`, which came `at` this byte: waits, or reaches the device again.
    ///
    /// # Errors
    /// Where there is to be none. `done` is what is done to the file here: it is "read" or "written".
    pub(super) async fn next(
        &mut self,
        session: &mut LastingSession,
        shown: &FileProgress,
        at: u64,
        error: TransferError,
        done: &str,
    ) -> Result<(), Failure> {
        match error {
            TransferError::Ended => {
                if at > self.furthest {
                    self.furthest = at;
                    session.progressed();
                }
                self.broke = true;
                let why = session.session().ended("the connection to the device broke".into()).await;
                session.again(why, |sentence| shown.remark(sentence)).await
            }
            TransferError::Refused(RpcError { code, .. }) if self.passes(code) => {
                self.breaths += 1;
                time::sleep(BREATH).await;
                Ok(())
            }
            error => Err(failed(error, done)),
        }
    }

    /// Whether such a refusal may be over in a moment.
    fn passes(&self, code: i32) -> bool {
        // After a break the device may still be busy with what broke off.
        let passes = code == code::TOO_FAST || self.broke && code == code::UNAVAILABLE;
        passes && self.breaths < BREATHS
    }
}

/// Something on the device has the name already.
pub(super) fn in_the_way(refusal: &RpcError, overwrite: bool) -> Failure {
    // What is there in spite of it is a folder, or a file where a folder has to be.
    let hint = if overwrite { "--overwrite replaces files alone" } else { "--overwrite replaces it" };
    Failure::Failed(format!("{} ({hint})", printable(&refusal.message)))
}

/// What the error is for a person.
pub(super) fn failed(error: TransferError, done: &str) -> Failure {
    match error {
        TransferError::Refused(refusal) => CallError::Refused(refusal).into(),
        TransferError::Ended => CallError::Ended.into(),
        TransferError::Local(error) => Failure::Failed(format!("it cannot be {done}: {error}")),
        TransferError::Changed => Failure::Failed("the file changed while it was sent; send it again".into()),
        TransferError::Mismatch | TransferError::Wire(_) => Failure::Failed(error.to_string()),
    }
}
