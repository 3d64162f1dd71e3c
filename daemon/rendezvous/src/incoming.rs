//! From text to a message.

use protocol::signal::{MAX_MESSAGE, RefusalCode, ToServer};
use serde::Deserialize;
use std::borrow::Cow;

/// The message in `text`, or the code of the refusal it earns.
pub(crate) fn parse(text: &str) -> Result<ToServer, RefusalCode> {
    if text.len() > MAX_MESSAGE {
        return Err(RefusalCode::TooLarge);
    }
    serde_json::from_str(text).map_err(|_| match serde_json::from_str::<Tagged<'_>>(text) {
        Ok(Tagged { kind }) if !KNOWN.contains(&kind.as_ref()) => RefusalCode::UnknownMessage,
        Ok(_) | Err(_) => RefusalCode::Malformed,
    })
}

/// Types of [`ToServer`].
const KNOWN: [&str; 9] = ["claim", "release", "knock", "reply", "refuse", "prove", "relay", "leave", "ping"];

#[derive(Deserialize)]
struct Tagged<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_of_what_is_no_message() {
        for (text, code) in [
            ("", RefusalCode::Malformed),
            ("{", RefusalCode::Malformed),
            ("null", RefusalCode::Malformed),
            ("[]", RefusalCode::Malformed),
            (r#"{"place":"garden"}"#, RefusalCode::Malformed),
            (r#"{"type":7}"#, RefusalCode::Malformed),
            (r#"{"type":"fly"}"#, RefusalCode::UnknownMessage),
            (r#"{"type":"Ping"}"#, RefusalCode::UnknownMessage),
            (r#"{"type":"relay","session":"s","sealed":"**"}"#, RefusalCode::Malformed),
        ] {
            assert_eq!(parse(text).unwrap_err(), code, "{text}");
        }
        assert_eq!(parse(&format!("\"{}\"", "x".repeat(MAX_MESSAGE))).unwrap_err(), RefusalCode::TooLarge);
    }

    #[test]
    fn every_known_type_is_known() {
        for kind in KNOWN {
            let code = parse(&format!(r#"{{"type":"{kind}","session":0}}"#)).err();
            assert_ne!(code, Some(RefusalCode::UnknownMessage), "{kind}");
        }
        assert_eq!(parse(r#"{"type":"ping","more":[1]}"#), Ok(ToServer::Ping));
    }

    proptest! {
        #[test]
        fn anything_is_parsed_or_refused(text in ".{0,200}") {
            let _ = parse(&text);
        }
    }
}
