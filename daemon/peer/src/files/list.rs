//! Looking: a folder's page, and one entry.

use super::error::FilesError;
use super::path::{TreePath, can_be_said};
use super::root::{Root, modified_ms};
use super::tree::Tree;
use cap_std::fs::{Dir, Metadata};
use protocol::control::{FileEntry, FileKind, FilesPage};
use std::collections::BinaryHeap;
use unicode_normalization::UnicodeNormalization;

/// Most bytes of JSON in a page, so that it fits a message of the control channel with all that is around it.
const PAGE: usize = 48 * 1024;
/// Most bytes of an entry's JSON without its name, the comma after it included.
const ENTRY: usize = r#"{"name":"","kind":"folder","size":18446744073709551615,"modified_ms":18446744073709551615,"writable":false},"#.len();

impl Tree {
    /// A page of a folder, or of the roots: as many entries as fit 48 KiB of JSON, in the order of their names' bytes,
    /// from the first one after `after` on. Names that no path can have are left out, and so is all that is neither
    /// file nor folder. Memory is that of a page, whatever is in the folder.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be read.
    pub fn list(&self, path: &TreePath, after: &str) -> Result<FilesPage, FilesError> {
        let after: String = after.nfc().collect();
        if path.is_empty() {
            return self.list_roots(&after);
        }
        let (_, root, names) = self.0.root(path)?;
        let dir = root.walk(names)?;
        let mut after = after;
        loop {
            let names = names_after(&dir, &after)?;
            let entries: Vec<FileEntry> =
                names.kept.iter().filter_map(|name| entry_of(root, &dir, name)).collect();
            match names.kept.into_iter().next_back() {
                // All that was found is gone by now: the page is what follows it.
                Some(last) if entries.is_empty() && names.more => after = last,
                _ => return Ok(FilesPage { entries, more: names.more }),
            }
        }
    }

    /// One entry.
    ///
    /// # Errors
    /// When there is none of this name, or the path is empty.
    pub fn stat(&self, path: &TreePath) -> Result<FileEntry, FilesError> {
        let (_, root, names) = self.0.root(path)?;
        let Some((name, parents)) = names.split_last() else {
            return Ok(entry(&root.name, &root.own_metadata()?, root.writable));
        };
        let metadata = root.metadata(&root.walk(parents)?, name)?;
        Ok(entry(name, &metadata, root.writable))
    }

    fn list_roots(&self, after: &str) -> Result<FilesPage, FilesError> {
        let mut page = FilesPage::default();
        let mut bytes = 0;
        for root in self.0.roots.iter().filter(|root| root.name.as_str() > after) {
            // One whose disk is gone does not take the others with it.
            let Ok(metadata) = root.own_metadata() else { continue };
            bytes += json_len(&root.name);
            if bytes > PAGE {
                page.more = true;
                break;
            }
            page.entries.push(entry(&root.name, &metadata, root.writable));
        }
        Ok(page)
    }
}

/// Names in order, as many as fit a page.
struct Names {
    kept: Vec<String>,
    more: bool,
}

/// The first names after `after`: the largest of those kept gives way to each that is smaller.
fn names_after(dir: &Dir, after: &str) -> Result<Names, FilesError> {
    let mut heap: BinaryHeap<String> = BinaryHeap::new();
    let (mut bytes, mut more) = (0, false);
    for found in dir.entries()? {
        let found = found?;
        let kind = found.file_type()?;
        let other = kind.is_symlink() || !(kind.is_file() || kind.is_dir() || is_unknown(kind));
        let Ok(name) = found.file_name().into_string() else { continue };
        if other || name.as_str() <= after || !can_be_said(&name) {
            continue;
        }
        if more && heap.peek().is_some_and(|largest| *largest < name) {
            continue;
        }
        bytes += json_len(&name);
        heap.push(name);
        while bytes > PAGE {
            bytes -= heap.pop().map_or(bytes, |largest| json_len(&largest));
            more = true;
        }
    }
    Ok(Names { kept: heap.into_sorted_vec(), more })
}

/// Some file systems do not say in a folder what their entries are.
fn is_unknown(kind: cap_std::fs::FileType) -> bool {
    kind == cap_std::fs::FileType::unknown()
}

/// Most bytes that an entry of this name has as JSON, in its list.
fn json_len(name: &str) -> usize {
    let escaped = name.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    ENTRY + name.len() + escaped
}

fn entry_of(root: &Root, dir: &Dir, name: &str) -> Option<FileEntry> {
    Some(entry(name, &root.metadata(dir, name).ok()?, root.writable))
}

fn entry(name: &str, metadata: &Metadata, writable: bool) -> FileEntry {
    let (kind, size) =
        if metadata.is_dir() { (FileKind::Folder, 0) } else { (FileKind::File, metadata.len()) };
    FileEntry { name: name.to_owned(), kind, size, modified_ms: modified_ms(metadata), writable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_entry_is_longer_than_was_thought() {
        for name in ["a", "\"quoted\" name", "日本 😀\u{fffd}\u{200b}", "~\u{a0}"] {
            for kind in [FileKind::File, FileKind::Folder] {
                let entry = FileEntry {
                    name: name.to_owned(),
                    kind,
                    size: u64::MAX,
                    modified_ms: u64::MAX,
                    writable: false,
                };
                assert!(serde_json::to_string(&entry).unwrap().len() < json_len(name));
            }
        }
    }
}
