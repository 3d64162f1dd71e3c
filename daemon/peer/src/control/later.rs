//! Answers that take a while: those that wait for the disk or the camera.

use super::limits::AT_ONCE;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use protocol::control::{Id, RpcError};
use serde_json::Value;
use std::pin::Pin;

/// Something that takes a while. Dropped, it comes to nothing.
pub(super) type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What has come about.
pub(super) enum Finished {
    /// A call.
    Call {
        /// Whom to answer.
        id: Option<Id>,
        /// Its method, and what it was on, for the record.
        name: String,
        on: String,
        result: Result<Value, RpcError>,
    },
    /// A line of the chat that was for the device, and its answer.
    Line(String),
}

/// All that is under way for one viewer.
#[derive(Default)]
pub(super) struct Pending(FuturesUnordered<Later<Finished>>);

impl Pending {
    /// Whether there may be no more of it.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= AT_ONCE
    }

    pub(super) fn call(
        &self,
        (id, name, on): (Option<Id>, String, String),
        answer: Later<Result<Value, RpcError>>,
    ) {
        self.0.push(Box::pin(async move { Finished::Call { id, name, on, result: answer.await } }));
    }

    pub(super) fn line(&self, answer: Later<String>) {
        self.0.push(Box::pin(async move { Finished::Line(answer.await) }));
    }

    /// The next that has come about. Safe to cancel.
    pub(super) async fn next(&mut self) -> Finished {
        match self.0.next().await {
            Some(finished) => finished,
            None => std::future::pending().await,
        }
    }
}
