//! A command that has been checked, ready to run.

use super::argument::Argument;
use super::error::CommandError;
use super::spec::{ArgSpec, CommandSpec, MAX_RUNS, MAX_TIMEOUT, OnLeave, SpecError};
use super::template::Template;
use protocol::control::CommandInfo;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Most words of a command line.
const MAX_WORDS: usize = 64;
/// Most arguments.
const MAX_ARGS: usize = 16;
/// Longest label, bytes.
const MAX_LABEL: usize = 64;
/// Longest description, bytes.
const MAX_DESCRIPTION: usize = 512;

/// One command of the owner's.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) info: CommandInfo,
    pub(super) program: PathBuf,
    words: Vec<Template>,
    arguments: Vec<Argument>,
    pub(super) timeout: Duration,
    pub(super) max_output: u64,
    /// One permit for each run that may be at once.
    pub(super) places: Arc<Semaphore>,
    pub(super) on_leave: OnLeave,
    pub(super) dir: PathBuf,
    pub(super) env: BTreeMap<String, String>,
}

impl Command {
    /// Checks it.
    ///
    /// # Errors
    /// The first mistake, as a sentence that names the command and the key.
    pub(super) fn new(spec: CommandSpec) -> Result<Self, SpecError> {
        let command = spec.name.clone();
        Self::checked(spec).map_err(|Mistake(key, message)| SpecError { command, key, message })
    }

    fn checked(spec: CommandSpec) -> Result<Self, Mistake> {
        check_texts(&spec)?;
        check_bounds(&spec)?;
        check_environment(&spec)?;
        let arguments = arguments(&spec)?;
        let (program, words) = command_line(&spec.run, &arguments)?;
        let info = CommandInfo {
            name: spec.name,
            label: spec.label,
            description: spec.description,
            args: arguments.iter().map(Argument::info).collect(),
        };
        Ok(Self {
            info,
            program,
            words,
            arguments,
            timeout: spec.timeout,
            max_output: spec.max_output,
            places: Arc::new(Semaphore::new(spec.concurrency)),
            on_leave: spec.on_leave,
            dir: spec.dir,
            env: spec.env,
        })
    }

    /// The words after the program, with these values in their places.
    ///
    /// # Errors
    /// When an argument is missing, is not declared, or has a value that it may not have.
    pub(super) fn words(&self, given: &BTreeMap<String, String>) -> Result<Vec<String>, CommandError> {
        let command = || self.info.name.clone();
        if let Some(name) = given.keys().find(|name| !self.arguments.iter().any(|known| known.name == **name))
        {
            return Err(CommandError::undeclared(&self.info.name, name));
        }
        let mut values = Vec::with_capacity(self.arguments.len());
        for known in &self.arguments {
            let argument = || known.name.clone();
            let missing = || CommandError::Missing { command: command(), argument: argument() };
            let value = given.get(&known.name).ok_or_else(missing)?;
            known.check(value).map_err(|refusal| CommandError::Refused {
                command: command(),
                argument: argument(),
                refusal,
            })?;
            values.push(value.as_str());
        }
        Ok(self.words.iter().map(|word| word.fill(&values)).collect())
    }
}

