//! Uploads of a process that is killed, by the signal that cannot be caught.

use crate::support::{Fixture, MIB, bytes, hash, path, request};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use watchword_peer::files::{FilesConfig, FilesError, RootConfig, Tree, Upload, UploadRequest};

const FOLDER: &str = "WATCHWORD_TEST_FOLDER";
const SIZE: usize = 12 * MIB + 345;

/// Goes on with the upload, a MiB at a time, and ends it.
fn upload(tree: &Tree, data: &[u8]) -> Result<u64, FilesError> {
    let path = path("files/a");
    let request =
        UploadRequest { resume: true, modified_ms: Some(1_600_000_000_000), ..request(&path, SIZE) };
    let mut upload = Upload::begin(tree, &request)?;
    let offset = upload.offset();
    for chunk in data[usize::try_from(offset).unwrap()..].chunks(MIB / 4) {
        upload.write(chunk)?;
        if upload.written().is_multiple_of(MIB as u64) {
            upload.sync()?;
        }
    }
    upload.finish(&hash(data))?;
    Ok(offset)
}

#[test]
#[ignore = "the process that the test below kills"]
fn uploads_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let roots = vec![RootConfig { name: "files".to_owned(), path: folder.into(), writable: true }];
    let tree = Tree::open(&FilesConfig { roots, floor: 0, ..FilesConfig::default() }).unwrap();
    upload(&tree, &bytes(SIZE, 1)).unwrap();
}

fn killed_after(folder: &Path, pause: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::uploads_until_it_is_killed", "--ignored"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_process_leaves_nothing_half_and_loses_only_what_was_not_synced() {
    let data = bytes(SIZE, 1);
    let mut went_on = 0;
    for round in 0..20 {
        let mut fixture = Fixture::new();
        let file = fixture.on_disk("files/a");
        for attempt in 1..4 {
            killed_after(
                &fixture.on_disk("files"),
                Duration::from_millis((round * 7 + attempt * 11) % 90 + 5),
            );
            assert!(!file.exists() || std::fs::read(&file).unwrap() == data);
        }
        fixture.reopen();
        let offset = upload(&fixture.tree, &data).unwrap();
        went_on += u32::from(offset > 0);
        assert_eq!(std::fs::read(&file).unwrap(), data);
        fixture.reopen();
        assert!(fixture.partials().is_empty());
        assert_eq!(fixture.tree.used(), SIZE.next_multiple_of(4096) as u64);
    }
    println!("{went_on} of 20 went on where they were killed");
}
