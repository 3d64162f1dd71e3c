//! What each method does.

use super::later::Later;
use super::rights::{self, Rights};
use super::runs::Runs;
use super::{files, slash};
use crate::device::Device;
use crate::room::{Member, now_ms};
use crate::tracks::sender::Sent;
use crate::transfers::Transfers;
use ::media::Feed;
use protocol::control::{
    Call, ChatHistory, ChatMessage, ChatSend, DeviceStats, MAX_CHAT, RpcError, code, method, rpc,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Parts of the session that methods reach.
pub(crate) struct Methods {
    pub(crate) device: Arc<dyn Device>,
    pub(crate) rights: Rights,
    pub(crate) member: Arc<Member>,
    pub(crate) runs: Runs,
    pub(crate) transfers: Transfers,
    /// What the viewer may see.
    pub(crate) picture: Option<Feed>,
    /// What was sent of it.
    pub(crate) video: Arc<Sent>,
}

/// What comes of a call.
pub(super) enum Outcome {
    /// Its answer, and what it changes in the control loop.
    Now(Result<Value, RpcError>, Effect),
    /// Its answer takes a while.
    Later(Later<Result<Value, RpcError>>),
}

/// What a call changes in the control loop, beside its answer.
pub(super) enum Effect {
    Nothing,
    /// Statistics are wanted each second, or no more.
    Statistics(bool),
    /// The device answers a line of the chat, to this viewer alone.
    Reply(ChatMessage),
    /// It does so after a while.
    ReplyLater(Later<String>),
    /// The viewer says bye.
    Bye,
}

#[derive(Deserialize)]
struct Subscribe {
    on: bool,
}

#[derive(Deserialize)]
struct Profile {
    name: String,
}

impl Methods {
    /// Does what a call asks for, if the viewer's word allows it, and records it; what comes later is for the caller to
    /// record.
    pub(super) fn run(&self, call: Call) -> Outcome {
        let (name, on) = (call.method.clone(), rights::object(&call.method, &call.params));
        let outcome = match self.rights.check_method(&name) {
            Ok(()) => self.allowed(call),
            Err(refused) => Outcome::Now(Err(refused), Effect::Nothing),
        };
        if let Outcome::Now(result, _) = &outcome {
            self.rights.record(&name, &on, result.as_ref().map(|_| ()));
        }
        outcome
    }

    fn allowed(&self, call: Call) -> Outcome {
        let call = match files::answer(self, call) {
            Ok(later) => return Outcome::Later(later),
            Err(call) => call,
        };
        let mut effect = Effect::Nothing;
        let result = match call.method.as_str() {
            method::PING => Ok(json!({})),
            method::DEVICE_INFO => rpc::result(&self.device.info(&self.member.name())),
            method::DEVICE_STATS => rpc::result(&self.stats()),
            method::STATS_SUBSCRIBE => rpc::params(call.params).map(|Subscribe { on }| {
                effect = Effect::Statistics(on);
                json!({})
            }),
            method::CHAT_SEND => rpc::params(call.params).and_then(|message| {
                effect = self.say(message)?;
                Ok(json!({}))
            }),
            method::CHAT_HISTORY => rpc::params(call.params)
                .and_then(|ChatHistory { before }| rpc::result(&self.member.history(before))),
            method::COMMAND_LIST => rpc::result(&self.runs.list()),
            method::COMMAND_RUN => rpc::params(call.params)
                .and_then(|call| self.runs.start(&call, false))
                .and_then(|started| rpc::result(&started)),
            method::COMMAND_STOP => {
                rpc::params(call.params).and_then(|run| self.runs.stop(run)).map(|()| json!({}))
            }
            method::ROOM_INFO => rpc::result(&self.member.info()),
            method::PROFILE_SET => rpc::params(call.params).and_then(|profile| self.rename(&profile)),
            method::SESSION_BYE => {
                effect = Effect::Bye;
                Ok(json!({}))
            }
            _ => Err(rpc::error(code::METHOD_NOT_FOUND, "The device knows no method of this name.")),
        };
        Outcome::Now(result, effect)
    }

    /// The device's figures, with this viewer's own.
    pub(super) fn stats(&self) -> DeviceStats {
        DeviceStats { skipped_frames: self.video.skipped(), ..self.device.stats() }
    }

    fn say(&self, message: ChatSend) -> Result<Effect, RpcError> {
        if message.text.trim().is_empty() {
            return Err(rpc::error(code::INVALID_PARAMS, "There is nothing in this message."));
        }
        if message.text.len() > MAX_CHAT {
            let sentence = format!("A chat message has at most {MAX_CHAT} bytes.");
            return Err(rpc::error(code::INVALID_PARAMS, &sentence));
        }
        if message.text.starts_with('/') {
            return Ok(match slash::answer(self, &message.text) {
                slash::Answer::Now(text) => Effect::Reply(self.reply(text)),
                slash::Answer::Later(text) => Effect::ReplyLater(text),
            });
        }
        self.member.say(message.text);
        Ok(Effect::Nothing)
    }

    /// Something that the device says to this viewer alone.
    pub(super) fn reply(&self, text: String) -> ChatMessage {
        let from = self.device.info(&self.member.name()).name;
        ChatMessage { id: 0, from, own: false, reply: true, text, time_ms: now_ms() }
    }

    fn rename(&self, profile: &Profile) -> Result<Value, RpcError> {
        let renamed = self.member.rename(&profile.name);
        renamed.map(|()| json!({})).map_err(|refused| rpc::error(code::INVALID_PARAMS, &refused.to_string()))
    }
}
