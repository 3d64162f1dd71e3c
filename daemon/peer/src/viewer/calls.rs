//! Calls of a viewer, and their answers.

use protocol::control::{Answer, Call, Id, Message, Outcome, RpcError, Version};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use webrtc::data_channel::DataChannel;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The device refused it.
    #[error(transparent)]
    Refused(#[from] RpcError),
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
}

/// Asks the device, as [`super::Viewer::call`] does, without borrowing the viewer.
#[derive(Clone)]
pub struct Caller(pub(super) Arc<Calls>);

impl Caller {
    /// Asks the device.
    ///
    /// # Errors
    /// When the device answers with an error, or the session ends.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        self.0.call(method, params).await
    }
}

type Waiting = HashMap<i64, oneshot::Sender<Answer>>;

/// Calls that are under way.
pub(super) struct Calls {
    channel: Arc<dyn DataChannel>,
    next: AtomicI64,
    /// `None` once the channel has closed.
    waiting: Mutex<Option<Waiting>>,
    /// Cancelled then.
    pub(super) ended: CancellationToken,
}

impl Calls {
    pub(super) fn new(channel: Arc<dyn DataChannel>) -> Self {
        Self {
            channel,
            next: AtomicI64::new(1),
            waiting: Mutex::new(Some(HashMap::new())),
            ended: CancellationToken::new(),
        }
    }

    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (to, answer) = oneshot::channel();
        self.waiting().as_mut().ok_or(CallError::Ended)?.insert(id, to);
        let call = Call { jsonrpc: Version::V2, id: Some(Id::Number(id)), method: method.to_owned(), params };
        let text = serde_json::to_string(&call).map_err(|_| CallError::Ended)?;
        self.send(&text).await?;
        match answer.await.map_err(|_| CallError::Ended)?.outcome {
            Outcome::Result(value) => Ok(value),
            Outcome::Error(error) => Err(error.into()),
        }
    }

    pub(super) async fn send(&self, text: &str) -> Result<(), CallError> {
        self.channel.send_text(text).await.map_err(|_| CallError::Ended)
    }

    /// Takes a message; a notification, or the answer to nothing that was asked here, is given back.
    pub(super) fn heard(&self, bytes: &[u8]) -> Option<Call> {
        match serde_json::from_slice(bytes).ok()? {
            Message::Call(call) => Some(call),
            Message::Answer(answer) => {
                if let Some(Id::Number(id)) = &answer.id
                    && let Some(to) = self.waiting().as_mut().and_then(|waiting| waiting.remove(id))
                {
                    let _ = to.send(answer);
                } else {
                    log::debug!("an answer to nothing that was asked: {answer:?}");
                }
                None
            }
        }
    }

    /// The channel has closed: nothing is answered any more.
    pub(super) fn end(&self) {
        *self.waiting() = None;
        self.ended.cancel();
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
