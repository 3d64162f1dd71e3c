//! The viewer sends.

use super::script::{Channel, Device, Heard, pair};
use super::{bytes, hash};
use crate::viewer::{TransferError, Uploaded, Viewer};
use protocol::control::{FilesPut, MAX_CHUNK, RESUME_STEP, RpcError, Transfer, code};
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

const MIB: usize = RESUME_STEP as usize;

fn file(bytes: &[u8]) -> Arc<File> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Arc::new(file)
}

fn put(size: usize) -> FilesPut {
    FilesPut { path: "files/a".into(), size: size as u64, modified_ms: None, overwrite: false, resume: true }
}

async fn upload(viewer: &Viewer, bytes: &[u8]) -> Result<Uploaded, TransferError> {
    viewer.upload(&put(bytes.len()), file(bytes), |_| {}).await
}

/// Gives all the credit there is; the bytes that came, and the hash.
async fn take_all(channel: &Channel, size: usize) -> (Vec<u8>, String) {
    channel.say(Transfer::Credit { until: size as u64 }).await;
    let mut all = Vec::new();
    loop {
        match channel.hear().await {
            Heard::Bytes(bytes) => all.extend(bytes),
            Heard::Said(Transfer::End { hash }) => return (all, hash),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn no_byte_goes_beyond_the_credit_and_none_is_left_out() {
    let (viewer, mut device) = pair(1).await;
    let file = bytes(300_000);
    let sent = upload(&viewer, &file);
    let received = async {
        let call = device.call().await;
        let channel = device.put(call, 0, "").await;
        let mut all = Vec::new();
        for credit in [1, 2, 65_536, 65_537, 200_001, 100, 300_000, 900_000] {
            channel.say(Transfer::Credit { until: credit }).await;
            let credit = usize::try_from(credit.min(300_000)).unwrap().max(all.len());
            while all.len() < credit {
                let Heard::Bytes(bytes) = channel.hear().await else { panic!("not all of it came") };
                assert!(!bytes.is_empty() && bytes.len() <= MAX_CHUNK);
                all.extend(bytes);
                assert!(all.len() <= credit, "{} bytes at a credit of {credit}", all.len());
            }
        }
        assert_eq!(channel.hear().await, Heard::Said(Transfer::End { hash: hash(&all) }));
        channel.say(Transfer::Done).await;
        all
    };
    let (sent, received) = tokio::join!(sent, received);
    sent.unwrap();
    assert!(received == file);
}

#[tokio::test]
async fn it_goes_on_where_the_device_has_its_beginning() {
    let (viewer, mut device) = pair(2).await;
    let file = bytes(3 * MIB + 5);
    let received = async {
        let call = device.call().await;
        let channel = device.put(call, 2 * RESUME_STEP, &hash(&file[MIB..2 * MIB])).await;
        let received = take_all(&channel, file.len()).await;
        channel.say(Transfer::Done).await;
        received
    };
    let (sent, (rest, of_all)) = tokio::join!(upload(&viewer, &file), received);
    sent.unwrap();
    assert!(rest == file[2 * MIB..]);
    assert_eq!(of_all, hash(&file));
}

/// The device has to be asked for the whole; at first it is not ready for that.
async fn take_anew(device: &mut Device, size: usize) -> Vec<u8> {
    for _ in 0..2 {
        let call = device.call().await;
        assert_eq!(call.params["resume"], false);
        device.refuse(call, code::UNAVAILABLE).await;
    }
    let call = device.call().await;
    let channel = device.put(call, 0, "").await;
    let (all, _) = take_all(&channel, size).await;
    channel.say(Transfer::Done).await;
    all
}

#[tokio::test]
async fn it_begins_anew_where_the_device_has_another_file() {
    let (viewer, mut device) = pair(3).await;
    let file = bytes(2 * MIB + 5);
    let received = async {
        let call = device.call().await;
        let channel = device.put(call, RESUME_STEP, &hash(b"something else")).await;
        assert_eq!(channel.hear_failed().await, code::MISMATCH);
        take_anew(&mut device, file.len()).await
    };
    let (sent, received) = tokio::join!(upload(&viewer, &file), received);
    sent.unwrap();
    assert!(received == file);

    // The last MiB before is the same, and what is before that is not.
    let received = async {
        let call = device.call().await;
        let channel = device.put(call, RESUME_STEP, &hash(&file[..MIB])).await;
        take_all(&channel, file.len()).await;
        channel.say(Transfer::Failed { code: code::MISMATCH, message: "No.".into() }).await;
        take_anew(&mut device, file.len()).await
    };
    let (sent, received) = tokio::join!(upload(&viewer, &file), received);
    sent.unwrap();
    assert!(received == file);
}

#[tokio::test]
async fn a_small_file_that_the_device_has_otherwise_is_sent_anew_once() {
    let (viewer, mut device) = pair(9).await;
    let file = bytes(2);
    let refuse = async |device: &mut Device| {
        let call = device.call().await;
        let channel = device.put(call, 0, "").await;
        take_all(&channel, file.len()).await;
        channel.say(Transfer::Failed { code: code::MISMATCH, message: "No.".into() }).await;
    };
    let received = async {
        refuse(&mut device).await;
        take_anew(&mut device, file.len()).await
    };
    let (sent, received) = tokio::join!(upload(&viewer, &file), received);
    assert_eq!((sent.unwrap(), received), (Uploaded::Sent, file.clone()));

    let refused = async {
        refuse(&mut device).await;
        refuse(&mut device).await;
    };
    let (sent, ()) = tokio::join!(upload(&viewer, &file), refused);
    assert!(matches!(sent, Err(TransferError::Refused(RpcError { code: code::MISMATCH, .. }))), "{sent:?}");
}

#[tokio::test]
async fn a_device_that_fails_or_goes_is_told_apart() {
    let (viewer, mut device) = pair(4).await;
    let file = bytes(MIB);
    let failing = async {
        let call = device.call().await;
        let channel = device.put(call, 0, "").await;
        channel.say(Transfer::Credit { until: 100_000 }).await;
        channel.hear().await;
        channel.say(Transfer::Failed { code: code::NO_ROOM, message: "Full.".into() }).await;
    };
    let (sent, ()) = tokio::join!(upload(&viewer, &file), failing);
    assert!(matches!(sent, Err(TransferError::Refused(RpcError { code: code::NO_ROOM, .. }))), "{sent:?}");

    let leaving = async {
        let call = device.call().await;
        let channel = device.put(call, 0, "").await;
        channel.say(Transfer::Credit { until: 100_000 }).await;
        channel.hear().await;
        device.leave().await;
    };
    let (sent, ()) = tokio::join!(upload(&viewer, &file), leaving);
    assert!(matches!(sent, Err(TransferError::Ended)), "{sent:?}");

    let (viewer, mut device) = pair(8).await;
    let closing = async {
        let call = device.call().await;
        let channel = device.put(call, 0, "").await;
        channel.say(Transfer::Credit { until: 100_000 }).await;
        channel.hear().await;
        channel.close().await;
    };
    let (sent, ()) = tokio::join!(upload(&viewer, &file), closing);
    assert!(matches!(sent, Err(TransferError::Ended)), "{sent:?}");
}

#[tokio::test]
async fn a_device_that_breaks_the_rules_is_left() {
    let (viewer, mut device) = pair(5).await;
    let file = bytes(MIB);
    for (offset, said) in [
        (5, None),
        (2 * RESUME_STEP, None),
        (0, Some(Transfer::Done)),
        (0, Some(Transfer::End { hash: hash(&file) })),
    ] {
        let breaking = async {
            let call = device.call().await;
            let channel = device.put(call, offset, "").await;
            if let Some(said) = said {
                channel.say(said).await;
            }
            assert_eq!(channel.hear_failed().await, code::INVALID_REQUEST);
        };
        let (sent, ()) = tokio::join!(upload(&viewer, &file), breaking);
        assert!(matches!(sent, Err(TransferError::Wire(_))), "{sent:?}");
    }
}

#[tokio::test]
async fn an_upload_that_is_dropped_closes_its_channel_and_another_runs() {
    let (viewer, mut device) = pair(6).await;
    let file = bytes(MIB);
    let begun = async {
        let call = device.call().await;
        let channel = device.put(call, 0, "").await;
        channel.say(Transfer::Credit { until: 100_000 }).await;
        channel.hear().await;
        channel
    };
    let channel = tokio::select! {
        channel = begun => channel,
        sent = upload(&viewer, &file) => panic!("{sent:?}"),
    };
    while channel.hear().await != Heard::Closed {}
    let received = async {
        let call = device.call().await;
        let channel = device.put(call, 0, "").await;
        let received = take_all(&channel, file.len()).await;
        channel.say(Transfer::Done).await;
        received
    };
    let (sent, (all, _)) = tokio::join!(upload(&viewer, &file), received);
    sent.unwrap();
    assert!(all == file);
}

#[tokio::test]
async fn a_file_that_is_not_what_was_announced_is_given_up() {
    let (viewer, mut device) = pair(7).await;
    let file = file(&bytes(2 * MIB));
    let shortened = file.clone();
    let put = put(2 * MIB);
    let sending = viewer.upload(&put, file, |at| {
        if at > 0 {
            shortened.set_len(100).unwrap();
        }
    });
    let received = async {
        let call = device.call().await;
        let channel = device.put(call, 0, "").await;
        channel.say(Transfer::Credit { until: 2 * RESUME_STEP }).await;
        channel.hear_failed().await
    };
    let (sent, code) = tokio::join!(sending, received);
    assert!(matches!(sent, Err(TransferError::Changed)), "{sent:?}");
    assert_eq!(code, code::MISMATCH);
}
