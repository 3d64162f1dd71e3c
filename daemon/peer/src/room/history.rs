//! What was said last.

use protocol::control::{ChatMessage, ChatPage};
use std::collections::VecDeque;

/// Messages kept, in memory only.
const KEPT: usize = 200;
/// Most bytes of one page as JSON: it stays one control message.
const PAGE_BYTES: usize = 48 * 1024;

/// The newest messages, and the number of the next.
#[derive(Debug, Default)]
pub(super) struct History {
    said: u64,
    messages: VecDeque<ChatMessage>,
}

impl History {
    /// Numbers a message and keeps it; the oldest goes.
    pub(super) fn keep(&mut self, from: String, text: String, time_ms: u64) -> ChatMessage {
        self.said += 1;
        let message = ChatMessage { id: self.said, from, own: false, reply: false, text, time_ms };
        if self.messages.len() == KEPT {
            self.messages.pop_front();
        }
        self.messages.push_back(message.clone());
        message
    }

    /// The newest messages before `before` that fit into one answer, oldest first.
    pub(super) fn page(&self, before: Option<u64>) -> ChatPage {
        let older = |message: &&ChatMessage| before.is_none_or(|before| message.id < before);
        let mut candidates = self.messages.iter().rev().filter(older).peekable();
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while let Some(message) = candidates.peek() {
            // As it is sent: a character may take six bytes there.
            bytes += serde_json::to_string(message).map_or(PAGE_BYTES, |json| json.len() + 1);
            if bytes > PAGE_BYTES && !messages.is_empty() {
                break;
            }
            messages.extend(candidates.next().cloned());
        }
        messages.reverse();
        ChatPage { messages, more: candidates.next().is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::control::{MAX_CHAT, MAX_MESSAGE};

    #[test]
    fn the_oldest_goes_and_numbers_go_on() {
        let mut history = History::default();
        for n in 1..=KEPT + 5 {
            history.keep("a".to_owned(), n.to_string(), 0);
        }
        let page = history.page(None);
        assert_eq!((page.messages.len(), page.more), (KEPT, false));
        assert_eq!((page.messages[0].id, page.messages[KEPT - 1].id), (6, 205));
    }

    #[test]
    fn pages_fit_into_a_message_and_lead_to_the_first() {
        let mut history = History::default();
        for _ in 0..KEPT {
            history.keep("\"".repeat(64), "\u{1}".repeat(MAX_CHAT), u64::MAX);
        }
        let (mut before, mut ids) = (None, Vec::new());
        loop {
            let page = history.page(before);
            assert!(serde_json::to_string(&page).unwrap().len() < MAX_MESSAGE - 1_000);
            ids.splice(0..0, page.messages.iter().map(|message| message.id));
            before = page.messages.first().map(|message| message.id);
            if !page.more {
                break;
            }
        }
        assert_eq!(ids, (1..=KEPT as u64).collect::<Vec<_>>());
    }
}
