//! How much fits: the quota, the largest file, what stays free, and a disk that is full.

use crate::mounts::{own_mounts, small_disk};
use crate::support::{Fixture, MIB, age, bytes, hash, path, request};
use nix::mount::{MsFlags, mount};
use protocol::control::code;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use watchword_peer::files::{Download, FilesError, Tree, Upload, UploadRequest};

#[test]
fn the_quota_holds_for_all_that_is_there() {
    let fixture = Fixture::with(|config| config.quota = 10 * MIB as u64);
    fixture.put("files/a", &bytes(4 * MIB, 1)).unwrap();
    let error = fixture.begin("files/b", 6 * MIB + 1).err().unwrap();
    assert!(matches!(error, FilesError::Quota { left } if left == 6 * MIB as u64), "{error}");
    assert_eq!(error.code(), code::NO_ROOM);
    // Two at once cannot both have the last room.
    let first = fixture.begin("files/b", 4 * MIB).unwrap();
    assert!(matches!(fixture.begin("files/c", 4 * MIB), Err(FilesError::Quota { .. })));
    first.abandon();
    let mut second = fixture.begin("files/c", 4 * MIB).unwrap();
    second.write(&bytes(3 * MIB, 2)).unwrap();
    second.sync().unwrap();
    drop(second);
    assert_eq!(fixture.tree.used(), 7 * MIB as u64, "a partial file counts");
    assert!(matches!(fixture.begin("files/d", 4 * MIB), Err(FilesError::Quota { .. })));
    assert_eq!(fixture.resume("files/c", 4 * MIB).unwrap().offset(), 3 * MIB as u64);
    fixture.tree.remove(&path("files/a"), false).unwrap();
    fixture.put("files/d", &bytes(7 * MIB, 3)).unwrap();
}

#[test]
fn empty_files_and_folders_cannot_fill_the_disk_either() {
    let fixture = Fixture::with(|config| config.quota = 20 * 4096);
    let put = (0..30).filter(|n| fixture.put(&format!("files/{n}"), b"").is_ok()).count();
    assert_eq!(put, 20);
    assert!(matches!(fixture.tree.mkdir(&path("files/folder")), Err(FilesError::Quota { .. })));
    fixture.tree.remove(&path("files/1"), false).unwrap();
    fixture.tree.mkdir(&path("files/folder")).unwrap();
    assert!(fixture.put("files/folder/a", b"").is_err());
}

#[test]
fn what_others_do_to_the_folder_is_counted_in_the_end() {
    let fixture = Fixture::with(|config| config.quota = 10 * MIB as u64);
    std::fs::create_dir(fixture.on_disk("files/theirs")).unwrap();
    std::fs::write(fixture.on_disk("files/theirs/a"), bytes(8 * MIB, 1)).unwrap();
    fixture.tree.recount();
    assert_eq!(fixture.tree.used(), 8 * MIB as u64 + 4096);
    assert!(matches!(fixture.begin("files/a", 4 * MIB), Err(FilesError::Quota { .. })));
    std::fs::remove_dir_all(fixture.on_disk("files/theirs")).unwrap();
    // What we then remove ourselves was never counted, and must not make the books negative.
    fixture.tree.recount();
    std::fs::write(fixture.on_disk("files/unseen"), bytes(MIB, 1)).unwrap();
    fixture.tree.remove(&path("files/unseen"), false).unwrap();
    assert_eq!(fixture.tree.used(), 0);
    fixture.put("files/a", &bytes(4 * MIB, 1)).unwrap();
}

#[test]
fn sizes_that_are_no_sizes_are_counted_without_a_panic() {
    let fixture = Fixture::new();
    for name in ["a", "b", "c"] {
        let file = std::fs::File::create(fixture.on_disk("files").join(name)).unwrap();
        // Holes: a file may be larger than any disk. How large, the file system decides.
        (32..63).rev().find(|bits| file.set_len(1 << bits).is_ok()).unwrap();
    }
    fixture.tree.recount();
    assert!(matches!(fixture.begin("files/d", 1), Err(FilesError::Quota { left: 0 })));
}

#[test]
fn a_folder_that_others_fill_stops_an_upload() {
    let fixture = Fixture::with(|config| config.quota = 20 * MIB as u64);
    let mut upload = fixture.begin("files/a", 10 * MIB).unwrap();
    upload.write(&bytes(MIB, 1)).unwrap();
    std::fs::write(fixture.on_disk("files/theirs"), bytes(12 * MIB, 1)).unwrap();
    fixture.tree.recount();
    assert!(matches!(upload.sync(), Err(FilesError::Quota { .. })));
    assert!(fixture.partials().is_empty(), "its room was given back");
    assert!(matches!(upload.write(b"x"), Err(FilesError::Ended)));
}

