//! The channel of one transfer, as a viewer's program has it.

use bytes::BytesMut;
use protocol::control::{MAX_CHUNK, Transfer, transfer_label};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use watchword_peer::viewer::{CallError, Viewer};
use webrtc::data_channel::{DataChannel, DataChannelEvent};

/// What no step takes unless it hangs.
pub const LONG: Duration = Duration::from_secs(30);

pub struct Channel(pub Arc<dyn DataChannel>);

#[derive(Debug)]
pub enum Heard {
    Bytes(BytesMut),
    Said(Transfer),
    Closed,
}

impl Channel {
    pub async fn open(viewer: &Viewer, transfer: &str) -> Self {
        let channel = Self(viewer.channel(&transfer_label(transfer)).await.unwrap());
        let opened = async { while !matches!(channel.0.poll().await, Some(DataChannelEvent::OnOpen)) {} };
        timeout(LONG, opened).await.expect("the channel opens");
        channel
    }

    pub async fn hear(&self) -> Heard {
        self.hear_within(LONG).await
    }

    async fn hear_within(&self, limit: Duration) -> Heard {
        loop {
            match timeout(limit, self.0.poll()).await.expect("something comes") {
                Some(DataChannelEvent::OnMessage(message)) if message.is_string => {
                    return Heard::Said(serde_json::from_slice(&message.data).unwrap());
                }
                Some(DataChannelEvent::OnMessage(message)) => return Heard::Bytes(message.data),
                Some(DataChannelEvent::OnClose) | None => return Heard::Closed,
                Some(_) => {}
            }
        }
    }

    pub async fn say(&self, message: &Transfer) {
        self.0.send_text(&serde_json::to_string(message).unwrap()).await.unwrap();
    }

    /// Sends these bytes of `data`, within the credit.
    pub async fn send(&self, data: &[u8], range: Range<usize>) {
        assert_eq!(self.send_until_it_fails(data, range).await, None);
    }

    /// As [`Self::send`], but the device may give it up on the way: code and sentence.
    pub async fn send_until_it_fails(&self, data: &[u8], range: Range<usize>) -> Option<(i32, String)> {
        let (mut at, mut credit) = (range.start, range.start);
        while at < range.end {
            while credit <= at {
                match self.hear().await {
                    Heard::Said(Transfer::Credit { until }) => credit = usize::try_from(until).unwrap(),
                    Heard::Said(Transfer::Failed { code, message }) => return Some((code, message)),
                    other => panic!("{other:?}"),
                }
            }
            let end = (at + MAX_CHUNK).min(range.end).min(credit);
            self.0.send(BytesMut::from(&data[at..end])).await.unwrap();
            at = end;
        }
        None
    }

    /// Says that all was sent, and waits until the device has it.
    pub async fn finish(&self, data: &[u8]) {
        self.say(&Transfer::End { hash: hash(data) }).await;
        loop {
            match self.hear().await {
                Heard::Said(Transfer::Credit { .. }) => {}
                Heard::Said(Transfer::Done) => return,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits until all that was sent has arrived: a close does not.
    pub async fn arrived(&self) {
        while self.0.outstanding_bytes().await.unwrap() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// How it failed.
    pub async fn failed(&self) -> i32 {
        self.failed_within(LONG).await
    }

    /// How it failed; no two of its messages are further apart than this.
    pub async fn failed_within(&self, limit: Duration) -> i32 {
        loop {
            match self.hear_within(limit).await {
                Heard::Said(Transfer::Failed { code, message }) => {
                    assert!(message.ends_with('.'), "a sentence: {message}");
                    return code;
                }
                Heard::Said(Transfer::Credit { .. }) | Heard::Bytes(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Closes it, and waits until it is: the next channel may get its stream, and must not overtake its reset.
    pub async fn close(&self) {
        self.0.close().await.unwrap();
        while !matches!(self.hear().await, Heard::Closed) {}
    }
}

/// The hash that an end of these bytes says.
pub fn hash(data: &[u8]) -> String {
    blake3::hash(data).to_hex().to_string()
}

/// Bytes that repeat nowhere.
pub fn bytes(size: usize, seed: u8) -> Vec<u8> {
    let mut data = vec![0; size];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut data);
    data
}

/// The code with which a call is refused.
pub fn refused(result: Result<impl std::fmt::Debug, CallError>) -> i32 {
    match result.expect_err("it is refused") {
        CallError::Refused(error) => {
            assert!(error.message.ends_with('.'), "a sentence: {}", error.message);
            error.code
        }
        CallError::Ended => panic!("the session has ended"),
    }
}
