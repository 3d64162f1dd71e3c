//! `watchword status`: how a device is.

use super::reaching::Reaching;
use crate::client::{Failure, Output, Session, printable};
use protocol::control::{DeviceInfo, DeviceStats, method};
use serde::Serialize;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells how a device is, and what the word allows. Opens neither its camera nor its microphone.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Status {
    /// Tells it again each second, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Prints one JSON object (with --watch: one a line)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reaching: Reaching,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Report {
    device: serde_json::Value,
    stats: DeviceStats,
}

impl Status {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let (output, watch) = (Output::new(self.json), self.watch);
        self.reaching
            .visit(async |session| {
                // A pipe that is to get a line a second gets no table before.
                if !watch || output.is_screen() {
                    let stats = session.ask(method::DEVICE_STATS, &json!({})).await?;
                    show(output, session, stats)?;
                }
                if watch { follow(output, session).await } else { Ok(()) }
            })
            .await
    }
}

fn show(output: Output, session: &Session, stats: DeviceStats) -> Result<(), Failure> {
    let info = session.info();
    let report = Report { device: told(info)?, stats };
    output.show(&report, |report| table(info, &report.stats, now()).trim_end().to_owned())
}

/// The figures of each second. A screen shows them in the same place, a pipe gets a line a second.
async fn follow(output: Output, session: &mut Session) -> Result<(), Failure> {
    let _: serde_json::Value = session.ask(method::STATS_SUBSCRIBE, &json!({ "on": true })).await?;
    loop {
        let call = session.notice().await?;
        if call.method != method::DEVICE_STATS {
            continue;
        }
        let Ok(stats) = serde_json::from_value::<DeviceStats>(call.params) else { continue };
        if output.is_screen() {
            let table = table(session.info(), &stats, now());
            // Up to the table's first line, then away with what was below (ECMA-48: CPL, ED).
            output.print(&format!("\u{1b}[{}F\u{1b}[J{table}", table.lines().count()))?;
        } else if output.is_json() {
            show(output, session, stats)?;
        } else {
            output.print(&(line(&stats) + "\n"))?;
        }
    }
}

/// What a device says of itself, without what is for this program alone.
fn told(info: &DeviceInfo) -> Result<serde_json::Value, Failure> {
    let mut value = serde_json::to_value(info).map_err(|error| Failure::Failed(error.to_string()))?;
    if let Some(fields) = value.as_object_mut() {
        fields.remove("pass");
    }
    Ok(value)
}

fn table(info: &DeviceInfo, stats: &DeviceStats, now: u64) -> String {
    let mut rows = vec![("Device", format!("{} (Watchword {})", info.name, info.version))];
    let camera = if info.camera.is_empty() { "not open".to_owned() } else { info.camera.clone() };
    rows.push(("Camera", camera));
    rows.push(("Picture", picture(stats)));
    rows.push(("Viewers", stats.viewers.to_string()));
    rows.push(("CPU", format!("{:.2} cores", stats.cpu_cores)));
    rows.push(("Memory", format!("{:.0} MB", stats.rss as f64 / 1e6)));
    if let Some(degrees) = stats.temperature {
        rows.push(("Temperature", format!("{degrees:.1} °C")));
    }
    rows.push(("Word allows", info.grant.rights().map(|right| right.name()).collect::<Vec<_>>().join(", ")));
    if let Some(expires) = info.expires {
        rows.push(("Word ends", remaining(expires.saturating_sub(now))));
    }
    rows.push(("You are", info.you.clone()));
    rows.into_iter().map(|(name, value)| format!("{name:13}{}\n", printable(&value))).collect()
}

fn picture(stats: &DeviceStats) -> String {
    if stats.width == 0 {
        return "none is encoded now".to_owned();
    }
    format!(
        "{}x{} at {:.1} fps, {}, {:.2} Mbit/s",
        stats.width,
        stats.height,
        stats.fps,
        stats.encoder,
        stats.bitrate as f64 / 1e6
    )
}

/// One second in a pipe.
fn line(stats: &DeviceStats) -> String {
    let temperature = stats.temperature.map_or(String::new(), |degrees| format!(", {degrees:.1} °C"));
    let line = format!(
        "viewers {}, {}, CPU {:.2} cores, {:.0} MB{temperature}",
        stats.viewers,
        picture(stats),
        stats.cpu_cores,
        stats.rss as f64 / 1e6
    );
    printable(&line).into_owned()
}

/// Seconds as a person says them.
fn remaining(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => "in less than a minute".to_owned(),
        (0, 0, minutes) => format!("in {minutes} min"),
        (0, hours, minutes) => format!("in {hours} h {} min", minutes % 60),
        (days, hours, _) => format!("in {days} d {} h", hours % 24),
    }
}

/// Seconds since the epoch.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{bytes::B64, grant::Grant};

    fn info() -> DeviceInfo {
        DeviceInfo {
            name: "shed\u{1b}[31m\nViewers 9".into(),
            version: "1".into(),
            you: "viewer 1".into(),
            camera: String::new(),
            picture: String::new(),
            encoder: String::new(),
            pass: B64(vec![7; 48]),
            grant: Grant::default(),
            expires: Some(10_000),
        }
    }

    #[test]
    fn the_table_has_a_row_a_line_whatever_a_device_calls_itself() {
        let stats = DeviceStats { viewers: 2, rss: 84_000_000, ..DeviceStats::default() };
        let table = table(&info(), &stats, 2_740);
        assert!(table.starts_with("Device       shed\\u{1b}[31m\\nViewers 9 (Watchword 1)\n"), "{table}");
        assert!(table.contains("\nViewers      2\n") && table.contains("\nMemory       84 MB\n"), "{table}");
        assert!(table.contains("\nWord allows  watch, listen, chat\n"), "{table}");
        assert!(table.contains("\nWord ends    in 2 h 1 min\n"), "{table}");
        assert!(!table.contains("Temperature"), "{table}");
    }

    #[test]
    fn the_pass_is_not_told() {
        let told = told(&info()).unwrap();
        assert!(told.get("pass").is_none() && told["grant"][0] == "watch", "{told}");
    }

    #[test]
    fn times_are_told_as_people_do() {
        assert_eq!(remaining(59), "in less than a minute");
        assert_eq!(remaining(60), "in 1 min");
        assert_eq!(remaining(90_061), "in 1 d 1 h");
    }
}
