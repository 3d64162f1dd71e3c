//! From the words of the command line to the arguments of a command.

use protocol::control::{CommandInfo, CommandRun};
use std::collections::BTreeMap;

/// Values for the arguments in their order, or `NAME=VALUE` where there is an argument of this name. What is missing or
/// wrong is for the device to refuse: it says which pattern has to match.
///
/// # Errors
/// A sentence, where there are more values than arguments.
pub(super) fn read(name: &str, values: &[String], known: &[CommandInfo]) -> Result<CommandRun, String> {
    let command = known.iter().find(|command| command.name == name);
    let declared = command.map_or(&[][..], |command| &command.args);
    let mut args = BTreeMap::new();
    for value in values {
        let named = value.split_once('=').filter(|(key, _)| declared.iter().any(|arg| arg.name == *key));
        let next = declared.iter().find(|arg| !args.contains_key(&arg.name));
        let twice = match (named, next) {
            (Some((key, value)), _) => args.insert(key.to_owned(), value.to_owned()).is_some(),
            (None, Some(arg)) => args.insert(arg.name.clone(), value.clone()).is_some(),
            // The device says it better where there is no such command at all.
            (None, None) => command.is_some(),
        };
        if twice {
            return Err(format!("too many values: {}", command.map_or_else(String::new, usage)));
        }
    }
    Ok(CommandRun { name: name.to_owned(), args })
}

/// What to add to a refusal: that one of the values looks like `NAME=VALUE`, and there is no argument of this name. (It
/// was taken for a value that has a `=` in it, which may be right.)
pub(super) fn unknown(name: &str, values: &[String], known: &[CommandInfo]) -> String {
    let Some(command) = known.iter().find(|command| command.name == name) else { return String::new() };
    let undeclared = |key: &&str| !key.is_empty() && command.args.iter().all(|arg| arg.name != *key);
    let mut keys = values.iter().filter_map(|value| value.split_once('=')).map(|(key, _)| key);
    match keys.find(undeclared) {
        Some(key) => format!(" There is no argument {key:?}: {}", usage(command)),
        None => String::new(),
    }
}

/// `lamp STATE ROOM`, with choices spelt out: `lamp on|off ROOM`.
pub(super) fn usage(command: &CommandInfo) -> String {
    command.args.iter().fold(command.name.clone(), |usage, arg| {
        let value = if arg.choices.is_empty() { arg.name.to_uppercase() } else { arg.choices.join("|") };
        usage + " " + &value
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::control::CommandArg;

    fn lamp() -> CommandInfo {
        let arg = |name: &str, choices: &[&str]| CommandArg {
            name: name.into(),
            pattern: ".*".into(),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        };
        CommandInfo {
            name: "lamp".into(),
            label: "Lamp".into(),
            description: String::new(),
            args: vec![arg("state", &["on", "off"]), arg("room", &[])],
        }
    }

    fn args(name: &str, values: &[&str]) -> Result<Vec<String>, String> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let call = read(name, &values, &[lamp()])?;
        Ok(call.args.into_iter().map(|(name, value)| format!("{name}: {value}")).collect())
    }

    #[test]
    fn values_come_in_their_order_or_by_name() {
        let both = Ok(vec!["room: kitchen".to_owned(), "state: on".to_owned()]);
        assert_eq!(args("lamp", &["on", "kitchen"]), both);
        assert_eq!(args("lamp", &["room=kitchen", "on"]), both);
        assert_eq!(args("lamp", &["a=b"]), Ok(vec!["state: a=b".to_owned()]), "no argument has this name");
        assert_eq!(args("lamp", &[]), Ok(vec![]), "what is missing is for the device to say");
        assert_eq!(args("door", &["x"]), Ok(vec![]));
    }

    #[test]
    fn an_argument_that_is_none_is_told_when_the_device_refuses() {
        let added = |value: &str| unknown("lamp", &[value.to_owned()], &[lamp()]);
        assert_eq!(added("foo=on"), " There is no argument \"foo\": lamp on|off ROOM");
        for nothing in ["state=maybe", "maybe", "=x"] {
            assert_eq!(added(nothing), "", "{nothing}");
        }
        assert_eq!(unknown("door", &["foo=on".to_owned()], &[lamp()]), "");
    }

    #[test]
    fn what_is_too_much_is_told_with_what_there_is() {
        let sentence = Err("too many values: lamp on|off ROOM".to_owned());
        assert_eq!(args("lamp", &["on", "kitchen", "now"]), sentence);
        assert_eq!(args("lamp", &["state=on", "state=off"]), sentence);
    }
}
