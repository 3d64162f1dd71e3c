//! Looking and changing, as viewers do it.

use crate::support::{Fixture, MIB, bytes, hash, path, read_all};
use protocol::control::{FileKind, code};
use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};
use watchword_peer::files::{Download, FilesConfig, FilesError, OpenError, RootConfig, Tree};

fn names(fixture: &Fixture, of: &str) -> Vec<String> {
    let page = fixture.tree.list(&path(of), "").unwrap();
    page.entries.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn roots_folders_and_files_are_told_in_order() {
    let fixture = Fixture::new();
    std::fs::create_dir_all(fixture.on_disk("files/b")).unwrap();
    std::fs::write(fixture.on_disk("files/a é.txt"), "12345").unwrap();
    let file = std::fs::File::options().write(true).open(fixture.on_disk("files/a é.txt")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)).unwrap();
    std::fs::write(fixture.on_disk("readonly/r"), "").unwrap();
    assert_eq!(names(&fixture, ""), ["files", "readonly"]);
    let page = fixture.tree.list(&path("files"), "").unwrap();
    assert!(!page.more);
    let [file, folder] = &page.entries[..] else { panic!("{page:?}") };
    assert_eq!((file.name.as_str(), file.kind, file.size), ("a é.txt", FileKind::File, 5));
    assert_eq!((file.modified_ms, file.writable), (1_700_000_000_123, true));
    assert_eq!((folder.name.as_str(), folder.kind, folder.size), ("b", FileKind::Folder, 0));
    assert_eq!(fixture.tree.stat(&path("files/a é.txt")).unwrap(), *file);
    assert!(!fixture.tree.stat(&path("readonly/r")).unwrap().writable);
    assert_eq!(fixture.tree.stat(&path("readonly")).unwrap().kind, FileKind::Folder);
    assert_eq!(fixture.tree.stat(&path("files/none")).unwrap_err().code(), code::NOT_FOUND);
    assert_eq!(fixture.tree.list(&path("none"), "").unwrap_err().code(), code::NOT_FOUND);
    assert!(matches!(fixture.tree.list(&path("files/a é.txt"), ""), Err(FilesError::IsFile)));
    assert!(fixture.tree.stat(&path("")).is_err());
}

#[test]
fn twenty_thousand_names_come_in_pages_that_fit_a_message() {
    let fixture = Fixture::new();
    let folder = fixture.on_disk("readonly");
    let mut expected = BTreeSet::new();
    for number in 0..20_000 {
        let name = format!("{:x}-\"quoted\" {}", number * 7919 % 20_011, "é".repeat(number % 90));
        std::fs::write(folder.join(&name), "").unwrap();
        expected.insert(name);
    }
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = fixture.tree.list(&path("readonly"), &after).unwrap();
        let json = serde_json::to_string(&page).unwrap();
        assert!(json.len() <= 48 * 1024 + 64, "{}", json.len());
        assert!(!page.more || json.len() > 24 * 1024, "a page is well filled: {}", json.len());
        seen.extend(page.entries.into_iter().map(|entry| entry.name));
        if !page.more {
            break;
        }
        after.clone_from(seen.last().unwrap());
    }
    assert_eq!(seen, expected.into_iter().collect::<Vec<_>>());
}

#[test]
fn folders_are_made_with_those_above_them() {
    let fixture = Fixture::new();
    assert!(fixture.tree.mkdir(&path("files/a/b/c")).unwrap());
    assert!(!fixture.tree.mkdir(&path("files/a/b")).unwrap(), "it is there");
    assert!(!fixture.tree.mkdir(&path("files")).unwrap());
    assert!(fixture.on_disk("files/a/b/c").is_dir());
    std::fs::write(fixture.on_disk("files/file"), "").unwrap();
    for taken in ["files/file", "files/file/below"] {
        assert_eq!(fixture.tree.mkdir(&path(taken)).unwrap_err().code(), code::EXISTS, "{taken}");
    }
    assert!(matches!(fixture.tree.mkdir(&path("readonly/a")), Err(FilesError::ReadOnly)));
    assert!(matches!(fixture.tree.mkdir(&path("none/a")), Err(FilesError::NotFound)));
    assert!(matches!(fixture.tree.mkdir(&path("")), Err(FilesError::IsRoot)));
}

#[test]
fn things_move_within_their_root_and_replace_only_when_asked() {
    let fixture = Fixture::new();
    let rename = |from: &str, to: &str, overwrite| fixture.tree.rename(&path(from), &path(to), overwrite);
    fixture.put("files/a", b"a").unwrap();
    fixture.put("files/b", b"b").unwrap();
    fixture.put("files/folder/c", b"c").unwrap();
    fixture.tree.mkdir(&path("files/empty")).unwrap();
    assert!(matches!(rename("files/a", "files/b", false), Err(FilesError::Exists)));
    for folder in ["files/folder", "files/empty"] {
        assert!(matches!(rename("files/a", folder, true), Err(FilesError::Exists)), "{folder}");
        assert!(matches!(rename(folder, "files/a", true), Err(FilesError::Exists)), "{folder}");
    }
    assert!(matches!(rename("files/folder", "files/empty", true), Err(FilesError::Exists)));
    assert!(matches!(rename("files/folder", "files/folder/x", false), Err(FilesError::IntoItself)));
    assert!(matches!(rename("files/a", "readonly/a", false), Err(FilesError::ReadOnly)));
    assert!(matches!(rename("readonly/a", "files/c", false), Err(FilesError::ReadOnly)));
    assert!(matches!(rename("files", "files/c", false), Err(FilesError::IsRoot)));
    assert!(matches!(rename("files/none", "files/c", false), Err(FilesError::NotFound)));
    assert!(matches!(rename("files/a", "files/none/c", false), Err(FilesError::NotFound)));
    rename("files/a", "files/a", false).unwrap();
    rename("files/a", "files/b", true).unwrap();
    rename("files/folder", "files/empty/folder", false).unwrap();
    assert_eq!(fixture.get("files/b").unwrap(), b"a");
    assert_eq!(fixture.get("files/empty/folder/c").unwrap(), b"c");
    assert_eq!(names(&fixture, "files"), ["b", "empty"]);
    let used = fixture.tree.used();
    fixture.tree.recount();
    assert_eq!(fixture.tree.used(), used, "the books were right");
}

