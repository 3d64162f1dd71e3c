//! Uploads to which anything happens, in any order.

use crate::support::{Fixture, MIB, age, bytes, files_in, hash};
use proptest::prelude::*;
use std::io::Write;
use std::time::Duration;
use watchword_peer::files::{FilesError, Upload};

/// What happens to an upload.
#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    Sync,
    Break,
    BreakAndRestart,
    BeginAnew,
    /// The power fails: bytes of the partial file, or of the index, from here to the end are lost.
    Tear {
        index: bool,
        bytes: u64,
    },
    /// The process was killed: what was not synced yet lies behind what was, or is anything at all.
    Kill {
        index: bool,
        bytes: usize,
    },
    Age,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..2 * MIB).prop_map(Step::Write),
        2 => Just(Step::Sync),
        2 => Just(Step::Break),
        1 => Just(Step::BreakAndRestart),
        1 => Just(Step::BeginAnew),
        2 => (any::<bool>(), 0..3 * MIB as u64).prop_map(|(index, bytes)| {
            Step::Tear { index, bytes: if index { bytes % 200 } else { bytes } }
        }),
        2 => (any::<bool>(), 0..3 * MIB).prop_map(|(index, bytes)| {
            Step::Kill { index, bytes: if index { bytes % 200 } else { bytes } }
        }),
        1 => Just(Step::Age),
    ];
    prop::collection::vec(step, 0..20)
}

fn tear(fixture: &Fixture, index: bool, bytes: u64) {
    for file in fixture.partials() {
        if file.extension().is_some_and(|is| is == if index { "index" } else { "part" }) {
            let file = std::fs::File::options().write(true).open(file).unwrap();
            file.set_len(file.metadata().unwrap().len().saturating_sub(bytes)).unwrap();
        }
    }
}

fn leave_more(fixture: &Fixture, index: bool, bytes: usize) {
    for file in fixture.partials() {
        if file.extension().is_some_and(|is| is == if index { "index" } else { "part" }) {
            let mut file = std::fs::File::options().append(true).open(file).unwrap();
            file.write_all(&self::bytes(bytes, 9)).unwrap();
        }
    }
}

/// Takes one step; nothing under the final name is ever half a file.
fn step(fixture: &mut Fixture, upload: &mut Option<Upload>, data: &[u8], step: &Step) {
    match step {
        Step::Write(len) => {
            let upload = upload.get_or_insert_with(|| fixture.resume("files/a", data.len()).unwrap());
            let from = usize::try_from(upload.written()).unwrap();
            upload.write(&data[from..data.len().min(from + len)]).unwrap();
        }
        Step::Sync => {
            if let Some(upload) = upload {
                let synced = upload.sync().unwrap();
                assert!(synced <= upload.written() && synced.is_multiple_of(MIB as u64));
            }
        }
        Step::Break => *upload = None,
        Step::BreakAndRestart => {
            *upload = None;
            fixture.reopen();
        }
        Step::BeginAnew => {
            *upload = None;
            *upload = Some(fixture.begin("files/a", data.len()).unwrap());
        }
        Step::Tear { index, bytes } => {
            *upload = None;
            tear(fixture, *index, *bytes);
        }
        Step::Kill { index, bytes } => {
            *upload = None;
            leave_more(fixture, *index, *bytes);
        }
        Step::Age => {
            *upload = None;
            fixture.partials().iter().for_each(|file| age(file, Duration::from_secs(8 * 24 * 60 * 60)));
            fixture.tree.sweep();
            assert!(fixture.partials().is_empty());
        }
    }
    assert!(!fixture.on_disk("files/a").exists());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_the_file_is_whole_in_the_end(size in 0..6 * MIB, taken in steps(), wrong in any::<bool>()) {
        let mut fixture = Fixture::new();
        let data = bytes(size, 1);
        let mut upload = None;
        for taken in &taken {
            step(&mut fixture, &mut upload, &data, taken);
        }
        drop(upload);
        let mut upload = fixture.resume("files/a", size).unwrap();
        let offset = usize::try_from(upload.offset()).unwrap();
        if offset > 0 {
            assert_eq!(upload.before(), hash(&data[offset - MIB..offset]));
        }
        upload.write(&data[offset..]).unwrap();
        if wrong {
            assert!(matches!(upload.finish(&hash(b"other")), Err(FilesError::Mismatch)));
            assert!(files_in(&fixture.on_disk("files")).len() == 1 && fixture.tree.used() == 0);
        } else {
            upload.finish(&hash(&data)).unwrap();
            assert_eq!(std::fs::read(fixture.on_disk("files/a")).unwrap(), data);
        }
        assert!(fixture.partials().is_empty());
        let used = fixture.tree.used();
        fixture.tree.recount();
        assert_eq!(fixture.tree.used(), used);
    }
}
