//! Samples of every message, in JSON.

use crate::{
    bytes::B64,
    control::{
        Answer, Bye, Call, ChatHistory, ChatMessage, ChatPage, ChatSend, CommandArg, CommandExit,
        CommandExited, CommandInfo, CommandList, CommandOutput, CommandRun, CommandStarted, DeviceInfo,
        DeviceStats, Id, MediaState, Message, Outcome, OutputStream, RoomChanged, RoomEvent, RoomInfo,
        RoomMember, RpcError, TrackState, Version, code, method,
    },
    grant::Grant,
    sealed::Sealed,
    signal::{FromServer, Refusal, RefusalCode, ToServer},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Messages {
    to_server: Vec<ToServer>,
    from_server: Vec<FromServer>,
    sealed: Vec<Sealed>,
    control: Vec<Message>,
}

pub(super) fn messages() -> Messages {
    Messages { to_server: to_server(), from_server: from_server(), sealed: sealed(), control: control() }
}

const HANDLE: &str = "AAECAwQFBgcICQoLDA0ODw";
const DEVICE: &str = "EBESExQVFhcYGRobHB0eHw";
const SESSION: &str = "ICEiIyQlJicoKSorLC0uLw";
const PLACE: &str = "garden";

/// Bytes of the right length, and nothing else right about them.
fn bytes(len: usize) -> B64 {
    B64((0..len).map(|n| (n % 256) as u8).collect())
}

fn refusal(code: RefusalCode, message: &str, retry_after: Option<u32>) -> Refusal {
    Refusal { code, message: message.to_owned(), retry_after }
}

fn to_server() -> Vec<ToServer> {
    let (place, session) = (PLACE.to_owned(), SESSION.to_owned());
    let claim = |token| ToServer::Claim {
        v: crate::VERSION,
        place: place.clone(),
        key: bytes(32),
        signature: bytes(64),
        token,
    };
    let knock = |pass| ToServer::Knock { v: crate::VERSION, place: place.clone(), ke1: bytes(96), pass };
    vec![
        claim(None),
        claim(Some("for my friends".to_owned())),
        ToServer::Release { place: place.clone() },
        knock(None),
        knock(Some(bytes(48))),
        ToServer::Reply { session: session.clone(), ke2: bytes(320) },
        ToServer::Refuse {
            session: session.clone(),
            refusal: refusal(
                RefusalCode::TryLater,
                "Too many wrong words: try again in 20 seconds.",
                Some(20),
            ),
        },
        ToServer::Prove { session: session.clone(), ke3: bytes(64), sealed: bytes(40) },
        ToServer::Relay { session: session.clone(), sealed: bytes(17) },
        ToServer::Leave { session },
        ToServer::Ping,
    ]
}

fn from_server() -> Vec<FromServer> {
    let (place, session) = (PLACE.to_owned(), SESSION.to_owned());
    let taken =
        refusal(RefusalCode::PlaceTaken, "This place belongs to another device: choose another one.", None);
    let welcome = |stun_port, stream| FromServer::Welcome {
        v: crate::VERSION,
        handle: HANDLE.to_owned(),
        challenge: bytes(32),
        stun_port,
        stream,
    };
    let mut messages = vec![
        welcome(None, None),
        welcome(Some(3478), None),
        welcome(Some(3478), Some(bytes(16))),
        FromServer::Claimed { place: place.clone() },
        FromServer::Lost {
            place: place.clone(),
            refusal: refusal(
                RefusalCode::Replaced,
                "Another socket of the same device took this place.",
                None,
            ),
        },
        FromServer::Knock {
            session: session.clone(),
            place: place.clone(),
            viewer: HANDLE.to_owned(),
            source: "2001:db8:1:200::/56".to_owned(),
            ke1: bytes(96),
            pass: Some(bytes(48)),
        },
        FromServer::Absent { place: place.clone() },
        FromServer::Present { place: place.clone() },
        FromServer::Reply { session: session.clone(), device: DEVICE.to_owned(), ke2: bytes(320) },
        FromServer::Prove { session: session.clone(), ke3: bytes(64), sealed: bytes(40) },
        FromServer::Relay { session: session.clone(), sealed: bytes(17) },
        FromServer::Left { session: session.clone() },
        FromServer::Refused { session: None, place: Some(place), refusal: taken },
        FromServer::Pong,
    ];
    messages.extend(CODES.map(|code| FromServer::Refused {
        session: Some(session.clone()),
        place: None,
        refusal: refusal(code, "What happened and what to do.", None),
    }));
    messages
}

const CODES: [RefusalCode; 18] = [
    RefusalCode::Malformed,
    RefusalCode::UnknownMessage,
    RefusalCode::WrongVersion,
    RefusalCode::WrongRole,
    RefusalCode::TooLarge,
    RefusalCode::TooFast,
    RefusalCode::TooManySockets,
    RefusalCode::TooManyKnocks,
    RefusalCode::TooManySessions,
    RefusalCode::TooManyPlaces,
    RefusalCode::BadPlace,
    RefusalCode::PlaceTaken,
    RefusalCode::BadClaim,
    RefusalCode::NoSession,
    RefusalCode::TryLater,
    RefusalCode::ProofFailed,
    RefusalCode::Unavailable,
    RefusalCode::Replaced,
];

fn sealed() -> Vec<Sealed> {
    let sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n".to_owned();
    let candidate = "candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host".to_owned();
    vec![
        Sealed::Offer { sdp: sdp.clone() },
        Sealed::Answer { sdp },
        Sealed::Candidate {
            candidate: candidate.clone(),
            sdp_mid: Some("0".to_owned()),
            sdp_m_line_index: Some(0),
        },
        Sealed::Candidate { candidate, sdp_mid: None, sdp_m_line_index: None },
        Sealed::EndOfCandidates,
        Sealed::Error {
            message: "The offer asks for no video: ask for it with a recvonly section.".to_owned(),
        },
    ]
}

fn control() -> Vec<Message> {
    let mut messages = calls();
    messages.extend(notifications());
    messages.extend(answers());
    messages
}

fn call(id: Option<Id>, method: &str, params: Value) -> Message {
    Message::Call(Call { jsonrpc: Version::V2, id, method: method.to_owned(), params })
}

fn value<T: Serialize>(of: T) -> Value {
    serde_json::to_value(of).unwrap()
}

fn calls() -> Vec<Message> {
    let number = |n| Some(Id::Number(n));
    vec![
        call(number(1), method::PING, Value::Null),
        call(Some(Id::String("a".to_owned())), method::PING, json!({})),
        call(number(2), method::DEVICE_INFO, json!({})),
        call(number(3), method::STATS_SUBSCRIBE, json!({ "on": true })),
        call(number(4), method::DEVICE_STATS, json!({})),
        call(number(5), method::CHAT_SEND, value(ChatSend { text: "Good morning \u{1F98A}".to_owned() })),
        call(number(6), method::PROFILE_SET, json!({ "name": "Ada" })),
        call(number(7), method::CHAT_HISTORY, value(ChatHistory { before: Some(7) })),
        call(number(8), method::CHAT_HISTORY, value(ChatHistory { before: None })),
        call(number(10), method::ROOM_INFO, json!({})),
        call(number(11), method::COMMAND_LIST, json!({})),
        call(number(12), method::COMMAND_RUN, value(run())),
        call(number(13), method::COMMAND_STOP, value(CommandStarted { run: 4 })),
    ]
}

fn chat() -> ChatMessage {
    ChatMessage {
        id: 7,
        from: "viewer 2".to_owned(),
        own: false,
        reply: false,
        text: "<b>text</b>, not markup".to_owned(),
        time_ms: 1_795_000_000_123,
    }
}

fn member() -> RoomMember {
    RoomMember { id: 2, name: "Ada".to_owned(), since_ms: 1_795_000_000_000 }
}

fn run() -> CommandRun {
    CommandRun { name: "lamp".to_owned(), args: [("state".to_owned(), "on".to_owned())].into() }
}

fn lamp() -> CommandList {
    let state = CommandArg {
        name: "state".to_owned(),
        pattern: "on|off".to_owned(),
        choices: vec!["on".to_owned(), "off".to_owned()],
    };
    let level =
        CommandArg { name: "level".to_owned(), pattern: "[0-9]{1,3}".to_owned(), choices: Vec::new() };
    let (label, description) = ("Lamp".to_owned(), "Switches the lamp.".to_owned());
    CommandList {
        commands: vec![CommandInfo { name: "lamp".to_owned(), label, description, args: vec![state, level] }],
    }
}

fn exits() -> Vec<Message> {
    let exits = [
        CommandExit::Code { code: 1 },
        CommandExit::Signal { signal: 9 },
        CommandExit::TimedOut,
        CommandExit::Stopped,
    ];
    let exited = |exit| value(CommandExited { run: 4, exit, dropped: 0 });
    exits.map(|exit| call(None, method::COMMAND_EXITED, exited(exit))).into()
}

fn notifications() -> Vec<Message> {
    let mut messages = of_the_session();
    let output = CommandOutput { run: 4, stream: OutputStream::Stderr, text: "a warning\n".to_owned() };
    messages.push(call(None, method::COMMAND_OUTPUT, value(output)));
    messages.extend(exits());
    messages
}

fn of_the_session() -> Vec<Message> {
    let waiting = TrackState::Waiting { message: "The camera is unplugged: plug it in again.".to_owned() };
    let media = |video, audio| call(None, method::MEDIA_STATE, value(MediaState { video, audio }));
    vec![
        call(None, method::DEVICE_STATS, value(stats())),
        call(None, method::CHAT_MESSAGE, value(chat())),
        call(None, method::ROOM_CHANGED, value(RoomChanged { event: RoomEvent::Renamed, member: member() })),
        media(TrackState::Starting, TrackState::None),
        media(TrackState::Live, TrackState::Live),
        media(TrackState::NoCodec, waiting),
        call(
            None,
            method::SESSION_BYE,
            value(Bye { reason: "The device restarts.".to_owned(), again: true }),
        ),
    ]
}

fn answers() -> Vec<Message> {
    let answer = |id, outcome| Message::Answer(Answer { jsonrpc: Version::V2, id, outcome });
    let info = DeviceInfo {
        name: "workshop".to_owned(),
        version: "0.1.0".to_owned(),
        you: "viewer 2".to_owned(),
        camera: "USB Camera".to_owned(),
        picture: "1280x720 at 30 fps".to_owned(),
        encoder: "x264enc".to_owned(),
        pass: bytes(48),
        grant: Grant::default(),
        expires: Some(1_795_003_600),
    };
    let error =
        |code, message: &str| Outcome::Error(RpcError { code, message: message.to_owned(), data: None });
    vec![
        answer(Some(Id::Number(1)), Outcome::Result(json!({}))),
        answer(Some(Id::Number(2)), Outcome::Result(value(info))),
        answer(Some(Id::Number(4)), Outcome::Result(value(stats()))),
        answer(Some(Id::Number(7)), Outcome::Result(value(ChatPage { messages: vec![chat()], more: true }))),
        answer(Some(Id::Number(11)), Outcome::Result(value(lamp()))),
        answer(Some(Id::Number(12)), Outcome::Result(value(CommandStarted { run: 4 }))),
        answer(Some(Id::Number(10)), Outcome::Result(value(RoomInfo { you: 2, members: vec![member()] }))),
        answer(Some(Id::Number(9)), error(code::METHOD_NOT_FOUND, "There is no method of this name.")),
        answer(None, error(code::PARSE, "The message is not JSON: send one object.")),
    ]
}

fn stats() -> DeviceStats {
    DeviceStats {
        time_ms: 1_795_000_000_123,
        viewers: 2,
        encoders: 1,
        encoder: "x264enc".to_owned(),
        width: 1280,
        height: 720,
        fps: 29.5,
        bitrate: 1_998_000,
        key_frames: 3,
        cpu_cores: 0.25,
        rss: 41_943_040,
        temperature: Some(48.5),
        skipped_frames: 0,
    }
}

/// Every `tag` that the type knows, in serde's own words: a message added to the wire has to be added here.
fn known<T: DeserializeOwned + std::fmt::Debug>(tag: &str) -> Vec<String> {
    let error = serde_json::from_value::<T>(json!({ tag: "?" })).unwrap_err().to_string();
    let (_, names) = error.split_once("expected one of ").unwrap();
    names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

fn tags<T: Serialize>(messages: &[T], tag: &str) -> std::collections::BTreeSet<String> {
    messages.iter().map(|message| value(message)[tag].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_message_has_a_sample() {
    let all = messages();
    assert_eq!(tags(&all.to_server, "type"), known::<ToServer>("type").into_iter().collect());
    assert_eq!(tags(&all.from_server, "type"), known::<FromServer>("type").into_iter().collect());
    assert_eq!(tags(&all.sealed, "kind"), known::<Sealed>("kind").into_iter().collect());
    let codes = serde_json::from_value::<RefusalCode>(json!("?")).unwrap_err().to_string();
    CODES.iter().for_each(|code| assert!(codes.contains(&format!("`{}`", value(code).as_str().unwrap()))));
    assert_eq!(codes.matches('`').count(), 2 * (CODES.len() + 1));
}

#[test]
fn the_page_on_the_wire_names_every_message() {
    let page = include_str!("../../../../docs/protocol.md");
    let all = messages();
    let mut names = tags(&all.to_server, "type");
    names.extend(tags(&all.from_server, "type"));
    names.extend(tags(&all.sealed, "kind"));
    names.extend(CODES.map(|code| value(code).as_str().unwrap().to_owned()));
    names.extend(all.control.iter().filter_map(|message| match message {
        Message::Call(call) => Some(call.method.clone()),
        Message::Answer(_) => None,
    }));
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "docs/protocol.md does not name `{name}`");
    }
}
