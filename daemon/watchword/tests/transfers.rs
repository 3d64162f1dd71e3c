//! Files to and from a device, by the command line: a real device, its real disk, and connections that break.

#![allow(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

mod common;

use common::{
    Home, Running,
    device::{Device, code, output},
    stderr, stdout,
};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Output,
    time::{Duration, Instant},
};

const ALL: &str = "files,upload,manage";

/// A device, and a viewer with a folder of its own.
struct Pair {
    device: Device,
    viewer: Home,
    here: tempfile::TempDir,
}

impl Pair {
    fn new(rights: &str) -> Self {
        let pair = Self {
            device: Device::allowing(rights, ""),
            viewer: Home::new(),
            here: tempfile::tempdir().unwrap(),
        };
        // The certificate is known from now on.
        assert_eq!(code(&pair.run(&["status"])), Some(0));
        pair
    }

    /// Runs a command in the viewer's folder.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.device.visit(&self.viewer, arguments);
        command.current_dir(self.here.path());
        output(command)
    }

    /// As [`Self::run`]; it has to go well.
    fn done(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(code(&done), Some(0), "{arguments:?}: {}", stderr(&done));
        stdout(&done)
    }

    /// As [`Self::run`]; it has to come to nothing with this code and sentence.
    fn refused(&self, arguments: &[&str], expected: i32, sentence: &str) {
        let done = self.run(arguments);
        assert_eq!(code(&done), Some(expected), "{arguments:?}: {}", stderr(&done));
        assert!(stderr(&done).contains(sentence), "{arguments:?}: {}", stderr(&done));
    }

    fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.device.visit(&self.viewer, arguments);
        command.current_dir(self.here.path());
        Running::new(command)
    }

    /// A file in the viewer's folder.
    fn file(&self, name: &str, size: usize) -> Vec<u8> {
        let path = self.here.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = bytes(size, name);
        fs::write(path, &bytes).unwrap();
        bytes
    }

    fn here(&self, name: &str) -> PathBuf {
        self.here.path().join(name)
    }

    /// The folder `files` on the device's disk.
    fn there(&self, name: &str) -> PathBuf {
        self.device.home.path().join("state/files").join(name)
    }

    /// What lies there and is none of the viewers'.
    fn unfinished(&self) -> Vec<PathBuf> {
        hidden(&self.there(""))
    }
}

/// Bytes that are like no others.
fn bytes(size: usize, seed: &str) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Files in hidden folders, at any depth.
fn hidden(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if !entry.file_name().to_string_lossy().starts_with(".watchword") {
            continue;
        }
        if entry.path().is_dir() {
            found.extend(fs::read_dir(entry.path()).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + common::PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "{what} does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_sent_is_there_and_what_is_fetched_is_the_same() {
    let pair = Pair::new(ALL);
    for size in [0, 1, 65_535, 65_536, 65_537, 1 << 20, (3 << 20) + 7, 24 << 20] {
        let name = format!("file {size}.bin");
        let sent = pair.file(&name, size);
        fs::File::open(pair.here(&name))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH + Duration::from_secs(size as u64 + 1))
            .unwrap();
        let line = pair.done(&["send", &name]);
        assert!(line.starts_with(&format!("{name} -> files/{name} (")), "{line}");
        assert!(fs::read(pair.there(&name)).unwrap() == sent, "{size} bytes are others on the device");
        assert_eq!(fs::metadata(pair.there(&name)).unwrap().mtime(), size as i64 + 1);
        pair.done(&["get", &name, "-o", "back"]);
        assert!(fs::read(pair.here("back")).unwrap() == sent, "{size} bytes came back as others");
        assert_eq!(fs::metadata(pair.here("back")).unwrap().mtime(), size as i64 + 1);
        fs::remove_file(pair.here("back")).unwrap();
    }
    assert_eq!(pair.unfinished(), [] as [PathBuf; 0]);
    let left: Vec<_> =
        fs::read_dir(pair.here.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name.to_string_lossy().starts_with("file ")), "{left:?}");
}

