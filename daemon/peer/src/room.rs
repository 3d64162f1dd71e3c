//! The room of a device: who is here, and what is said.

mod history;
mod name;

pub use name::NameError;

use history::History;
use protocol::control::{ChatMessage, ChatPage, RoomChanged, RoomEvent, RoomInfo, RoomMember};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast;

/// News that wait for one viewer. One that is further behind misses the oldest of them; of messages it can ask for the
/// history.
const QUEUE: usize = 64;
/// Members that [`RoomInfo`] tells.
const TOLD: usize = 256;

/// A device's room. Clones are handles of the same room.
#[derive(Clone)]
pub struct Room(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    news: broadcast::Sender<Arc<Heard>>,
}

/// All that is known of the room.
#[derive(Default)]
struct State {
    /// Viewers that ever came; the next one's number.
    viewers: u64,
    here: BTreeMap<u64, RoomMember>,
    history: History,
}

/// What happened, and by whom.
struct Heard {
    member: u64,
    news: News,
}

/// What a member hears.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// Somebody said something.
    Message(ChatMessage),
    /// Somebody came, went, or has another name.
    Changed(RoomChanged),
}

impl Room {
    /// An empty room.
    #[must_use]
    pub fn new() -> Self {
        let (news, _) = broadcast::channel(QUEUE);
        Self(Arc::new(Inner { state: Mutex::default(), news }))
    }

    /// Comes in; leaves by being dropped.
    #[must_use]
    pub fn enter(&self) -> Member {
        // Subscribed first: nobody hears of its own coming, and nothing after it is missed.
        let news = self.0.news.subscribe();
        let mut state = self.state();
        state.viewers += 1;
        let id = state.viewers;
        let member = RoomMember { id, name: format!("viewer {id}"), since_ms: now_ms() };
        state.here.insert(id, member.clone());
        drop(state);
        self.tell(id, News::Changed(RoomChanged { event: RoomEvent::Joined, member }));
        Member { room: self.clone(), id, news: tokio::sync::Mutex::new(news) }
    }

    /// Says something to everyone as the device itself.
    pub fn say(&self, device: &str, text: String) {
        let message = self.state().history.keep(device.to_owned(), text, now_ms());
        self.tell(0, News::Message(message));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, member: u64, news: News) {
        // Fails only if nobody is there.
        let _ = self.0.news.send(Arc::new(Heard { member, news }));
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
    id: u64,
    news: tokio::sync::Mutex<broadcast::Receiver<Arc<Heard>>>,
}

impl Member {
    /// The number of this visit; never used again.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The display name: "viewer 2", until it was set.
    #[must_use]
    pub fn name(&self) -> String {
        self.room.state().here.get(&self.id).map_or_else(String::new, |member| member.name.clone())
    }

    /// Sets the display name. It is shown to the others as text; two may have the same.
    ///
    /// # Errors
    /// When it is empty, too long or has control characters.
    pub fn rename(&self, name: &str) -> Result<(), NameError> {
        let name = name::check(name)?;
        let mut state = self.room.state();
        let Some(member) = state.here.get_mut(&self.id).filter(|member| member.name != name) else {
            return Ok(());
        };
        name.clone_into(&mut member.name);
        let member = member.clone();
        drop(state);
        self.room.tell(self.id, News::Changed(RoomChanged { event: RoomEvent::Renamed, member }));
        Ok(())
    }

    /// Says something to everyone, oneself included.
    pub fn say(&self, text: String) {
        let name = self.name();
        let message = self.room.state().history.keep(name, text, now_ms());
        self.room.tell(self.id, News::Message(message));
    }

    /// The messages before the one with this number (`None`: the newest), as far as they are kept and fit.
    #[must_use]
    pub fn history(&self, before: Option<u64>) -> ChatPage {
        self.room.state().history.page(before)
    }

    /// Who is here.
    #[must_use]
    pub fn info(&self) -> RoomInfo {
        let state = self.room.state();
        RoomInfo { you: self.id, members: state.here.values().take(TOLD).cloned().collect() }
    }

    /// The next that happens. Safe to cancel.
    pub async fn next(&self) -> News {
        let mut news = self.news.lock().await;
        loop {
            match news.recv().await {
                // One's own coming is no news.
                Ok(heard) if self.is_own_coming(&heard) => {}
                Ok(heard) => return self.as_heard_here(&heard),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    log::debug!("{}: {missed} news of the room missed", self.name().escape_debug());
                }
                // The room outlives its members.
                Err(broadcast::error::RecvError::Closed) => std::future::pending::<()>().await,
            }
        }
    }

    fn is_own_coming(&self, heard: &Heard) -> bool {
        heard.member == self.id
            && matches!(&heard.news, News::Changed(RoomChanged { event: RoomEvent::Joined, .. }))
    }

    fn as_heard_here(&self, heard: &Heard) -> News {
        let mut news = heard.news.clone();
        if let News::Message(message) = &mut news {
            message.own = heard.member == self.id;
        }
        news
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let left = self.room.state().here.remove(&self.id);
        if let Some(member) = left {
            self.room.tell(self.id, News::Changed(RoomChanged { event: RoomEvent::Left, member }));
        }
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn message(member: &Member) -> ChatMessage {
        loop {
            if let News::Message(message) = member.next().await {
                return message;
            }
        }
    }

    #[tokio::test]
    async fn everyone_hears_it_and_only_the_sender_owns_it() {
        let room = Room::new();
        let (one, two) = (room.enter(), room.enter());
        assert_eq!((one.name().as_str(), two.name().as_str()), ("viewer 1", "viewer 2"));
        one.rename(" Ada ").unwrap();
        one.say("hello".to_owned());
        let (mine, theirs) = (message(&one).await, message(&two).await);
        assert!(mine.own && !theirs.own);
        assert_eq!((theirs.id, theirs.from.as_str(), theirs.text.as_str()), (1, "Ada", "hello"));
    }

    #[tokio::test]
    async fn coming_going_and_names_are_told_to_the_others() {
        let room = Room::new();
        let one = room.enter();
        let two = room.enter();
        let changed = async || match one.next().await {
            News::Changed(RoomChanged { event, member }) => (event, member.id, member.name),
            News::Message(message) => panic!("{message:?}"),
        };
        assert_eq!(changed().await, (RoomEvent::Joined, 2, "viewer 2".to_owned()));
        two.rename("Ben").unwrap();
        two.rename("Ben").unwrap();
        assert_eq!(changed().await, (RoomEvent::Renamed, 2, "Ben".to_owned()));
        assert_eq!(one.info().you, 1);
        assert_eq!(one.info().members.len(), 2);
        drop(two);
        assert_eq!(changed().await, (RoomEvent::Left, 2, "Ben".to_owned()));
        assert_eq!(one.info().members.len(), 1);
        assert_eq!(room.enter().id(), 3, "a number is never used again");
    }

    #[tokio::test]
    async fn who_does_not_listen_misses_the_oldest_and_holds_nobody_up() {
        let room = Room::new();
        let (one, slow) = (room.enter(), room.enter());
        for index in 0..QUEUE + 10 {
            one.say(index.to_string());
        }
        assert_eq!(message(&slow).await.text, "10");
    }

    #[test]
    fn a_newcomer_finds_what_was_said_before() {
        let room = Room::new();
        room.enter().say("first".to_owned());
        room.say("the device", "second".to_owned());
        let page = room.enter().history(None);
        let said: Vec<_> = page.messages.iter().map(|said| (said.id, said.text.as_str())).collect();
        assert_eq!(said, [(1, "first"), (2, "second")]);
        assert!(!page.more);
    }
}