#[test]
fn files_over_the_largest_size_are_refused() {
    let fixture = Fixture::with(|config| config.largest = 1000);
    fixture.put("files/a", &[0; 1000]).unwrap();
    let error = fixture.begin("files/b", 1001).err().unwrap();
    assert_eq!(error.code(), code::NO_ROOM);
    assert!(error.to_string().contains("1000 bytes"), "{error}");
    assert!(matches!(fixture.begin("files/b", usize::MAX), Err(FilesError::TooLarge { .. })));
}

#[test]
fn old_partial_files_go_and_those_in_use_stay() {
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    let mut fixture = Fixture::new();
    let begin = |name: &str| {
        let mut upload = fixture.begin(name, 3 * MIB).unwrap();
        upload.write(&bytes(2 * MIB, 1)).unwrap();
        upload.sync().unwrap();
        upload
    };
    drop(begin("files/old"));
    let old = fixture.partials();
    let running = begin("files/running");
    for file in fixture.partials() {
        age(&file, week + Duration::from_secs(60));
    }
    drop(begin("files/young"));
    let stray = fixture.on_disk("files/.watchword-partial").join(format!("{}.index", "0".repeat(32)));
    std::fs::write(&stray, "torn").unwrap();
    fixture.tree.sweep();
    let left = fixture.partials();
    assert_eq!(left.len(), 4, "{left:?}");
    assert!(old.iter().all(|file| !left.contains(file)) && !stray.exists());
    assert_eq!(fixture.tree.used(), 5 * MIB as u64);
    // Another process that serves the same folder sees that one is in use.
    fixture.reopen();
    assert_eq!(fixture.partials().len(), 4);
    assert!(matches!(fixture.resume("files/running", 3 * MIB), Err(FilesError::Busy)));
    drop(running);
    for file in fixture.partials() {
        age(&file, week + Duration::from_secs(60));
    }
    fixture.reopen();
    assert!(fixture.partials().is_empty());
    assert_eq!(fixture.tree.used(), 0);
}

#[test]
fn a_full_disk_is_said_and_what_came_is_given_back() {
    if !own_mounts() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    small_disk(folder.path(), "size=8m");
    let fixture = Fixture::with(|config| config.roots[1].path = folder.path().into());
    let free = || nix::sys::statvfs::statvfs(folder.path()).unwrap().blocks_available();
    fixture.put("files/whole", &bytes(MIB, 1)).unwrap();
    let before = free();
    assert!(matches!(fixture.begin("files/a", 12 * MIB), Err(FilesError::DiskFull)), "seen before it begins");
    // There is room at first, and then others take it.
    let mut upload = fixture.begin("files/a", 6 * MIB).unwrap();
    std::fs::write(folder.path().join("theirs"), bytes(4 * MIB, 1)).unwrap();
    let data = bytes(6 * MIB, 2);
    let error = data.chunks(65_536).find_map(|chunk| upload.write(chunk).err()).unwrap();
    assert!(matches!(error, FilesError::DiskFull), "{error}");
    assert_eq!((error.code(), error.to_string().contains("full")), (code::NO_ROOM, true));
    drop(upload);
    std::fs::remove_file(folder.path().join("theirs")).unwrap();
    assert_eq!(free(), before, "the space is given back");
    assert_eq!(std::fs::read_dir(folder.path().join(".watchword-partial")).unwrap().count(), 0);
    fixture.put("files/a", &data).unwrap();
    assert_eq!(fixture.get("files/a").unwrap(), data);
    assert_eq!(fixture.get("files/whole").unwrap(), bytes(MIB, 1));
}

#[test]
fn a_disk_without_room_for_names_is_said() {
    if !own_mounts() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    small_disk(folder.path(), "size=8m,nr_inodes=6");
    let fixture = Fixture::with(|config| config.roots[1].path = folder.path().into());
    let errors: Vec<_> = (0..8).filter_map(|n| fixture.put(&format!("files/{n}"), b"x").err()).collect();
    assert!(!errors.is_empty() && errors.iter().all(|error| error.code() == code::NO_ROOM), "{errors:?}");
    assert_eq!(std::fs::read_dir(folder.path().join(".watchword-partial")).unwrap().count(), 0);
    fixture.tree.remove(&path("files/0"), false).unwrap();
}

#[test]
fn what_has_to_stay_free_stays_free() {
    if !own_mounts() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    small_disk(folder.path(), "size=16m");
    let fixture = Fixture::with(|config| {
        config.roots[1].path = folder.path().into();
        config.floor = 4 * MIB as u64;
    });
    assert!(matches!(fixture.begin("files/a", 13 * MIB), Err(FilesError::DiskFull)));
    let first = fixture.begin("files/a", 6 * MIB).unwrap();
    assert!(matches!(fixture.begin("files/b", 7 * MIB), Err(FilesError::DiskFull)), "promised to the first");
    drop(first);
    let mut upload = fixture.begin("files/b", 7 * MIB).unwrap();
    upload.write(&bytes(MIB, 1)).unwrap();
    std::fs::write(folder.path().join("theirs"), bytes(12 * MIB, 1)).unwrap();
    assert!(matches!(upload.sync(), Err(FilesError::DiskFull)), "others took it");
}

