//! Names that lead elsewhere, by every method that takes one.

use crate::stage::{Stage, Visit, bytes, hash, is_refusal, refused};
use protocol::control::{Transfer, code, method};
use rustix::fs::{CWD, RenameFlags};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A folder beside the one that viewers see, and links into it.
fn plant(stage: &Stage) {
    std::fs::create_dir(stage.on_disk("outside")).unwrap();
    std::fs::write(stage.on_disk("outside/secret"), "secret").unwrap();
    std::fs::create_dir(stage.on_disk("files/folder")).unwrap();
    std::fs::write(stage.on_disk("files/a"), "a").unwrap();
    symlink(stage.on_disk("outside"), stage.on_disk("files/link")).unwrap();
    symlink("../outside/secret", stage.on_disk("files/file-link")).unwrap();
    symlink("/proc/self/root", stage.on_disk("files/root")).unwrap();
}

fn assert_untouched(stage: &Stage) {
    let names = |path: &Path| {
        let mut names: Vec<_> =
            std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&stage.on_disk("outside")), ["secret"]);
    assert_eq!(std::fs::read_to_string(stage.on_disk("outside/secret")).unwrap(), "secret");
    assert_eq!(names(stage.setup.dir.path()), ["files", "outside"], "nothing new beside them");
}

