//! Uploads that break off: what comes back is whole or nothing.

use crate::support::{Fixture, MIB, bytes, hash, path, request};
use protocol::control::code;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};
use watchword_peer::files::{FilesError, Tree, Upload, UploadRequest};

fn part(fixture: &Fixture, extension: &str) -> PathBuf {
    let find = |file: &PathBuf| file.extension().is_some_and(|is| is == extension);
    fixture.partials().into_iter().find(find).unwrap()
}

/// An upload of `data` that broke off after `sent` bytes, `synced` of which are proven.
fn broken(fixture: &Fixture, data: &[u8], sent: usize) {
    let mut upload = fixture.begin("files/a", data.len()).unwrap();
    upload.write(&data[..sent]).unwrap();
    upload.sync().unwrap();
}

fn finish(mut upload: Upload, data: &[u8]) -> Result<(), FilesError> {
    let offset = usize::try_from(upload.offset()).unwrap();
    upload.write(&data[offset..])?;
    upload.finish(&hash(data))
}

#[test]
fn files_of_every_size_arrive_whole_and_leave_nothing_behind() {
    let fixture = Fixture::new();
    for size in [0, 1, 1024, MIB - 1, MIB, MIB + 1, 8 * MIB, 9 * MIB + 12_345] {
        let (name, data) = (format!("files/new folder/{size}"), bytes(size, 1));
        let mut upload = fixture.begin(&name, size).unwrap();
        assert_eq!((upload.offset(), upload.before().as_str()), (0, ""));
        for chunk in data.chunks(65_536) {
            assert!(!fixture.on_disk(&name).exists());
            upload.write(chunk).unwrap();
        }
        upload.finish(&hash(&data)).unwrap();
        assert_eq!(std::fs::read(fixture.on_disk(&name)).unwrap(), data);
        assert_eq!(fixture.get(&name).unwrap(), data);
    }
    assert!(fixture.partials().is_empty());
    let used = fixture.tree.used();
    fixture.tree.recount();
    assert_eq!(fixture.tree.used(), used, "the books were right");
}

#[test]
fn the_last_change_is_kept_with_the_file() {
    let fixture = Fixture::new();
    for (name, ms) in [("files/a", 1_600_000_000_123), ("files/b", 0), ("files/c", u64::MAX)] {
        let path = path(name);
        let request = UploadRequest { modified_ms: Some(ms), ..request(&path, 1) };
        finish(Upload::begin(&fixture.tree, &request).unwrap(), b"x").unwrap();
    }
    assert_eq!(fixture.tree.stat(&path("files/a")).unwrap().modified_ms, 1_600_000_000_123);
    assert_eq!(fixture.tree.stat(&path("files/b")).unwrap().modified_ms, 0);
}

#[test]
fn an_upload_goes_on_after_a_break_and_a_restart() {
    let mut fixture = Fixture::new();
    let data = bytes(5 * MIB + 77, 1);
    broken(&fixture, &data, 3 * MIB + 500);
    assert_eq!(part(&fixture, "part").metadata().unwrap().len(), 3 * MIB as u64);
    fixture.reopen();
    assert_eq!(fixture.tree.used(), 3 * MIB as u64);
    let upload = fixture.resume("files/a", data.len()).unwrap();
    assert_eq!(upload.offset(), 3 * MIB as u64);
    assert_eq!(upload.before(), hash(&data[2 * MIB..3 * MIB]));
    finish(upload, &data).unwrap();
    assert_eq!(fixture.get("files/a").unwrap(), data);
    assert!(fixture.partials().is_empty());
}

#[test]
fn all_that_came_may_be_there_already() {
    let fixture = Fixture::new();
    for pieces in [1, 2] {
        let data = bytes(pieces * MIB, 1);
        let name = format!("files/{pieces}");
        let mut upload = fixture.begin(&name, data.len()).unwrap();
        upload.write(&data).unwrap();
        assert_eq!(upload.sync().unwrap(), data.len() as u64);
        drop(upload);
        let upload = fixture.resume(&name, data.len()).unwrap();
        assert_eq!(upload.offset(), data.len() as u64);
        finish(upload, &data).unwrap();
        assert_eq!(fixture.get(&name).unwrap(), data);
    }
}

#[test]
fn without_resume_and_with_another_size_it_begins_anew() {
    let fixture = Fixture::new();
    let (data, other) = (bytes(3 * MIB, 1), bytes(3 * MIB, 2));
    broken(&fixture, &data, 2 * MIB);
    assert_eq!(fixture.resume("files/a", data.len() + 1).unwrap().offset(), 0);
    let upload = fixture.begin("files/a", other.len()).unwrap();
    assert_eq!(upload.offset(), 0);
    finish(upload, &other).unwrap();
    assert_eq!(fixture.get("files/a").unwrap(), other);
    assert!(fixture.partials().is_empty());
}

