//! The audit log: what viewers did, as JSON lines in `audit.jsonl` of the state folder, and in the log.
//!
//! A line has `time` (milliseconds since the epoch), `word` (its label), `session`, `what` (a method), `on` (a path, a
//! command, a name; absent where there is nothing to tell) and `refused` (the code, where it was). What was said in the
//! chat is not in it. What strangers tried is told in counts, and so is what one session does faster than a person could
//! (`what` is `left-out`): nobody washes older lines out of the log.

use crate::state::StateDirectory;
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    sync::{Arc, mpsc},
    thread,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// A file that has grown to this many bytes makes room for the next.
const LARGEST: u64 = 10 << 20;
/// Files kept, the one that is written included.
const KEPT: u32 = 5;
/// Lines that may wait for a slow disk. More are lost, and their number is told.
const WAITING: usize = 1024;

/// One line.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    /// Label of the word.
    pub word: &'a str,
    /// First characters of the session's name.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub session: &'a str,
    /// Method, or `wrong-word`.
    pub what: &'a str,
    /// On what.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub on: &'a str,
    /// Code of its refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<i32>,
    /// How often, where it is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// Lines of one session at once, and a second.
const BURST: f64 = 100.0;
const RATE: f64 = 1.0;

/// How many lines one session may write: a token bucket, and the count of what did not fit.
#[derive(Debug)]
pub(crate) struct Allowance {
    tokens: f64,
    at: Instant,
    left_out: u32,
}

/// Whether a line is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is; before it, that so many were not (0: none).
    Write {
        /// Lines left out since the last one.
        left_out: u32,
    },
    /// It is counted only.
    Count,
}

impl Allowance {
    /// A full bucket.
    #[must_use]
    pub(crate) fn new(now: Instant) -> Self {
        Self { tokens: BURST, at: now, left_out: 0 }
    }

    /// Decides about one line.
    pub(crate) fn next(&mut self, now: Instant) -> Verdict {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + elapsed * RATE).min(BURST);
        self.at = now;
        if self.tokens < 1.0 {
            self.left_out = self.left_out.saturating_add(1);
            return Verdict::Count;
        }
        self.tokens -= 1.0;
        Verdict::Write { left_out: std::mem::take(&mut self.left_out) }
    }
}

/// The log's writing end; cheap to clone. Lines are written by a thread of its own: nobody waits for the disk.
#[derive(Clone)]
pub(crate) struct Audit {
    lines: mpsc::SyncSender<Vec<u8>>,
    lost: Arc<AtomicU64>,
}

impl Audit {
    /// Opens the log of this state folder. What was told is on its way to the disk when the last clone has gone and
    /// the thread that is returned has ended.
    pub(crate) fn open(state: &StateDirectory) -> Result<(Self, thread::JoinHandle<()>)> {
        let mut file = Rotated::open(state.path("audit.jsonl"), LARGEST, KEPT)?;
        let (lines, waiting) = mpsc::sync_channel::<Vec<u8>>(WAITING);
        let writer = thread::Builder::new().name("audit".to_owned()).spawn(move || {
            for line in waiting {
                if let Err(error) = file.write(&line) {
                    log::error!("the audit log cannot be written: {error:#}");
                }
            }
        })?;
        Ok((Self { lines, lost: Arc::default() }, writer))
    }

    /// Writes a line, and says it in the log.
    pub(crate) fn tell(&self, line: &Line<'_>) {
        #[derive(Serialize)]
        struct Timed<'a> {
            time: u128,
            #[serde(flatten)]
            line: &'a Line<'a>,
        }
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        // JSON escapes what a stranger may have put into a name: one line stays one line.
        let Ok(text) = serde_json::to_string(&Timed { time, line }) else { return };
        log::info!("audit: {text}");
        let mut bytes = text.into_bytes();
        bytes.push(b'\n');
        if self.lines.try_send(bytes).is_err() {
            let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
            log::warn!("the disk is too slow for the audit log: {lost} lines lost so far");
        }
    }
}

/// A file that is renamed to `NAME.1` when it is full, `NAME.1` to `NAME.2`, and so on; the last goes.
struct Rotated {
    path: PathBuf,
    file: File,
    length: u64,
    largest: u64,
    kept: u32,
}

impl Rotated {
    fn open(path: PathBuf, largest: u64, kept: u32) -> Result<Self> {
        let file = append_to(&path)?;
        let length = file.metadata()?.len();
        Ok(Self { path, file, length, largest, kept })
    }

    fn write(&mut self, line: &[u8]) -> Result<()> {
        if self.length > 0 && self.length + line.len() as u64 > self.largest {
            self.rotate()?;
        }
        self.file.write_all(line)?;
        self.length += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> Result<()> {
        let name = |number: u32| match number {
            0 => self.path.clone(),
            number => PathBuf::from(format!("{}.{number}", self.path.display())),
        };
        for number in (0..self.kept.saturating_sub(1)).rev() {
            if name(number).exists() {
                fs::rename(name(number), name(number + 1))?;
            }
        }
        self.file = append_to(&self.path)?;
        self.length = 0;
        Ok(())
    }
}

fn append_to(path: &Path) -> Result<File> {
    File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_too_fast_for_a_person_is_counted() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let written = (0..1_000).filter(|_| allowance.next(start) != Verdict::Count).count();
        assert_eq!(written, 100);
        assert_eq!(allowance.next(start + Duration::from_secs(1)), Verdict::Write { left_out: 900 });
        assert_eq!(allowance.next(start + Duration::from_secs(3)), Verdict::Write { left_out: 0 });
    }

    #[test]
    fn full_files_make_room_and_the_oldest_goes() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("audit.jsonl");
        let mut file = Rotated::open(path.clone(), 10, 3)?;
        for line in [b"one 34567\n", b"two 34567\n", b"thr 34567\n"] {
            file.write(line)?;
        }
        drop(file);
        Rotated::open(path.clone(), 10, 3)?.write(b"four\n")?;
        let read = |name: &str| fs::read_to_string(folder.path().join(name));
        assert_eq!(read("audit.jsonl")?, "four\n");
        assert_eq!(read("audit.jsonl.1")?, "thr 34567\n");
        assert_eq!(read("audit.jsonl.2")?, "two 34567\n");
        assert!(read("audit.jsonl.3").is_err(), "three are kept");
        Ok(())
    }

    #[test]
    fn a_line_stays_one_line_and_tells_who_did_what() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let state = StateDirectory::at(folder.path());
        let (audit, writer) = Audit::open(&state)?;
        audit.tell(&Line {
            word: "workshop",
            session: "abc123",
            what: "files.remove",
            on: "files/a\nb\u{1b}[2J",
            refused: Some(-32_000),
            count: None,
        });
        drop(audit);
        writer.join().map_err(|_| anyhow::anyhow!("the writer failed"))?;
        let text = fs::read_to_string(folder.path().join("audit.jsonl"))?;
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\u{1b}'));
        let line: serde_json::Value = serde_json::from_str(&text)?;
        assert_eq!((line["word"].as_str(), line["refused"].as_i64()), (Some("workshop"), Some(-32_000)));
        assert!(line["time"].as_u64().is_some() && line.get("count").is_none());
        Ok(())
    }
}
