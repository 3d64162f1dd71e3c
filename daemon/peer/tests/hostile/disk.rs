//! A disk that is full.

use crate::stage::{MIB, Stage, bytes, refused};
use crate::support::mounts::{own_mounts, small_disk};
use protocol::control::{code, method};
use serde_json::json;
use std::path::Path;
use watchword_peer::Files;
use watchword_peer::files::{FilesConfig, RootConfig, Tree};

fn files(folder: &Path) -> Files {
    let roots = vec![RootConfig { name: "files".into(), path: folder.into(), writable: true }];
    Files::new(Tree::open(&FilesConfig { roots, floor: 0, ..FilesConfig::default() }).unwrap())
}

/// Not a test of tokio's: its threads have to be of the name space.
#[test]
fn an_upload_that_meets_a_full_disk_is_told_and_the_device_lives() {
    if !own_mounts() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    small_disk(folder.path(), "size=16m");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(meets_a_full_disk(folder.path()));
}

async fn meets_a_full_disk(folder: &Path) {
    let stage = Stage::with(|environment| environment.files = files(folder)).await;
    let free = || nix::sys::statvfs::statvfs(folder).unwrap().blocks_available();
    let viewer = stage.offender().await;
    viewer.sends("files/whole", &bytes(MIB, 1)).await;
    let before = free();
    assert_eq!(refused(viewer.put("files/a", 20 * MIB).await), code::NO_ROOM, "seen before it begins");
    // There is room at first, and then somebody else takes it.
    let data = bytes(12 * MIB, 2);
    let ready = viewer.put("files/a", data.len()).await.unwrap();
    let channel = viewer.open(&ready.transfer).await;
    std::fs::write(folder.join("theirs"), bytes(8 * MIB, 3)).unwrap();
    let (code, sentence) =
        channel.send_until_it_fails(&data, 0..data.len()).await.expect("there is no room for it");
    assert_eq!(
        (code, sentence.as_str()),
        (code::NO_ROOM, "The device's disk is full; remove something first.")
    );
    channel.close().await;
    std::fs::remove_file(folder.join("theirs")).unwrap();
    assert_eq!(free(), before, "the space is given back");
    assert_eq!(std::fs::read_dir(folder.join(".watchword-partial")).unwrap().count(), 0);
    let listed = viewer.call(method::FILES_LIST, json!({ "path": "files" })).await.unwrap();
    assert_eq!(listed["entries"].as_array().unwrap().len(), 1, "{listed}");
    // The same session goes on, and the same file arrives once there is room.
    viewer.sends("files/small", &bytes(1_000, 4)).await;
    viewer.sends("files/a", &data).await;
    assert!(std::fs::read(folder.join("a")).unwrap() == data);
    assert!(std::fs::read(folder.join("whole")).unwrap() == bytes(MIB, 1));
    viewer.leave().await;
    stage.close().await;
}
