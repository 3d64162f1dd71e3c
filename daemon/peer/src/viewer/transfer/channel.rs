//! The data channel of one transfer.

use super::TransferError;
use crate::transfers::flow::Flow;
use crate::viewer::{Viewer, closings::Closings};
use crate::wire::Wire;
use bytes::BytesMut;
use protocol::control::{RpcError, Transfer, transfer_label};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time;
use tokio_util::sync::CancellationToken;
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::runtime::Runtime as _;

/// How long it may take to open. A transfer of which nothing is heard ends on the device after as long.
const OPENING: Duration = Duration::from_secs(30);

/// How long the last message may take to arrive.
const FAREWELL: Duration = Duration::from_secs(5);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(5);

/// Transfers that have ended and whose channels stay open while another begins. They count among those that a device
/// serves at once, as does one more between two transfers.
const LINGERING: usize = 1;

/// Closes when it is dropped: at once, so that the device knows; or a while after the last word was said.
pub(super) struct Channel {
    channel: Arc<dyn DataChannel>,
    wire: Arc<Wire>,
    closings: Closings,
    lingering: Lingering,
    /// The last word was said.
    over: AtomicBool,
    /// The session has ended.
    ended: CancellationToken,
}

/// Channels of transfers that have ended, oldest first.
///
/// The crate gives a channel that it opens the lowest stream that is free here, also where the other end has not reset it
/// yet (RFC 8831 section 6.7 wants it reset both ways), and then the reset ends the new channel. So a channel is closed
/// once the next is open, and its stream rests for a transfer.
#[derive(Clone, Default)]
pub(in crate::viewer) struct Lingering(Arc<Mutex<VecDeque<Arc<dyn DataChannel>>>>);

impl Lingering {
    fn push(&self, channel: Arc<dyn DataChannel>) {
        self.channels().push_back(channel);
    }

    /// Another channel is open, on another stream: those that can be closed.
    fn rested(&self) -> Vec<Arc<dyn DataChannel>> {
        let mut channels = self.channels();
        let rested = channels.len().saturating_sub(LINGERING);
        channels.drain(..rested).collect()
    }

    fn channels(&self) -> MutexGuard<'_, VecDeque<Arc<dyn DataChannel>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes on it.
pub(super) enum Heard {
    /// Bytes of the file.
    Bytes(BytesMut),
    /// Anything else but [`Transfer::Failed`], which is an error.
    Message(Transfer),
}

impl Channel {
    /// Opens the channel of the transfer.
    pub(super) async fn open(viewer: &Viewer, transfer: &str) -> Result<Self, TransferError> {
        let opened = viewer.channel(&transfer_label(transfer)).await.map_err(|_| TransferError::Ended)?;
        let ended = viewer.calls.ended.clone();
        let channel = Self {
            channel: opened,
            wire: viewer.connection.wire.clone(),
            closings: viewer.closings.clone(),
            lingering: viewer.lingering.clone(),
            over: AtomicBool::new(false),
            ended,
        };
        time::timeout(OPENING, channel.opened()).await.unwrap_or(Err(TransferError::Ended))?;
        channel.lingering.rested().into_iter().for_each(|rested| channel.close(rested));
        Ok(channel)
    }

    async fn opened(&self) -> Result<(), TransferError> {
        while !matches!(self.event().await?, DataChannelEvent::OnOpen) {}
        Ok(())
    }

    /// What comes next. Safe to cancel.
    pub(super) async fn next(&self) -> Result<Heard, TransferError> {
        loop {
            let DataChannelEvent::OnMessage(message) = self.event().await? else { continue };
            if !message.is_string {
                return Ok(Heard::Bytes(message.data));
            }
            match serde_json::from_slice(&message.data) {
                Ok(Transfer::Failed { code, message }) => {
                    self.is_over();
                    return Err(TransferError::Refused(RpcError { code, message, data: None }));
                }
                Ok(message) => return Ok(Heard::Message(message)),
                // Of a later version: what does not concern us.
                Err(error) => log::debug!("a message of a transfer is not known: {error}"),
            }
        }
    }

    /// The last word was said.
    pub(super) fn is_over(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Closes one of this session.
    fn close(&self, channel: Arc<dyn DataChannel>) {
        let closing = self.closings.begin();
        let close = async move {
            let _ = channel.close().await;
            let closed =
                async { while !matches!(channel.poll().await, Some(DataChannelEvent::OnClose) | None) {} };
            let _ = time::timeout(FAREWELL, closed).await;
            drop(closing);
        };
        self.wire.spawn(Box::pin(close)).detach();
    }

    /// The next event but the end of the channel, which is an error. Safe to cancel.
    async fn event(&self) -> Result<DataChannelEvent, TransferError> {
        let event = tokio::select! {
            // What came before the end is still heard.
            biased;
            event = self.channel.poll() => event,
            () = self.ended.cancelled() => None,
        };
        match event {
            None | Some(DataChannelEvent::OnClose) => Err(TransferError::Ended),
            Some(event) => Ok(event),
        }
    }

    /// How much of the file may leave, from this byte on.
    pub(super) fn flow(&self, position: u64) -> Flow<'_> {
        Flow::new(&*self.channel, self.wire.share(), position)
    }

    /// Says something.
    pub(super) async fn say(&self, message: &Transfer) -> Result<(), TransferError> {
        let text = serde_json::to_string(message).map_err(|error| TransferError::Local(error.into()))?;
        self.channel.send_text(&text).await.map_err(|_| TransferError::Ended)
    }

    /// Gives the transfer up, and tells the device why, where it does not know.
    pub(super) async fn give_up(self, error: TransferError) -> TransferError {
        if let Some(RpcError { code, message, .. }) = error.reason() {
            self.say_last(&Transfer::Failed { code, message }).await;
        }
        error
    }

    /// Says the last that is to be said, and waits until it has arrived, though not for long: a session that ends at
    /// once would take it along.
    pub(super) async fn say_last(self, message: &Transfer) {
        let farewell = async {
            self.say(message).await?;
            // To close it now would throw away what is on its way.
            while self.channel.outstanding_bytes().await.is_ok_and(|bytes| bytes > 0) {
                time::sleep(LOOK).await;
            }
            self.is_over();
            Ok::<(), TransferError>(())
        };
        let _ = time::timeout(FAREWELL, farewell).await;
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if self.over.load(Ordering::Relaxed) {
            self.lingering.push(self.channel.clone());
        } else {
            self.close(self.channel.clone());
        }
    }
}