#[test]
fn things_are_removed_and_their_room_comes_back() {
    let fixture = Fixture::new();
    let before = fixture.tree.used();
    fixture.put("files/a/b/c", &bytes(100_000, 1)).unwrap();
    fixture.put("files/a/d", b"").unwrap();
    let remove = |text: &str, recursive| fixture.tree.remove(&path(text), recursive);
    assert!(matches!(remove("files/a", false), Err(FilesError::NotEmpty)));
    assert!(matches!(remove("files", true), Err(FilesError::IsRoot)));
    assert!(matches!(remove("files/none", true), Err(FilesError::NotFound)));
    assert!(matches!(remove("readonly/r", false), Err(FilesError::ReadOnly)));
    remove("files/a/d", false).unwrap();
    let used = fixture.tree.used();
    fixture.tree.recount();
    assert_eq!(fixture.tree.used(), used);
    remove("files/a", true).unwrap();
    assert!(!fixture.on_disk("files/a").exists());
    assert_eq!(fixture.tree.used(), before);
    fixture.tree.mkdir(&path("files/empty")).unwrap();
    remove("files/empty", false).unwrap();
}

#[test]
fn a_download_goes_on_where_it_was_unless_the_file_changed() {
    let fixture = Fixture::new();
    for size in [0, 1, MIB, MIB + 1, 3 * MIB, 3 * MIB + 70_000] {
        let data = bytes(size, 3);
        std::fs::write(fixture.on_disk("readonly/a"), &data).unwrap();
        let path = path("readonly/a");
        let first = Download::open(&fixture.tree, &path, 0, "").unwrap();
        assert_eq!((first.size(), first.offset()), (size as u64, 0));
        for offset in (0..=size).step_by(MIB) {
            let mut download = Download::open(&fixture.tree, &path, offset as u64, first.version()).unwrap();
            assert_eq!(download.offset(), offset as u64);
            assert_eq!(read_all(&mut download).unwrap(), data[offset..]);
            assert_eq!(download.finish().unwrap(), hash(&data), "{size} from {offset}");
        }
        for (offset, version) in [(1, first.version()), (MIB as u64, "other"), (1 << 40, first.version())] {
            assert_eq!(Download::open(&fixture.tree, &path, offset, version).unwrap().offset(), 0);
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_noticed() {
    let fixture = Fixture::new();
    let on_disk = fixture.on_disk("files/a");
    let open = |data: &[u8]| {
        std::fs::write(&on_disk, data).unwrap();
        Download::open(&fixture.tree, &path("files/a"), 0, "").unwrap()
    };
    let data = bytes(2 * MIB, 1);
    let mut grows = open(&data);
    std::fs::write(&on_disk, bytes(3 * MIB, 1)).unwrap();
    assert_eq!(read_all(&mut grows).unwrap().len(), 2 * MIB, "no more than was announced");
    assert_eq!(grows.finish().unwrap_err().code(), code::MISMATCH);
    let mut shrinks = open(&data);
    std::fs::write(&on_disk, &data[..MIB]).unwrap();
    assert!(matches!(read_all(&mut shrinks), Err(FilesError::Changed)));
    let unread = open(&data);
    assert!(matches!(unread.finish(), Err(FilesError::Changed)));
    // Replaced as a whole: who reads the old one gets it, but is told.
    let mut old = open(&data);
    std::fs::remove_file(&on_disk).unwrap();
    std::fs::write(&on_disk, bytes(2 * MIB, 2)).unwrap();
    assert_eq!(read_all(&mut old).unwrap(), data);
    assert!(matches!(old.finish(), Err(FilesError::Changed)));
}

#[test]
fn what_the_owner_got_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let root = |name: &str| RootConfig { name: name.to_owned(), path: folder.path().into(), writable: true };
    let open = |roots| Tree::open(&FilesConfig { roots, ..FilesConfig::default() }).map(drop);
    for name in ["", "..", "a/b", ".watchword-partial", "a\0"] {
        assert!(matches!(open(vec![root(name)]), Err(OpenError::Name { .. })), "{name:?}");
    }
    assert!(matches!(open(vec![root("a"), root("a")]), Err(OpenError::Twice(_))));
    let missing = RootConfig { path: folder.path().join("none"), ..root("a") };
    let error = open(vec![missing]).unwrap_err().to_string();
    assert!(error.contains("none") && error.contains("make it"), "{error}");
    assert!(open(Vec::new()).is_ok());
}
