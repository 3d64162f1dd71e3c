//! JSON-RPC 2.0: from the bytes of a stranger to a call, and back.

use super::{Answer, Call, Id, MAX_MESSAGE, Message, Outcome, RpcError, Version, code};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a message was.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    /// A request (with an id) or a notification.
    Call(Call),
    /// An answer. We ask nothing, so it is of no use.
    Answer,
    /// Neither; this is to be answered.
    Bad(Option<Id>, RpcError),
}

/// Reads one message. Batches are refused.
#[must_use]
pub fn read(bytes: &[u8], text: bool) -> Incoming {
    if !text {
        return Incoming::Bad(None, error(code::INVALID_REQUEST, "Messages here are text, not binary."));
    }
    if bytes.len() > MAX_MESSAGE {
        let message = format!("A message has at most {MAX_MESSAGE} bytes.");
        return Incoming::Bad(None, error(code::INVALID_REQUEST, &message));
    }
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return Incoming::Bad(None, error(code::PARSE, "This is not JSON."));
    };
    call(value)
}

fn call(value: Value) -> Incoming {
    let invalid = |id, message: &str| Incoming::Bad(id, error(code::INVALID_REQUEST, message));
    let Value::Object(mut object) = value else {
        return invalid(None, "A message is one JSON object; batches are not taken.");
    };
    let id = match object.remove("id") {
        None => None,
        Some(id) => match serde_json::from_value::<Id>(id) {
            Ok(id) => Some(id),
            Err(_) => return invalid(None, "An id is an integer or a string."),
        },
    };
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return invalid(id, "A message says \"jsonrpc\": \"2.0\".");
    }
    if object.contains_key("result") || object.contains_key("error") {
        return Incoming::Answer;
    }
    let Some(Value::String(method)) = object.remove("method") else {
        return invalid(id, "A call names its method.");
    };
    let params = object.remove("params").unwrap_or(Value::Null);
    if !(params.is_object() || params.is_null()) {
        return invalid(id, "Parameters are named: a JSON object.");
    }
    Incoming::Call(Call { jsonrpc: Version::V2, id, method, params })
}

/// The parameters of a call as their type; absent ones count as `{}`.
///
/// # Errors
/// [`code::INVALID_PARAMS`], with what is wrong.
pub fn params<T: DeserializeOwned>(params: Value) -> Result<T, RpcError> {
    let params = if params.is_null() { Value::Object(serde_json::Map::new()) } else { params };
    serde_json::from_value(params)
        .map_err(|wrong| error(code::INVALID_PARAMS, &format!("The parameters are wrong: {wrong}.")))
}

/// A result.
///
/// # Errors
/// [`code::INTERNAL`] if it cannot be written as JSON.
pub fn result<T: Serialize>(value: &T) -> Result<Value, RpcError> {
    serde_json::to_value(value).map_err(|_| error(code::INTERNAL, "The answer could not be written."))
}

/// An error object.
#[must_use]
pub fn error(code: i32, message: &str) -> RpcError {
    RpcError { code, message: message.to_owned(), data: None }
}

/// The text of an answer.
#[must_use]
pub fn answer(id: Option<Id>, result: Result<Value, RpcError>) -> String {
    let outcome = match result {
        Ok(value) => Outcome::Result(value),
        Err(error) => Outcome::Error(error),
    };
    text(&Message::Answer(Answer { jsonrpc: Version::V2, id, outcome }))
}

/// The text of a notification.
pub fn notification<T: Serialize>(method: &str, params: &T) -> String {
    let params = serde_json::to_value(params).unwrap_or(Value::Null);
    text(&Message::Call(Call { jsonrpc: Version::V2, id: None, method: method.to_owned(), params }))
}

fn text(message: &Message) -> String {
    // Serialising these types fails only for maps whose keys are no strings, and they have none.
    serde_json::to_string(message).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(bytes: &[u8], text: bool) -> (Option<Id>, i32) {
        match read(bytes, text) {
            Incoming::Bad(id, error) => (id, error.code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_requests_and_notifications() {
        let Incoming::Call(call) = read(br#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#, true) else {
            panic!()
        };
        assert_eq!((call.id, call.method.as_str()), (Some(Id::Number(7)), "ping"));
        let Incoming::Call(call) = read(br#"{"jsonrpc":"2.0","method":"x","params":{"a":1},"more":2}"#, true)
        else {
            panic!()
        };
        assert_eq!((call.id, call.params["a"].as_i64()), (None, Some(1)));
        assert_eq!(read(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#, true), Incoming::Answer);
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(code_of(b"\xff\x00", true), (None, code::PARSE));
        assert_eq!(code_of(b"{\"jsonrpc\"", true), (None, code::PARSE));
        assert_eq!(code_of(b"{}", false), (None, code::INVALID_REQUEST));
        assert_eq!(code_of(&vec![b' '; MAX_MESSAGE + 1], true), (None, code::INVALID_REQUEST));
        assert_eq!(code_of(b"[]", true), (None, code::INVALID_REQUEST));
        assert_eq!(code_of(br#"{"id":"a","method":"ping"}"#, true).0, Some(Id::String("a".into())));
        assert_eq!(
            code_of(br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, true),
            (None, code::INVALID_REQUEST)
        );
        assert_eq!(
            code_of(br#"{"jsonrpc":"2.0","id":1}"#, true),
            (Some(Id::Number(1)), code::INVALID_REQUEST)
        );
        assert_eq!(
            code_of(br#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}"#, true).1,
            code::INVALID_REQUEST
        );
        let deep = "[".repeat(10_000);
        assert_eq!(code_of(deep.as_bytes(), true), (None, code::PARSE));
    }

    #[test]
    fn writes_answers() {
        let ok = answer(Some(Id::Number(1)), Ok(serde_json::json!({})));
        assert_eq!(ok, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
        let bad = answer(None, Err(error(code::PARSE, "no")));
        assert_eq!(bad, r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}"#);
    }
}
