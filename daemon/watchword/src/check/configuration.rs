//! The configuration: which file it is, and whether it can be used.

use super::finding::Finding;
use crate::config::{Config, ConfigError};
use std::{io::ErrorKind, path::Path};

const NAME: &str = "config";
/// Where the package puts the example.
const PACKAGED: &str = "/usr/share/doc/watchword/examples/config.toml";

/// Judges what came of reading it; `file`: which one, if there is one.
pub(super) fn judge(config: &Result<Config, ConfigError>, file: Option<&Path>) -> Finding {
    match (config, file) {
        (Ok(_), Some(file)) => Finding::ok(NAME, format!("{} is valid.", file.display())),
        (Ok(_), None) => Finding::ok(NAME, "There is no configuration file: the defaults are used."),
        (Err(error), _) if forbidden(error) => {
            Finding::skipped(NAME, format!("{}.", capitalised(&error.to_string()))).better_as_root()
        }
        (Err(error @ ConfigError::Read { .. }), _) => {
            Finding::failed(NAME, format!("{}.", capitalised(&error.to_string())), "Is the path right?")
        }
        (Err(error @ ConfigError::Wrong { .. }), _) => Finding::failed(
            NAME,
            ended(error.to_string()),
            format!("Correct it: the device does not start. {} names every key.", example()),
        ),
    }
}

/// The example that is here.
fn example() -> &'static str {
    if Path::new(PACKAGED).exists() { PACKAGED } else { "config.example.toml" }
}

/// Whether it is only this user that may not read it.
pub(super) fn forbidden(error: &ConfigError) -> bool {
    matches!(error, ConfigError::Read { source, .. } if source.kind() == ErrorKind::PermissionDenied)
}

/// With a full stop, unless it asks.
fn ended(sentence: String) -> String {
    if sentence.ends_with('?') { sentence } else { sentence + "." }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    #[test]
    fn a_mistake_fails_and_what_may_not_be_read_is_left_out() {
        let file = Path::new("/etc/watchword/config.toml");
        assert_eq!(judge(&Ok(Config::default()), Some(file)).message, "/etc/watchword/config.toml is valid.");
        assert_eq!(judge(&Ok(Config::default()), None).state, State::Ok);
        let read = |kind: ErrorKind| Err(ConfigError::Read { path: file.into(), source: kind.into() });
        assert_eq!(judge(&read(ErrorKind::PermissionDenied), Some(file)).state, State::Skipped);
        assert_eq!(judge(&read(ErrorKind::NotFound), Some(file)).state, State::Failed);
        let wrong = ConfigError::Wrong { path: file.into(), message: "line 2: unknown key".into() };
        let asks = ConfigError::Wrong { path: file.into(), message: "did you mean `width`?".into() };
        assert!(judge(&Err(asks), Some(file)).message.ends_with("`width`?"));
        let finding = judge(&Err(wrong), Some(file));
        assert_eq!(
            (finding.state, finding.message.as_str()),
            (State::Failed, "/etc/watchword/config.toml: line 2: unknown key.")
        );
    }
}
