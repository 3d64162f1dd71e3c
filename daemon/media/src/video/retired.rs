//! Encoders that were given up: closed without anybody waiting for it.

use super::encoder::Encoder;
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

/// How long the end of the source waits for them.
const PATIENCE: Duration = Duration::from_secs(2);

/// Closes encoders on threads of their own: a driver that is stuck may take for ever over it, and the next encoder is
/// to have the next picture. One that is closed leaves nothing here.
#[derive(Default)]
pub(super) struct Retired(Vec<JoinHandle<()>>);

impl Retired {
    /// Nothing of it comes out from now on.
    pub(super) fn close(&mut self, encoder: Encoder) {
        encoder.close();
        self.0.retain(|thread| !thread.is_finished());
        // Refused only where there are no threads left: then it is closed here and now.
        match Builder::new().name("encoder-closing".to_owned()).spawn(move || drop(encoder)) {
            Ok(thread) => self.0.push(thread),
            Err(error) => log::warn!("no thread to close an encoder on: {error}"),
        }
    }

    /// Waits for all of it; a thread that a driver does not let go is left behind.
    pub(super) fn join(self) {
        let deadline = Instant::now() + PATIENCE;
        for thread in self.0 {
            while !thread.is_finished() && Instant::now() < deadline {
                sleep(Duration::from_millis(5));
            }
            match thread.is_finished() {
                true if thread.join().is_err() => log::error!("an encoder panicked while it was closed"),
                true => {}
                false => log::warn!(
                    "an encoder that failed does not let itself be closed: its driver may need a restart"
                ),
            }
        }
    }
}
