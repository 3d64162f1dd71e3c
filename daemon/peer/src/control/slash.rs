//! Lines of the chat that begin with `/`: the same methods, for whoever can send no more than text.

use super::methods::Methods;
use protocol::control::{DeviceInfo, DeviceStats, RoomInfo, method};
use std::fmt::Write as _;

/// One command that may be typed.
struct Known {
    /// Its names; the first one is shown.
    names: &'static [&'static str],
    /// One line of `/help`.
    help: &'static str,
    /// The method that it stands for: its right is needed, and it is recorded.
    method: &'static str,
    run: fn(&Methods) -> String,
}

const KNOWN: [Known; 4] = [
    Known { names: &["help", "?"], help: "what can be typed here", method: method::PING, run: help },
    Known {
        names: &["who"],
        help: "who is here",
        method: method::ROOM_INFO,
        run: |methods| who(&methods.member.info()),
    },
    Known {
        names: &["status"],
        help: "how the device is",
        method: method::DEVICE_STATS,
        run: |methods| status(&methods.device.info(&methods.member.name()), &methods.stats()),
    },
    Known {
        names: &["quality"],
        help: "what picture is sent",
        method: method::DEVICE_STATS,
        run: |methods| quality(&methods.stats()),
    },
];

/// The answer to a line that begins with `/`; for its sender alone.
pub(super) fn answer(methods: &Methods, line: &str) -> String {
    let name = line.trim_start_matches('/').split_whitespace().next().unwrap_or("help");
    let Some(known) = KNOWN.iter().find(|known| known.names.contains(&name)) else {
        return "There is no command of this name; /help shows all.".to_owned();
    };
    match methods.rights.check_method(known.method) {
        Ok(()) => {
            methods.rights.record(known.method, "", Ok(()));
            (known.run)(methods)
        }
        Err(refused) => {
            methods.rights.record(known.method, "", Err(&refused));
            refused.message
        }
    }
}

fn help(methods: &Methods) -> String {
    let allowed = KNOWN.iter().filter(|known| methods.rights.check_method(known.method).is_ok());
    let lines: Vec<String> = allowed.map(|known| format!("/{}  {}", known.names[0], known.help)).collect();
    lines.join("\n")
}

fn who(room: &RoomInfo) -> String {
    let names: Vec<String> = room
        .members
        .iter()
        .map(
            |member| {
                if member.id == room.you { format!("{} (you)", member.name) } else { member.name.clone() }
            },
        )
        .collect();
    names.join("\n")
}

fn status(info: &DeviceInfo, stats: &DeviceStats) -> String {
    let DeviceStats { viewers, cpu_cores, rss, temperature, .. } = stats;
    let mut text = format!("{}, Watchword {}\n{viewers} viewers", info.name, info.version);
    let _ = write!(text, "\nprocessor {:.0} % of a core, memory {} MB", cpu_cores * 100.0, rss / 1_000_000);
    if let Some(celsius) = temperature {
        let _ = write!(text, "\n{celsius:.0} °C");
    }
    let _ = write!(text, "\nyour word allows: {}", info.grant);
    text
}

fn quality(stats: &DeviceStats) -> String {
    let DeviceStats { width, height, fps, bitrate, encoder, skipped_frames, .. } = stats;
    if *width == 0 {
        return "No picture is sent now.".to_owned();
    }
    format!(
        "{width}x{height} at {fps:.0} pictures a second, {} kbit/s, by {encoder}; you missed {skipped_frames} pictures",
        bitrate / 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Rights;
    use crate::device::{Act, Device};
    use crate::room::Room;
    use crate::tracks::sender::Sent;
    use protocol::bytes::B64;
    use protocol::grant::Grant;
    use std::sync::Arc;

    struct Board;

    impl Device for Board {
        fn info(&self, you: &str) -> DeviceInfo {
            DeviceInfo {
                name: "workshop".into(),
                version: "1.2.3".into(),
                you: you.into(),
                camera: String::new(),
                picture: String::new(),
                encoder: String::new(),
                pass: B64::default(),
                grant: self.grant(),
                expires: None,
            }
        }
        fn stats(&self) -> DeviceStats {
            DeviceStats { viewers: 2, temperature: Some(48.4), cpu_cores: 0.25, ..DeviceStats::default() }
        }
        fn grant(&self) -> Grant {
            Grant::default()
        }
        fn audit(&self, _: &Act<'_>) {}
    }

    fn methods(room: &Room) -> Methods {
        let device: Arc<dyn Device> = Arc::new(Board);
        let rights = Rights::new(device.clone());
        Methods { device, rights, member: Arc::new(room.enter()), video: Arc::new(Sent::default()) }
    }

    #[test]
    fn every_command_answers_and_help_names_them() {
        let room = Room::new();
        let methods = methods(&room);
        let help = answer(&methods, "/help");
        for known in &KNOWN {
            assert!(help.contains(&format!("/{}", known.names[0])), "{help}");
            assert!(!answer(&methods, &format!("/{} and more", known.names[0])).is_empty());
        }
        assert_eq!(answer(&methods, "/"), help);
        assert!(answer(&methods, "/format c:").contains("/help"));
    }

    #[test]
    fn answers_say_what_is() {
        let room = Room::new();
        let methods = methods(&room);
        methods.member.rename("Ada").unwrap();
        let _other = room.enter();
        assert_eq!(answer(&methods, "/who"), "Ada (you)\nviewer 2");
        let status = answer(&methods, "/status");
        for part in ["workshop", "1.2.3", "2 viewers", "25 %", "48 °C", "watch,listen,chat"] {
            assert!(status.contains(part), "{status}");
        }
        assert_eq!(answer(&methods, "/quality"), "No picture is sent now.");
    }
}
