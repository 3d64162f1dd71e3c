//! What the fuzz targets run, one function a decoder: bytes of a stranger in, nothing out, and never a panic. The
//! property tests below run the same functions, so that a plain `cargo test` holds them too.

use crate::{
    bytes::B64,
    control::{self, MAX_MESSAGE, rpc::Incoming},
    identity::{Identity, verify_claim},
    pass::PassKey,
    proof::{DeviceLogin, KE2_LEN, KE3_LEN, Record, ServerSetup, SessionKey, ViewerLogin},
    seal::{self, Context, Role},
    sealed::Sealed,
    signal::{FromServer, ToServer},
    word::{Place, SecretWord, suggest},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Debug, sync::LazyLock};

/// A message to the rendezvous.
pub fn to_server(data: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<ToServer>(data) {
        travels(&message);
    }
}

/// A message from the rendezvous.
pub fn from_server(data: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<FromServer>(data) {
        travels(&message);
    }
}

/// A message on the control channel.
pub fn control(data: &[u8]) {
    let Ok(message) = serde_json::from_slice::<control::Message>(data) else { return };
    // Numbers in free-form values may lose their last digit on the way: only what they are read as must be readable.
    let again = serde_json::to_vec(&message).is_ok_and(|json| is::<control::Message>(&json));
    assert!(again);
    if let control::Message::Call(call) = message {
        params(&call.params);
    }
}

/// A message on the control channel, as a device reads it: a call, or something that can be answered.
pub fn rpc(data: &[u8]) {
    match control::rpc::read(data, true) {
        Incoming::Call(call) => calls(&call.params),
        Incoming::Bad(id, error) => {
            let answer = control::rpc::answer(id, Err(error));
            assert!(answer.len() <= 2 * MAX_MESSAGE && is::<control::Answer>(answer.as_bytes()));
        }
        Incoming::Answer => {}
    }
}

/// A text on the channel of a transfer.
pub fn transfer(data: &[u8]) {
    if let Some(message) = control::Transfer::read(data) {
        travels(&message);
    }
}

/// The plaintext of a sealed message.
pub fn sealed(data: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<Sealed>(data) {
        travels(&message);
    }
}

/// A secret word as typed: its phrase is its own normal form.
pub fn word(data: &[u8]) {
    if let Ok(word) = SecretWord::parse(&String::from_utf8_lossy(data)) {
        assert_eq!(SecretWord::parse(word.phrase()).as_ref(), Ok(&word));
        assert!(Place::parse(word.place().as_ref()).is_ok() && !format!("{word:?}").contains(word.phrase()));
    }
}

/// A slip in a secret word: what is suggested is a word, and one step more (the place) leaves nothing to suggest.
pub fn suggestion(data: &[u8]) {
    if let Some(meant) = suggest(&String::from_utf8_lossy(data)) {
        assert!(SecretWord::parse(&meant).is_ok_and(|word| word.phrase() == meant));
        assert!(suggest(&meant).is_none_or(|again| suggest(&again).is_none()));
    }
}

/// KE1 and KE3 at a device.
pub fn proof_device(data: &[u8]) {
    let (Ok(place), Some(setup)) = (Place::parse("garden"), SETUP.as_ref()) else { return };
    if let Ok((device, ke2)) = DeviceLogin::start(setup, None, &place, data) {
        assert_eq!(ke2.len(), KE2_LEN);
        assert!(device.finish(&data[..KE3_LEN]).is_err());
    }
    let Some((_, ke1)) = viewer() else { return };
    if let Ok((device, _)) = DeviceLogin::start(setup, None, &place, &ke1) {
        assert!(device.finish(data).is_err());
    }
}

/// KE2 at a viewer. Slow: what has the form of a KE2 costs Argon2id.
pub fn proof_viewer(data: &[u8]) {
    let Some((viewer, _)) = viewer() else { return };
    assert!(viewer.finish(data).is_err());
}

fn viewer() -> Option<(ViewerLogin, Vec<u8>)> {
    ViewerLogin::start(&SecretWord::parse("garden-otter-violin-cobalt").ok()?).ok()
}

/// What the device keeps: setup, record, identity, pass key; and a pass and a claim of a stranger.
pub fn state(data: &[u8]) {
    if let Ok(setup) = ServerSetup::from_bytes(data) {
        assert_eq!(setup.to_bytes().len(), data.len());
    }
    if let Ok(record) = Record::from_bytes(data) {
        assert_eq!(*record.to_bytes(), data);
    }
    if let Ok(identity) = Identity::from_bytes(data) {
        assert_eq!(*identity.to_bytes(), data);
    }
    let Ok(place) = Place::parse("garden") else { return };
    if let Ok(key) = PassKey::from_bytes(&[7; 32]) {
        let pass = key.verify(&place, data);
        assert!(pass.is_none_or(|id| data.starts_with(&id)));
    }
    let (key, signature) = data.split_at(data.len().min(32));
    let _ = verify_claim(key, signature, b"challenge", "handle", "garden");
}

