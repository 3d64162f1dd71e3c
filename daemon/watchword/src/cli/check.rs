//! `watchword check`: the doctor.

use super::run::video_settings;
use crate::{
    check::{Report, examine},
    config,
};
use anyhow::{Context as _, Result};
use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

const EXIT_CODES: &str = "\
It changes nothing, and sees more with sudo.

Exit codes: 0 nothing failed (there may be warnings), 1 something failed, 2 the command line or the configuration is wrong";

/// Looks at everything that the device needs, and says what to do where something is wrong. It changes nothing, and
/// sees more with sudo.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Check {
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Prints the report, and returns the exit code.
    pub(super) fn apply(&self, file: Option<&Path>) -> Result<u8> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("the runtime cannot start")?;
        let read = config::load(file);
        let report = runtime.block_on(examine(read, file, |config| video_settings(&config.video)));
        self.print(&report).context("the output cannot be written")?;
        // A look that hangs in a driver must not keep its report waiting.
        runtime.shutdown_background();
        Ok(report.exit_code())
    }

    fn print(&self, report: &Report) -> io::Result<()> {
        if self.json {
            let text = serde_json::to_string_pretty(report)?;
            return writeln!(io::stdout(), "{text}");
        }
        let terminal = io::stdout().is_terminal();
        let columns = terminal.then(textwrap::termwidth);
        // Takes the colours away in a pipe, and where NO_COLOR is set (no-color.org).
        let mut out = anstream::stdout();
        out.write_all(report.text(&heading(), columns).as_bytes())?;
        out.flush()
    }
}

/// `Watchword 0.1.0 on garden (Raspberry Pi 4 Model B Rev 1.4)`.
fn heading() -> String {
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    let board = media::board().model.as_ref().map_or_else(String::new, |model| format!(" ({model})"));
    format!("Watchword {} on {host}{board}", env!("CARGO_PKG_VERSION"))
}
