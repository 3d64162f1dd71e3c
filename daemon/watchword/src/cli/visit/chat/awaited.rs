//! What is still to come back of what was said.

use protocol::control::ChatMessage;

/// Lines that were sent and not heard again: messages come back to their sender too, and commands are answered.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    messages: usize,
    replies: usize,
}

impl Awaited {
    /// A line was taken.
    pub(super) fn sent(&mut self, line: &str) {
        *(if line.starts_with('/') { &mut self.replies } else { &mut self.messages }) += 1;
    }

    /// A message came.
    pub(super) fn heard(&mut self, message: &ChatMessage) {
        if message.reply {
            self.replies = self.replies.saturating_sub(1);
        } else if message.own {
            // A device that knows no commands says such a line as any other.
            match self.messages {
                0 => self.replies = self.replies.saturating_sub(1),
                _ => self.messages -= 1,
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages == 0 && self.replies == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_replies_come_back() {
        let heard = |own, reply| ChatMessage {
            id: 1,
            from: String::new(),
            own,
            reply,
            text: String::new(),
            time_ms: 0,
        };
        let mut awaited = Awaited::default();
        assert!(awaited.is_empty());
        awaited.sent("hello");
        awaited.sent("/help");
        awaited.heard(&heard(false, false));
        awaited.heard(&heard(true, false));
        assert!(!awaited.is_empty(), "the command is not answered");
        awaited.heard(&heard(false, true));
        assert!(awaited.is_empty());
        awaited.sent("/help");
        awaited.heard(&heard(true, false));
        assert!(awaited.is_empty());
    }
}
