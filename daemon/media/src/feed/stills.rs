//! Who waits for a snapshot.

use crate::SnapshotError;
use bytes::Bytes;
use tokio::sync::oneshot::{Receiver, Sender, channel};

/// Most that wait at a time; one more is refused. All of them share one picture, so this bounds memory, not work.
const MOST: usize = 64;

/// What a snapshot came to.
pub(super) type Taken = Result<Bytes, SnapshotError>;

/// Those who wait for the next snapshot. Whoever comes while one is being made gets the same.
#[derive(Default)]
pub(super) struct Stills {
    waiting: Vec<Sender<Taken>>,
}

impl Stills {
    /// One more.
    ///
    /// # Errors
    /// When [`MOST`] wait already.
    pub(super) fn wait(&mut self) -> Result<Receiver<Taken>, SnapshotError> {
        if self.wanted() && self.waiting.len() >= MOST {
            return Err(SnapshotError::TooMany);
        }
        let (sender, receiver) = channel();
        self.waiting.push(sender);
        Ok(receiver)
    }

    /// Whether anybody still waits.
    pub(super) fn wanted(&mut self) -> bool {
        self.waiting.retain(|one| !one.is_closed());
        !self.waiting.is_empty()
    }

    /// For everybody who waits.
    pub(super) fn answer(&mut self, taken: &Taken) {
        for one in self.waiting.drain(..) {
            // Whoever has gone meanwhile needs none.
            let _ = one.send(taken.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_wait_get_the_same_and_those_who_left_count_no_more() {
        let mut stills = Stills::default();
        assert!(!stills.wanted());
        let mut all: Vec<_> = (0..MOST).map(|_| stills.wait().unwrap()).collect();
        assert_eq!(stills.wait().unwrap_err(), SnapshotError::TooMany);
        all.pop();
        all.push(stills.wait().expect("one has left"));
        let jpeg = Bytes::from_static(b"jpeg");
        stills.answer(&Ok(jpeg.clone()));
        for one in &mut all {
            assert_eq!(one.try_recv().unwrap().unwrap().as_ptr(), jpeg.as_ptr(), "without a copy");
        }
        let left = stills.wait().unwrap();
        assert!(stills.wanted());
        drop(left);
        assert!(!stills.wanted());
    }
}
