//! `/ls`: a folder, for a person.

use super::Answer;
use crate::control::methods::Methods;
use crate::files::{FilesError, TreePath};
use protocol::control::{FileEntry, FileKind, FilesPage, method};

/// Entries that are shown; of more it is said that there are.
const SHOWN: usize = 100;

/// Lists the folder that the words name (a path with spaces needs no quotation marks), or the top folders.
pub(super) fn list(methods: &Methods, words: &[String]) -> Answer {
    let files = methods.transfers.files().clone();
    let typed = words.join(" ");
    methods.rights.record(method::FILES_LIST, &typed, Ok(()));
    Answer::Later(Box::pin(async move {
        let path = match TreePath::parse(typed.trim_matches('/')) {
            Ok(path) => path,
            Err(error) => return FilesError::from(error).to_string(),
        };
        match files.with(move |tree| tree.list(&path, "")).await {
            Ok(page) => shown(&page),
            Err(error) => error.to_string(),
        }
    }))
}

fn shown(page: &FilesPage) -> String {
    if page.entries.is_empty() {
        return "There is nothing in it.".to_owned();
    }
    let mut lines: Vec<String> = page.entries.iter().take(SHOWN).map(line).collect();
    if page.more || page.entries.len() > SHOWN {
        lines.push("... and more".to_owned());
    }
    lines.join("\n")
}

fn line(entry: &FileEntry) -> String {
    match entry.kind {
        FileKind::Folder => format!("{}/", entry.name),
        FileKind::File => format!("{}  {}", entry.name, size(entry.size)),
    }
}

/// Bytes, for a person.
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_shown_with_sizes_and_an_end() {
        let entry = |name: &str, kind, size| FileEntry {
            name: name.into(),
            kind,
            size,
            modified_ms: 0,
            writable: true,
        };
        let mut page = FilesPage {
            entries: vec![entry("a", FileKind::Folder, 0), entry("b.txt", FileKind::File, 1_500)],
            more: false,
        };
        assert_eq!(shown(&page), "a/\nb.txt  1.5 kB");
        page.entries = (0..=SHOWN).map(|number| entry(&number.to_string(), FileKind::File, 1)).collect();
        assert!(shown(&page).ends_with("99  1 bytes\n... and more"));
        assert_eq!(shown(&FilesPage::default()), "There is nothing in it.");
        assert_eq!((size(999), size(4_294_967_296).as_str()), ("999 bytes".to_owned(), "4.3 GB"));
    }
}
