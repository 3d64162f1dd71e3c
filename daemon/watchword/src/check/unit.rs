//! The service, as systemd knows it (`systemctl show`).

use super::{
    finding::Finding,
    tool::{NoAnswer, ask},
};
use crate::age::roughly;
use std::path::Path;

const NAME: &str = "service";
/// The device's unit.
pub(super) const UNIT: &str = "watchword.service";
/// What is asked.
const PROPERTIES: &str = "LoadState,UnitFileState,ActiveState,SubState,StateChangeTimestamp,NRestarts,Result,MainPID,\
    ExecMainCode,ExecMainStatus,User,SupplementaryGroups,DevicePolicy,DeviceAllow,PrivateDevices,StateDirectory";

/// What systemd says of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    load: String,
    enabled: String,
    active: String,
    sub: String,
    result: String,
    /// Seconds since the epoch.
    since: Option<u64>,
    restarts: u32,
    /// How the main process ended last: 1 by itself, 2 and 3 by a signal (the kernel's `CLD_` codes).
    ended: u32,
    status: i32,
    pub(super) main_pid: Option<i32>,
    pub(super) user: String,
    pub(super) groups: Vec<String>,
    pub(super) sandbox: Sandbox,
}

/// Which devices the service may open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sandbox {
    /// `DevicePolicy=` or `PrivateDevices=` close all that is not allowed.
    pub(super) closed: bool,
    /// As in `DeviceAllow=`: paths, and classes such as `char-video4linux`.
    pub(super) allowed: Vec<String>,
}

/// Why nothing is known of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoUnit {
    /// Another init, or a container.
    NoSystemd,
    /// It did not answer.
    Silent(NoAnswer),
}

impl Unit {
    /// Asks systemd.
    pub(super) async fn ask(unit: &str) -> Result<Self, NoUnit> {
        // sd_booted(3)
        if !Path::new("/run/systemd/system").exists() {
            return Err(NoUnit::NoSystemd);
        }
        let property = format!("--property={PROPERTIES}");
        let text = ask("systemctl", &["show", unit, &property, "--timestamp=unix", "--no-pager"]).await;
        text.map(|text| Self::parse(&text)).map_err(NoUnit::Silent)
    }

    fn parse(text: &str) -> Self {
        let mut unit = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let word = || value.to_owned();
            match key {
                "LoadState" => unit.load = word(),
                "UnitFileState" => unit.enabled = word(),
                "ActiveState" => unit.active = word(),
                "SubState" => unit.sub = word(),
                "Result" => unit.result = word(),
                "StateChangeTimestamp" => unit.since = value.trim_start_matches('@').parse().ok(),
                "NRestarts" => unit.restarts = value.parse().unwrap_or(0),
                "ExecMainCode" => unit.ended = value.parse().unwrap_or(0),
                "ExecMainStatus" => unit.status = value.parse().unwrap_or(0),
                "MainPID" => unit.main_pid = value.parse().ok().filter(|pid| *pid > 0),
                "User" => unit.user = word(),
                "SupplementaryGroups" => unit.groups = value.split_whitespace().map(str::to_owned).collect(),
                "DevicePolicy" => unit.sandbox.closed |= value != "auto",
                "PrivateDevices" => unit.sandbox.closed |= value == "yes",
                "DeviceAllow" => unit.sandbox.allowed.extend(value.split(' ').next().map(str::to_owned)),
                _ => {}
            }
        }
        // systemd.resource-control(5): under `auto`, a first DeviceAllow= closes the rest.
        unit.sandbox.allowed.retain(|device| !device.is_empty());
        unit.sandbox.closed |= !unit.sandbox.allowed.is_empty();
        unit
    }

    /// Whether there is such a unit.
    pub(super) fn is_installed(&self) -> bool {
        !matches!(self.load.as_str(), "" | "not-found")
    }

    /// Whether it runs.
    pub(super) fn is_active(&self) -> bool {
        matches!(self.active.as_str(), "active" | "reloading")
    }

    /// How the last process ended, for people.
    fn end(&self) -> String {
        match (self.result.as_str(), self.ended) {
            ("watchdog", _) => "it hung, and the watchdog ended it".into(),
            ("oom-kill", _) => "the board had no memory left".into(),
            ("timeout", _) => "it did not start or stop in time".into(),
            ("start-limit-hit", _) => "it ended too often in a short time".into(),
            (_, 1) if self.status == 2 => "its configuration cannot be used (exit status 2)".into(),
            (_, 1) => format!("it ended with exit status {}", self.status),
            (_, 2 | 3) if self.status == 31 => "the sandbox forbade a system call (signal 31, SIGSYS)".into(),
            (_, 2 | 3) => format!("signal {} ended it", self.status),
            (result, _) => format!("systemd says: {result}"),
        }
    }

    fn judge(&self, now: u64, by_hand: Option<i32>) -> Finding {
        let look = format!("See why: sudo journalctl -u {UNIT} -n 50");
        match (self.load.as_str(), self.active.as_str(), self.sub.as_str()) {
            ("" | "not-found", ..) => Finding::skipped(NAME, not_installed(by_hand)),
            ("masked", ..) => Finding::warning(
                NAME,
                format!("{UNIT} is masked, so nothing can start it."),
                format!("sudo systemctl unmask {UNIT}"),
            ),
            (_, "failed", _) => Finding::failed(NAME, format!("{UNIT} has failed: {}.", self.end()), look),
            (_, "activating", "auto-restart") => Finding::failed(
                NAME,
                format!("{UNIT} ends again and again ({} restarts): {}.", self.restarts, self.end()),
                look,
            ),
            (_, "active" | "reloading", _) => self.judge_active(now, look),
            (_, "inactive", _) => {
                let start = format!("sudo systemctl enable --now {UNIT}");
                Finding::warning(NAME, format!("{UNIT} is installed and does not run."), start)
            }
            (_, active, sub) => Finding::warning(
                NAME,
                format!("{UNIT} is {active} ({sub}) just now."),
                "Ask again in a moment.",
            ),
        }
    }

    fn judge_active(&self, now: u64, look: String) -> Finding {
        let since = self
            .since
            .map_or_else(String::new, |since| format!(" for {}", roughly(now.saturating_sub(since))));
        if self.restarts > 0 {
            let times = if self.restarts == 1 { "once" } else { &format!("{} times", self.restarts) };
            let message = format!("{UNIT} has run{since}, and systemd had to restart it {times}.");
            return Finding::warning(NAME, message, look);
        }
        if !matches!(self.enabled.as_str(), "enabled" | "enabled-runtime" | "static" | "generated") {
            let message = format!("{UNIT} has run{since}, but does not start with the board.");
            return Finding::warning(NAME, message, format!("sudo systemctl enable {UNIT}"));
        }
        Finding::ok(NAME, format!("{UNIT} has run{since}, and starts with the board."))
    }
}

