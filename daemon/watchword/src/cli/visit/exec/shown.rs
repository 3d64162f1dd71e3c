//! What `watchword exec` prints.

use super::arguments::usage;
use crate::client::{Failure, Output, printable};
use protocol::control::{CommandInfo, CommandList, CommandOutput, OutputStream};
use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write as _},
};

/// What there is to run, a line each.
pub(super) fn list(output: Output, list: &CommandList) -> Result<(), Failure> {
    if list.commands.is_empty() && !output.is_json() {
        crate::client::remark("the device's owner has configured no commands");
    }
    let width = list.commands.iter().map(|command| usage(command).chars().count()).max().unwrap_or_default();
    list.commands.iter().try_for_each(|command| output.show(command, |command| line(command, width)))
}

fn line(command: &CommandInfo, width: usize) -> String {
    let what = match command.description.as_str() {
        // A label that its owner did not choose is the name again.
        "" if command.label == command.name => "",
        "" => &command.label,
        description => description,
    };
    let line = format!("{:width$}  {}", usage(command), what);
    printable(line.trim_end()).into_owned()
}

/// A piece of output: to where the command wrote it. A program that reads gets it as it is; on a screen it cannot move
/// the cursor.
pub(super) fn piece(output: Output, piece: &CommandOutput) -> Result<(), Failure> {
    if output.is_json() {
        return output.show(piece, |_| String::new());
    }
    match piece.stream {
        OutputStream::Stdout => output.print(&text(&piece.text, output.is_screen())),
        OutputStream::Stderr => {
            let mut to = io::stderr();
            let text = text(&piece.text, to.is_terminal());
            Ok(to.write_all(text.as_bytes())?)
        }
    }
}

fn text(text: &str, screen: bool) -> Cow<'_, str> {
    if !screen {
        return Cow::Borrowed(text);
    }
    let shown =
        |line: &str| line.split('\t').map(|part| printable(part).into_owned()).collect::<Vec<_>>().join("\t");
    Cow::Owned(
        text.split('\n')
            .map(|line| shown(line.strip_suffix('\r').unwrap_or(line)))
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_written_on_and_not_drawn_on() {
        assert_eq!(text("a\tb\r\nc\u{1b}[2J\n", true), "a\tb\nc\\u{1b}[2J\n");
        assert_eq!(text("a\tb\r\nc\u{1b}[2J\n", false), "a\tb\r\nc\u{1b}[2J\n");
    }
}
