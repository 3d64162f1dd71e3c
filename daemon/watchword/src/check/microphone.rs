//! The microphone: is there one, and who has it?

use super::{account::Account, account::READ, finding::Finding, holders::Holders};
use crate::config::Audio;
use media::Microphone;

const NAME: &str = "microphone";

/// Looks at the microphones without opening one; `daemon` runs, if one does.
pub(super) fn look(audio: &Audio, account: &Account, holders: &Holders, daemon: Option<i32>) -> Finding {
    judge(audio, &media::microphones(), account, holders, daemon)
}

fn judge(
    audio: &Audio,
    found: &[Microphone],
    account: &Account,
    holders: &Holders,
    daemon: Option<i32>,
) -> Finding {
    match (audio.source.as_str(), found.first()) {
        ("none", _) => Finding::ok(NAME, "There is no sound: [audio] source is \"none\"."),
        ("test", _) => Finding::ok(NAME, "Viewers hear the test tone: [audio] source is \"test\"."),
        ("auto", None) => Finding::warning(
            NAME,
            "No microphone is there: viewers hear a quiet test tone.",
            "Plug one in, or choose silence: `source = \"none\"` in [audio].",
        ),
        ("auto", Some(first)) => of(first, account, holders, daemon),
        (device, _) => match (named(device, found), hardware(device)) {
            (Some(microphone), _) => of(microphone, account, holders, daemon),
            (None, Some(_)) => missing(device, found),
            // `default` and the like: ALSA alone knows what they mean, once it opens them.
            (None, None) => Finding::skipped(
                NAME,
                format!("The configuration names {device:?}, which only opening it would try."),
            ),
        },
    }
}

/// The microphone that the configuration means, by its card's name or number.
fn named<'a>(device: &str, found: &'a [Microphone]) -> Option<&'a Microphone> {
    let by_name = found.iter().find(|microphone| microphone.device.ends_with(device_part(device)));
    by_name.or_else(|| {
        let (card, number) = hardware(device)?;
        let (name, node) = (format!("plughw:CARD={card},DEV={number}"), format!("pcmC{card}D{number}c"));
        found.iter().find(|microphone| microphone.device == name || microphone.node.ends_with(&node))
    })
}

/// Card and device of a name that means a card of this host and nothing else: `hw:1,0`, `plughw:CARD=C920`.
fn hardware(device: &str) -> Option<(&str, &str)> {
    let part = device.strip_prefix("plughw:").or_else(|| device.strip_prefix("hw:"))?;
    let mut fields = part.split(',').map(|field| field.split_once('=').map_or(field, |(_, value)| value));
    Some((fields.next()?, fields.next().unwrap_or("0")))
}

fn missing(device: &str, found: &[Microphone]) -> Finding {
    let shown: Vec<String> = found.iter().map(|there| format!("{} ({})", there.device, there.name)).collect();
    let advice = match shown.as_slice() {
        [] => {
            "Plug it in: there is no microphone now. For silence: `source = \"none\"` in [audio].".to_owned()
        }
        there => {
            format!("Plug it in, or choose another as `source` in [audio]. There are: {}.", there.join(", "))
        }
    };
    Finding::failed(NAME, format!("There is no microphone {device}: viewers hear nothing."), advice)
}

/// `CARD=C920,DEV=0` of `plughw:CARD=C920,DEV=0`.
fn device_part(device: &str) -> &str {
    device.split_once(':').map_or(device, |(_, part)| part)
}

fn of(microphone: &Microphone, account: &Account, holders: &Holders, daemon: Option<i32>) -> Finding {
    let shown = format!("{} ({})", microphone.name, microphone.device);
    if microphone.node.exists() && !account.may_use(&microphone.node, READ) {
        let message = format!("{} may not record from {shown}: viewers hear nothing of it.", account.shown());
        let advice = format!("sudo usermod -aG audio {}, then start it anew.", account.name);
        return Finding::failed(NAME, message, advice);
    }
    match holders.of(&microphone.node).iter().find(|holder| Some(holder.pid) != daemon) {
        Some(other) => Finding::warning(
            NAME,
            format!("{shown} is in use by {other}: viewers hear nothing meanwhile."),
            "Close that program, or choose another microphone: `source` in [audio].",
        ),
        None => Finding::ok(NAME, format!("{shown}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    fn judged(source: &str, found: bool, holders: &Holders) -> Finding {
        let audio = Audio { source: source.into(), ..Audio::default() };
        let microphone = Microphone {
            device: "plughw:CARD=C920,DEV=0".into(),
            name: "HD Pro Webcam C920".into(),
            node: "/dev/snd/pcmC2D0c".into(),
        };
        let found = if found { vec![microphone] } else { Vec::new() };
        judge(&audio, &found, &Account::current(), holders, Some(7))
    }

    #[test]
    fn what_viewers_hear_is_told() {
        let nobody = Holders::default();
        assert_eq!(judged("none", true, &nobody).state, State::Ok);
        assert_eq!(judged("test", true, &nobody).state, State::Ok);
        assert_eq!(judged("auto", false, &nobody).state, State::Warning);
        let finding = judged("auto", true, &nobody);
        assert_eq!(finding.message, "HD Pro Webcam C920 (plughw:CARD=C920,DEV=0).");
        assert_eq!(judged("hw:CARD=C920,DEV=0", true, &nobody).state, State::Ok);
        assert_eq!(judged("default", true, &nobody).state, State::Skipped);
        assert_eq!(judged("default:CARD=C930", true, &nobody).state, State::Skipped);
    }

    #[test]
    fn a_card_that_is_not_there_fails_with_those_that_are() {
        let nobody = Holders::default();
        for there in ["hw:2,0", "plughw:2", "hw:CARD=C920", "plughw:C920,0", "hw:2,0,0"] {
            assert_eq!(judged(there, true, &nobody).state, State::Ok, "{there}");
        }
        for missing in ["hw:9,0", "hw:2,1", "plughw:CARD=C930,DEV=0"] {
            let finding = judged(missing, true, &nobody);
            assert_eq!(finding.state, State::Failed, "{missing}");
            assert!(finding.message.contains(missing), "{finding:?}");
            assert!(finding.advice.unwrap().contains("plughw:CARD=C920,DEV=0 (HD Pro Webcam C920)"));
        }
        assert!(judged("hw:9,0", false, &nobody).advice.unwrap().contains("no microphone now"));
    }

    #[test]
    fn who_else_records_is_named() {
        let ours = Holders::of_device("/dev/snd/pcmC2D0c", "watchword", 7);
        assert_eq!(judged("auto", true, &ours).state, State::Ok);
        let other = judged("auto", true, &Holders::of_device("/dev/snd/pcmC2D0c", "arecord", 8));
        assert_eq!(other.state, State::Warning);
        assert!(other.message.contains("arecord (pid 8)"), "{other:?}");
    }
}
