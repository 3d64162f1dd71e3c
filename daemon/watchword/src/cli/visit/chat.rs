//! `watchword chat`: lines in, messages out.

mod awaited;
mod lines;

use super::reaching::Reaching;
use crate::client::{Failure, Output, Session, printable, remark};
use awaited::Awaited;
use peer::viewer::CallError;
use protocol::{
    control::{Call, ChatMessage, ChatSend, RoomChanged, RoomEvent, RoomInfo, code, method},
    grant::Right,
};
use serde_json::json;
use std::time::Duration;
use tokio::{sync::mpsc, time};

/// A device that hears too much at once is asked again after this time.
const BREATH: Duration = Duration::from_secs(1);
/// How often a line is offered to a device that hears too much.
const TRIES: u32 = 5;
/// After the last line: how long what answers it may take.
const ANSWERS: Duration = Duration::from_secs(10);

/// Sends what is typed, a message a line, and prints what others say. Ends at the end of the input (Ctrl-D), when all
/// was answered. A line that begins with `/` is a command for the device; `/help` tells which there are.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Chat {
    /// The name that the others see
    #[arg(long)]
    name: Option<String>,
    /// Prints one JSON object a message
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reaching: Reaching,
}

/// One chat under way.
struct Talk<'a> {
    session: &'a mut Session,
    output: Output,
    /// This visit's number in the room.
    own: u64,
    awaited: Awaited,
    /// A line was not taken.
    refused: Option<String>,
}

impl Chat {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let (output, name) = (Output::new(self.json), self.name);
        self.reaching
            .visit(async |session| {
                session.needs(Right::Chat)?;
                if let Some(name) = &name {
                    let _: serde_json::Value =
                        session.ask(method::PROFILE_SET, &json!({ "name": name })).await?;
                }
                let RoomInfo { you: own, .. } = session.ask(method::ROOM_INFO, &json!({})).await?;
                if output.is_screen() {
                    let info = session.info();
                    let you = name.as_ref().unwrap_or(&info.you);
                    remark(&format!("you are {} at {}; Ctrl-D ends", printable(you), printable(&info.name)));
                }
                Talk { session, output, own, awaited: Awaited::default(), refused: None }.run().await
            })
            .await
    }
}

impl Talk<'_> {
    async fn run(mut self) -> Result<(), Failure> {
        let mut lines = lines::read();
        self.talk(&mut lines).await?;
        let answers = async {
            while !self.awaited.is_empty() {
                let call = self.session.notice().await?;
                self.hear(call)?;
            }
            Ok::<(), Failure>(())
        };
        // What a slow reader misses never comes back to it: that is no reason to stay for ever.
        time::timeout(ANSWERS, answers).await.unwrap_or(Ok(()))?;
        match self.refused {
            None => Ok(()),
            Some(sentence) => Err(Failure::Failed(sentence)),
        }
    }

    /// Until the end of the input.
    async fn talk(&mut self, lines: &mut mpsc::Receiver<std::io::Result<String>>) -> Result<(), Failure> {
        loop {
            tokio::select! {
                line = lines.recv() => match line {
                    Some(Ok(line)) => self.say(line).await?,
                    Some(Err(error)) => return Err(Failure::Failed(format!("the input cannot be read: {error}"))),
                    None => return Ok(()),
                },
                call = self.session.notice() => self.hear(call?)?,
            }
        }
    }

    /// Sends a line. One that the device does not take is told, and the chat goes on.
    async fn say(&mut self, line: String) -> Result<(), Failure> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let message = ChatSend { text: line };
        for _ in 1..TRIES {
            match self.session.call(method::CHAT_SEND, &message).await {
                Err(CallError::Refused(refusal)) if refusal.code == code::TOO_FAST => self.breathe().await?,
                done => return self.said(&message.text, done).await,
            }
        }
        let done = self.session.call(method::CHAT_SEND, &message).await;
        self.said(&message.text, done).await
    }

    async fn said(&mut self, line: &str, done: Result<(), CallError>) -> Result<(), Failure> {
        match done {
            Ok(()) => {
                self.awaited.sent(line);
                Ok(())
            }
            Err(CallError::Refused(refusal)) if refusal.code != code::NOT_GRANTED => {
                let sentence = printable(&refusal.message).into_owned();
                remark(&sentence);
                self.refused = Some(format!("not every line was taken: {sentence}"));
                Ok(())
            }
            Err(CallError::Ended) => {
                Err(self.session.ended("the connection to the device broke".into()).await)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Listens for a moment.
    async fn breathe(&mut self) -> Result<(), Failure> {
        let until = time::Instant::now() + BREATH;
        while let Ok(call) = time::timeout_at(until, self.session.notice()).await {
            self.hear(call?)?;
        }
        Ok(())
    }

    fn hear(&mut self, call: Call) -> Result<(), Failure> {
        match call.method.as_str() {
            method::CHAT_MESSAGE => match serde_json::from_value::<ChatMessage>(call.params) {
                Ok(message) => {
                    self.awaited.heard(&message);
                    // On a screen it stands there already, as it was typed.
                    if message.own && self.output.is_screen() && !message.reply {
                        return Ok(());
                    }
                    self.output.show(&message, shown)
                }
                Err(_) => Ok(()),
            },
            method::ROOM_CHANGED => match serde_json::from_value::<RoomChanged>(call.params) {
                // That one's own name is new is no news.
                Ok(change) if change.member.id == self.own => Ok(()),
                Ok(change) => self.output.show(&change, changed),
                Err(_) => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// `name: text`; further lines of one message are indented, so that none looks like another's.
fn shown(message: &ChatMessage) -> String {
    let mut lines = message.text.lines().map(printable);
    let first = lines.next().unwrap_or_default();
    let first =
        if message.reply { first.into_owned() } else { format!("{}: {first}", printable(&message.from)) };
    lines.fold(first, |text, line| text + "\n    " + &line)
}

fn changed(change: &RoomChanged) -> String {
    let event = match change.event {
        RoomEvent::Joined => "is here",
        RoomEvent::Left => "has left",
        RoomEvent::Renamed => "is the new name of somebody here",
    };
    format!("* {} {event}", printable(&change.member.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::control::RoomMember;

    fn message(from: &str, text: &str) -> ChatMessage {
        ChatMessage { id: 1, from: from.into(), own: false, reply: false, text: text.into(), time_ms: 0 }
    }

    #[test]
    fn nobody_speaks_for_another() {
        assert_eq!(shown(&message("Ada", "hello")), "Ada: hello");
        assert_eq!(shown(&message("Ada", "hi\nBob: hello")), "Ada: hi\n    Bob: hello");
        assert_eq!(shown(&message("Ada\nBob", "\u{1b}[1Ax\rBob: y")), "Ada\\nBob: \\u{1b}[1Ax\\rBob: y");
        let reply = ChatMessage { reply: true, ..message("", "one\ntwo") };
        assert_eq!(shown(&reply), "one\n    two");
    }

    #[test]
    fn who_comes_and_goes_is_told() {
        let member = RoomMember { id: 1, name: "Ada\u{7}".into(), since_ms: 0 };
        let change = RoomChanged { event: RoomEvent::Left, member };
        assert_eq!(changed(&change), "* Ada\\u{7} has left");
    }
}
