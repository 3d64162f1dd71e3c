//! A device that runs, and commands that visit it.

use super::{Home, Running, stdout};
use std::process::{Command, Output};

/// A device that runs, with one word.
pub(crate) struct Device {
    pub(crate) home: Home,
    pub(crate) port: u16,
    pub(crate) word: String,
    pub(crate) running: Running,
}

impl Device {
    /// With a word that allows what a word allows unless its owner says otherwise.
    pub(crate) fn start() -> Self {
        let home = Home::new();
        let (config, port) = home.loopback_config("");
        let running = home.start(&["run", "--new-word", "--config", config.to_str().unwrap()]);
        let word = running.word(); // shown once its place is registered
        Self { home, port, word, running }
    }

    /// With more in its configuration, and with a word that allows `rights`.
    pub(crate) fn allowing(rights: &str, more: &str) -> Self {
        let home = Home::new();
        let (config, port) = home.loopback_config(more);
        let config = config.to_str().unwrap();
        let added = home.run(&["word", "add", "--allow", rights, "--label", "test", "--config", config]);
        let added = stdout(&added);
        let word = added.lines().find_map(|line| line.trim().strip_prefix("Word")).unwrap().trim().to_owned();
        let running = Self::run(&home);
        Self { home, port, word, running }
    }

    fn run(home: &Home) -> Running {
        let running = home.start(&["run", "--config", home.path().join("config.toml").to_str().unwrap()]);
        running.line("registered at the place");
        running
    }

    /// Kills it and starts it again, as a board whose power failed: same port, same state.
    pub(crate) fn killed_and_started(&mut self) {
        self.running.signal("KILL");
        self.running.end();
        self.running = Self::run(&self.home);
    }

    /// A phrase with this device's place that is not its word.
    pub(crate) fn wrong_word(&self) -> String {
        format!("{}-otter-violin-cobalt", self.word.split('-').next().unwrap())
    }

    /// A command that a viewer with a state folder of its own runs against this device, with its word.
    pub(crate) fn visit(&self, viewer: &Home, arguments: &[&str]) -> Command {
        let mut command = visit(viewer, self.port, arguments);
        command.env("WATCHWORD_WORD", &self.word);
        command
    }
}

/// A command that visits whatever is behind this port, without a word.
pub(crate) fn visit(viewer: &Home, port: u16, arguments: &[&str]) -> Command {
    let mut command = viewer.command(arguments);
    command.env("WATCHWORD_SERVER", format!("https://127.0.0.1:{port}")).env_remove("WATCHWORD_WORD");
    command
}

pub(crate) fn output(mut command: Command) -> Output {
    command.output().unwrap()
}

pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.code()
}
