//! The configuration file: TOML, every key optional but a command's name and program, unknown keys
//! refused.
//!
//! `config.example.toml` beside the crate documents every key with its default; a test parses it and compares.

mod commands;
mod credentials;
mod file;
mod files;
mod mistake;
mod sections;
mod video;

#[cfg(feature = "device")]
pub(crate) use file::source;
pub(crate) use file::{ConfigError, load};
#[cfg(feature = "client")]
pub(crate) use sections::Log;
pub(crate) use sections::{Config, Server};
#[cfg(feature = "device")]
pub(crate) use {
    files::{Files, Root},
    sections::Audio,
    video::Video,
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
    fn a_value_of_the_wrong_kind_is_told_with_its_line_its_key_and_what_it_must_be() {
        for (text, says) in [
            ("[video]\nwidth = \"big\"", "line 2: video.width is \"big\": it must be a whole number"),
            ("video.width = -1", "line 1: video.width is -1: it must be a whole number"),
            ("[video]\n\nlinger = true", "line 3: video.linger is true: it must be a number"),
            ("[video]\nsource = 5", "line 2: video.source is 5: it must be text in quotation marks"),
            ("[video]\ntime_code = \"no\"", "line 2: video.time_code is \"no\": it must be true or false"),
            (
                "[server]\nlisten = \"8443\"",
                "line 2: server.listen is \"8443\": it must be an address and a port, such as \"[::]:8443\"",
            ),
            ("[server]\nlisten = 8443", "line 2: server.listen is 8443: it must be an address and a port"),
            ("[server]\nnames = \"a\"", "line 2: server.names is \"a\": it must be a list"),
            (
                "[network]\naddresses = [\"::1\", \"here\"]",
                "line 2: network.addresses is \"here\": it must be an address",
            ),
            (
                "[files]\nquota = \"4 gigs\"",
                "line 2: files.quota is \"4 gigs\": it must be a number of bytes, such as 500000000 or \"4 GiB\"",
            ),
            (
                "[files]\nroots = [{ name = 5, path = \"/a\" }]",
                "line 2: files.roots.name is 5: it must be text",
            ),
            ("[files]\nroots = [{ path = \"/a\" }]", "line 2: files.roots: the key `name` is missing"),
            ("video = 5", "line 1: video is 5: it must be a section"),
            ("[video]\nzzzzzzzz = 1", "line 2: unknown key `zzzzzzzz`; there are `source`, `width`,"),
        ] {
            let error = file::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(says), "{text}: {error}");
        }
        let error = file::parse("[rendezvous]\ntoken = 12345").unwrap_err().to_string();
        assert!(error.contains("rendezvous.token") && !error.contains("12345"), "a secret is shown: {error}");
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
            ("[rendezvous]\nurl = \"wss://\"", "rendezvous.url"),
            ("[rendezvous]\nfingerprint = \"12:34\"", "rendezvous.fingerprint"),
            ("[network]\nports = \"9-1\"", "network.ports"),
            ("[server]\ncertificate = \"a.pem\"", "server.key"),
            ("[sessions]\nper_word = 0", "sessions.per_word"),
            ("[server]\nplain = true", "server.plain"),
            ("[server]\nplain = true\nlisten = \"192.0.2.1:80\"", "loopback"),
            ("[log]\nlevel = \"loud\"", "log.level: \"loud\""),
            ("[log]\nlevel = \"info,=\"", "log.level: \"info,=\""),
        ] {
            let error = file::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(error.starts_with("line 2: "), "{text}: {error}");
        }
        assert!(file::parse("[server]\nplain = true\nlisten = \"[::1]:80\"").is_ok());
    }
}
