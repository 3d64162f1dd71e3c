//! Links, special files and races: whatever lies in the folder, nothing outside is read, written or removed.

use crate::support::{Fixture, MIB, bytes, hash, path, request};
use nix::sys::stat::{Mode, SFlag, mknod};
use protocol::control::code;
use rustix::fs::{CWD, RenameFlags};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use watchword_peer::files::{Download, FilesError, Upload, UploadRequest};

/// Every way to a path; none may find what is there.
fn assert_not_there(fixture: &Fixture, text: &str) {
    let (tree, path, other) = (&fixture.tree, path(text), path("files/other"));
    assert_eq!(tree.stat(&path).unwrap_err().code(), code::NOT_FOUND, "stat {text}");
    assert!(tree.list(&path, "").is_err(), "list {text}");
    assert!(fixture.get(text).is_err(), "get {text}");
    assert_eq!(tree.rename(&path, &other, true).unwrap_err().code(), code::NOT_FOUND, "rename {text}");
    assert_eq!(tree.remove(&path, true).unwrap_err().code(), code::NOT_FOUND, "remove {text}");
}

#[test]
fn links_lead_nowhere() {
    let fixture = Fixture::new();
    let outside = fixture.on_disk("outside");
    symlink(&outside, fixture.on_disk("files/absolute")).unwrap();
    symlink("../outside", fixture.on_disk("files/relative")).unwrap();
    symlink(outside.join("secret"), fixture.on_disk("files/file")).unwrap();
    symlink("loop", fixture.on_disk("files/loop")).unwrap();
    symlink(".", fixture.on_disk("files/here")).unwrap();
    fixture.put("files/real", b"real").unwrap();
    for text in ["files/absolute", "files/relative", "files/file", "files/loop", "files/here"] {
        assert_not_there(&fixture, text);
        assert_eq!(fixture.put(text, b"new").unwrap_err().code(), code::EXISTS, "{text}");
        let path = path(text);
        let overwriting = UploadRequest { overwrite: true, ..request(&path, 3) };
        assert_eq!(Upload::begin(&fixture.tree, &overwriting).err().unwrap().code(), code::EXISTS);
        assert!(fixture.tree.rename(&self::path("files/real"), &path, true).is_err(), "{text}");
        assert!(fixture.tree.mkdir(&path).is_err(), "{text}");
    }
    for text in ["files/absolute/secret", "files/relative/secret", "files/here/real", "files/loop/a"] {
        assert_not_there(&fixture, text);
        assert!(fixture.put(text, b"new").is_err(), "{text}");
        assert!(fixture.tree.mkdir(&path(&format!("{text}/new"))).is_err(), "{text}");
        assert!(fixture.tree.rename(&path("files/real"), &path(text), true).is_err(), "{text}");
    }
    let page = fixture.tree.list(&path("files"), "").unwrap();
    assert_eq!(page.entries.len(), 1, "{page:?}");
    fixture.assert_outside_untouched();
}

#[test]
fn a_folder_is_removed_with_its_links_and_what_they_point_to_stays() {
    let fixture = Fixture::new();
    let folder = fixture.on_disk("files/a");
    std::fs::create_dir(&folder).unwrap();
    symlink(fixture.on_disk("outside"), folder.join("link")).unwrap();
    symlink(fixture.on_disk("outside/secret"), folder.join("file")).unwrap();
    mknod(&folder.join("fifo"), SFlag::S_IFIFO, Mode::S_IRWXU, 0).unwrap();
    fixture.tree.remove(&path("files/a"), true).unwrap();
    assert!(!folder.exists());
    fixture.assert_outside_untouched();
}

#[test]
fn special_files_are_neither_told_of_nor_opened() {
    let fixture = Fixture::new();
    mknod(&fixture.on_disk("files/fifo"), SFlag::S_IFIFO, Mode::S_IRWXU, 0).unwrap();
    let _socket = UnixListener::bind(fixture.on_disk("files/socket")).unwrap();
    let mut special = vec!["files/fifo", "files/socket"];
    let zero = nix::sys::stat::makedev(1, 5);
    if mknod(&fixture.on_disk("files/device"), SFlag::S_IFCHR, Mode::S_IRWXU, zero).is_ok() {
        special.push("files/device");
    } else {
        println!("device files are left out: this takes root");
    }
    assert!(fixture.tree.list(&path("files"), "").unwrap().entries.is_empty());
    for text in special {
        assert_not_there(&fixture, text);
        assert_eq!(fixture.put(text, b"new").unwrap_err().code(), code::EXISTS, "{text}");
        assert!(fixture.on_disk(text).symlink_metadata().is_ok(), "{text} stays");
    }
}

#[test]
fn our_own_folder_is_nobody_elses() {
    let fixture = Fixture::new();
    let mut upload = fixture.begin("files/a", 2 * MIB).unwrap();
    upload.write(&bytes(MIB, 1)).unwrap();
    upload.sync().unwrap();
    assert_eq!(fixture.partials().len(), 2);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fixture.on_disk("files/.watchword-partial").metadata().unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o700);
    assert!(fixture.tree.list(&path("files"), "").unwrap().entries.is_empty());
    for file in fixture.partials() {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_hexdigit() || b".partindex".contains(&byte)), "{name}");
    }
}

