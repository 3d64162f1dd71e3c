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
        (device, _) => match found.iter().find(|microphone| microphone.device.ends_with(device_part(device)))
        {
            Some(microphone) => of(microphone, account, holders, daemon),
            // `default`, `hw:1,0` and the like: ALSA alone knows what they mean, once it opens them.
            None => Finding::skipped(
                NAME,
                format!("The configuration names {device:?}, which only opening it would try."),
            ),
        },
    }
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
            node: "/dev/snd/none-such".into(),
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
    }

    #[test]
    fn who_else_records_is_named() {
        let ours = Holders::of_device("/dev/snd/none-such", "watchword", 7);
        assert_eq!(judged("auto", true, &ours).state, State::Ok);
        let other = judged("auto", true, &Holders::of_device("/dev/snd/none-such", "arecord", 8));
        assert_eq!(other.state, State::Warning);
        assert!(other.message.contains("arecord (pid 8)"), "{other:?}");
    }
}