/// Paths that no viewer has any business with.
fn hostile(stage: &Stage) -> Vec<String> {
    let outside = stage.on_disk("outside/secret");
    let outside = outside.to_str().unwrap();
    let up = |times: usize| "../".repeat(times);
    let mut paths: Vec<String> = [
        "..",
        ".",
        "/",
        "//",
        "files/..",
        "files/.",
        "files//a",
        "files/a/",
        "/files/a",
        "../outside/secret",
        "files/../outside/secret",
        "files/folder/../../outside/secret",
        "files/./../outside/secret",
        "files/%2e%2e/outside/secret",
        "files/..%2foutside%2fsecret",
        "files/%252e%252e/outside/secret",
        "files\\..\\outside\\secret",
        "files/..\\outside\\secret",
        "files/\u{ff0e}\u{ff0e}/outside/secret",
        "files/\u{2025}/outside/secret",
        "files/.\u{200d}./outside/secret",
        "files/..\u{2215}outside/secret",
        "files/..\u{2044}outside",
        "files/a\0",
        "files/a\0/../../outside/secret",
        "files/a\n",
        "files/\u{7f}",
        "files/\u{202e}terces",
        "files/\u{2028}",
        "files/.watchword-partial",
        "files/.watchword-partial/x.part",
        "files/.watchword-x",
        "outside",
        "outside/secret",
        "Files/a",
        "files/link",
        "files/link/secret",
        "files/link/new",
        "files/file-link",
        "files/root",
        "files/root/etc/passwd",
        "files/root/tmp/new",
        "~/a",
        "files/$HOME",
        "C:\\Windows",
        "file:///etc/passwd",
        "files/a:stream",
        "files/a/b",
        "nul",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    paths.extend([
        outside.to_owned(),
        format!("files/{outside}"),
        format!("{}{}", up(40), outside.trim_start_matches('/')),
        format!("files/{}etc/passwd", up(60)),
        format!("files/{}", "a".repeat(256)),
        format!("files/{}", "é".repeat(128)),
        // NFC of U+1D160 is three characters, of 12 bytes together.
        format!("files/{}", "\u{1d160}".repeat(60)),
        format!("files/{}a", "d/".repeat(64)),
        format!("files/{}a", "d/".repeat(2_000)),
        "x/".repeat(2_048),
        "files/".to_owned() + &"x".repeat(60_000),
    ]);
    paths
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_leads_outside() {
    let stage = Stage::new().await;
    plant(&stage);
    let mut made = 0;
    for paths in hostile(&stage).chunks(15) {
        // A session of its own for each few, within the calls that one may make.
        let offender = stage.offender().await;
        for path in paths {
            made += usize::from(try_all(&offender, path).await);
            assert_untouched(&stage);
        }
        offender.leave().await;
    }
    println!("{made} of them are names like any other");
    assert!(made <= 12, "most are refused");
    stage.close().await;
}

/// Every way to a path. `true`: what is behind it is an ordinary file of this name.
async fn try_all(offender: &Visit, path: &str) -> bool {
    let asks = [
        (method::FILES_STAT, json!({ "path": path })),
        (method::FILES_LIST, json!({ "path": path })),
        (method::FILES_GET, json!({ "path": path })),
        (method::FILES_MOVE, json!({ "from": path, "to": "files/stolen", "overwrite": true })),
        (method::FILES_MOVE, json!({ "from": "files/a", "to": path, "overwrite": true })),
        (method::FILES_REMOVE, json!({ "path": path, "recursive": true })),
    ];
    let mut moved = false;
    for (name, params) in asks {
        match offender.call(name, params).await {
            Ok(found) => {
                let text = found.to_string();
                assert!(!text.contains("secret") && !text.contains("passwd"), "{name} {path:?}: {text}");
                moved |= name == method::FILES_MOVE;
            }
            error => {
                let code = refused(error);
                assert!(is_refusal(code), "{name} {path:?}: {code}");
            }
        }
    }
    // What was moved there was removed again as well.
    if moved {
        offender.sends("files/a", b"a").await;
    }
    let data = b"written by a stranger";
    match offender.put(path, data.len()).await {
        Ok(ready) => {
            let channel = offender.open(&ready.transfer).await;
            channel.send(data, 0..data.len()).await;
            channel.finish(data).await;
            channel.close().await;
            offender.call(method::FILES_REMOVE, json!({ "path": path })).await.unwrap();
            true
        }
        error => {
            assert!(is_refusal(refused(error)), "{path:?}");
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_planted_between_put_and_end_lead_nowhere() {
    let stage = Stage::new().await;
    plant(&stage);
    let offender = stage.offender().await;
    let data = bytes(100_000, 1);
    let begin = async |path: &str| {
        let ready = offender.put(path, data.len()).await.unwrap();
        let channel = offender.open(&ready.transfer).await;
        channel.send(&data, 0..data.len()).await;
        channel
    };
    // In the place of the folder, of the name, and of what came so far.
    let channel = begin("files/sub/file").await;
    std::fs::remove_dir(stage.on_disk("files/sub")).unwrap();
    symlink(stage.on_disk("outside"), stage.on_disk("files/sub")).unwrap();
    channel.say(&Transfer::End { hash: hash(&data) }).await;
    assert!(is_refusal(channel.failed().await));
    channel.close().await;

    let channel = begin("files/new").await;
    symlink(stage.on_disk("outside/secret"), stage.on_disk("files/new")).unwrap();
    channel.say(&Transfer::End { hash: hash(&data) }).await;
    assert_eq!(channel.failed().await, code::EXISTS);
    channel.close().await;

    let before = stage.partials();
    let channel = begin("files/other").await;
    for file in stage.partials().into_iter().filter(|file| !before.contains(file)) {
        std::fs::remove_file(&file).unwrap();
        symlink(stage.on_disk("outside/secret"), &file).unwrap();
    }
    channel.say(&Transfer::End { hash: hash(&data) }).await;
    assert!(is_refusal(channel.failed().await));
    channel.close().await;
    assert_untouched(&stage);
    offender.leave().await;
    stage.close().await;
}

/// Somebody on the device swaps a folder for a link and back, as fast as it goes, while a viewer works in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renames_that_race_with_a_viewer_lead_nowhere() {
    let stage = Stage::new().await;
    plant(&stage);
    let (folder, link) = (stage.on_disk("files/folder"), stage.on_disk("files/link"));
    let stop = Arc::new(AtomicBool::new(false));
    let swapping = {
        let stop = stop.clone();
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        })
    };
    for _ in 0..4 {
        let offender = stage.offender().await;
        for _ in 0..20 {
            try_in_the_folder(&offender).await;
        }
        offender.leave().await;
    }
    stop.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    assert_untouched(&stage);
    stage.close().await;
}

async fn try_in_the_folder(offender: &Visit) {
    let found = offender.call(method::FILES_LIST, json!({ "path": "files/folder" })).await;
    assert!(!format!("{found:?}").contains("secret"));
    for name in [method::FILES_STAT, method::FILES_GET, method::FILES_REMOVE] {
        let found = offender.call(name, json!({ "path": "files/folder/secret", "recursive": true })).await;
        assert!(is_refusal(refused(found)), "{name}");
    }
    let stolen = json!({ "from": "files/folder/secret", "to": "files/stolen" });
    assert!(is_refusal(refused(offender.call(method::FILES_MOVE, stolen).await)));
    if let Ok(ready) = offender.put("files/folder/new", 3).await {
        let channel = offender.open(&ready.transfer).await;
        channel.send(b"new", 0..3).await;
        channel.say(&Transfer::End { hash: hash(b"new") }).await;
        while !matches!(
            channel.hear().await,
            crate::stage::Heard::Said(Transfer::Done | Transfer::Failed { .. })
        ) {}
        channel.close().await;
        let _ = offender.call(method::FILES_REMOVE, json!({ "path": "files/folder/new" })).await;
    }
}
