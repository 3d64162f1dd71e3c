//! `watchword generate`: manual pages and shell completions from the command line's own definition, for packages.

use super::Arguments;
use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Writes `man/*.1` (section 1, one page a command) and `completions/{bash,zsh,fish}/` under a folder.
#[derive(Debug, clap::Args)]
pub(super) struct Generate {
    /// The folder; made where it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Generate {
    pub(super) fn apply(self) -> Result<()> {
        manual(&made(&self.folder.join("man"))?)?;
        completions(&self.folder.join("completions"))
    }
}

fn manual(folder: &Path) -> Result<()> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    page(&command, folder).with_context(|| format!("cannot write the manual pages to {}", folder.display()))
}

/// What the page of the whole tells, which no option does: roff(7).
const MORE: &str = if cfg!(feature = "client") {
    r#".SH "EXIT STATUS"
0: done. 1: it failed. 2: the command line or the configuration is wrong. Commands that visit a device have more; see
their own pages.
.SH ENVIRONMENT
.TP
\fBWATCHWORD_WORD\fR, \fBWATCHWORD_SERVER\fR
the secret word, and the address of the server where its device is, for the commands that visit a device
.TP
\fBSTATE_DIRECTORY\fR
where words and keys are kept; without it the folder of the service where there is one, else
\fI~/.local/state/watchword\fR
.TP
\fBCREDENTIALS_DIRECTORY\fR
a folder with tokens and keys, as systemd hands it over
.SH FILES
.TP
\fI/etc/watchword/config.toml\fR
the configuration: every setting, with its default
.TP
\fI/var/lib/watchword\fR
words, keys and the audit log of the service; \fIfiles\fR in it is what viewers see
.TP
\fI/usr/share/doc/watchword\fR
the command line, boards and their encoders, the service and its sandbox
.SH "SEE ALSO"
.BR systemctl (1),
.BR journalctl (1)
"#
} else {
    r#".SH "EXIT STATUS"
0: done. 1: it failed. 2: the command line or the configuration is wrong.
.SH ENVIRONMENT
.TP
\fBSTATE_DIRECTORY\fR
where the certificate is kept; without it \fI~/.local/state/watchword\fR
.TP
\fBCREDENTIALS_DIRECTORY\fR
a folder with a token and keys, as systemd hands it over
.SH FILES
.TP
\fI/etc/watchword/server.toml\fR
the configuration: every setting, with its default
.TP
\fI/usr/share/doc/watchword-server\fR
the service, its sockets and secrets
.SH "SEE ALSO"
.BR systemctl (1),
.BR journalctl (1)
"#
};

/// The page of this command, and those of the commands below it. Without a date: the same executable gives the same
/// pages.
fn page(command: &clap::Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        page(below, folder)?;
    }
    let source = concat!("Watchword ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(source).manual("Watchword");
    let mut text = Vec::new();
    man.render(&mut text)?;
    // What stands after the help of a command is its exit codes; for clap_mangen it is something more.
    let mut text = String::from_utf8_lossy(&text).replace(".SH EXTRA\n", ".SH \"EXIT STATUS\"\n");
    if command.get_name() == super::NAME {
        text += MORE;
    }
    fs::write(folder.join(man.get_filename()), text)
}

/// Under the names that each shell looks for in its folder.
fn completions(folder: &Path) -> Result<()> {
    for (shell, name) in [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")] {
        let folder = made(&folder.join(name))?;
        let mut command = shown();
        let written = clap_complete::generate_to(shell, &mut command, super::NAME, &folder);
        let path = written.with_context(|| format!("cannot write completions to {}", folder.display()))?;
        // Bash looks for a file of the command's own name.
        if shell == Shell::Bash {
            fs::rename(&path, path.with_file_name(super::NAME)).context("cannot name bash's completions")?;
        }
    }
    Ok(())
}

/// The command line without what is hidden from people: the shells would offer that too.
fn shown() -> clap::Command {
    let whole = Arguments::command();
    let commands = whole.get_subcommands().filter(|below| !below.is_hide_set()).cloned();
    clap::Command::new(super::NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .args(whole.get_arguments().cloned())
        .subcommands(commands)
}

fn made(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.to_owned())
}