#[test]
fn a_disk_that_is_read_only_and_another_disk_below_are_said() {
    if !own_mounts() {
        return;
    }
    let fixture = Fixture::new();
    let below = fixture.on_disk("files/below");
    std::fs::create_dir(&below).unwrap();
    small_disk(&below, "size=1m");
    let error = fixture.begin("files/below/a", 5).err().unwrap();
    assert!(matches!(error, FilesError::OtherDisk), "{error}");
    fixture.put("files/a", b"a").unwrap();
    let error = fixture.tree.rename(&path("files/a"), &path("files/below/a"), false).unwrap_err();
    assert!(matches!(error, FilesError::OtherDisk), "{error}");
    let mut upload = fixture.begin("files/b", 5).unwrap();
    upload.write(b"12345").unwrap();
    let files = fixture.on_disk("files");
    let bind = MsFlags::MS_BIND;
    mount(Some(&files), &files, None::<&str>, bind, None::<&str>).unwrap();
    mount(None::<&str>, &files, None::<&str>, bind | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, None::<&str>)
        .unwrap();
    let tree = watchword_peer::files::Tree::open(&fixture.config).map(drop).unwrap_err();
    assert!(tree.to_string().contains("cannot be written"), "{tree}");
}

/// As on file systems that have two names for each file.
#[test]
fn our_own_folder_is_known_by_whatever_name() {
    if !own_mounts() {
        return;
    }
    let fixture = Fixture::new();
    let mut upload = fixture.begin("files/a", 2 * MIB).unwrap();
    upload.write(&bytes(MIB, 1)).unwrap();
    upload.sync().unwrap();
    let alias = fixture.on_disk("files/WATCHW~1");
    std::fs::create_dir(&alias).unwrap();
    let hidden = fixture.on_disk("files/.watchword-partial");
    mount(Some(&hidden), &alias, None::<&str>, MsFlags::MS_BIND, None::<&str>).unwrap();
    let (path, page) = (path("files/WATCHW~1"), fixture.tree.list(&path("files"), "").unwrap());
    assert!(page.entries.is_empty(), "{page:?}");
    assert!(matches!(fixture.tree.list(&path, ""), Err(FilesError::NotFound)));
    assert!(matches!(fixture.tree.remove(&path, true), Err(FilesError::NotFound)));
    let part = fixture.partials().pop().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    assert!(matches!(fixture.get(&format!("files/WATCHW~1/{part}")), Err(FilesError::NotFound)));
    assert_eq!(fixture.partials().len(), 2);
}

#[test]
fn an_owner_goes_on_only_with_its_own() {
    let fixture = Fixture::new();
    let path = path("files/a");
    let mut upload = Upload::begin(&fixture.tree, &request(&path, 2 * MIB)).unwrap();
    upload.write(&bytes(MIB, 1)).unwrap();
    upload.sync().unwrap();
    drop(upload);
    let other = UploadRequest { owner: "garden", resume: true, ..request(&path, 2 * MIB) };
    assert_eq!(Upload::begin(&fixture.tree, &other).unwrap().offset(), 0);
    assert_eq!(fixture.resume("files/a", 2 * MIB).unwrap().before(), hash(&bytes(MIB, 1)));
}

#[test]
fn uploads_are_not_disturbed_by_a_sweep_or_a_count() {
    let fixture = Fixture::with(|config| config.keep_partials = Duration::ZERO);
    let data = bytes(2 * MIB + 7, 1);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fixture.tree.sweep();
            }
        });
        for number in 0..40 {
            let name = format!("files/{number}/a");
            let mut upload = fixture.begin(&name, data.len()).unwrap();
            upload.write(&data[..MIB]).unwrap();
            upload.sync().unwrap();
            if number % 2 == 0 {
                drop(upload);
                // It may have been swept by now, or is being swept just now.
                upload = match fixture.resume(&name, data.len()) {
                    Ok(upload) => upload,
                    Err(error) => {
                        assert!(matches!(error, FilesError::Busy), "{error}");
                        continue;
                    }
                };
            }
            upload.write(&data[usize::try_from(upload.written()).unwrap()..]).unwrap();
            upload.finish(&hash(&data)).unwrap();
            assert_eq!(fixture.get(&name).unwrap(), data);
        }
        stop.store(true, Ordering::Relaxed);
    });
    fixture.tree.sweep();
    assert!(fixture.partials().is_empty());
    let used = fixture.tree.used();
    assert_eq!(Tree::open(&fixture.config).unwrap().used(), used);
}

#[test]
fn transfers_can_be_handed_from_thread_to_thread() {
    fn travels<T: Send + 'static>() {}
    fn is_shared<T: Clone + Send + Sync + 'static>() {}
    travels::<Upload>();
    travels::<Download>();
    is_shared::<Tree>();
}
