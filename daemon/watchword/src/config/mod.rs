//! The configuration file: TOML, every key optional but a command's name and program, unknown keys
//! refused.
//!
//! `config.example.toml` beside the crate documents every key with its default; a test parses it and compares.

mod commands;
mod credentials;
mod file;
mod files;
mod sections;

#[cfg(feature = "device")]
pub(crate) use file::source;
pub(crate) use file::{ConfigError, load};
#[cfg(feature = "client")]
pub(crate) use sections::Log;
pub(crate) use sections::{Config, Server};
#[cfg(feature = "device")]
pub(crate) use {
    files::{Files, Root},
    sections::{Audio, Video},
};

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Result;

    /// The example with its commented keys switched on.
    fn example_with_every_key() -> String {
        include_str!("../../config.example.toml")
            .lines()
            .map(|line| match line.strip_prefix("#") {
                Some(rest) if !rest.starts_with(' ') => rest,
                _ => line,
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn the_example_names_every_key_with_its_default() -> Result<()> {
        let mut parsed: Config = file::parse(&example_with_every_key())?;
        parsed.commands.clear(); // an example, not a default
        assert_eq!(parsed, Config::default());
        let shown: toml::Table = toml::from_str(&example_with_every_key())?;
        let known = toml::Table::try_from(Config::default())?;
        for (section, keys) in &known {
            for key in keys.as_table().into_iter().flat_map(toml::Table::keys) {
                assert!(shown[section].get(key).is_some(), "[{section}] {key} is missing from the example");
            }
        }
        Ok(())
    }

    #[test]
    fn the_example_as_it_is_changes_nothing() -> Result<()> {
        let parsed: Config = file::parse(include_str!("../../config.example.toml"))?;
        assert_eq!(parsed, Config::default());
        Ok(())
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let error = file::parse("[video]\nwidht = 640\n").unwrap_err().to_string();
        assert!(error.contains("`widht`"), "{error}");
        assert!(error.contains("did you mean `width`?"), "{error}");
        assert!(error.contains("line 2"), "{error}");
        let error = file::parse("[vidoe]\nwidth = 640\n").unwrap_err().to_string();
        assert!(error.contains("did you mean `video`?"), "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_names_its_line() {
        let error = file::parse("[video]\nwidth = \"wide\"\n").unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }

    #[test]
    fn values_that_cannot_be_are_refused_with_a_sentence() {
        for (text, part) in [
            ("[video]\nwidth = 0", "video.width"),
            ("[video]\nrotation = 45", "video.rotation"),
            ("[video]\nfps = 0", "video.fps"),
            ("[video]\nheight = 481", "even"),
            ("[video]\nflip = \"sideways\"", "video.flip"),
            ("[video]\nflip = \"vertical\"\nrotation = 90", "video.flip"),
            ("[video]\nbitrate = 100", "video.bitrate"),
            ("[rendezvous]\nurl = \"http://example.org\"", "rendezvous.url"),
            ("[rendezvous]\nfingerprint = \"12:34\"", "rendezvous.fingerprint"),
            ("[network]\nports = \"9-1\"", "network.ports"),
            ("[server]\ncertificate = \"a.pem\"", "server.key"),
            ("[sessions]\nper_word = 0", "sessions.per_word"),
        ] {
            let error = file::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
