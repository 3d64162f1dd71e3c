//! Times as people say them.

use std::time::Duration;

/// `3h 12m`: the two largest units say enough.
pub(super) fn roughly(seconds: u64) -> String {
    let text = humantime::format_duration(Duration::from_secs(seconds)).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}
