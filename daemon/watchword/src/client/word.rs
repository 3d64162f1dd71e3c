//! Where the secret word comes from: never a place that keeps it without need.

use super::Failure;
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use protocol::word::{SecretWord, WordError, suggest};
use std::{
    env, fmt,
    fs::File,
    io::{self, ErrorKind, IsTerminal as _, Read as _},
    path::{Path, PathBuf},
    str::FromStr,
};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Names the environment variable with the word.
const VARIABLE: &str = "WATCHWORD_WORD";
/// Longest file that is read for a word, bytes: the word is its first line.
const MAX_FILE: u64 = 4096;

/// A word on the command line. `{:?}` does not show it.
#[derive(Clone)]
pub(crate) struct WordArgument(Zeroizing<String>);

impl FromStr for WordArgument {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned().into()))
    }
}

impl fmt::Debug for WordArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WordArgument")
    }
}

/// Where to take the word from, first to last.
#[derive(Debug)]
pub(crate) enum WordSource {
    /// The command line.
    Argument(WordArgument),
    /// The first line of a file; `-` is standard input.
    File(PathBuf),
    /// The environment.
    Variable,
    /// The person at the terminal.
    Prompt,
}

impl WordSource {
    /// The first that there is.
    ///
    /// # Errors
    /// Where there is none: [`Failure::Usage`].
    pub(crate) fn choose(argument: Option<WordArgument>, file: Option<PathBuf>) -> Result<Self, Failure> {
        let variable = env::var_os(VARIABLE).is_some_and(|value| !value.is_empty());
        let source = match (argument, file) {
            (Some(argument), _) => Self::Argument(argument),
            (None, Some(file)) => Self::File(file),
            (None, None) if variable => Self::Variable,
            // A question that nobody sees would wait for ever.
            (None, None) if io::stderr().is_terminal() => Self::Prompt,
            (None, None) => {
                return Err(Failure::Usage(format!(
                    "no secret word: give it by --word-file FILE or {VARIABLE}, or start this on a terminal and be asked"
                )));
            }
        };
        Ok(source)
    }

    /// The word.
    ///
    /// # Errors
    /// [`Failure::Usage`] where there is none or it cannot be one, [`Failure::Interrupted`] by Ctrl-C at the prompt.
    pub(crate) async fn read(self) -> Result<SecretWord, Failure> {
        let text = match self {
            Self::Argument(WordArgument(text)) => text,
            Self::File(path) => read_file(&path)?,
            Self::Variable => {
                let text = env::var(VARIABLE).map(Zeroizing::new);
                text.map_err(|_| Failure::Usage(format!("{VARIABLE} is no text")))?
            }
            Self::Prompt => prompt().await?,
        };
        SecretWord::parse(&text).map_err(|wrong| Failure::Usage(unreadable(wrong, &text)))
    }
}

/// What was probably meant, where a person is there to see it: a word belongs into no log.
#[must_use]
pub(crate) fn meant(text: &str) -> String {
    match suggest(text) {
        Some(meant) if io::stderr().is_terminal() => format!(" Did you mean {meant}?"),
        _ => String::new(),
    }
}

fn unreadable(wrong: WordError, text: &str) -> String {
    format!("this is no secret word. {wrong}{}", meant(text))
}

fn read_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_FILE as usize));
    let read = if path == Path::new("-") {
        io::stdin().take(MAX_FILE).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
    };
    read.map_err(|error| {
        Failure::Usage(format!("the secret word cannot be read from {}: {error}", path.display()))
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned().into())
}

/// The terminal as it was before the question. Given back when this is dropped: a signal ends the process in the middle
/// of the question, and the shell would find a terminal without echo.
struct Terminal(Option<(File, Termios)>);

impl Terminal {
    fn remember() -> Self {
        let terminal = File::open("/dev/tty").ok();
        Self(terminal.and_then(|terminal| tcgetattr(&terminal).ok().map(|before| (terminal, before))))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some((terminal, before)) = &self.0 {
            let _ = tcsetattr(terminal, SetArg::TCSANOW, before);
        }
    }
}

/// Asks at the terminal, without echo. On a thread of its own, which nothing waits for: it ends with an answer or with
/// the process.
async fn prompt() -> Result<Zeroizing<String>, Failure> {
    let _terminal = Terminal::remember();
    let (answer, typed) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = answer.send(rpassword::prompt_password("Secret word: ").map(Zeroizing::new));
    });
    match typed.await {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => Err(Failure::Interrupted(2)),
        Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(Failure::Usage("no secret word was typed".into()))
        }
        Ok(Err(error)) => {
            Err(Failure::Usage(format!("the terminal cannot be asked for the secret word: {error}")))
        }
        Err(_) => Err(Failure::Failed("the terminal could not be asked for the secret word".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn the_word_of_a_file_is_its_first_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"garden-otter-violin-cobalt\r\nmore\n").unwrap();
        assert_eq!(read_file(file.path()).unwrap().as_str(), "garden-otter-violin-cobalt");
        let missing = read_file(Path::new("/nonexistent/word")).unwrap_err();
        assert_eq!(missing.exit_code(), 2);
        assert!(missing.to_string().contains("/nonexistent/word"), "{missing}");
    }

    #[test]
    fn the_command_line_comes_first_and_does_not_show_in_debugging() {
        let argument: WordArgument = "garden-otter-violin-cobalt".parse().unwrap();
        let source = WordSource::choose(Some(argument), Some("file".into())).unwrap();
        assert!(matches!(source, WordSource::Argument(_)));
        assert!(!format!("{source:?}").contains("otter"));
    }
}
