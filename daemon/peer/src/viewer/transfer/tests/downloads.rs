//! The viewer fetches.

use super::script::{Channel, Heard, pair};
use super::{bytes, hash};
use crate::viewer::{Target, TransferError, Viewer};
use protocol::control::{FilesGet, GetReady, MAX_CHUNK, RESUME_STEP, Transfer, code};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const MIB: usize = RESUME_STEP as usize;

/// Keeps what comes, up to a limit, and whether it was whole.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    limit: Option<usize>,
    whole: Arc<AtomicBool>,
}

impl Target for Kept {
    fn hash(&mut self, offset: u64, hasher: &mut blake3::Hasher) -> io::Result<()> {
        self.bytes.hash(offset, hasher)
    }

    fn begin(&mut self, ready: &GetReady) -> io::Result<()> {
        self.bytes.begin(ready)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.limit.is_some_and(|limit| self.bytes.len() + bytes.len() > limit) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Target::write(&mut self.bytes, bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.whole.store(true, Ordering::SeqCst);
        Ok(())
    }
}

async fn download(viewer: &Viewer, target: Kept) -> Result<Vec<u8>, TransferError> {
    let offset = target.bytes.len() as u64;
    let get = FilesGet { path: "files/a".into(), offset, version: "v".into() };
    viewer.download(&get, target, |at, size| assert!(at <= size)).await.map(|kept| kept.bytes)
}

/// Sends all from here on, as the credit allows, and the end.
async fn give(channel: &Channel, file: &[u8], mut at: usize, hash: String) {
    let mut credit = 0;
    while at < file.len() {
        while credit <= at {
            let Heard::Said(Transfer::Credit { until }) = channel.hear().await else { panic!("no credit") };
            credit = usize::try_from(until).unwrap();
            assert!(
                credit <= file.len() && credit - at <= 4 * MIB,
                "at most a window, and no more than there is"
            );
        }
        let next = (at + MAX_CHUNK).min(credit);
        channel.send(&file[at..next]).await;
        at = next;
    }
    channel.say(Transfer::End { hash }).await;
}

async fn done(channel: &Channel) {
    while let Heard::Said(Transfer::Credit { .. }) = channel.hear().await {}
}

#[tokio::test]
async fn what_came_whole_is_told_so() {
    let (viewer, mut device) = pair(21).await;
    for size in [0, 1, 9 * MIB + 1] {
        let file = bytes(size);
        let giving = async {
            let call = device.call().await;
            assert_eq!((&call.params["path"], &call.params["offset"]), (&"files/a".into(), &0.into()));
            let channel = device.get(call, size as u64, 0).await;
            give(&channel, &file, 0, hash(&file)).await;
            loop {
                match channel.hear().await {
                    Heard::Said(Transfer::Credit { .. }) => {}
                    heard => break heard,
                }
            }
        };
        let target = Kept::default();
        let whole = target.whole.clone();
        let (came, last) = tokio::join!(download(&viewer, target), giving);
        assert!(came.unwrap() == file);
        assert!(last == Heard::Said(Transfer::Done) && whole.load(Ordering::SeqCst));
    }
}

#[tokio::test]
async fn it_goes_on_with_what_is_here_or_anew_as_the_device_says() {
    let (viewer, mut device) = pair(22).await;
    let file = bytes(3 * MIB + 1);
    for offset in [2 * MIB, 0] {
        let giving = async {
            let call = device.call().await;
            assert_eq!((&call.params["offset"], &call.params["version"]), (&(2 * MIB).into(), &"v".into()));
            let channel = device.get(call, file.len() as u64, offset as u64).await;
            give(&channel, &file, offset, hash(&file)).await;
            done(&channel).await;
        };
        let kept = if offset == 0 { vec![9; 2 * MIB] } else { file[..2 * MIB].to_vec() };
        let target = Kept { bytes: kept, ..Kept::default() };
        let (came, ()) = tokio::join!(download(&viewer, target), giving);
        assert!(came.unwrap() == file);
    }
}

#[tokio::test]
async fn another_hash_is_no_file() {
    let (viewer, mut device) = pair(23).await;
    let file = bytes(MIB);
    for wrong in [hash(b"other"), String::new(), "é".repeat(32)] {
        let giving = async {
            let call = device.call().await;
            let channel = device.get(call, file.len() as u64, 0).await;
            give(&channel, &file, 0, wrong).await;
            channel.hear_failed().await
        };
        let target = Kept::default();
        let whole = target.whole.clone();
        let (came, code) = tokio::join!(download(&viewer, target), giving);
        assert!(matches!(came, Err(TransferError::Mismatch)), "{came:?}");
        assert!(code == code::MISMATCH && !whole.load(Ordering::SeqCst));
    }
}

#[tokio::test]
async fn a_device_that_breaks_the_rules_is_left() {
    let (viewer, mut device) = pair(24).await;
    let file = bytes(6 * MIB);
    for case in 0..5 {
        let giving = async {
            let call = device.call().await;
            let offset = if case == 0 { RESUME_STEP } else { 0 };
            let channel = device.get(call, if case == 1 { 10 } else { file.len() as u64 }, offset).await;
            match case {
                // More than there is; so is what is beyond the credit.
                1 => channel.send(&file[..11]).await,
                2 => channel.say(Transfer::Done).await,
                3 => channel.say(Transfer::End { hash: hash(&file) }).await,
                4 => channel.say(Transfer::Credit { until: 1 }).await,
                _ => {}
            }
            channel.hear_failed().await
        };
        let target = Kept::default();
        let whole = target.whole.clone();
        let (came, code) = tokio::join!(download(&viewer, target), giving);
        assert!(matches!(came, Err(TransferError::Wire(_))), "{case}: {came:?}");
        assert!(code == code::INVALID_REQUEST && !whole.load(Ordering::SeqCst), "{case}");
    }
}

#[tokio::test]
async fn a_target_that_fails_ends_it_with_its_reason() {
    let (viewer, mut device) = pair(25).await;
    let file = bytes(9 * MIB);
    let giving = async {
        let call = device.call().await;
        let channel = device.get(call, file.len() as u64, 0).await;
        let sending = async {
            for chunk in file[..4 * MIB].chunks(MAX_CHUNK) {
                channel.send(chunk).await;
            }
        };
        sending.await;
        channel.hear_failed().await
    };
    let target = Kept { limit: Some(MIB), ..Kept::default() };
    let (came, code) = tokio::join!(download(&viewer, target), giving);
    assert!(
        matches!(&came, Err(TransferError::Local(error)) if error.kind() == io::ErrorKind::StorageFull),
        "{came:?}"
    );
    assert_eq!(code, code::INTERNAL);
}
