//! How far a transfer is: bars on a terminal, lines in a pipe, JSON for programs.

use super::{Failure, Output, output::remark, printable};
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use serde::Serialize;
use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

/// Between two lines about one file, for a program.
const EVERY_JSON: Duration = Duration::from_secs(1);
/// Between two lines about one file, for a log.
const EVERY_LINE: Duration = Duration::from_secs(10);

/// Tells how transfers are, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    output: Output,
    bars: bool,
}

/// Tells how one file is.
pub(crate) struct FileProgress {
    progress: Progress,
    /// As it is told.
    name: String,
    size: u64,
    /// Where it began, once that is known, and when.
    began: Option<(u64, Instant)>,
    at: u64,
    told: Instant,
    bar: Option<ProgressBar>,
}

/// What a program is told.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event<'a> {
    /// So far.
    Progress { from: &'a str, bytes: u64, size: u64 },
    /// It arrived whole.
    Done { from: &'a str, to: &'a str, size: u64, resumed_at: u64, seconds: f64, already_there: bool },
    /// It came to nothing.
    Failed { from: &'a str, message: &'a str },
    /// It has another path on the device.
    Moved { from: &'a str, to: &'a str },
    /// It is on the device no more.
    Removed { path: &'a str },
    /// The folder is there.
    Made { path: &'a str },
    /// The picture is there.
    Taken { to: &'a str, size: u64 },
}

impl Progress {
    pub(crate) fn new(output: Output) -> Self {
        Self { output, bars: io::stderr().is_terminal() && !output.is_json() }
    }

    /// A file of `size` bytes is about to be sent or fetched.
    pub(crate) fn file(self, name: &str, size: u64) -> FileProgress {
        let bar = self.bars.then(|| bar(name, size));
        FileProgress {
            progress: self,
            name: name.to_owned(),
            size,
            began: None,
            at: 0,
            told: Instant::now(),
            bar,
        }
    }

    /// Something is done that is worth no line to a person.
    ///
    /// # Errors
    /// As [`Output::show`].
    pub(crate) fn did(self, event: &Event<'_>) -> Result<(), Failure> {
        if self.output.is_json() { self.output.show(event, |_| String::new()) } else { Ok(()) }
    }

    /// A file came to nothing, and others follow.
    ///
    /// # Errors
    /// As [`Output::show`].
    pub(crate) fn failed(self, name: &str, failure: &Failure) -> Result<(), Failure> {
        let message = failure.to_string();
        if self.output.is_json() {
            return self.output.show(&Event::Failed { from: name, message: &message }, |_| String::new());
        }
        remark(&format!("{}: {message}", printable(name)));
        Ok(())
    }
}

impl FileProgress {
    /// Its size is known only now.
    pub(crate) fn set_size(&mut self, size: u64) {
        self.size = size;
        if let Some(bar) = &self.bar {
            bar.set_length(size);
        }
    }

    /// It is `bytes` from its beginning.
    pub(crate) fn at(&mut self, bytes: u64) {
        self.at = bytes;
        if self.began.is_none() {
            self.began = Some((bytes, Instant::now()));
            if let Some(bar) = &self.bar {
                // What was there before is no speed.
                bar.set_position(bytes);
                bar.reset_eta();
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
        } else {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let json = self.progress.output.is_json();
        if self.told.elapsed() < if json { EVERY_JSON } else { EVERY_LINE } {
            return;
        }
        self.told = Instant::now();
        if json {
            // Who reads no more is noticed at the end of the file.
            let event = Event::Progress { from: &self.name, bytes: self.at, size: self.size };
            let _ = self.progress.output.show(&event, |_| String::new());
        } else {
            let percent = self.at.saturating_mul(100).checked_div(self.size).unwrap_or(100);
            remark(&format!("{}: {percent} % of {}", printable(&self.name), DecimalBytes(self.size)));
        }
    }

    /// A sentence for a person, beside all this.
    pub(crate) fn remark(&self, sentence: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| remark(sentence)),
            None => remark(sentence),
        }
    }

    /// It is there, as `to`.
    ///
    /// # Errors
    /// As [`Output::show`].
    pub(crate) fn done(self, to: &str) -> Result<(), Failure> {
        self.end(to, false)
    }

    /// It was there already, as `to`: what was compared is no speed.
    ///
    /// # Errors
    /// As [`Output::show`].
    pub(crate) fn present(self, to: &str) -> Result<(), Failure> {
        self.end(to, true)
    }

    fn end(self, to: &str, already_there: bool) -> Result<(), Failure> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let (resumed_at, began) = self.began.unwrap_or_else(|| (0, Instant::now()));
        let seconds = began.elapsed().as_secs_f64();
        let event = Event::Done { from: &self.name, to, size: self.size, resumed_at, seconds, already_there };
        let (from, to, size) = (printable(&self.name), printable(to), DecimalBytes(self.size));
        self.progress.output.show(&event, |_| {
            if already_there {
                return format!("{from} -> {to} ({size}, there already)");
            }
            #[allow(clippy::cast_precision_loss, reason = "for people to read")]
            let rate = self.size.saturating_sub(resumed_at) as f64 / seconds.max(1e-3) / 1e6;
            let went_on = match resumed_at {
                0 => String::new(),
                at => format!(", went on at {}", DecimalBytes(at)),
            };
            format!("{from} -> {to} ({size}, {rate:.1} MB/s{went_on})")
        })
    }
}

impl Drop for FileProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(name: &str, size: u64) -> ProgressBar {
    const TEMPLATE: &str =
        "{wide_msg} {bar:24} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}";
    let bar = ProgressBar::new(size);
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style);
    }
    bar.set_message(printable(name).into_owned());
    bar
}
