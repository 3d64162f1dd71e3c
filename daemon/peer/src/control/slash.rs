//! Lines of the chat that begin with `/`: the same methods, for whoever can send no more than text.

mod listing;

use super::later::Later;
use super::methods::Methods;
use super::runs::spoken;
use protocol::control::{CommandInfo, DeviceInfo, DeviceStats, RoomInfo, method};
use std::fmt::Write as _;

/// One command that may be typed.
struct Known {
    /// Its names; the first one is shown.
    names: &'static [&'static str],
    /// One line of `/help`.
    help: &'static str,
    /// The method that it stands for: its right is needed.
    method: &'static str,
    /// Takes the words after its name.
    run: fn(&Methods, &[String]) -> Answer,
}

/// What is answered.
pub(super) enum Answer {
    Now(String),
    Later(Later<String>),
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self::Now(text)
    }
}

const KNOWN: [Known; 9] = [
    Known {
        names: &["help", "?"],
        help: "what can be typed here",
        method: method::PING,
        run: |methods, _| help(methods).into(),
    },
    Known {
        names: &["who"],
        help: "who is here",
        method: method::ROOM_INFO,
        run: |methods, _| who(&methods.member.info()).into(),
    },
    Known {
        names: &["status"],
        help: "how the device is",
        method: method::DEVICE_STATS,
        run: |methods, _| status(&methods.device.info(&methods.member.name()), &methods.stats()).into(),
    },
    Known {
        names: &["quality"],
        help: "what picture is sent",
        method: method::DEVICE_STATS,
        run: |methods, _| quality(&methods.stats()).into(),
    },
    Known {
        names: &["run"],
        help: "runs a command of the owner's: /run NAME VALUE ..., or /run alone for a list",
        method: method::COMMAND_LIST,
        run: |methods, words| run(methods, words).into(),
    },
    Known {
        names: &["ls"],
        help: "what is in a folder: /ls FOLDER, or /ls alone for the top ones",
        method: method::FILES_LIST,
        run: listing::list,
    },
    Known {
        names: &["get"],
        help: "fetches a file, on the page: /get PATH; elsewhere: watchword get PATH",
        method: method::FILES_GET,
        run: |_, _| by_the_program("/get", "get PATH"),
    },
    Known {
        names: &["put"],
        help: "sends a file, on the page, which asks for it; elsewhere: watchword send FILE",
        method: method::FILES_PUT,
        run: |_, _| by_the_program("/put", "send FILE"),
    },
    Known {
        names: &["snapshot"],
        help: "keeps the picture as it is now, on the page; elsewhere: watchword snapshot -o FILE",
        method: method::SNAPSHOT_TAKE,
        run: |_, _| by_the_program("/snapshot", "snapshot -o FILE"),
    },
];

/// The answer to a line that begins with `/`; for its sender alone.
pub(super) fn answer(methods: &Methods, line: &str) -> Answer {
    let Some(words) = shlex::split(line.trim_start_matches('/')) else {
        return "A quotation mark is open at the end of this line.".to_owned().into();
    };
    let (name, rest) = words.split_first().map_or(("help", &words[..]), |(name, rest)| (name.as_str(), rest));
    let Some(known) = KNOWN.iter().find(|known| known.names.contains(&name)) else {
        return "There is no command of this name; /help shows all.".to_owned().into();
    };
    let allowed = methods.rights.check_method(known.method);
    match allowed {
        Ok(()) => (known.run)(methods, rest),
        Err(refused) => {
            methods.rights.record(known.method, "", Err(&refused));
            refused.message.into()
        }
    }
}

/// Files do not fit into a chat: they have channels of their own, which a program opens.
fn by_the_program(name: &str, instead: &str) -> Answer {
    format!("{name} is for the page alone. Here: watchword {instead}").into()
}

fn run(methods: &Methods, words: &[String]) -> String {
    let known = methods.runs.list().commands;
    if words.is_empty() {
        return commands(&known);
    }
    let call = spoken(words, &known);
    let started = methods.runs.start(&call, true);
    methods.rights.record(method::COMMAND_RUN, &call.name, started.as_ref().map(|_| ()));
    match started {
        Ok(_) => format!("{} runs.", call.name),
        Err(error) => error.message,
    }
}

fn commands(known: &[CommandInfo]) -> String {
    if known.is_empty() {
        return "The owner has configured no commands.".to_owned();
    }
    let line = |command: &CommandInfo| {
        let args: String =
            command.args.iter().map(|argument| format!(" {}", argument.name.to_uppercase())).collect();
        format!("{}{args}  {}", command.name, command.description)
    };
    known.iter().map(line).collect::<Vec<_>>().join("\n")
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
    let s = if *viewers == 1 { "" } else { "s" };
    let mut text = format!("{}, Watchword {}\n{viewers} viewer{s}", info.name, info.version);
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
    use crate::commands::{Caller, Commands};
    use crate::control::{Rights, Runs};
    use crate::device::{Act, Device};
    use crate::files::{FilesConfig, Tree};
    use crate::room::Room;
    use crate::tracks::sender::Sent;
    use crate::transfers::{Files, Transfers};
    use crate::wire::Wire;
    use protocol::bytes::B64;
    use protocol::grant::Grant;
    use std::sync::Arc;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;
    use webrtc::runtime::TokioRuntime;

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
        let caller = Caller { label: "test".into(), session: "1".into() };
        let runs = Runs::new(Commands::new(Vec::new()).unwrap(), caller);
        let files = Files::new(Tree::open(&FilesConfig::default()).unwrap());
        let wire = Wire::new(Arc::new(TokioRuntime), TaskTracker::new(), CancellationToken::new());
        let transfers = Transfers::new(files, "test", rights.clone(), Arc::new(wire));
        Methods {
            device,
            rights,
            member: Arc::new(room.enter()),
            runs,
            transfers,
            picture: None,
            video: Arc::new(Sent::default()),
        }
    }

    fn answer(methods: &Methods, line: &str) -> String {
        match super::answer(methods, line) {
            Answer::Now(text) => text,
            Answer::Later(_) => panic!("{line} waits for something"),
        }
    }

    #[test]
    fn every_command_answers_and_help_names_them() {
        let room = Room::new();
        let methods = methods(&room);
        let help = answer(&methods, "/help");
        let rights = &methods.rights;
        for known in KNOWN.iter().filter(|known| rights.check_method(known.method).is_ok()) {
            assert!(help.contains(&format!("/{}", known.names[0])), "{help}");
            assert!(!answer(&methods, &format!("/{} and more", known.names[0])).is_empty());
        }
        assert_eq!(answer(&methods, "/"), help);
        assert!(
            !help.contains("/run") && answer(&methods, "/run").contains("`commands`"),
            "it is not granted"
        );
        assert!(!help.contains("/ls") && answer(&methods, "/ls").contains("`files`"));
        assert!(answer(&methods, "/run \"lamp").contains("quotation"));
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

    #[test]
    fn one_viewer_is_one_and_what_the_page_does_is_told_with_what_does_it_elsewhere() {
        let room = Room::new();
        let methods = methods(&room);
        let alone = DeviceStats { viewers: 1, ..DeviceStats::default() };
        assert!(status(&Board.info("you"), &alone).contains("\n1 viewer\n"));
        let watched = answer(&methods, "/snapshot");
        assert!(watched.ends_with("Here: watchword snapshot -o FILE"), "{watched}");
    }
}
