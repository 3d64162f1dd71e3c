//! `[[commands]]`: what viewers with the right to it may have the device do.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

/// One command. Its bounds are those of `peer::commands`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    /// By which it is run: small letters, digits and hyphens.
    pub name: String,
    /// What a button says; empty: the name.
    #[serde(default)]
    pub label: String,
    /// One sentence for viewers.
    #[serde(default)]
    pub description: String,
    /// The program's absolute path, and its arguments, in which `{arg}` stands for a value.
    pub run: Vec<String>,
    /// Arguments and the patterns that their values match, in the order in which they are asked for.
    #[serde(default)]
    pub args: IndexMap<String, String>,
    /// Arguments whose values may begin with `-`.
    #[serde(default)]
    pub dash: Vec<String>,
    /// Seconds after which it is ended.
    #[serde(default = "default_timeout")]
    pub timeout: f64,
    /// Bytes of output that are sent to the viewer.
    #[serde(default = "default_max_output")]
    pub max_output: u64,
    /// Runs of it at once.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
    /// What becomes of it when its viewer leaves.
    #[serde(default)]
    pub on_leave: OnLeave,
    /// Working directory.
    #[serde(default = "default_dir")]
    pub dir: PathBuf,
    /// More environment variables.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// What becomes of a command when its viewer leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnLeave {
    /// It is ended.
    #[default]
    Kill,
    /// It goes on.
    Keep,
}

fn default_timeout() -> f64 {
    30.0
}

fn default_max_output() -> u64 {
    1 << 20
}

fn default_concurrency() -> usize {
    1
}

fn default_dir() -> PathBuf {
    "/".into()
}

#[cfg(feature = "device")]
pub(super) use ready::commands;

#[cfg(feature = "device")]
mod ready {
    use super::{Command, OnLeave};
    use peer::commands::{ArgSpec, CommandSpec, Commands, SpecError};
    use std::time::Duration;

    /// The commands, checked and ready to run; else the first mistake.
    pub(in crate::config) fn commands(configured: &[Command]) -> Result<Commands, SpecError> {
        Commands::new(configured.iter().map(spec).collect::<Result<_, _>>()?)
    }

    fn spec(command: &Command) -> Result<CommandSpec, SpecError> {
        let timeout = Duration::try_from_secs_f64(command.timeout).map_err(|_| SpecError {
            command: command.name.clone(),
            key: "timeout",
            message: format!("{} is no number of seconds that a command could have", command.timeout),
        })?;
        let label = if command.label.is_empty() { &command.name } else { &command.label };
        let arg =
            |(name, pattern): (&String, &String)| ArgSpec { name: name.clone(), pattern: pattern.clone() };
        Ok(CommandSpec {
            name: command.name.clone(),
            label: label.clone(),
            description: command.description.clone(),
            run: command.run.clone(),
            args: command.args.iter().map(arg).collect(),
            dash: command.dash.clone(),
            timeout,
            max_output: command.max_output,
            concurrency: command.concurrency,
            on_leave: match command.on_leave {
                OnLeave::Kill => peer::commands::OnLeave::Kill,
                OnLeave::Keep => peer::commands::OnLeave::Keep,
            },
            dir: command.dir.clone(),
            env: command.env.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, file};
    use anyhow::Result;

    const EXAMPLE: &str = include_str!("../../config.example.toml");

    /// The example's command, switched on.
    fn lamp() -> Result<Config> {
        let (_, section) = EXAMPLE.split_once("#[[commands]]\n").unwrap();
        let keys: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
            .collect();
        Ok(file::parse(&format!("[[commands]]\n{}", keys.join("\n")))?)
    }

    #[test]
    fn the_example_names_every_key_and_tells_the_defaults() -> Result<()> {
        let lamp = lamp()?;
        let known = toml::Table::try_from(&lamp.commands[0])?;
        for key in known.keys() {
            assert!(EXAMPLE.contains(&format!("\n#{key} = ")), "commands.{key} is missing from the example");
        }
        let (shown, text) =
            (&lamp.commands[0], "[[commands]]\nname = \"lamp\"\nrun = [\"/usr/local/bin/lamp\"]");
        let plain = file::parse(text)?.commands.remove(0);
        assert_eq!((plain.label.as_str(), plain.description.as_str()), ("", ""));
        assert!(plain.args.is_empty() && plain.env.is_empty());
        // The rest is shown with its default.
        let plain = Command {
            label: shown.label.clone(),
            description: shown.description.clone(),
            run: shown.run.clone(),
            args: shown.args.clone(),
            env: shown.env.clone(),
            ..plain
        };
        assert_eq!(plain, *shown);
        Ok(())
    }

    #[cfg(feature = "device")]
    #[test]
    fn a_command_comes_to_viewers_as_it_is_written() -> Result<()> {
        let list = lamp()?.commands()?.list();
        assert_eq!((list.commands[0].name.as_str(), list.commands[0].label.as_str()), ("lamp", "Lamp"));
        assert_eq!(list.commands[0].args[0].choices, ["on", "off"]);
        let text = r#"
            [[commands]]
            name = "mix"
            run = ["/bin/mix", "{zebra}{apple}{mango}"]
            args = { zebra = "a", mango = "b", apple = "c" }
            timeout = 5

            [[commands]]
            name = "halt"
            run = ["/bin/halt"]
            on_leave = "keep"
        "#;
        let list = file::parse(text)?.commands()?.list();
        let names: Vec<&str> = list.commands[0].args.iter().map(|arg| arg.name.as_str()).collect();
        assert_eq!(names, ["zebra", "mango", "apple"], "in the order of the file");
        assert_eq!(list.commands[1].label, "halt", "without a label, the name");
        Ok(())
    }

    #[cfg(feature = "device")]
    #[test]
    fn a_mistake_is_a_sentence_that_names_the_command_and_the_key() {
        let command = "[[commands]]\nname = \"lamp\"\nrun = [\"/bin/lamp\"]\n";
        for (text, part) in [
            ("timout = 3", "line 4: unknown key `timout`: did you mean `timeout`?"),
            ("on_leave = \"stay\"", "line 4: commands.on_leave is \"stay\": it must be `kill` or `keep`"),
            ("args = { state = \"on|off\" }", "command \"lamp\": args: state is not used"),
            ("timeout = -1", "command \"lamp\": timeout: -1"),
            ("timeout = nan", "command \"lamp\": timeout: NaN"),
            ("timeout = 0", "command \"lamp\": timeout: it is 0 seconds"),
            ("timeout = 3601", "command \"lamp\": timeout: it is 3601 seconds"),
            ("max_output = -1", "line 4"),
            ("concurrency = 9", "command \"lamp\": concurrency: it is 9"),
            ("dir = \"tmp\"", "command \"lamp\": dir"),
            ("env = { \"A B\" = \"\" }", "command \"lamp\": env"),
            (command, "command \"lamp\": name: another command"),
        ] {
            let error = file::parse(&format!("{command}{text}")).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        let error = file::parse("[[commands]]\nname = \"lamp\"").unwrap_err().to_string();
        assert!(error.contains("commands: the key `run` is missing"), "{error}");
    }
}
