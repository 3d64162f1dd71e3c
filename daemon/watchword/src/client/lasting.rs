//! A session that is made anew when it breaks.

use super::{Failure, Reach, Session, text::unended};
use std::time::Duration;
use tokio::time;

/// Between the tries to reach a device again, about a minute together. A connection that breaks again and again without
/// anything having come through uses them up as well.
const PAUSES: [u64; 8] = [0, 1, 2, 4, 8, 15, 15, 15];

/// A session with a device that is reached again, in the same way, when the connection to it breaks.
pub(crate) struct LastingSession {
    reach: Reach,
    session: Session,
    /// Tries since anything came through.
    tries: usize,
}

impl LastingSession {
    /// Reaches the device.
    ///
    /// # Errors
    /// As [`Reach::connect`].
    pub(crate) async fn begin(mut reach: Reach) -> Result<Self, Failure> {
        let session = reach.clone().connect().await?;
        // A person agreed to one other device, not to any that may come.
        reach.new_device = false;
        Ok(Self { reach, session, tries: 0 })
    }

    /// The session as it is now.
    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Something came through: the device deserves all its tries again.
    pub(crate) fn progressed(&mut self) {
        self.tries = 0;
    }

    /// The session broke, as `why` says: makes another one. `told` hears it once.
    ///
    /// # Errors
    /// Where that did not come about in all the tries, or the device does not want this viewer any more.
    pub(crate) async fn again(&mut self, why: Failure, told: impl FnOnce(&str)) -> Result<(), Failure> {
        if !self.session.may_return() {
            return Err(why);
        }
        told(&format!("{}; trying again", unended(&why.to_string())));
        let mut last = why;
        while let Some(pause) = PAUSES.get(self.tries) {
            self.tries += 1;
            time::sleep(Duration::from_secs(*pause)).await;
            match self.reach.clone().connect().await {
                Ok(session) => {
                    std::mem::replace(&mut self.session, session).leave().await;
                    return Ok(());
                }
                Err(failure @ (Failure::Broken(_) | Failure::Absent(_) | Failure::Later(_))) => {
                    last = failure
                }
                Err(failure) => return Err(failure),
            }
        }
        let last = last.to_string();
        Err(Failure::Broken(format!("{}. Nothing came through in {} tries", unended(&last), self.tries)))
    }

    /// Leaves: the device is told.
    pub(crate) async fn leave(self) {
        self.session.leave().await;
    }
}
