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

/// The page of this command, and those of the commands below it. Without a date: the same executable gives the same
/// pages.
fn page(command: &clap::Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        page(below, folder)?;
    }
    let source = concat!("Watchword ", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(source).manual("Watchword").generate_to(folder).map(|_| ())
}

/// Under the names that each shell looks for in its folder.
fn completions(folder: &Path) -> Result<()> {
    for (shell, name) in [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")] {
        let folder = made(&folder.join(name))?;
        let mut command = Arguments::command();
        let written = clap_complete::generate_to(shell, &mut command, super::NAME, &folder);
        let path = written.with_context(|| format!("cannot write completions to {}", folder.display()))?;
        // Bash looks for a file of the command's own name.
        if shell == Shell::Bash {
            fs::rename(&path, path.with_file_name(super::NAME)).context("cannot name bash's completions")?;
        }
    }
    Ok(())
}

fn made(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.to_owned())
}