#[test]
fn a_torn_index_costs_only_what_it_no_longer_proves() {
    let fixture = Fixture::new();
    let data = bytes(6 * MIB + 5, 1);
    for (cut, left) in [(1, 4), (39, 4), (40, 4), (41, 3), (200, 0), (5000, 0)] {
        broken(&fixture, &data, 5 * MIB);
        let index = std::fs::File::options().write(true).open(part(&fixture, "index")).unwrap();
        index.set_len(index.metadata().unwrap().len().saturating_sub(cut)).unwrap();
        let upload = fixture.resume("files/a", data.len()).unwrap();
        assert_eq!(upload.offset(), left * MIB as u64, "{cut} bytes cut");
        finish(upload, &data).unwrap();
        assert_eq!(fixture.get("files/a").unwrap(), data);
        fixture.tree.remove(&path("files/a"), false).unwrap();
    }
}

#[test]
fn a_torn_mib_is_stepped_back_over() {
    let fixture = Fixture::new();
    let data = bytes(6 * MIB + 5, 1);
    // A byte that is wrong, and what is then left.
    for (wrong, left) in [(5 * MIB - 1, 4), (4 * MIB, 4)] {
        broken(&fixture, &data, 5 * MIB);
        let file = std::fs::File::options().write(true).open(part(&fixture, "part")).unwrap();
        file.write_all_at(&[!data[wrong]], wrong as u64).unwrap();
        let upload = fixture.resume("files/a", data.len()).unwrap();
        assert_eq!(upload.offset(), left * MIB as u64);
        finish(upload, &data).unwrap();
        assert_eq!(fixture.get("files/a").unwrap(), data);
        fixture.tree.remove(&path("files/a"), false).unwrap();
    }
    for (len, left) in [(5 * MIB - 1, 4), (2 * MIB + 1, 2), (10, 0)] {
        broken(&fixture, &data, 5 * MIB);
        std::fs::File::options()
            .write(true)
            .open(part(&fixture, "part"))
            .unwrap()
            .set_len(len as u64)
            .unwrap();
        let upload = fixture.resume("files/a", data.len()).unwrap();
        assert_eq!(upload.offset(), left * MIB as u64);
        finish(upload, &data).unwrap();
        fixture.tree.remove(&path("files/a"), false).unwrap();
    }
    assert_eq!(fixture.tree.used(), 0);
}

#[test]
fn a_wrong_hash_leaves_nothing() {
    let fixture = Fixture::new();
    let data = bytes(2 * MIB + 1, 1);
    let ways: [&dyn Fn(Upload) -> Result<(), FilesError>; 4] = [
        &|mut upload| upload.write(&data).and_then(|()| upload.finish(&hash(b"other"))),
        &|mut upload| upload.write(&data[1..]).and_then(|()| upload.finish(&hash(&data))),
        &|mut upload| upload.write(&data).and_then(|()| upload.write(b"more")),
        &|mut upload| upload.write(&[0; 3 * MIB]),
    ];
    for way in ways {
        let error = way(fixture.begin("files/a", data.len()).unwrap()).unwrap_err();
        assert_eq!(error.code(), code::MISMATCH, "{error}");
        assert!(fixture.partials().is_empty() && !fixture.on_disk("files/a").exists());
    }
    let mut upload = fixture.begin("files/a", data.len()).unwrap();
    upload.write(&data).unwrap();
    upload.sync().unwrap();
    assert_eq!(upload.finish("no hash").unwrap_err().code(), code::INVALID_PARAMS);
    assert_eq!(fixture.resume("files/a", data.len()).unwrap().offset(), 2 * MIB as u64);
    assert_eq!(fixture.tree.used(), 2 * MIB as u64);
}

#[test]
fn a_name_that_is_taken_is_said_before_and_at_the_end() {
    let fixture = Fixture::new();
    let data = bytes(2 * MIB, 1);
    fixture.put("files/taken", b"old").unwrap();
    fixture.tree.mkdir(&path("files/folder")).unwrap();
    for name in ["files/taken", "files/folder", "files/taken/below"] {
        assert_eq!(fixture.begin(name, 5).err().unwrap().code(), code::EXISTS, "{name}");
    }
    let upload = fixture.begin("files/a", data.len()).unwrap();
    std::fs::write(fixture.on_disk("files/a"), "theirs").unwrap();
    assert_eq!(finish(upload, &data).unwrap_err().code(), code::EXISTS);
    assert_eq!(std::fs::read(fixture.on_disk("files/a")).unwrap(), b"theirs");
    fixture.tree.recount();
    // It was not for nothing: asked to, the device puts it there.
    let path = path("files/a");
    let request = UploadRequest { overwrite: true, resume: true, ..request(&path, data.len()) };
    let upload = Upload::begin(&fixture.tree, &request).unwrap();
    assert_eq!(upload.offset(), data.len() as u64);
    finish(upload, &data).unwrap();
    assert_eq!(fixture.get("files/a").unwrap(), data);
    let used = fixture.tree.used();
    fixture.tree.recount();
    assert_eq!(fixture.tree.used(), used);
}

