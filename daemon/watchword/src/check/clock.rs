//! Whether the clock is set: a board without a battery begins each time in the past.

use super::{finding::Finding, tool::ask};
use std::path::Path;

const NAME: &str = "clock";
/// Made by systemd-timesyncd once it has set the clock (systemd-timesyncd.service(8)).
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";
/// 2026-01-01: this program is not older, so a clock that is behind it is wrong.
const BEFORE: u64 = 1_767_225_600;

/// What is known of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sync {
    /// It is set by a time server.
    Yes,
    /// It is not; whether anything tries to.
    No { tries: bool },
    /// Nobody here knows.
    Unknown,
}

/// Asks whoever keeps the clock here.
pub(super) async fn look() -> Sync {
    if Path::new(SYNCHRONIZED).exists() {
        return Sync::Yes;
    }
    // The kernel's own flag, whatever program sets the clock.
    let properties = ask("timedatectl", &["show", "--property=NTPSynchronized", "--property=NTP"]).await;
    properties.map_or(Sync::Unknown, |text| parse(&text))
}

fn parse(text: &str) -> Sync {
    let is = |line| text.lines().any(|other| other == line);
    match () {
        () if is("NTPSynchronized=yes") => Sync::Yes,
        () if is("NTPSynchronized=no") => Sync::No { tries: is("NTP=yes") },
        () => Sync::Unknown,
    }
}

/// Judges it; `ending`: words that end some day, of which the clock decides.
pub(super) fn judge(sync: Sync, now: u64, ending: usize, signed_server: bool) -> Finding {
    let depends = depends(ending, signed_server);
    if now < BEFORE {
        let message = format!("The clock is wrong: it tells a time before this program was made. {depends}");
        return Finding::failed(NAME, message, SET);
    }
    match sync {
        Sync::Yes => Finding::ok(NAME, "The clock is set by a time server."),
        Sync::No { tries } => {
            let advice = if tries { "Let the board reach a time server (UDP port 123)." } else { SET };
            Finding::warning(NAME, format!("The clock is not set by a time server. {depends}"), advice)
        }
        Sync::Unknown => Finding::skipped(NAME, "Nobody here tells whether the clock is right."),
    }
}

const SET: &str = "sudo timedatectl set-ntp true, and let the board reach a time server (UDP port 123).";

fn depends(ending: usize, signed_server: bool) -> String {
    let mut things = vec!["the times of files and logs".to_owned()];
    match ending {
        0 => {}
        1 => things.push("the end of a word that does not last for ever".to_owned()),
        many => things.push(format!("the end of {many} words that do not last for ever")),
    }
    if signed_server {
        things.push("the certificate of the server".to_owned());
    }
    format!("On it depend {}.", things.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    #[test]
    fn the_systems_own_words_are_read() {
        assert_eq!(parse("NTP=yes\nNTPSynchronized=yes\n"), Sync::Yes);
        assert_eq!(parse("NTP=yes\nNTPSynchronized=no\n"), Sync::No { tries: true });
        assert_eq!(parse("NTP=no\nNTPSynchronized=no\n"), Sync::No { tries: false });
        assert_eq!(parse(""), Sync::Unknown);
    }

    #[test]
    fn a_clock_that_is_not_set_is_told_with_what_depends_on_it() {
        assert_eq!(judge(Sync::Yes, BEFORE, 1, true).state, State::Ok);
        let finding = judge(Sync::No { tries: false }, BEFORE, 2, true);
        assert_eq!(finding.state, State::Warning);
        assert!(
            finding.message.contains("2 words") && finding.message.contains("certificate"),
            "{finding:?}"
        );
        assert!(finding.advice.unwrap().contains("set-ntp"));
        let finding = judge(Sync::No { tries: true }, BEFORE, 0, false);
        assert!(!finding.message.contains("word") && finding.advice.unwrap().contains("port 123"));
        assert_eq!(judge(Sync::Yes, 1_000, 0, false).state, State::Failed);
        assert_eq!(judge(Sync::Unknown, BEFORE, 0, false).state, State::Skipped);
    }
}