#[test]
fn names_that_no_path_can_have_are_not_told_of() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = Fixture::new();
    let names: [&[u8]; 5] = [b"\xff\xfe", b"a\nb", b"a\\b", "e\u{301}".as_bytes(), "\u{202e}gpj".as_bytes()];
    for name in names {
        std::fs::write(fixture.on_disk("files").join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
    }
    assert!(fixture.tree.list(&path("files"), "").unwrap().entries.is_empty());
}

#[test]
fn links_planted_during_an_upload_lead_nowhere() {
    let fixture = Fixture::new();
    let data = bytes(2 * MIB, 1);
    // In the place of its folder.
    let mut upload = fixture.begin("files/a/file", data.len()).unwrap();
    upload.write(&data).unwrap();
    std::fs::remove_dir(fixture.on_disk("files/a")).unwrap();
    symlink(fixture.on_disk("outside"), fixture.on_disk("files/a")).unwrap();
    assert!(upload.finish(&hash(&data)).is_err());
    fixture.assert_outside_untouched();
    // In the place of the file.
    let mut upload = fixture.begin("files/b", data.len()).unwrap();
    upload.write(&data).unwrap();
    symlink(fixture.on_disk("outside/secret"), fixture.on_disk("files/b")).unwrap();
    assert_eq!(upload.finish(&hash(&data)).unwrap_err().code(), code::EXISTS);
    // In the place of the partial file and its index.
    let mut upload = fixture.begin("files/c", data.len()).unwrap();
    upload.write(&data).unwrap();
    upload.sync().unwrap();
    for file in fixture.partials() {
        std::fs::remove_file(&file).unwrap();
        symlink(fixture.on_disk("outside/secret"), &file).unwrap();
    }
    assert!(matches!(upload.finish(&hash(&data)), Err(FilesError::Ended)));
    assert!(!fixture.on_disk("files/c").exists());
    // They do not lead a later upload astray either.
    let mut upload = fixture.resume("files/c", data.len()).unwrap();
    assert_eq!(upload.offset(), 0);
    upload.write(&data).unwrap();
    upload.finish(&hash(&data)).unwrap();
    assert_eq!(std::fs::read(fixture.on_disk("files/c")).unwrap(), data);
    fixture.assert_outside_untouched();
}

#[test]
fn the_hidden_folder_may_go_or_be_a_link() {
    let fixture = Fixture::new();
    let hidden = fixture.on_disk("files/.watchword-partial");
    let data = bytes(MIB + 5, 1);
    let mut upload = fixture.begin("files/a", data.len()).unwrap();
    upload.write(&data).unwrap();
    std::fs::remove_dir_all(&hidden).unwrap();
    assert!(matches!(upload.finish(&hash(&data)), Err(FilesError::Ended | FilesError::NotFound)));
    fixture.put("files/a", &data).unwrap();
    std::fs::remove_dir_all(&hidden).unwrap();
    symlink(fixture.on_disk("outside"), &hidden).unwrap();
    assert!(fixture.begin("files/b", 5).is_err());
    fixture.assert_outside_untouched();
}

/// A thread swaps a folder for a link and back, as fast as it can, while files are put, read, listed, moved and
/// removed through it.
#[test]
fn renames_that_race_lead_nowhere() {
    let fixture = Fixture::new();
    let (folder, link) = (fixture.on_disk("files/a"), fixture.on_disk("link"));
    std::fs::create_dir(&folder).unwrap();
    symlink(fixture.on_disk("outside"), &link).unwrap();
    let stop = AtomicBool::new(false);
    let (mut through, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        for _ in 0..1500 {
            let (secret, new) = (path("files/a/secret"), path("files/a/new"));
            assert_ne!(fixture.get("files/a/secret").ok().as_deref(), Some(&b"secret"[..]));
            match fixture.put("files/a/new", b"new") {
                Ok(()) => through += 1,
                Err(_) => refused += 1,
            }
            let _ = fixture.tree.mkdir(&path("files/a/folder"));
            if let Ok(page) = fixture.tree.list(&path("files/a"), "") {
                assert!(page.entries.iter().all(|entry| entry.name != "secret"));
            }
            assert!(Download::open(&fixture.tree, &secret, 0, "").is_err());
            let _ = fixture.tree.rename(&secret, &path("files/stolen"), false);
            let _ = fixture.tree.rename(&new, &path("files/a/other"), true);
            let _ = fixture.tree.remove(&path("files/a/secret"), true);
            let _ = fixture.tree.remove(&new, false);
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!("{through} went through, {refused} were refused");
    fixture.assert_outside_untouched();
    assert!(!fixture.on_disk("files/stolen").exists());
}

/// A thread swaps a file for one that nobody ever writes to; who opens that one must neither wait nor believe it.
#[test]
fn a_file_that_becomes_a_fifo_is_not_read() {
    let fixture = Fixture::new();
    let (file, fifo) = (fixture.on_disk("files/a"), fixture.on_disk("fifo"));
    std::fs::write(&file, "real").unwrap();
    mknod(&fifo, SFlag::S_IFIFO, Mode::S_IRWXU, 0).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &file, CWD, &fifo, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let read: Vec<_> = (0..20_000).map(|_| fixture.get("files/a")).collect();
        stop.store(true, Ordering::Relaxed);
        for result in read {
            match result {
                Ok(data) => assert_eq!(data, b"real"),
                // The exchange changes the file's times too.
                Err(error) => {
                    assert!(matches!(error, FilesError::NotFound | FilesError::Changed), "{error}");
                }
            }
        }
    });
}
