//! `/ws`: one message a text frame.

use super::App;
use crate::{
    broker::{CloseReason, Kind},
    hub::Connection,
    outbox::Next,
    settings::Times,
    source::Source,
};
use axum::{
    Extension,
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    response::Response,
};
use protocol::signal::{FromServer, MAX_MESSAGE, Refusal, RefusalCode};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until, timeout};

/// How long a closed socket may take to say goodbye.
const FAREWELL: Duration = Duration::from_millis(500);

/// Takes a WebSocket. Its task is joined when the server stops.
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Extension(source): Extension<Source>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let token = app.sockets.token();
    // Somewhat more than a message may have: what is a little too large is refused in words, and only the rest by
    // closing the socket.
    upgrade
        .max_message_size(2 * MAX_MESSAGE)
        .max_frame_size(2 * MAX_MESSAGE)
        .max_write_buffer_size(8 * MAX_MESSAGE)
        .on_upgrade(move |socket| async move {
            let _joined = token;
            match app.hub.connect(source, Kind::Duplex) {
                Ok(connection) => serve(socket, connection, &app.times).await,
                Err(refusal) => refuse(socket, refusal, &app.times).await,
            }
        })
}

/// When the other end was last heard of, and what is due next.
enum Pulse {
    /// Send a ping at this time.
    Ping(Instant),
    /// Dead, unless heard of before.
    Pong(Instant),
}

async fn serve(mut socket: WebSocket, mut connection: Connection, times: &Times) {
    let mut pulse = Pulse::Ping(Instant::now() + times.ping);
    loop {
        let (Pulse::Ping(due) | Pulse::Pong(due)) = pulse;
        tokio::select! {
            next = connection.next() => match next {
                Next::Message(message) => if !send(&mut socket, text(&message), times).await { return },
                Next::Close(reason) => return close(socket, reason, times).await,
            },
            heard = socket.recv() => {
                pulse = Pulse::Ping(Instant::now() + times.ping);
                match heard {
                    Some(Ok(Message::Text(text))) => connection.said(&text),
                    Some(Ok(Message::Binary(bytes))) => {
                        connection.said_unreadable(RefusalCode::Malformed, bytes.len());
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_))) => {
                        drop(connection);
                        return farewell(socket).await;
                    }
                    Some(Err(_)) | None => return,
                }
            }
            () = sleep_until(due) => pulse = match pulse {
                Pulse::Ping(_) if send(&mut socket, Message::Ping(Default::default()), times).await => {
                    Pulse::Pong(Instant::now() + times.pong)
                }
                Pulse::Ping(_) | Pulse::Pong(_) => return,
            },
        }
    }
}

fn text(message: &FromServer) -> Message {
    Message::Text(crate::outgoing::json(message).into())
}

/// `false`: the reader is gone, or took too long.
async fn send(socket: &mut WebSocket, message: Message, times: &Times) -> bool {
    matches!(timeout(times.write, socket.send(message)).await, Ok(Ok(())))
}

async fn refuse(mut socket: WebSocket, refusal: Refusal, times: &Times) {
    let refused = FromServer::Refused { session: None, place: None, refusal };
    if send(&mut socket, text(&refused), times).await {
        close(socket, CloseReason::Refused, times).await;
    }
}

/// Says why, and hears the answer.
async fn close(mut socket: WebSocket, reason: CloseReason, times: &Times) {
    let (code, sentence) = match reason {
        CloseReason::Silent => (close_code::POLICY, "nothing was claimed or knocked at for too long"),
        CloseReason::Misbehaved => (close_code::POLICY, "too many refused messages"),
        CloseReason::Slow => (close_code::AGAIN, "too slow in reading"),
        CloseReason::Refused => (close_code::AGAIN, "refused"),
        CloseReason::Stopping => (close_code::AWAY, "the server stops"),
    };
    let frame = CloseFrame { code, reason: sentence.into() };
    if send(&mut socket, Message::Close(Some(frame)), times).await {
        farewell(socket).await;
    }
}

/// Reads on for a moment: that is also what sends the answer to the other end's close frame (RFC 6455 section 5.5.1),
/// and unread bytes would make the system drop the last words.
async fn farewell(mut socket: WebSocket) {
    let _ = timeout(FAREWELL, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
}
