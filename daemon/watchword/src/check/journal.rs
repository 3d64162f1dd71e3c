//! What the service said lately, and what was denied to it.

use super::{
    finding::Finding,
    tool::{NoAnswer, ask},
    unit::UNIT,
};
use crate::{age::roughly, client::printable};
use serde::Deserialize;

const NAME: &str = "journal";
/// syslog's number of a warning (RFC 5424 section 6.2.1); smaller ones are worse.
const WARNING: u8 = 4;
/// Longest line that is shown, characters.
const SHOWN: usize = 160;
/// What the system says when it denies: EPERM, EACCES, EROFS, SIGSYS from seccomp (its number, and the kernel's own
/// record of it).
const DENIALS: [&str; 6] = [
    "Operation not permitted",
    "Permission denied",
    "Read-only file system",
    "status=31/SYS",
    "SIGSYS",
    "audit: type=1326",
];

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Seconds since the epoch.
    at: u64,
    /// 0 (worst) to 7.
    priority: u8,
    message: String,
}

/// Reads the last day of this start of the board, the kernel's denials included.
pub(super) async fn read() -> Result<Vec<Line>, NoAnswer> {
    let common = ["--boot", "--since=-24h", "--output=json", "--no-pager", "--quiet"];
    let (of_unit, of_kernel) =
        (["--unit", UNIT, "--lines=1000"], ["--dmesg", "--grep=type=1326", "--lines=20"]);
    let (unit, kernel) = ([&common[..], &of_unit].concat(), [&common[..], &of_kernel].concat());
    let (unit, kernel) = tokio::join!(ask("journalctl", &unit), ask("journalctl", &kernel));
    let mut lines: Vec<Line> = unit?.lines().filter_map(parse).collect();
    // Where nothing matches, journalctl fails: there is nothing to add then.
    let kernel = kernel.unwrap_or_default();
    lines.extend(kernel.lines().filter_map(parse).filter(|line| line.message.contains("watchword")));
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

fn parse(text: &str) -> Option<Line> {
    #[derive(Deserialize)]
    struct Entry {
        #[serde(rename = "__REALTIME_TIMESTAMP")]
        microseconds: String,
        #[serde(rename = "PRIORITY")]
        priority: Option<String>,
        // Bytes where it is no UTF-8, null where it is too long.
        #[serde(rename = "MESSAGE")]
        message: Option<serde_json::Value>,
    }
    let entry: Entry = serde_json::from_str(text).ok()?;
    Some(Line {
        at: entry.microseconds.parse::<u64>().ok()? / 1_000_000,
        priority: entry.priority.and_then(|priority| priority.parse().ok()).unwrap_or(6),
        message: entry.message?.as_str()?.to_owned(),
    })
}

/// Judges the lines; `sees_all`: this user may read every journal, so that no line means that there is none.
pub(super) fn judge(lines: &Result<Vec<Line>, NoAnswer>, now: u64, sees_all: bool) -> Vec<Finding> {
    let lines = match lines {
        Ok(lines) => lines,
        // journalctl may fail for want of rights, or show nothing.
        Err(_) if !sees_all => return vec![unseen()],
        Err(why) => return vec![Finding::skipped(NAME, format!("The journal cannot be read: {why}."))],
    };
    if lines.is_empty() && !sees_all {
        return vec![unseen()];
    }
    let (denied, rest): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.is_denial());
    let warnings: Vec<&Line> = rest.into_iter().filter(|line| line.priority <= WARNING).collect();
    let mut findings: Vec<Finding> =
        denied.last().map(|last| denial(&denied, last, now)).into_iter().collect();
    findings.extend(warnings.last().map(|last| warned(warnings.len(), last, now)));
    if findings.is_empty() {
        findings.push(Finding::ok(NAME, "The service warned of nothing in the last 24 hours."));
    }
    findings
}

fn unseen() -> Finding {
    Finding::skipped(NAME, "This user may not read the service's journal.").better_as_root()
}

impl Line {
    /// Whether the system denied something. What a viewer may not do is the owner's wish: that is in the audit's lines.
    fn is_denial(&self) -> bool {
        !self.message.starts_with("audit: {") && DENIALS.iter().any(|sign| self.message.contains(sign))
    }

    fn told(&self, now: u64) -> String {
        let mut message: String = printable(self.message.trim()).chars().take(SHOWN).collect();
        if message.chars().count() == SHOWN {
            message.push('…');
        }
        format!("{} ago: {message}", roughly(now.saturating_sub(self.at)))
    }
}

