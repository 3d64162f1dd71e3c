//! Both ends of the proof against each other, and against everybody else.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::LazyLock;
use watchword_protocol::{
    proof::{
        DeviceLogin, KE1_LEN, KE2_LEN, KE3_LEN, ProofError, RECORD_LEN, Record, SETUP_LEN, ServerSetup,
        ViewerLogin,
    },
    word::{Place, SecretWord},
};

/// One device for all tests: a registration costs Argon2id's 64 MiB and 0.2 s.
static DEVICE: LazyLock<(ServerSetup, Record, SecretWord)> = LazyLock::new(|| {
    let word = SecretWord::parse("garden-otter-violin-cobalt").unwrap();
    let setup = ServerSetup::generate();
    let record = Record::register(&setup, &word).unwrap();
    (setup, record, word)
});

#[test]
fn the_right_word_gives_both_ends_one_key() {
    let (setup, record, word) = &*DEVICE;
    let (viewer, ke1) = ViewerLogin::start(word).unwrap();
    let (device, ke2) = DeviceLogin::start(setup, Some(record), word.place(), &ke1).unwrap();
    let proof = viewer.finish(&ke2).unwrap();
    assert_eq!((ke1.len(), ke2.len(), proof.ke3.len()), (KE1_LEN, KE2_LEN, KE3_LEN));
    assert_eq!(proof.device_key, setup.public_key());
    let key = device.finish(&proof.ke3).unwrap();
    assert_eq!(key.as_bytes(), proof.session_key.as_bytes());
    assert_eq!(format!("{key:?} {proof:?}").matches("SessionKey").count(), 2);
    assert!(!format!("{key:?}").contains(&format!("{:?}", key.as_bytes()[0])));
}

#[test]
fn another_word_gives_nothing() {
    let (setup, record, word) = &*DEVICE;
    let wrong = SecretWord::parse("garden-otter-violin-copper").unwrap();
    let (viewer, ke1) = ViewerLogin::start(&wrong).unwrap();
    let (device, ke2) = DeviceLogin::start(setup, Some(record), word.place(), &ke1).unwrap();
    assert_eq!(viewer.finish(&ke2).unwrap_err(), ProofError::WrongWord);
    assert_eq!(device.finish(&[7; KE3_LEN]).unwrap_err(), ProofError::WrongWord);
}

#[test]
fn a_record_answers_at_its_own_place_alone() {
    let (setup, record, word) = &*DEVICE;
    let (viewer, ke1) = ViewerLogin::start(word).unwrap();
    let hallway = Place::parse("hallway").unwrap();
    let (_, ke2) = DeviceLogin::start(setup, Some(record), &hallway, &ke1).unwrap();
    assert_eq!(viewer.finish(&ke2).unwrap_err(), ProofError::WrongWord);
}

#[test]
fn a_device_without_the_record_or_with_another_setup_proves_nothing() {
    let (setup, record, word) = &*DEVICE;
    let other = ServerSetup::generate();
    for (setup, record) in [(setup, None), (&other, None), (&other, Some(record))] {
        let (viewer, ke1) = ViewerLogin::start(word).unwrap();
        let (_, ke2) = DeviceLogin::start(setup, record, word.place(), &ke1).unwrap();
        assert_eq!(ke2.len(), KE2_LEN);
        assert_eq!(viewer.finish(&ke2).unwrap_err(), ProofError::WrongWord);
    }
}

#[test]
fn a_recorded_ke3_opens_no_second_session() {
    let (setup, record, word) = &*DEVICE;
    let (viewer, ke1) = ViewerLogin::start(word).unwrap();
    let (_, ke2) = DeviceLogin::start(setup, Some(record), word.place(), &ke1).unwrap();
    let ke3 = viewer.finish(&ke2).unwrap().ke3;
    let (again, _) = DeviceLogin::start(setup, Some(record), word.place(), &ke1).unwrap();
    assert_eq!(again.finish(&ke3).unwrap_err(), ProofError::WrongWord);
}

#[test]
fn one_altered_byte_of_ke3_fails() {
    let (setup, record, word) = &*DEVICE;
    let (viewer, ke1) = ViewerLogin::start(word).unwrap();
    let (_, ke2) = DeviceLogin::start(setup, Some(record), word.place(), &ke1).unwrap();
    let ke3 = viewer.finish(&ke2).unwrap().ke3;
    for at in 0..KE3_LEN {
        let mut altered = ke3.clone();
        altered[at] ^= 1;
        let (device, _) = DeviceLogin::start(setup, Some(record), word.place(), &ke1).unwrap();
        assert_eq!(device.finish(&altered).unwrap_err(), ProofError::WrongWord, "byte {at}");
    }
}

#[test]
fn one_altered_byte_of_ke2_fails() {
    let (setup, record, word) = &*DEVICE;
    // Evaluated element, masking nonce, masked response, server nonce, server key share, MAC (RFC 9807 section 6.1).
    for at in [0, 31, 32, 63, 64, 159, 191, 192, 223, 224, 255, 256, 319] {
        let (viewer, ke1) = ViewerLogin::start(word).unwrap();
        let (_, mut ke2) = DeviceLogin::start(setup, Some(record), word.place(), &ke1).unwrap();
        ke2[at] ^= 1;
        let error = viewer.finish(&ke2).unwrap_err();
        assert!(matches!(error, ProofError::WrongWord | ProofError::Malformed(_)), "byte {at}: {error:?}");
    }
}

#[test]
fn the_device_state_survives_a_restart() {
    let (setup, record, word) = &*DEVICE;
    let (saved, kept) = (setup.to_bytes(), record.to_bytes());
    assert_eq!((saved.len(), kept.len()), (SETUP_LEN, RECORD_LEN));
    let (setup, record) = (ServerSetup::from_bytes(&saved).unwrap(), Record::from_bytes(&kept).unwrap());
    let (viewer, ke1) = ViewerLogin::start(word).unwrap();
    let (device, ke2) = DeviceLogin::start(&setup, Some(&record), word.place(), &ke1).unwrap();
    assert!(device.finish(&viewer.finish(&ke2).unwrap().ke3).is_ok());
}

#[test]
fn other_lengths_are_refused_by_name() {
    let (setup, record, word) = &*DEVICE;
    let place = word.place();
    assert_eq!(ServerSetup::from_bytes(&[1; 127]).unwrap_err(), ProofError::Malformed("device setup"));
    assert_eq!(Record::from_bytes(&[]).unwrap_err(), ProofError::Malformed("record of a word"));
    let (viewer, mut ke1) = ViewerLogin::start(word).unwrap();
    let (device, mut ke2) = DeviceLogin::start(setup, Some(record), place, &ke1).unwrap();
    assert_eq!(device.finish(&[0; 65]).unwrap_err(), ProofError::Malformed("KE3"));
    ke1.push(0);
    let longer = DeviceLogin::start(setup, Some(record), place, &ke1).err();
    assert_eq!(longer, Some(ProofError::Malformed("KE1")));
    // The neutral element as blinded element would make the answer the same for every word (RFC 9497 section 2.1).
    let neutral = DeviceLogin::start(setup, Some(record), place, &[0; KE1_LEN]).err();
    assert_eq!(neutral, Some(ProofError::Malformed("KE1")));
    ke2.push(0);
    assert_eq!(viewer.finish(&ke2).unwrap_err(), ProofError::Malformed("KE2"));
}