#[test]
fn a_folder_is_sent_with_all_that_is_in_it() {
    let pair = Pair::new(ALL);
    let names = ["photos/été/日本 😀.jpg", "photos/.hidden", "photos/a/b/c/d.txt", "photos/-r"];
    let sent: Vec<Vec<u8>> =
        names.iter().enumerate().map(|(index, name)| pair.file(name, index * 100_000)).collect();
    fs::create_dir_all(pair.here("photos/empty")).unwrap();
    pair.file("other.txt", 5);
    pair.done(&["send", "photos", "other.txt", "--to", "2026/november"]);
    for (name, bytes) in names.iter().zip(&sent) {
        assert!(fs::read(pair.there("2026/november").join(name)).unwrap() == *bytes, "{name}");
    }
    assert!(
        pair.there("2026/november/photos/empty").is_dir() && pair.there("2026/november/other.txt").is_file()
    );

    // Once more: the device has it all, and nothing is in the way.
    let again = pair.done(&["send", "photos", "--to", "files/2026/november", "--json"]);
    let done: Vec<Value> = again.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(done.iter().filter(|event| event["event"] == "done").count(), names.len());
    assert!(done.iter().all(|event| event["already_there"] == true), "{again}");
    let line = pair.done(&["send", "other.txt", "--to", "2026/november"]);
    assert!(line.ends_with("(5 B, there already)\n"), "{line}");

    let listed = pair.done(&["ls", "2026/november/photos"]);
    assert_eq!(listed, "-r\n.hidden\na/\nempty/\nété/\n");
    let one = pair.done(&["ls", "--json", "/files/2026/november/photos/été"]);
    let entry: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(
        (&entry["name"], &entry["kind"], &entry["size"]),
        (&"日本 😀.jpg".into(), &"file".into(), &0.into())
    );
    assert_eq!(pair.done(&["ls", "/"]), "files/\n");
    let long = pair.done(&["ls", "-l", "2026/november/photos/-r"]);
    assert!(long.contains("300000") && long.ends_with(" -r\n"), "{long}");
}

#[test]
fn several_files_come_together_or_one_by_its_new_name() {
    let pair = Pair::new(ALL);
    let (one, two) = (pair.file("one", 10), pair.file("two", 2_000_000));
    pair.done(&["send", "one", "two", "--to", "x"]);
    fs::create_dir(pair.here("into")).unwrap();
    pair.done(&["get", "x/one", "files/x/two", "-o", "into"]);
    assert!(
        fs::read(pair.here("into/one")).unwrap() == one && fs::read(pair.here("into/two")).unwrap() == two
    );
    let json = pair.done(&["get", "x/one", "-o", "new", "--json"]);
    let event: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&event["event"], &event["from"], &event["to"]),
        (&"done".into(), &"files/x/one".into(), &"new".into())
    );
    assert!(fs::read(pair.here("new")).unwrap() == one);
}

