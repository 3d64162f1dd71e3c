//! ALSA's capture devices, by what the kernel says of them.

use std::fs;
use std::path::PathBuf;

/// A device that sound can be recorded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Microphone {
    /// Its name for ALSA, such as `plughw:CARD=C920,DEV=0`.
    pub device: String,
    /// Its name for people.
    pub name: String,
    /// What a program that records from it has open, such as `/dev/snd/pcmC2D0c`.
    pub node: PathBuf,
}

/// The microphones of this board, the likeliest first: what records the computer's own sound comes last. None is opened.
#[must_use]
pub fn microphones() -> Vec<Microphone> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    parse(&read("/proc/asound/pcm"), &read("/proc/asound/cards"))
}

/// Reads the kernel's tables: `00-00: USB Audio : USB Audio : capture 1` and ` 0 [C920 ]: USB-Audio - HD Webcam`.
fn parse(pcms: &str, cards: &str) -> Vec<Microphone> {
    let mut found: Vec<(bool, Microphone)> = pcms.lines().filter_map(|line| entry(line, cards)).collect();
    found.sort_by_key(|(last, _)| *last);
    found.into_iter().map(|(_, microphone)| microphone).collect()
}

fn entry(line: &str, cards: &str) -> Option<(bool, Microphone)> {
    let (numbers, rest) = line.split_once(':')?;
    if !rest.split(':').any(|field| field.trim().starts_with("capture")) {
        return None;
    }
    let (card, device) = numbers.trim().split_once('-')?;
    let (card, device): (u32, u32) = (card.parse().ok()?, device.parse().ok()?);
    let (id, name) = card_name(card, cards)?;
    let own_sound = id == "Loopback" || name.to_lowercase().contains("monitor");
    // By its id, not its number: numbers change with what is plugged in first.
    let name = name.chars().filter(|letter| !letter.is_control()).take(64).collect();
    let node = format!("/dev/snd/pcmC{card}D{device}c").into();
    Some((own_sound, Microphone { device: format!("plughw:CARD={id},DEV={device}"), name, node }))
}

fn card_name(card: u32, cards: &str) -> Option<(String, String)> {
    cards.lines().find_map(|line| {
        let (number, rest) = line.split_once('[')?;
        if number.trim().parse() != Ok(card) {
            return None;
        }
        let (id, rest) = rest.split_once(']')?;
        let id = id.trim();
        let sane = !id.is_empty() && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let name = rest.split_once(" - ").map_or(rest, |(_, name)| name).trim();
        sane.then(|| (id.to_owned(), name.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARDS: &str = " 0 [Loopback       ]: Loopback - Loopback\n                      Loopback 1\n \
        1 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi\n                      vc4-hdmi\n \
        2 [C920           ]: USB-Audio - HD Pro Webcam C920\n                      HD Pro Webcam C920 at usb\n";
    const PCMS: &str = "00-00: Loopback PCM : Loopback PCM : playback 8 : capture 8\n\
        00-01: Loopback PCM : Loopback PCM : playback 8 : capture 8\n\
        01-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1\n\
        02-00: USB Audio : USB Audio : capture 1\n";

    #[test]
    fn a_real_microphone_comes_before_the_computers_own_sound() {
        let found = parse(PCMS, CARDS);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].device, "plughw:CARD=C920,DEV=0");
        assert_eq!(found[0].name, "HD Pro Webcam C920");
        assert_eq!(found[0].node, PathBuf::from("/dev/snd/pcmC2D0c"));
        assert_eq!(found[1].device, "plughw:CARD=Loopback,DEV=0");
    }

    #[test]
    fn damaged_tables_do_no_harm() {
        assert_eq!(parse("", ""), []);
        assert_eq!(parse("x\n00: capture\n00-zz: a : capture 1\n07-00: a : capture 1\n", CARDS), []);
        assert_eq!(parse("00-00: a : capture 1\n", " 0 [a,b ! device=x]: y - z\n"), []);
    }
}