/// Judges what systemd said; `by_hand` is a daemon that somebody started himself.
pub(super) fn judge(unit: &Result<Unit, NoUnit>, now: u64, by_hand: Option<i32>) -> Finding {
    match unit {
        Ok(unit) => unit.judge(now, by_hand),
        Err(NoUnit::NoSystemd) => {
            let message = by_hand.map_or_else(
                || "No systemd runs here, so there is no service to look at.".into(),
                |pid| format!("No systemd runs here; a watchword that was started by hand does (pid {pid})."),
            );
            Finding::skipped(NAME, message)
        }
        Err(NoUnit::Silent(why)) => Finding::warning(
            NAME,
            format!("systemd cannot be asked: {why}."),
            "systemctl status watchword tells what this check could not.",
        ),
    }
}

fn not_installed(by_hand: Option<i32>) -> String {
    match by_hand {
        Some(pid) => {
            format!("Not installed as a service; a watchword that was started by hand runs (pid {pid}).")
        }
        None => "Not installed as a service, and nothing was started by hand.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    const RUNNING: &str = "Result=success\nNRestarts=0\nMainPID=812\nExecMainCode=0\nExecMainStatus=0\n\
        DevicePolicy=closed\nDeviceAllow=char-video4linux rw\nDeviceAllow=char-alsa rw\nPrivateDevices=no\nUser=watchword\n\
        SupplementaryGroups=video audio render\nLoadState=loaded\nActiveState=active\nSubState=running\n\
        UnitFileState=enabled\nStateChangeTimestamp=@1763740000\n";

    fn judged(changes: &[(&str, &str)]) -> Finding {
        let text = changes.iter().fold(RUNNING.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        Unit::parse(&text).judge(1_763_751_520, None)
    }

    #[test]
    fn a_service_that_runs_is_fine() {
        let unit = Unit::parse(RUNNING);
        assert_eq!((unit.main_pid, unit.user.as_str()), (Some(812), "watchword"));
        assert_eq!(unit.groups, ["video", "audio", "render"]);
        assert!(unit.sandbox.closed);
        assert_eq!(unit.sandbox.allowed, ["char-video4linux", "char-alsa"]);
        let finding = judged(&[]);
        assert_eq!(finding.state, State::Ok);
        assert!(finding.message.contains("for 3h 12m"), "{finding:?}");
    }

    #[test]
    fn each_state_of_a_service_has_its_sentence() {
        for (changes, state, part) in [
            (&[("LoadState=loaded", "LoadState=not-found")][..], State::Skipped, "Not installed"),
            (&[("LoadState=loaded", "LoadState=masked")], State::Warning, "masked"),
            (&[("=active", "=inactive")], State::Warning, "does not run"),
            (&[("=enabled", "=disabled")], State::Warning, "does not start with the board"),
            (&[("NRestarts=0", "NRestarts=3")], State::Warning, "3 times"),
            (
                &[("=active", "=failed"), ("Result=success", "Result=watchdog")],
                State::Failed,
                "watchdog ended it",
            ),
            (
                &[("=active", "=failed"), ("Code=0", "Code=1"), ("Status=0", "Status=2")],
                State::Failed,
                "configuration",
            ),
            (
                &[("=active", "=failed"), ("Code=0", "Code=3"), ("Status=0", "Status=31")],
                State::Failed,
                "SIGSYS",
            ),
            (
                &[("=active", "=activating"), ("=running", "=auto-restart"), ("NRestarts=0", "NRestarts=7")],
                State::Failed,
                "7 restarts",
            ),
            (&[("=active", "=deactivating")], State::Warning, "deactivating"),
        ] {
            let finding = judged(changes);
            assert_eq!(finding.state, state, "{finding:?}");
            assert!(finding.message.contains(part), "{finding:?}");
            assert_eq!(finding.advice.is_none(), state == State::Skipped, "{finding:?}");
        }
    }

    #[test]
    fn without_systemd_what_runs_by_hand_is_named() {
        let finding = judge(&Err(NoUnit::NoSystemd), 0, Some(12));
        assert_eq!(finding.state, State::Skipped);
        assert!(finding.message.contains("pid 12"), "{finding:?}");
    }
}