/// A sealed message whose key the stranger does not have: it never opens, nor does anything after it.
pub fn opener(data: &[u8]) {
    let Ok(key) = SessionKey::from_bytes(&[9; 64]) else { return };
    let text = |text: &str| text.to_owned();
    let context = Context { place: text("garden"), viewer: text("v"), device: text("d"), session: text("s") };
    let (mut sealer, _) = seal::channel(&key, &context, Role::Viewer);
    let (_, mut opener) = seal::channel(&key, &context, Role::Device);
    let own = sealer.seal_message(&Sealed::EndOfCandidates);
    if own.as_deref() != Ok(data) {
        assert_eq!(opener.open_message(data), Err(seal::SealError::Forged));
        assert_eq!(opener.open_message(&own.unwrap_or_default()), Err(seal::SealError::Forged));
    }
}

/// Bytes in JSON.
pub fn base64url(data: &[u8]) {
    let text = serde_json::to_string(&B64(data.to_vec()));
    assert!(text.is_ok_and(|text| serde_json::from_str::<B64>(&text).is_ok_and(|bytes| bytes.0 == data)));
    let _ = serde_json::from_slice::<B64>(data);
}

static SETUP: LazyLock<Option<ServerSetup>> =
    LazyLock::new(|| ServerSetup::from_bytes(&{ ServerSetup::generate().to_bytes() }).ok());

/// What was read is written so that it is read as the same again.
fn travels<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T) {
    let text = serde_json::to_string(message);
    assert!(text.is_ok_and(|text| serde_json::from_str::<T>(&text).is_ok_and(|again| again == *message)));
}

fn is<T: DeserializeOwned>(json: &[u8]) -> bool {
    serde_json::from_slice::<T>(json).is_ok()
}

/// The parameters of every call as a device reads them: wrong ones are answered with a sentence.
fn calls(value: &serde_json::Value) {
    fn read<T: DeserializeOwned>(value: &serde_json::Value) {
        if let Err(error) = control::rpc::params::<T>(value.clone()) {
            assert!(error.code == control::code::INVALID_PARAMS && error.message.ends_with('.'));
        }
    }
    read::<control::ChatSend>(value);
    read::<control::ChatHistory>(value);
    read::<control::CommandRun>(value);
    read::<control::CommandStarted>(value);
    read::<control::FilesList>(value);
    read::<control::FilesPath>(value);
    read::<control::FilesMove>(value);
    read::<control::FilesRemove>(value);
    read::<control::FilesPut>(value);
    read::<control::FilesGet>(value);
}

