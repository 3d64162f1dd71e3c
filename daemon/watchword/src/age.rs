//! How long something took or is still to take, for people.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The two largest units, to the nearest of the second: `3h 12m`. What was just given for two hours ends in `2h`.
pub(crate) fn roughly(seconds: u64) -> String {
    let step = match seconds {
        ..HOUR => 1,
        HOUR..DAY => MINUTE,
        _ => HOUR,
    };
    let rounded = seconds.saturating_add(step / 2) / step * step;
    let text = humantime::format_duration(Duration::from_secs(rounded)).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::roughly;

    #[test]
    fn the_second_unit_is_rounded() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (3599, "59m 59s"),
            (7199, "2h"),
            (7200, "2h"),
            (11_550, "3h 13m"),
            (2 * 86_400 - 1, "2days"),
            (86_400 + 5 * 3600 + 10, "1day 5h"),
        ] {
            assert_eq!(roughly(seconds), text, "{seconds}");
        }
    }
}
