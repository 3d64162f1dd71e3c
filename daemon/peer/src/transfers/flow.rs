//! The sending side of a transfer: how much may leave, and when.

use super::path::Path;
use crate::wire::Share;
use bytes::BytesMut;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use webrtc::data_channel::DataChannel;
use webrtc::error::Error;

/// Least that is worth sending, and what shows a round trip: two packets, so that they are acknowledged at once
/// (RFC 9260 section 6.2). Bytes.
const GRAIN: (u64, u64) = (8 << 10, 2_300);
/// Between two looks what has arrived.
const LOOK: Duration = Duration::from_millis(1);

/// How much may leave: as far as the receiver's credit reaches and the path carries.
pub(crate) struct Flow<'a> {
    channel: &'a dyn DataChannel,
    path: Path,
    share: Share,
    /// The byte that is sent next.
    position: u64,
    credit: u64,
}

impl<'a> Flow<'a> {
    /// From `position` on, without credit.
    pub(crate) fn new(channel: &'a dyn DataChannel, share: Share, position: u64) -> Self {
        let path = Path::new(position, GRAIN, Instant::now().into_std());
        Self { channel, path, share, position, credit: position }
    }

    /// The receiver takes bytes up to this one.
    pub(crate) fn credit(&mut self, until: u64) {
        self.credit = self.credit.max(until);
    }

    /// Waits until something may leave of a piece of `length` bytes; how much of it. Safe to cancel.
    ///
    /// # Errors
    /// When the channel has closed.
    pub(crate) async fn ready(&mut self, length: usize) -> Result<usize, Error> {
        loop {
            self.look().await?;
            let allowed = (self.credit - self.position).min(self.path.room()).min(length as u64);
            if allowed > 0 {
                return Ok(usize::try_from(allowed).unwrap_or(length));
            }
            sleep(LOOK).await;
        }
    }

    /// Sends bytes that [`Self::ready`] allowed.
    ///
    /// # Errors
    /// When the channel has closed.
    pub(crate) async fn send(&mut self, bytes: BytesMut) -> Result<(), Error> {
        self.position += bytes.len() as u64;
        self.path.let_go(self.position, Instant::now().into_std());
        self.channel.send(bytes).await
    }

    async fn look(&mut self) -> Result<(), Error> {
        let waiting = self.channel.outstanding_bytes().await? as u64;
        self.path.arrived(self.position.saturating_sub(waiting), Instant::now().into_std());
        self.share.ask(self.path.rate());
        Ok(())
    }
}