#[test]
fn one_upload_at_a_time_has_a_partial_file() {
    let fixture = Fixture::new();
    let data = bytes(2 * MIB, 1);
    let first = fixture.begin("files/a", data.len()).unwrap();
    for second in [fixture.begin("files/a", data.len()), fixture.resume("files/a", data.len())] {
        let error = second.err().unwrap();
        assert!(matches!(error, FilesError::Busy), "{error}");
        assert_eq!(error.code(), code::UNAVAILABLE);
    }
    let elsewhere = Tree::open(&fixture.config).unwrap();
    for resume in [false, true] {
        let path = path("files/a");
        let second = UploadRequest { resume, ..request(&path, data.len()) };
        assert!(matches!(Upload::begin(&elsewhere, &second), Err(FilesError::Busy)), "another process");
    }
    // Of another size or owner it is another file; the first to be whole has the name.
    let path = path("files/a");
    let other = UploadRequest { owner: "garden", ..request(&path, data.len()) };
    let other = Upload::begin(&fixture.tree, &other).unwrap();
    finish(first, &data).unwrap();
    assert!(matches!(finish(other, &data), Err(FilesError::Exists)));
    assert_eq!(fixture.get("files/a").unwrap(), data);
}

#[test]
fn many_uploads_at_once_for_one_name_leave_one_whole_file() {
    let fixture = Fixture::new();
    let contents: Vec<Vec<u8>> = (0..8).map(|seed| bytes(2 * MIB + usize::from(seed), seed)).collect();
    let placed = std::thread::scope(|scope| {
        let put = |data| {
            let fixture = &fixture;
            scope.spawn(move || fixture.put("files/a", data).is_ok())
        };
        let threads: Vec<_> = contents.iter().map(Vec::as_slice).map(put).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|ok| *ok).count()
    });
    assert_eq!(placed, 1);
    assert!(contents.contains(&fixture.get("files/a").unwrap()));
}

/// The connection broke between the last byte and the news of it: the sender asks again.
#[test]
fn a_file_that_is_whole_already_is_not_sent_again() {
    let fixture = Fixture::new();
    let modified = 1_600_000_000_000;
    let path = path("files/a");
    for size in [0, 5, MIB, 3 * MIB + 5] {
        let data = bytes(size, 1);
        let again = UploadRequest { modified_ms: Some(modified), resume: true, ..request(&path, size) };
        finish(Upload::begin(&fixture.tree, &again).unwrap(), &data).unwrap();
        let upload = Upload::begin(&fixture.tree, &again).unwrap();
        assert_eq!(upload.offset(), (size / MIB * MIB) as u64);
        finish(upload, &data).unwrap();
        assert_eq!(fixture.get("files/a").unwrap(), data);
        // Another file that looks the same does not pass for it.
        if size > 0 {
            let other = bytes(size, 2);
            assert!(matches!(
                finish(Upload::begin(&fixture.tree, &again).unwrap(), &other),
                Err(FilesError::Exists)
            ));
            let over = UploadRequest { overwrite: true, ..again };
            let error = finish(Upload::begin(&fixture.tree, &over).unwrap(), &other).unwrap_err();
            assert_eq!(error.code(), code::MISMATCH);
        }
        for other in [
            UploadRequest { resume: false, ..again },
            UploadRequest { modified_ms: None, ..again },
            UploadRequest { modified_ms: Some(modified + 5000), ..again },
            UploadRequest { size: size as u64 + 1, ..again },
        ] {
            assert!(matches!(Upload::begin(&fixture.tree, &other), Err(FilesError::Exists)));
        }
        assert_eq!(fixture.get("files/a").unwrap(), data);
        fixture.tree.remove(&path, false).unwrap();
    }
    assert!(fixture.partials().is_empty());
}

#[test]
fn a_clock_that_was_wrong_loses_nothing() {
    let mut fixture = Fixture::new();
    let data = bytes(3 * MIB, 1);
    broken(&fixture, &data, 2 * MIB);
    for file in fixture.partials() {
        let file = std::fs::File::options().write(true).open(file).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(10_000_000_000)).unwrap();
    }
    fixture.reopen();
    assert_eq!(fixture.resume("files/a", data.len()).unwrap().offset(), 2 * MIB as u64);
}