#[test]
fn many_small_files_go_over_one_session() {
    let pair = Pair::new(ALL);
    for number in 0..150 {
        pair.file(&format!("many/{number}"), number * 37);
    }
    let sent = pair.run(&["send", "many"]);
    assert_eq!((code(&sent), stderr(&sent).as_str()), (Some(0), ""), "it breaks nowhere");
    let names: Vec<String> = (0..150).map(|number| format!("many/{number}")).collect();
    fs::create_dir(pair.here("back")).unwrap();
    let arguments: Vec<&str> =
        ["get", "-o", "back"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let fetched = pair.run(&arguments);
    assert_eq!((code(&fetched), stderr(&fetched).as_str()), (Some(0), ""), "nor there");
    for number in 0..150 {
        let name = format!("many/{number}");
        assert!(
            fs::read(pair.here(&format!("back/{number}"))).unwrap() == fs::read(pair.here(&name)).unwrap()
        );
        assert!(fs::read(pair.there(&name)).unwrap() == fs::read(pair.here(&name)).unwrap());
    }
}

#[test]
fn a_file_goes_into_a_pipe() {
    let pair = Pair::new(ALL);
    let sent = pair.file("one", 3_000_001);
    pair.done(&["send", "one"]);
    let piped = pair.run(&["get", "one", "-o", "-"]);
    assert_eq!((code(&piped), stderr(&piped).as_str()), (Some(0), ""));
    assert!(piped.stdout == sent);
    pair.refused(&["get", "one", "-o", "-", "--json"], 2, "either");
    assert!(!pair.here("-").exists());
}

#[test]
fn a_picture_is_taken() {
    let pair = Pair::new("watch");
    let piped = pair.run(&["snapshot", "-o", "-"]);
    assert_eq!((code(&piped), stderr(&piped).as_str()), (Some(0), ""));
    pair.done(&["snapshot", "-o", "now.jpg"]);
    // JPEG's SOI and EOI (ITU-T T.81 B.1.1.3).
    for picture in [piped.stdout, fs::read(pair.here("now.jpg")).unwrap()] {
        assert!(
            picture.len() > 1000 && picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9])
        );
    }
    pair.refused(&["snapshot", "-o", "now.jpg"], 1, "--overwrite replaces it");
    pair.done(&["snapshot", "-o", "now.jpg", "--overwrite"]);
    assert_eq!(fs::read_dir(pair.here.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn things_are_moved_and_removed_and_folders_made() {
    let pair = Pair::new(ALL);
    pair.file("a", 3);
    pair.done(&["mkdir", "deep/er", "files/other"]);
    assert!(pair.there("deep/er").is_dir() && pair.there("other").is_dir());
    pair.done(&["send", "a"]);
    pair.done(&["mv", "a", "deep/er"]);
    pair.done(&["mv", "deep/er/a", "deep/er/b"]);
    assert!(pair.there("deep/er/b").is_file() && !pair.there("a").exists());
    pair.done(&["send", "a"]);
    pair.refused(&["mv", "a", "deep/er/b"], 1, "files/deep/er/b: There is something of this name already.");
    pair.refused(&["mv", "a", "deep/er/b"], 1, "(--overwrite replaces it)");
    pair.refused(&["mv", "none", "other"], 1, "files/none: There is no file");
    pair.done(&["mv", "a", "deep/er/b", "--overwrite"]);
    pair.refused(&["rm", "deep"], 1, "not empty");
    pair.refused(&["rm", "none", "other"], 1, "1 of 2 were not removed");
    assert!(!pair.there("other").exists(), "the others are");
    pair.done(&["rm", "-r", "deep"]);
    assert!(!pair.there("deep").exists());
}

#[test]
fn refusals_are_told_with_what_to_do() {
    let pair = Pair::new("files,upload");
    let first = pair.file("a", 10);
    pair.done(&["send", "a"]);
    fs::write(pair.here("a"), "something else").unwrap();
    pair.refused(&["send", "a"], 1, "--overwrite replaces it");
    pair.refused(&["send", "a", "--overwrite"], 5, "does not allow manage");
    pair.refused(&["rm", "a"], 5, "does not allow manage");
    pair.refused(&["mv", "a", "b"], 5, "does not allow manage");
    pair.refused(&["snapshot", "-o", "x.jpg"], 5, "does not allow watch");
    pair.refused(&["send", "missing"], 1, "missing: it cannot be read");
    pair.refused(&["get", "missing"], 1, "There is no file or folder of this name.");
    pair.refused(&["get", "a"], 1, "a is there already; --overwrite replaces it");
    pair.refused(&["get", "files"], 1, "folder");
    pair.refused(&["get", ".."], 2, "names no file");
    pair.refused(&["get", "a/../../../etc/passwd", "-o", "stolen"], 1, "");
    pair.refused(&["ls", "missing"], 1, "files/missing: There is no file or folder of this name.");
    pair.refused(&["send", "a", "--to", "../up"], 1, "");
    fs::write(pair.here("bad\u{202e}name"), "x").unwrap();
    pair.refused(&["send", "bad\u{202e}name", "a"], 1, "2 of 2 were not sent");
    assert!(fs::read(pair.there("a")).unwrap() == first, "what was there is there");
    let left: Vec<_> =
        fs::read_dir(pair.here.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    pair.done(&["get", "a", "--overwrite"]);
    assert!(fs::read(pair.here("a")).unwrap() == first);

    let reader = Pair::new("files");
    reader.file("a", 1);
    reader.refused(&["send", "a"], 5, "does not allow upload");
    let writer = Pair::new("upload");
    writer.file("a", 1);
    writer.done(&["send", "a"]);
    assert!(writer.there("a").is_file(), "the usual folder is known without the right to list");
    writer.refused(&["get", "a", "-o", "b"], 5, "does not allow files");
}

#[test]
fn what_is_there_is_replaced_when_it_is_to_be() {
    let pair = Pair::new(ALL);
    pair.file("a", 3_000_000);
    pair.done(&["send", "a"]);
    // Same size, same beginning, same time: only the hash tells.
    let mut other = fs::read(pair.here("a")).unwrap();
    let time = fs::metadata(pair.here("a")).unwrap().modified().unwrap();
    other[2_999_999] ^= 1;
    fs::write(pair.here("a"), &other).unwrap();
    fs::File::open(pair.here("a")).unwrap().set_modified(time).unwrap();
    pair.refused(&["send", "a"], 1, "--overwrite replaces it");
    pair.done(&["send", "a", "--overwrite"]);
    assert!(fs::read(pair.there("a")).unwrap() == other);
    other[0] ^= 1;
    fs::write(pair.here("a"), &other).unwrap();
    fs::File::open(pair.here("a")).unwrap().set_modified(time).unwrap();
    pair.done(&["send", "a", "--overwrite", "--no-resume"]);
    assert!(fs::read(pair.there("a")).unwrap() == other);
    assert_eq!(pair.unfinished(), [] as [PathBuf; 0]);
}

#[test]
fn a_small_file_of_the_same_size_and_time_is_replaced_all_the_same() {
    let pair = Pair::new(ALL);
    let time = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let write = |text: &str| {
        fs::write(pair.here("q"), text).unwrap();
        fs::File::open(pair.here("q")).unwrap().set_modified(time).unwrap();
    };
    write("a\n");
    pair.done(&["send", "q"]);
    write("b\n");
    pair.refused(&["send", "q"], 1, "--overwrite replaces it");
    let line = pair.done(&["send", "q", "--overwrite"]);
    assert!(!line.contains("there already"), "{line}");
    assert_eq!(fs::read(pair.there("q")).unwrap(), b"b\n");
    assert_eq!(pair.unfinished(), [] as [PathBuf; 0]);
}

#[test]
fn what_can_be_read_is_sent_and_the_rest_is_told() {
    let pair = Pair::new(ALL);
    pair.file("a.txt", 3);
    let sent = pair.run(&["send", "nothing", "a.txt", "none"]);
    assert_eq!(code(&sent), Some(1));
    let said = stderr(&sent);
    for line in ["nothing: it cannot be read", "none: it cannot be read", "2 of 3 were not sent"] {
        assert!(said.contains(line), "{said}");
    }
    assert!(stdout(&sent).starts_with("a.txt -> files/a.txt") && pair.there("a.txt").is_file());
}

#[test]
fn a_top_folder_that_is_not_there_is_named() {
    let pair = Pair::new(ALL);
    pair.file("a", 1);
    let sentence = "the device has no top folder \"nofolder\"; there is files";
    pair.refused(&["send", "a", "--to", "/nofolder"], 1, sentence);
    pair.refused(&["ls", "/nofolder"], 1, sentence);
    let writer = Pair::new("upload");
    writer.file("a", 1);
    writer.refused(&["send", "a", "--to", "/nofolder"], 1, "the device has no top folder \"nofolder\"");
}

#[test]
fn what_is_done_on_the_device_is_an_object_for_a_program() {
    let pair = Pair::new("watch,files,upload,manage");
    pair.file("a", 3);
    pair.done(&["send", "a"]);
    let objects = |arguments: &[&str]| -> Vec<Value> {
        let done = pair.run(&[arguments, &["--json"]].concat());
        stdout(&done).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let object = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(objects(&["mkdir", "x"]), [object(r#"{"event":"made","path":"files/x"}"#)]);
    let moved = object(r#"{"event":"moved","from":"files/a","to":"files/x/a"}"#);
    assert_eq!(objects(&["mv", "a", "x"]), [moved]);
    let removed = objects(&["rm", "none", "x/a"]);
    assert_eq!((&removed[0]["event"], &removed[0]["from"]), (&"failed".into(), &"none".into()));
    assert_eq!(removed[1], object(r#"{"event":"removed","path":"files/x/a"}"#));
    let taken = objects(&["snapshot", "-o", "now.jpg"]);
    let size = fs::metadata(pair.here("now.jpg")).unwrap().len();
    assert_eq!((&taken[0]["to"], &taken[0]["size"]), (&"now.jpg".into(), &size.into()));
    pair.refused(&["snapshot", "-o", "-", "--json"], 2, "either");
}

/// Bytes of the largest unfinished upload.
fn partial_size(pair: &Pair) -> u64 {
    pair.unfinished()
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|metadata| metadata.len())
        .max()
        .unwrap_or(0)
}

#[test]
fn an_upload_goes_on_by_itself_after_the_device_was_killed() {
    let mut pair = Pair::new(ALL);
    let sent = pair.file("big", 80 << 20);
    let mut sending = pair.start(&["send", "big", "--json"]);
    for more in [5 << 20, 25 << 20, 45 << 20] {
        wait_until("the upload", || partial_size(&pair) > more);
        assert!(!pair.there("big").exists());
        pair.device.killed_and_started();
    }
    let line = sending.line(r#""event":"done""#);
    assert_eq!(sending.end(), Some(0));
    let done: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(done["size"], sent.len());
    assert!(fs::read(pair.there("big")).unwrap() == sent);
    assert_eq!(pair.unfinished(), [] as [PathBuf; 0]);
}

#[test]
fn an_upload_goes_on_in_a_later_visit_and_not_with_another_file() {
    let pair = Pair::new(ALL);
    let mut sent = pair.file("big", 60 << 20);
    let mut sending = pair.start(&["send", "big"]);
    wait_until("the upload", || partial_size(&pair) > 10 << 20);
    sending.signal("INT");
    assert_eq!(sending.end(), Some(130));
    assert!(partial_size(&pair) > 0, "it is kept");
    let line = pair.done(&["send", "big"]);
    assert!(line.contains("went on at "), "{line}");
    assert!(fs::read(pair.there("big")).unwrap() == sent);

    // Another file of the same name and size: what the device kept is no beginning of it.
    let mut sending = pair.start(&["send", "big", "--to", "x"]);
    wait_until("the upload", || partial_size(&pair) > 10 << 20);
    sending.signal("KILL");
    sending.end();
    sent.iter_mut().for_each(|byte| *byte ^= 0x55);
    fs::write(pair.here("big"), &sent).unwrap();
    let line = pair.done(&["send", "big", "--to", "x"]);
    assert!(!line.contains("went on at"), "{line}");
    assert!(fs::read(pair.there("x/big")).unwrap() == sent);
    assert_eq!(pair.unfinished(), [] as [PathBuf; 0]);
}

#[test]
fn a_download_goes_on_after_the_device_was_killed_and_in_a_later_visit() {
    let mut pair = Pair::new(ALL);
    let held = bytes(40 << 20, "held");
    fs::create_dir_all(pair.there("")).unwrap();
    fs::write(pair.there("big"), &held).unwrap();
    let part = pair.here(".big.part");
    let size = || part.metadata().map_or(0, |metadata| metadata.len());
    let mut getting = pair.start(&["get", "big"]);
    wait_until("the download", || size() > 10 << 20);
    pair.device.killed_and_started();
    let before = size();
    wait_until("the download", || size() > before + (5 << 20));
    getting.signal("INT");
    assert_eq!(getting.end(), Some(130));
    assert!(!pair.here("big").exists() && size() > 15 << 20);
    let line = pair.done(&["get", "big"]);
    assert!(line.contains("went on at "), "{line}");
    assert!(fs::read(pair.here("big")).unwrap() == held);

    // Changed on the device since: from the beginning.
    fs::remove_file(pair.here("big")).unwrap();
    let mut getting = pair.start(&["get", "big"]);
    wait_until("the download", || size() > 10 << 20);
    getting.signal("KILL");
    getting.end();
    fs::write(pair.there("big"), &held[1..]).unwrap();
    let line = pair.done(&["get", "big"]);
    assert!(!line.contains("went on at"), "{line}");
    assert!(fs::read(pair.here("big")).unwrap() == held[1..]);

    // What was kept here is no beginning of it: the hash tells.
    fs::remove_file(pair.here("big")).unwrap();
    let mut getting = pair.start(&["get", "big"]);
    wait_until("the download", || size() > 10 << 20);
    getting.signal("KILL");
    getting.end();
    let mut spoilt = fs::read(&part).unwrap();
    spoilt[5] ^= 1;
    fs::write(&part, &spoilt).unwrap();
    pair.done(&["get", "big"]);
    assert!(fs::read(pair.here("big")).unwrap() == held[1..]);
    assert_eq!(fs::read_dir(pair.here.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_not_taken_for_whole() {
    let pair = Pair::new(ALL);
    pair.file("log", 60 << 20);
    let mut sending = pair.start(&["send", "log"]);
    wait_until("the upload", || partial_size(&pair) > 5 << 20);
    let file = fs::File::options().write(true).open(pair.here("log")).unwrap();
    file.set_len(40 << 20).unwrap();
    sending.line("the file changed while it was sent");
    assert_eq!(sending.end(), Some(1));
    assert!(!pair.there("log").exists());
    wait_until("the end of what came of it", || pair.unfinished().is_empty());
}

#[test]
fn a_word_that_is_removed_ends_it_for_good() {
    let pair = Pair::new(ALL);
    pair.file("big", 120 << 20);
    let mut sending = pair.start(&["send", "big"]);
    wait_until("the upload", || partial_size(&pair) > 5 << 20);
    let config = pair.device.home.path().join("config.toml");
    let removed = pair.device.home.run(&["word", "remove", "test", "--config", config.to_str().unwrap()]);
    assert_eq!(code(&removed), Some(0), "{}", stderr(&removed));
    sending.line("the device ended the session");
    assert_eq!(sending.end(), Some(6));
    assert!(!pair.there("big").exists());
}