fn params(value: &serde_json::Value) {
    fn read<T: DeserializeOwned>(value: &serde_json::Value) {
        let _ = T::deserialize(value);
    }
    read::<control::DeviceInfo>(value);
    read::<control::DeviceStats>(value);
    read::<control::ChatSend>(value);
    read::<control::ChatMessage>(value);
    read::<control::MediaState>(value);
    read::<control::Bye>(value);
    read::<control::ChatHistory>(value);
    read::<control::CommandRun>(value);
    read::<control::CommandStarted>(value);
    read::<control::FilesPath>(value);
    read::<control::FilesList>(value);
    read::<control::FilesMove>(value);
    read::<control::FilesRemove>(value);
    read::<control::FilesPut>(value);
    read::<control::FilesGet>(value);
    read::<control::Transfer>(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};
    use serde_json::Value;

    /// Any bytes, and the file's own samples with a few bytes altered: near enough to get past the first check.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let near = (prop::sample::select(samples()), vec((any::<prop::sample::Index>(), any::<u8>()), 0..4));
        prop_oneof![
            vec(any::<u8>(), 0..600),
            near.prop_map(|(mut sample, changes)| {
                changes.iter().for_each(|(at, byte)| *at.get_mut(&mut sample) = *byte);
                sample
            }),
        ]
    }

    const TRANSFER: [&str; 4] = [
        r#"{"type":"credit","until":4194304}"#,
        r#"{"type":"end","hash":"af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"}"#,
        r#"{"type":"done"}"#,
        r#"{"type":"failed","code":-32004,"message":"The device's disk is full; remove something first."}"#,
    ];

    fn samples() -> Vec<Vec<u8>> {
        let mut samples: Vec<_> = seeds().into_iter().flat_map(|(_, samples)| samples).collect();
        samples.retain(|sample| !sample.is_empty());
        samples
    }

    /// The samples of `vectors.json` by the target that reads them.
    fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
        let vectors: Value = serde_json::from_str(include_str!("../vectors.json")).unwrap();
        let list = |value: &Value| value.as_array().unwrap().clone();
        let messages =
            |name: &str| list(&vectors["messages"][name]).iter().map(|m| m.to_string().into()).collect();
        let bytes = |value: &Value| serde_json::from_value::<B64>(value.clone()).unwrap().0;
        let opaque = |names: &[&str]| names.iter().map(|name| bytes(&vectors["opaque"][*name])).collect();
        let texts =
            |name: &str| list(&vectors[name]).iter().map(|t| t["text"].as_str().unwrap().into()).collect();
        let sealed = list(&vectors["seal"]).into_iter().flat_map(|channel| list(&channel["messages"]));
        let mut state: Vec<Vec<u8>> = opaque(&["setup", "record", "device_key"]);
        state.push(bytes(&vectors["passes"][0]["pass"]));
        vec![
            ("to_server", messages("to_server")),
            ("from_server", messages("from_server")),
            ("sealed", messages("sealed")),
            ("control", messages("control")),
            ("rpc", messages("control")),
            ("transfer", TRANSFER.iter().map(|text| text.as_bytes().to_vec()).collect()),
            ("word", texts("words")),
            ("suggestion", texts("suggestions")),
            ("proof_device", opaque(&["ke1", "ke3"])),
            ("proof_viewer", opaque(&["ke2", "ke2_wrong"])),
            ("state", state),
            ("opener", sealed.map(|message| bytes(&message["sealed"])).collect()),
            ("base64url", vec![b"\"AAECAw\"".to_vec()]),
        ]
    }

    #[test]
    #[ignore = "writes the fuzzer's first inputs to the folder that WATCHWORD_FUZZ_CORPUS names"]
    fn write_seeds() {
        let corpus = std::path::PathBuf::from(std::env::var_os("WATCHWORD_FUZZ_CORPUS").unwrap());
        for (target, samples) in seeds() {
            let folder = corpus.join(target);
            std::fs::create_dir_all(&folder).unwrap();
            for (n, sample) in samples.iter().enumerate() {
                std::fs::write(folder.join(format!("seed-{n:03}")), sample).unwrap();
            }
        }
    }

    #[test]
    fn every_decoder_has_a_fuzz_target_and_a_seed() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
        let mut targets: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        targets.sort();
        let targets: Vec<_> =
            targets.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
        let mut seeded: Vec<_> = seeds().iter().map(|(target, _)| *target).collect();
        seeded.sort_unstable();
        assert_eq!(targets, seeded);
        assert!(seeds().iter().all(|(_, samples)| !samples.is_empty()));
    }

    proptest! {
        #[test]
        fn decoders_hold(data in bytes()) {
            to_server(&data);
            from_server(&data);
            control(&data);
            rpc(&data);
            transfer(&data);
            sealed(&data);
            state(&data);
            opener(&data);
            base64url(&data);
        }

        #[test]
        fn words_hold(text in "\\PC{0,40}") {
            word(text.as_bytes());
            suggestion(text.as_bytes());
        }

        #[test]
        fn likely_words_hold(text in "[a-zA-ZäÉſΣİﬁ²Ⅻ]{0,9}([-_ \u{2014}\u{2212}\u{AD}]{1,3}[a-zéΣſＯ０-９]{1,8}){2,5}") {
            word(text.as_bytes());
            suggestion(text.as_bytes());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn proofs_hold(data in prop_oneof![vec(any::<u8>(), crate::proof::KE1_LEN), vec(any::<u8>(), 64), bytes()]) {
            proof_device(&data);
            proof_viewer(&data);
        }
    }

    #[test]
    fn deep_json_is_refused() {
        for open in ["[", "{\"a\":", "{\"type\":\"knock\",\"a\":["] {
            let deep = open.repeat(10_000).into_bytes();
            assert!(!is::<ToServer>(&deep) && !is::<FromServer>(&deep) && !is::<Sealed>(&deep));
            assert!(!is::<control::Message>(&deep));
        }
    }

    #[test]
    fn base64url_is_strict() {
        for other in ["AA==", "A", "AB", "+/+/", "AA AA", "AAA\n", "é"] {
            assert!(!is::<B64>(serde_json::to_string(other).unwrap().as_bytes()), "{other:?}");
        }
        assert!(is::<B64>(b"\"-_-_\"") && is::<B64>(b"\"\\u0041A\"") && is::<B64>(b"\"\""));
    }

    #[test]
    fn fields_of_later_versions_are_ignored() {
        assert_eq!(
            serde_json::from_str::<ToServer>(r#"{"type":"ping","more":[1]}"#).unwrap(),
            ToServer::Ping
        );
        let later = r#"{"kind":"answer","sdp":"v=0","more":{}}"#;
        assert_eq!(serde_json::from_str::<Sealed>(later).unwrap(), Sealed::Answer { sdp: "v=0".to_owned() });
    }
}
