//! Nothing is lost: a device that is killed again and again while files are sent to it.
//!
//! `WATCHWORD_KILLS` says how often (20; `make soak` does more of it), `WATCHWORD_SEED` where and with which files.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what a test needs is there, or the test fails")]

mod common;

use common::{
    Home, PATIENCE, Running,
    device::{Device, code, output},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Between two looks at what is on the device's disk.
const LOOK: Duration = Duration::from_micros(500);
/// Devices at once. Each waits most of the time: its viewer needs some seconds to miss it.
const DEVICES: u64 = 7;
/// Largest file that is sent, bytes: enough that kills meet every part of an upload.
const LARGEST: u64 = 24 << 20;

/// What the device's folder may hold under one name.
struct File {
    name: String,
    /// `None`: nothing was there.
    before: Option<Vec<u8>>,
    sent: Vec<u8>,
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Bytes that are like no others.
fn bytes(size: u64, random: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(size).unwrap()];
    random.fill(bytes.as_mut_slice());
    bytes
}

/// Looks at a name without end, until it is told to stop: whatever is there is whole.
fn watch(path: &Path, file: &File, stop: &AtomicBool) -> u64 {
    let mut looks = 0;
    while !stop.load(Ordering::Relaxed) {
        match fs::read(path) {
            Ok(found) => {
                let whole = found == file.sent || file.before.as_ref() == Some(&found);
                assert!(whole, "{} bytes of {} are seen as {}", found.len(), file.sent.len(), file.name);
            }
            // While one file takes the place of another, there is always one of them.
            Err(error) => assert!(file.before.is_none(), "{} has gone: {error}", file.name),
        }
        looks += 1;
        thread::sleep(LOOK);
    }
    looks
}

/// Bytes of what the device keeps of unfinished uploads.
fn unfinished(folder: &Path) -> Vec<(PathBuf, u64)> {
    let Ok(entries) = fs::read_dir(folder.join(".watchword-partial")) else { return Vec::new() };
    // What is listed may be gone when it is looked at.
    let size = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    entries.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), size(&path))).collect()
}

/// Waits until so much of the upload has come, it is whole, or its sender has ended. `false` in the last case.
fn wait_for(folder: &Path, come: u64, sending: &mut Running, done: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if unfinished(folder).iter().any(|(_, size)| *size >= come) || done() {
            return true;
        }
        if sending.child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < deadline, "the upload does not go on");
        thread::sleep(LOOK);
    }
}

struct Soak {
    device: Device,
    viewer: Home,
    here: tempfile::TempDir,
    random: StdRng,
    kills: u64,
    /// Kills that met an upload of which something had come and not all.
    in_the_middle: u64,
}

impl Soak {
    fn new(seed: u64) -> Self {
        let device = Device::allowing("files,upload,manage", "");
        let (viewer, here) = (Home::new(), tempfile::tempdir().unwrap());
        // The certificate is known from now on.
        assert_eq!(code(&output(device.visit(&viewer, &["status"]))), Some(0));
        let random = StdRng::seed_from_u64(seed);
        Self { device, viewer, here, random, kills: 0, in_the_middle: 0 }
    }

    fn folder(&self) -> PathBuf {
        self.device.home.path().join("state/files")
    }

    /// Sends one file until the device has it, and kills the device meanwhile, at most `kills` times.
    fn upload(&mut self, number: u64, kills: u64) {
        // One in three takes the place of another file.
        let before = (number % 3 == 2).then(|| bytes(self.random.random_range(0..1 << 20), &mut self.random));
        let size = self.random.random_range(0..LARGEST);
        let file = File { name: format!("file-{number}"), before, sent: bytes(size, &mut self.random) };
        let there = self.folder().join(&file.name);
        fs::create_dir_all(self.folder()).unwrap();
        if let Some(before) = &file.before {
            fs::write(&there, before).unwrap();
        }
        fs::write(self.here.path().join(&file.name), &file.sent).unwrap();
        let (stop, looks) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            scope.spawn(|| looks.store(watch(&there, &file, &stop), Ordering::Relaxed));
            // Also where an assertion fails.
            let _stop = Stop(&stop);
            self.send(&file, &there, kills);
        });
        assert!(fs::read(&there).unwrap() == file.sent, "{} is another on the device", file.name);
        assert!(looks.into_inner() > 0);
        let left = unfinished(&self.folder());
        assert!(left.is_empty(), "{} is whole, and there is still {left:?}", file.name);
        fs::remove_file(there).unwrap();
        fs::remove_file(self.here.path().join(&file.name)).unwrap();
    }

    fn send(&mut self, file: &File, there: &Path, kills: u64) {
        let mut command = self.device.visit(&self.viewer, &["send", &file.name, "--overwrite", "--json"]);
        command.current_dir(self.here.path());
        let mut sending = Running::new(command);
        let size = file.sent.len() as u64;
        let is_there = || there.metadata().is_ok_and(|metadata| metadata.len() == size);
        let mut come = 0;
        for _ in 0..kills {
            // Each kill is somewhere behind the one before, the last of them often in the very end.
            come = self.random.random_range(come..=size);
            if !wait_for(&self.folder(), come, &mut sending, is_there) {
                break;
            }
            thread::sleep(Duration::from_micros(self.random.random_range(0..40_000)));
            let kept = unfinished(&self.folder()).iter().map(|(_, size)| *size).max().unwrap_or(0);
            self.in_the_middle += u64::from(kept > 0 && kept < size);
            self.device.killed_and_started();
            self.kills += 1;
        }
        sending.line(r#""event":"done""#);
        assert_eq!(sending.end(), Some(0));
    }
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Kills one device so often; how many of the kills met an upload in its middle.
fn run(seed: u64, kills: u64) -> u64 {
    let mut soak = Soak::new(seed);
    let mut files = 0;
    while soak.kills < kills {
        let wanted = soak.random.random_range(1..=3).min(kills - soak.kills);
        soak.upload(files, wanted);
        files += 1;
    }
    println!("{files} files, {kills} kills, {} of them in the middle of a file", soak.in_the_middle);
    soak.in_the_middle
}

#[test]
fn nothing_is_lost_when_the_device_is_killed_while_files_are_sent() {
    let kills = number("WATCHWORD_KILLS", 20);
    let seed = number("WATCHWORD_SEED", u64::from(rand::random::<u32>()));
    println!("WATCHWORD_SEED={seed} WATCHWORD_KILLS={kills}");
    let in_the_middle: u64 = thread::scope(|scope| {
        let device = |index| scope.spawn(move || run(seed + index, (kills + index) / DEVICES));
        let devices: Vec<_> = (0..DEVICES).map(device).collect();
        devices.into_iter().map(|device| device.join().unwrap()).sum()
    });
    assert!(in_the_middle > 0, "no kill met an upload");
}