fn denial(denied: &[&Line], last: &Line, now: u64) -> Finding {
    let message =
        format!("The system denied the service something {}; {}", times(denied.len()), last.told(now));
    let command = denied.iter().any(|line| line.message.starts_with("command "));
    let advice = if command {
        "Commands have the rights and the sandbox of the service. What they may do besides goes into a drop-in: see \
         commands.conf in /usr/share/doc/watchword/examples."
    } else {
        "If it needs that, allow it in a drop-in (sudo systemctl edit watchword), or look at the owner and mode of what \
         it names."
    };
    Finding::warning(NAME, message, advice)
}

fn warned(count: usize, last: &Line, now: u64) -> Finding {
    let lines = if count == 1 {
        "The service warned once".into()
    } else {
        format!("The service warned {count} times")
    };
    let message = format!("{lines} in the last 24 hours; {}", last.told(now));
    Finding::warning(NAME, message, format!("All of it: sudo journalctl -u {UNIT} -p warning --since -24h"))
}

fn times(count: usize) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    fn line(at: u64, priority: u8, message: &str) -> String {
        serde_json::json!({
            "__REALTIME_TIMESTAMP": (at * 1_000_000).to_string(),
            "PRIORITY": priority.to_string(),
            "MESSAGE": message,
            "_PID": "812",
        })
        .to_string()
    }

    fn judged(lines: &[(u64, u8, &str)]) -> Vec<Finding> {
        let parsed =
            lines.iter().map(|(at, priority, text)| parse(&line(*at, *priority, text)).unwrap()).collect();
        judge(&Ok(parsed), 10_000, true)
    }

    #[test]
    fn a_quiet_journal_is_fine() {
        let findings = judged(&[(9_000, 6, "registered at the place garden")]);
        assert_eq!((findings.len(), findings[0].state), (1, State::Ok));
        let audit = "audit: {\"what\":\"files.get\",\"on\":\"Permission denied.txt\"}";
        assert_eq!(judged(&[(9_000, 6, audit)])[0].state, State::Ok, "a viewer's file of that name");
    }

    #[test]
    fn the_last_warning_is_shown_with_its_age_and_cannot_move_the_cursor() {
        let findings =
            judged(&[(4_000, 4, "first"), (9_940, 3, "second\u{1b}[2J"), (9_950, 6, "all is well")]);
        assert_eq!((findings.len(), findings[0].state), (1, State::Warning));
        assert!(
            findings[0].message.contains("warned 2 times") && findings[0].message.contains("1m ago: second")
        );
        assert!(!findings[0].message.contains('\u{1b}'), "{findings:?}");
    }

    #[test]
    fn what_was_denied_is_named_and_commands_are_led_to_their_drop_in() {
        for (text, part) in [
            ("Main process exited, code=dumped, status=31/SYS", "systemctl edit"),
            (
                "audit: type=1326 audit(1763740000.1:9): comm=\"v4l2src0:src\" exe=\"/usr/bin/watchword\" sig=31",
                "systemctl edit",
            ),
            (
                "command lamp: cannot start \"/usr/local/bin/lamp\": Permission denied (os error 13)",
                "commands.conf",
            ),
            (
                "command lamp ended with code 1 after it said: \"open /dev/gpiochip0: Operation not permitted\"",
                "commands.conf",
            ),
        ] {
            let findings = judged(&[(9_000, 5, text)]);
            assert_eq!((findings.len(), findings[0].state), (1, State::Warning), "{findings:?}");
            assert!(findings[0].advice.as_ref().unwrap().contains(part), "{findings:?}");
        }
    }

    #[test]
    fn who_sees_nothing_is_told_to_use_sudo() {
        let findings = judge(&Ok(Vec::new()), 0, false);
        assert_eq!(findings[0].state, State::Skipped);
        assert!(findings[0].advice.as_ref().unwrap().contains("sudo"));
        let refused = NoAnswer::Refused { program: "journalctl", said: "insufficient permissions".into() };
        assert_eq!(judge(&Err(refused), 0, false), findings);
        let findings = judge(&Err(NoAnswer::Missing("journalctl")), 0, true);
        assert!(findings[0].message.contains("journalctl is not installed"));
    }

    #[test]
    fn lines_that_are_no_text_do_no_harm() {
        assert_eq!(parse("{}"), None);
        assert_eq!(parse("{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":[1,2]}"), None);
        assert_eq!(parse("nothing"), None);
    }
}
