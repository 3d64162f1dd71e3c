//! Where the log goes: to the journal when systemd started us, else to standard error.

use crate::nearest::did_you_mean;
use anyhow::{Context as _, Result};
use log::{LevelFilter, Log, Metadata, Record};
use systemd_journal_logger::{JournalLog, connected_to_journal};

/// Libraries that warn of what is not the owner's concern (an unknown TLS extension of every browser, say).
const QUIET: [(&str, LevelFilter); 5] = [
    ("rtc", LevelFilter::Error),
    ("webrtc", LevelFilter::Error),
    ("rtc_dtls", LevelFilter::Error),
    ("rtc_mdns", LevelFilter::Off),
    ("rtc_ice", LevelFilter::Error),
];

/// Whether the log goes to the journal.
#[must_use]
pub(crate) fn to_journal() -> bool {
    connected_to_journal()
}

/// Refuses a filter that the logger would take and then not log what was meant: it reads a level that it does not know as
/// the name of a module.
pub(crate) fn check(filter: &str) -> Result<(), String> {
    let levels: Vec<String> = LevelFilter::iter().map(|level| level.as_str().to_lowercase()).collect();
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    for part in filter.split(',').map(str::trim) {
        let (module, level) =
            part.rsplit_once('=').map_or((None, part), |(module, level)| (Some(module), level));
        if module.is_some_and(|module| module.is_empty() || module.contains(['=', '/', ' ']))
            || level.parse::<LevelFilter>().is_err()
        {
            return Err(format!(
                "{filter:?} is no filter; write {} or MODULE=LEVEL, with commas between, such as \
                 \"info,watchword_peer=debug\"{}",
                levels.join(", "),
                did_you_mean(level, &levels)
            ));
        }
    }
    Ok(())
}

/// Starts logging with a filter such as `info` or `info,watchword_peer=debug`.
pub(crate) fn start(filter: &str) -> Result<()> {
    let mut builder = env_logger::Builder::new();
    for (target, level) in QUIET {
        builder.filter_module(target, level);
    }
    builder.parse_filters(filter);
    if !to_journal() {
        return builder.format_target(false).try_init().context("logging");
    }
    let filter = builder.build();
    let level = filter.filter();
    let journal = JournalLog::new()
        .context("the journal cannot be reached")?
        .with_syslog_identifier(crate::cli::NAME.into());
    log::set_boxed_logger(Box::new(Filtered { filter, journal }))?;
    log::set_max_level(level);
    Ok(())
}

/// The journal, behind the same filter as the terminal.
struct Filtered {
    filter: env_logger::Logger,
    journal: JournalLog,
}

impl Log for Filtered {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.filter.matches(record) {
            self.journal.log(record);
        }
    }

    fn flush(&self) {
        self.journal.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn filters_say_which_level_they_mean() {
        for good in ["info", "off", "DEBUG", "info,watchword_peer=debug", "rtc::ice=trace, warn"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for wrong in
            ["loud", "info,=", "info,", "", "watchword_peer=", "=info", "a=b=info", "info,a=loud", "a/b=info"]
        {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        assert!(check("inof").unwrap_err().ends_with("did you mean \"info\"?"));
    }
}
