//! The owner's commands: are their programs there for the user that runs them?

use super::{
    account::{Account, EXECUTE},
    finding::Finding,
};
use crate::config::Config;
use std::{io::ErrorKind, path::Path};

const NAME: &str = "commands";

/// Looks at the programs; no line where there are no commands.
pub(super) fn look(config: &Config, account: &Account) -> Vec<Finding> {
    let mut findings = Vec::new();
    for command in &config.commands {
        let Some(program) = command.run.first() else { continue };
        let advice = |rest: &str| {
            format!("{rest} (`run` and `dir` of the command {} in the configuration)", command.name)
        };
        let refusal = match (Path::new(program).metadata(), command.dir.metadata()) {
            (Err(error), _) if error.kind() == ErrorKind::NotFound => {
                Some((format!("its program {program} is not there"), "Install it, or correct its path"))
            }
            (_, Err(error)) if error.kind() == ErrorKind::NotFound => Some((
                format!("its folder {} is not there", command.dir.display()),
                "Make it, or correct its path",
            )),
            (Ok(file), _) if !file.is_file() => {
                Some((format!("{program} is no program"), "Correct its path"))
            }
            (Ok(_), _) if !account.may_use(Path::new(program), EXECUTE) => {
                Some((format!("{} may not run {program}", account.shown()), "Give it the right to"))
            }
            _ => None,
        };
        if let Some((why, remedy)) = refusal {
            findings.push(Finding::warning(
                NAME,
                format!("The command {} cannot run: {why}.", command.name),
                advice(remedy),
            ));
        }
    }
    if findings.is_empty() && !config.commands.is_empty() {
        let names: Vec<&str> = config.commands.iter().map(|command| command.name.as_str()).collect();
        findings.push(Finding::ok(
            NAME,
            format!("{} can start: {}.", account.shown().replacen('t', "T", 1), names.join(", ")),
        ));
    }
    findings
}
