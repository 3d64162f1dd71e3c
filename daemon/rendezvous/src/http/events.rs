//! The same messages for browsers that refuse a WebSocket on a self-signed certificate: what the server says comes as
//! server-sent events at `GET /events`, what the page says goes by `POST /messages`, one at a time.

use super::App;
use crate::{
    broker::{Input, Kind},
    outbox::Next,
    source::Source,
};
use axum::{
    Extension, Json,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use protocol::{
    bytes::B64,
    signal::{FromServer, MAX_MESSAGE, Refusal, RefusalCode},
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::time::timeout;

/// The secret of the stream that a message belongs to, as the welcome told it.
const STREAM: HeaderName = HeaderName::from_static("x-watchword-stream");
/// How long a browser waits before it opens a lost stream again.
const RETRY: Duration = Duration::from_secs(1);

/// A stream of messages, the welcome first. When it ends, the socket is gone, and a new stream is a new socket.
pub(super) async fn open(State(app): State<Arc<App>>, Extension(source): Extension<Source>) -> Response {
    let connection = match app.hub.connect(source, Kind::EventStream) {
        Ok(connection) => connection,
        Err(refusal) => return refused(StatusCode::TOO_MANY_REQUESTS, refusal),
    };
    let events = stream::unfold((connection, true), |(mut connection, first)| async move {
        match connection.next().await {
            Next::Message(message) => {
                let event = Event::default().data(crate::outgoing::json(&message));
                let event = if first { event.retry(RETRY) } else { event };
                Some((Ok::<_, Infallible>(event), (connection, false)))
            }
            Next::Close(_) => None,
        }
    });
    // A comment now and then finds readers that are gone.
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(app.times.ping));
    ([(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")], sse)
        .into_response()
}

/// One message of a stream. 204: it was read, and the answer comes by the stream.
pub(super) async fn message(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Response {
    let secret = headers.get(STREAM).and_then(|value| {
        let quoted = serde_json::Value::from(value.to_str().ok()?);
        serde_json::from_value::<B64>(quoted).ok()
    });
    let Some(socket) = secret.and_then(|secret| app.hub.stream(&secret.0)) else {
        let message = "This event stream has ended; open a new one.";
        return refused(StatusCode::NOT_FOUND, refusal(RefusalCode::NoSession, message));
    };
    let body = match timeout(app.times.request, to_bytes(body, MAX_MESSAGE)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            app.hub.dispatch(socket, Input::Unreadable(RefusalCode::TooLarge, MAX_MESSAGE));
            let message = "The message is larger than 64 KiB or broke off.";
            return refused(StatusCode::PAYLOAD_TOO_LARGE, refusal(RefusalCode::TooLarge, message));
        }
        Err(_) => {
            let message = "The message came too slowly.";
            return refused(StatusCode::REQUEST_TIMEOUT, refusal(RefusalCode::Malformed, message));
        }
    };
    // What is no UTF-8 is no JSON either (RFC 8259 section 8.1).
    if app.hub.said(socket, std::str::from_utf8(&body).unwrap_or_default()) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let message = "This is no message of the signaling protocol; the stream says more.";
        refused(StatusCode::BAD_REQUEST, refusal(RefusalCode::Malformed, message))
    }
}

fn refused(status: StatusCode, refusal: Refusal) -> Response {
    (status, Json(FromServer::Refused { session: None, place: None, refusal })).into_response()
}

fn refusal(code: RefusalCode, message: &str) -> Refusal {
    Refusal { code, message: message.to_owned(), retry_after: None }
}
