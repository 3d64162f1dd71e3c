//! The one place that says what a viewer may do.

use crate::device::{Act, Device};
use protocol::control::{RpcError, code, method};
use protocol::grant::Right;
use serde_json::Value;
use std::sync::Arc;

/// A viewer's rights, and the record of their use.
#[derive(Clone)]
pub(crate) struct Rights(Arc<dyn Device>);

/// Methods that everybody calls all the time, and that change nothing: they are not recorded.
const UNRECORDED: [&str; 8] = [
    method::PING,
    method::DEVICE_INFO,
    method::DEVICE_STATS,
    method::STATS_SUBSCRIBE,
    method::ROOM_INFO,
    method::CHAT_HISTORY,
    method::COMMAND_LIST,
    method::SESSION_BYE,
];
/// Longest text that is recorded of what an act was on, bytes.
const MAX_ON: usize = 512;

impl Rights {
    pub(crate) fn new(device: Arc<dyn Device>) -> Self {
        Self(device)
    }

    /// Whether the word allows this.
    pub(crate) fn allow(&self, right: Right) -> bool {
        self.0.grant().allows(right)
    }

    /// Whether the word allows this.
    ///
    /// # Errors
    /// [`code::NOT_GRANTED`], with the right that is missing.
    pub(crate) fn check(&self, right: Right) -> Result<(), RpcError> {
        if self.allow(right) {
            return Ok(());
        }
        let message =
            format!("Your word does not allow this: it needs the right `{right}`, which its owner can give.");
        Err(RpcError { code: code::NOT_GRANTED, message, data: Some(Value::from(right.name())) })
    }

    /// Whether the word allows calls of this method.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(crate) fn check_method(&self, name: &str) -> Result<(), RpcError> {
        method::needs(name).map_or(Ok(()), |right| self.check(right))
    }

    /// Records a call and its outcome, where it is one to be recorded.
    pub(crate) fn record(&self, name: &str, on: &str, result: Result<(), &RpcError>) {
        let refused = result.err().map(|error| error.code);
        // A stranger's method names are recorded as what they are: none.
        if UNRECORDED.contains(&name) && refused.is_none() || refused == Some(code::METHOD_NOT_FOUND) {
            return;
        }
        let cut = (0..=MAX_ON.min(on.len())).rev().find(|at| on.is_char_boundary(*at)).unwrap_or(0);
        self.0.audit(&Act { what: name, on: on.get(..cut).unwrap_or_default(), refused });
    }
}

/// What a call is on, by the parameters that name it.
pub(super) fn object(name: &str, params: &Value) -> String {
    let text = |key: &str| params.get(key).and_then(Value::as_str).unwrap_or_default();
    match name {
        method::FILES_MOVE => format!("{} -> {}", text("from"), text("to")),
        method::PROFILE_SET | method::COMMAND_RUN => text("name").to_owned(),
        method::FILES_LIST
        | method::FILES_STAT
        | method::FILES_MKDIR
        | method::FILES_REMOVE
        | method::FILES_PUT
        | method::FILES_GET => text("path").to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::control::{DeviceInfo, DeviceStats};
    use protocol::grant::Grant;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<(String, String, Option<i32>)>>);

    impl Device for Recorder {
        fn info(&self, _: &str) -> DeviceInfo {
            unreachable!()
        }
        fn stats(&self) -> DeviceStats {
            unreachable!()
        }
        fn grant(&self) -> Grant {
            Grant::default()
        }
        fn audit(&self, act: &Act<'_>) {
            self.0.lock().unwrap().push((act.what.to_owned(), act.on.to_owned(), act.refused));
        }
    }

    #[test]
    fn what_is_not_granted_is_refused_with_the_right_that_is_missing() {
        let rights = Rights::new(Arc::new(Recorder::default()));
        assert_eq!(rights.check_method(method::CHAT_SEND), Ok(()));
        assert_eq!(rights.check_method(method::PING), Ok(()));
        let error = rights.check_method(method::FILES_REMOVE).unwrap_err();
        assert_eq!((error.code, error.data), (code::NOT_GRANTED, Some(Value::from("manage"))));
        assert!(error.message.contains("`manage`"));
    }

    #[test]
    fn acts_are_recorded_in_bounds_and_pings_are_not() {
        let recorder = Arc::new(Recorder::default());
        let rights = Rights::new(recorder.clone());
        let denied = rights.check(Right::Manage).unwrap_err();
        let unknown = RpcError { code: code::METHOD_NOT_FOUND, message: String::new(), data: None };
        rights.record(method::PING, "", Ok(()));
        rights.record("made.up", "", Err(&unknown));
        rights.record(method::FILES_REMOVE, &"ä".repeat(MAX_ON), Err(&denied));
        rights.record(method::CHAT_SEND, "", Ok(()));
        let recorded = recorder.0.lock().unwrap();
        assert_eq!(
            recorded[0],
            (method::FILES_REMOVE.into(), "ä".repeat(MAX_ON / 2), Some(code::NOT_GRANTED))
        );
        assert_eq!(recorded[1], (method::CHAT_SEND.into(), String::new(), None));
        assert_eq!(recorded.len(), 2);
    }

    #[test]
    fn the_object_of_a_call_never_holds_what_was_said() {
        let params = serde_json::json!({ "text": "secret", "path": "files/a", "from": "b", "to": "c", "name": "lamp" });
        assert_eq!(object(method::CHAT_SEND, &params), "");
        assert_eq!(object(method::FILES_GET, &params), "files/a");
        assert_eq!(object(method::FILES_MOVE, &params), "b -> c");
        assert_eq!(object(method::COMMAND_RUN, &params), "lamp");
    }
}
