//! `watchword ls`: what is in a folder of the device.

use super::{paths::Roots, reaching::Reaching};
use crate::client::{Failure, Output, Session, printable};
use jiff::{Timestamp, tz::TimeZone};
use peer::viewer::CallError;
use protocol::{
    control::{FileEntry, FileKind, FilesList, FilesPage, FilesPath, code, method},
    grant::Right,
};

/// Lists a folder of the device, or a file.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Ls {
    /// Which, such as `files/photos`; `/` lists the top folders [default: the only top folder, or else the list of those]
    path: Option<String>,
    /// Tells sizes (bytes) and dates as well
    #[arg(short)]
    long: bool,
    /// Prints one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reaching: Reaching,
}

impl Ls {
    pub(super) async fn apply(self) -> Result<(), Failure> {
        let Self { reaching, path, long, json } = self;
        let output = Output::new(json);
        let zone = TimeZone::system();
        reaching
            .visit(async |session| {
                session.needs(Right::Files)?;
                let roots = Roots::ask(session).await?;
                let path = match &path {
                    Some(typed) => roots.whole(typed)?,
                    None => roots.only().unwrap_or_default().to_owned(),
                };
                let show = |entry: &FileEntry| {
                    output.show(entry, |entry| if long { line(entry, &zone) } else { name(entry) })
                };
                list(session, path.clone(), show).await.map_err(|failure| failure.about(&path))
            })
            .await
    }
}

/// Shows the entries as their pages come; a folder may be large.
async fn list(
    session: &mut Session,
    path: String,
    show: impl Fn(&FileEntry) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut params = FilesList { path, after: String::new() };
    loop {
        let value = match session.request(method::FILES_LIST, &params).await {
            // Perhaps it is a file: then that is what there is to list.
            Err(CallError::Refused(refusal)) if refusal.code == code::INVALID_PARAMS => {
                let path = FilesPath { path: params.path };
                return match session.ask::<_, FileEntry>(method::FILES_STAT, &path).await {
                    Ok(entry) if entry.kind == FileKind::File => show(&entry),
                    Ok(_) | Err(Failure::Failed(_)) => Err(CallError::Refused(refusal).into()),
                    Err(failure) => Err(failure),
                };
            }
            value => value?,
        };
        let page: FilesPage = serde_json::from_value(value)
            .map_err(|_| Failure::Failed("the device's list of files cannot be read".into()))?;
        page.entries.iter().try_for_each(&show)?;
        match page.entries.last() {
            Some(last) if page.more => params.after.clone_from(&last.name),
            Some(_) | None => return Ok(()),
        }
    }
}

/// A folder's ends with a slash.
fn name(entry: &FileEntry) -> String {
    let slash = if entry.kind == FileKind::Folder { "/" } else { "" };
    printable(&entry.name).into_owned() + slash
}

/// Size, time of last change here, and name.
fn line(entry: &FileEntry, zone: &TimeZone) -> String {
    let size = if entry.kind == FileKind::Folder { "-".to_owned() } else { entry.size.to_string() };
    let time = i64::try_from(entry.modified_ms).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
    let time = time.map_or_else(
        || "?".to_owned(),
        |time| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
    );
    format!("{size:>13} {time:16} {}", name(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_line_whatever_the_name() {
        let entry = |kind, size, modified_ms| FileEntry {
            name: "a\u{202e}b\n".into(),
            kind,
            size,
            modified_ms,
            writable: true,
        };
        let file = entry(FileKind::File, 1234, 1_767_225_600_000);
        assert_eq!(line(&file, &TimeZone::UTC), "         1234 2026-01-01 00:00 a\\u{202e}b\\n");
        let folder = entry(FileKind::Folder, 0, u64::MAX);
        assert_eq!(line(&folder, &TimeZone::UTC), "            - ?                a\\u{202e}b\\n/");
    }
}
