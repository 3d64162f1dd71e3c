//! Chat among the viewers of a device.

use protocol::control::{ChatMessage, MAX_NAME};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast;

/// Messages that wait for one viewer. One that is further behind misses the oldest, and is told so by nothing but
/// the gap in their numbers.
const QUEUE: usize = 64;

/// A device's chat room. Clones are handles of the same room.
#[derive(Clone)]
pub struct Room(Arc<Inner>);

struct Inner {
    /// Viewers that ever came; the next one's number.
    viewers: AtomicU64,
    /// Messages that were ever said.
    messages: AtomicU64,
    lines: broadcast::Sender<Arc<Line>>,
}

/// One message, and who said it.
struct Line {
    member: u64,
    message: ChatMessage,
}

impl Room {
    /// An empty room.
    #[must_use]
    pub fn new() -> Self {
        let (lines, _) = broadcast::channel(QUEUE);
        Self(Arc::new(Inner { viewers: AtomicU64::new(0), messages: AtomicU64::new(0), lines }))
    }

    /// Comes in; leaves by being dropped.
    #[must_use]
    pub fn enter(&self) -> Member {
        let number = self.0.viewers.fetch_add(1, Ordering::Relaxed) + 1;
        let name = Mutex::new(format!("viewer {number}"));
        Member { room: self.clone(), number, name, lines: tokio::sync::Mutex::new(self.0.lines.subscribe()) }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

/// One viewer in a [`Room`].
pub struct Member {
    room: Room,
    number: u64,
    name: Mutex<String>,
    lines: tokio::sync::Mutex<broadcast::Receiver<Arc<Line>>>,
}

/// Why a name is refused; a sentence for a person.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing to see in it.
    #[error("A name needs at least one visible character.")]
    Empty,
    /// Longer than [`MAX_NAME`].
    #[error("A name has at most {MAX_NAME} bytes.")]
    TooLong,
    /// Characters that could disturb a page or a terminal.
    #[error("A name has no control characters.")]
    Control,
}

impl Member {
    /// The display name: "viewer 2", until it was set.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the display name. It is shown to the others as text; two may have the same.
    ///
    /// # Errors
    /// When it is empty, too long or has control characters.
    pub fn rename(&self, name: &str) -> Result<(), NameError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(NameError::Control);
        }
        name.clone_into(&mut self.name.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// Says something to everyone, oneself included.
    pub fn say(&self, text: String) {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let message = ChatMessage {
            id: self.room.0.messages.fetch_add(1, Ordering::Relaxed) + 1,
            from: self.name(),
            own: false,
            reply: false,
            text,
            time_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        };
        // Fails only if nobody is there, and we are.
        let _ = self.room.0.lines.send(Arc::new(Line { member: self.number, message }));
    }

    /// The next message. Safe to cancel.
    pub async fn next(&self) -> ChatMessage {
        let mut lines = self.lines.lock().await;
        loop {
            match lines.recv().await {
                Ok(line) => {
                    let mut message = line.message.clone();
                    message.own = line.member == self.number;
                    return message;
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    log::debug!("{}: {missed} chat messages missed", self.name().escape_debug());
                }
                // The room outlives its members.
                Err(broadcast::error::RecvError::Closed) => std::future::pending::<()>().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everyone_hears_it_and_only_the_sender_owns_it() {
        let room = Room::new();
        let (one, two) = (room.enter(), room.enter());
        assert_eq!((one.name().as_str(), two.name().as_str()), ("viewer 1", "viewer 2"));
        one.rename(" Ada ").unwrap();
        one.say("hello".to_owned());
        let (mine, theirs) = (one.next().await, two.next().await);
        assert!(mine.own && !theirs.own);
        assert_eq!((theirs.id, theirs.from.as_str(), theirs.text.as_str()), (1, "Ada", "hello"));
    }

    #[tokio::test]
    async fn who_does_not_listen_misses_the_oldest_and_holds_nobody_up() {
        let room = Room::new();
        let (one, slow) = (room.enter(), room.enter());
        for index in 0..QUEUE + 10 {
            one.say(index.to_string());
        }
        assert_eq!(slow.next().await.text, "10");
    }

    #[test]
    fn names_are_bounded_text() {
        let member = Room::new().enter();
        assert_eq!(member.rename("  "), Err(NameError::Empty));
        assert_eq!(member.rename(&"a".repeat(MAX_NAME + 1)), Err(NameError::TooLong));
        assert_eq!(member.rename("a\u{1b}[2J"), Err(NameError::Control));
        assert_eq!(member.name(), "viewer 1");
        assert_eq!(member.rename("Jürgen 😀"), Ok(()));
    }
}