/// A key, and what is wrong with it.
struct Mistake(&'static str, String);

fn check_texts(spec: &CommandSpec) -> Result<(), Mistake> {
    if !is_name(&spec.name, "-") {
        let message = "it begins with a small letter and has small letters, digits and hyphens, 32 at most";
        return Err(Mistake("name", message.to_owned()));
    }
    let texts =
        [("label", &spec.label, 1, MAX_LABEL), ("description", &spec.description, 0, MAX_DESCRIPTION)];
    for (key, text, least, most) in texts {
        if !(least..=most).contains(&text.len()) {
            return Err(Mistake(key, format!("it has {} bytes; it may have {least} to {most}", text.len())));
        }
        if text.chars().any(char::is_control) {
            return Err(Mistake(key, "it may not have control characters".to_owned()));
        }
    }
    Ok(())
}

fn check_bounds(spec: &CommandSpec) -> Result<(), Mistake> {
    if spec.timeout.is_zero() || spec.timeout > MAX_TIMEOUT {
        let (is, most) = (spec.timeout.as_secs_f64(), MAX_TIMEOUT.as_secs());
        return Err(Mistake("timeout", format!("it is {is} seconds; it is more than 0 and at most {most}")));
    }
    if !(1..=MAX_RUNS).contains(&spec.concurrency) {
        return Err(Mistake("concurrency", format!("it is {}; it may be 1 to {MAX_RUNS}", spec.concurrency)));
    }
    if !spec.dir.is_absolute() {
        return Err(Mistake("dir", format!("{:?} has to be an absolute path", spec.dir)));
    }
    Ok(())
}

fn check_environment(spec: &CommandSpec) -> Result<(), Mistake> {
    for (name, value) in &spec.env {
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !first || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(Mistake("env", format!("{name:?} cannot be the name of a variable")));
        }
        if name.starts_with("WATCHWORD_") {
            return Err(Mistake("env", format!("{name}: names that begin with WATCHWORD_ are the device's")));
        }
        if value.contains('\0') {
            return Err(Mistake("env", format!("{name}: a value may not have NUL in it")));
        }
    }
    Ok(())
}

fn arguments(spec: &CommandSpec) -> Result<Vec<Argument>, Mistake> {
    let wrong = |message: String| Err(Mistake("args", message));
    if spec.args.len() > MAX_ARGS {
        return wrong(format!("there are {}; there may be {MAX_ARGS}", spec.args.len()));
    }
    if let Some(name) = spec.dash.iter().find(|name| !spec.args.iter().any(|arg| arg.name == **name)) {
        return Err(Mistake("dash", format!("{name:?} is none of the arguments in args")));
    }
    let mut arguments: Vec<Argument> = Vec::new();
    for ArgSpec { name, pattern } in &spec.args {
        if !is_name(name, "-_") {
            return wrong(format!(
                "{name:?} has to begin with a small letter and have small letters, digits, - and _, 32 at most"
            ));
        }
        if arguments.iter().any(|argument| argument.name == *name) {
            return wrong(format!("{name} is there twice"));
        }
        let argument = Argument::new(name, pattern, spec.dash.contains(name))
            .map_err(|error| Mistake("args", format!("{name}: the pattern {pattern:?} {error}")))?;
        if let Some(choice) = argument.hopeless_choice() {
            return wrong(format!(
                "{name}: {choice:?} would be refused; name the argument in dash if it may begin with a hyphen"
            ));
        }
        arguments.push(argument);
    }
    Ok(arguments)
}

fn command_line(run: &[String], arguments: &[Argument]) -> Result<(PathBuf, Vec<Template>), Mistake> {
    let wrong = |message: String| Mistake("run", message);
    let (program, words) = run.split_first().ok_or_else(|| wrong("it has to name a program".to_owned()))?;
    if run.len() > MAX_WORDS {
        return Err(wrong(format!("there are {} words; there may be {MAX_WORDS}", run.len())));
    }
    if run.iter().any(|word| word.contains('\0')) {
        return Err(wrong("a word may not have NUL in it".to_owned()));
    }
    let index = |name: &str| arguments.iter().position(|argument| argument.name == name);
    let template = |text: &String| Template::parse(text, index).map_err(|error| wrong(error.to_string()));
    let first = template(program)?;
    if first.uses().next().is_some() {
        return Err(wrong(format!("{program:?} is the program; no argument may choose it")));
    }
    let path = PathBuf::from(first.fill(&[]));
    if !path.is_absolute() {
        return Err(wrong(format!(
            "{program:?} has to be the program's absolute path, such as /usr/bin/env"
        )));
    }
    let words = words.iter().map(template).collect::<Result<Vec<_>, _>>()?;
    let used: Vec<usize> = words.iter().flat_map(Template::uses).collect();
    match arguments.iter().enumerate().find(|(index, _)| !used.contains(index)) {
        Some((_, argument)) => {
            Err(Mistake("args", format!("{} is not used: run has no {{{0}}}", argument.name)))
        }
        None => Ok((path, words)),
    }
}

/// `[a-z][a-z0-9 and more]{0,31}`
fn is_name(text: &str, more: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c))
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
