//! `watchword get`: files of the device to this machine.

use super::{
    paths::{Roots, last_name},
    reaching::Reaching,
    transfer::{Tally, Tries, failed},
};
use crate::client::{Failure, Fetched, LastingSession, Output, Partial, Progress, printable};
use peer::viewer::{Target, TransferError};
use protocol::{
    control::{FilesGet, GetReady},
    grant::Right,
};
use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Fetches files. What comes is kept in a hidden file, `.NAME.part`, until it is whole, and goes on from there in this visit or
/// a later one. Nothing here is replaced unless you say so.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Get {
    /// What to fetch, such as `files/photos/cat.jpg`; the name of the only top folder may be left out
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// Folder to put it in, or, for one, the file that it is to be; `-` is standard output [default: its name, in the
    /// folder that you are in]
    #[arg(short, long, value_name = "FILE|FOLDER")]
    output: Option<PathBuf>,
    /// Replaces files that are there
    #[arg(long)]
    overwrite: bool,
    /// Prints one JSON object a line: how far each file is, and what came of it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reaching: Reaching,
}

/// Files that are being fetched.
struct Getting<'a> {
    session: &'a mut LastingSession,
    progress: Progress,
    overwrite: bool,
}

impl Get {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, paths, output, overwrite, json } = self;
        let targets = targets(&paths, output.as_deref())?;
        if json && targets.iter().any(|target| is_pipe(target)) {
            return Err(Failure::Usage("standard output takes either the file or --json".into()));
        }
        let progress = Progress::new(Output::new(json));
        reaching
            .visit_lasting(async |session| {
                session.session().needs(Right::Files)?;
                let roots = Roots::ask(session.session()).await?;
                let mut tally = Tally::default();
                let mut getting = Getting { session, progress, overwrite };
                for (typed, target) in paths.iter().zip(&targets) {
                    let done = match roots.whole(typed) {
                        Ok(path) if is_pipe(target) => getting.pipe(path).await,
                        Ok(path) => getting.get(&path, target).await,
                        Err(failure) => Err(failure),
                    };
                    tally.count(progress, typed, done)?;
                }
                tally.end("fetched")
            })
            .await
    }
}

impl Getting<'_> {
    async fn get(&mut self, path: &str, target: &Path) -> Result<(), Failure> {
        let mut shown = self.progress.file(path, 0);
        let (mut tries, mut anew) = (Tries::default(), false);
        loop {
            let mut partial = Partial::open(target, self.overwrite).map_err(Failure::Failed)?;
            if anew {
                partial.forget();
            }
            let (offset, version) = partial.resumable(path);
            let get = FilesGet { path: path.to_owned(), offset, version };
            let fetched = Fetched { partial, path: path.to_owned() };
            let mut at = 0;
            let viewer = self.session.session().viewer();
            let done = viewer.download(&get, fetched, |bytes, size| {
                at = bytes;
                shown.set_size(size);
                shown.at(bytes);
            });
            match done.await {
                Ok(_) => return shown.done(&target.to_string_lossy()),
                // What was kept of an earlier visit is not what it was.
                Err(TransferError::Mismatch) if offset > 0 && !anew => anew = true,
                Err(error) => {
                    anew = false;
                    tries.next(self.session, &shown, at, error, "written").await?;
                }
            }
        }
    }
}

impl Getting<'_> {
    /// To standard output. What is written there cannot be gone on with.
    async fn pipe(&mut self, path: String) -> Result<(), Failure> {
        let mut shown = self.progress.file(&path, 0);
        let get = FilesGet { path, offset: 0, version: String::new() };
        let viewer = self.session.session().viewer();
        let done = viewer.download(&get, Piped, |bytes, size| {
            shown.set_size(size);
            shown.at(bytes);
        });
        match done.await {
            Ok(Piped) => Ok(()),
            Err(TransferError::Local(error)) => Err(error.into()),
            Err(error) => Err(failed(error, "written")),
        }
    }
}

/// Standard output.
struct Piped;

impl Target for Piped {
    fn hash(&mut self, _: u64, _: &mut blake3::Hasher) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn begin(&mut self, _: &GetReady) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::stdout().lock().write_all(bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        io::stdout().lock().flush()
    }
}

fn is_pipe(target: &Path) -> bool {
    target.as_os_str() == "-"
}

/// Where each goes. Checked before anybody is asked for a word.
///
/// # Errors
/// [`Failure::Usage`] where several would be one.
fn targets(paths: &[String], output: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    if let (Some(output), [_]) = (output, paths)
        && !is_folder(output)
    {
        return Ok(vec![output.to_owned()]);
    }
    let folder = output.unwrap_or(Path::new(""));
    if output.is_some() && !folder.is_dir() {
        return Err(Failure::Usage(format!("{} is no folder", printable(&folder.to_string_lossy()))));
    }
    let mut targets = Vec::with_capacity(paths.len());
    for path in paths {
        let target = folder.join(named(path)?);
        if targets.contains(&target) {
            return Err(Failure::Usage(format!(
                "two of these would be {}",
                printable(&target.to_string_lossy())
            )));
        }
        targets.push(target);
    }
    Ok(targets)
}

fn named(path: &str) -> Result<&str, Failure> {
    let name = last_name(path.trim_end_matches('/'));
    name.ok_or_else(|| Failure::Usage(format!("{} names no file", printable(path))))
}

/// Whether it is one, or is written as one.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(paths: &[&str], output: Option<&Path>) -> Result<Vec<PathBuf>, String> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        targets(&paths, output).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_file_is_put_under_its_own_name_or_the_one_that_is_given() {
        let home = tempfile::tempdir().unwrap();
        let here = home.path();
        assert_eq!(named(&["files/a/b.txt", "c"], None), Ok(vec!["b.txt".into(), "c".into()]));
        assert_eq!(named(&["files/a"], Some(here)), Ok(vec![here.join("a")]));
        assert_eq!(named(&["files/a"], Some(&here.join("b"))), Ok(vec![here.join("b")]));
        assert!(
            named(&["files/a"], Some(&here.join("none/")))
                .is_err_and(|error| error.ends_with("is no folder"))
        );
        assert!(
            named(&["x", "y"], Some(&here.join("b"))).is_err_and(|error| error.ends_with("is no folder"))
        );
        assert!(named(&["a/x", "b/x"], None).is_err_and(|error| error == "two of these would be x"));
        for none in ["", "/", "a/..", "."] {
            assert!(named(&[none], None).is_err_and(|error| error.ends_with("names no file")), "{none:?}");
        }
    }
}
