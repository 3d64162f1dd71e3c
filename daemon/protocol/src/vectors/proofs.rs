//! Vectors of what is proved, sealed and signed.

use crate::{
    bytes::B64,
    identity::{Identity, claim_bytes, verify_claim},
    pass::PassKey,
    proof::{DeviceLogin, ProofError, Record, ServerSetup, SessionKey, ViewerLogin},
    seal::{Context, Role, channel},
    word::{Place, SecretWord},
};
use serde::{Deserialize, Serialize};

/// One recorded run of OPAQUE. The states let each end be replayed from where it waits for the other.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    phrase: String,
    place: String,
    setup: B64,
    record: B64,
    device_key: B64,
    viewer_state: B64,
    ke1: B64,
    device_state: B64,
    ke2: B64,
    ke3: B64,
    session_key: B64,
    /// A KE2 for the same `viewer_state` of a device that has another record: the word is wrong.
    ke2_wrong: B64,
}

impl Run {
    pub(super) fn record() -> Self {
        let word = SecretWord::parse("garden-otter-violin-cobalt").unwrap();
        let other = SecretWord::parse("garden-otter-violin-copper").unwrap();
        let setup = ServerSetup::generate();
        let record = Record::register(&setup, &word).unwrap();
        let (viewer, ke1) = ViewerLogin::start(&word).unwrap();
        let viewer_state = viewer.state_bytes();
        let (device, ke2) = DeviceLogin::start(&setup, Some(&record), word.place(), &ke1).unwrap();
        let wrong = Record::register(&setup, &other).unwrap();
        let (_, ke2_wrong) = DeviceLogin::start(&setup, Some(&wrong), word.place(), &ke1).unwrap();
        let proof = viewer.finish(&ke2).unwrap();
        Self {
            phrase: word.phrase().to_owned(),
            place: word.place().to_string(),
            setup: B64(setup.to_bytes().to_vec()),
            record: B64(record.to_bytes().to_vec()),
            device_key: B64(proof.device_key),
            viewer_state: B64(viewer_state),
            ke1: B64(ke1),
            device_state: B64(device.state_bytes()),
            ke2: B64(ke2),
            ke3: B64(proof.ke3),
            session_key: proof.session_key.as_bytes().into(),
            ke2_wrong: B64(ke2_wrong),
        }
    }

    pub(super) fn replay(&self) {
        let word = SecretWord::parse(&self.phrase).unwrap();
        assert_eq!(word.place().as_ref(), self.place);
        let setup = ServerSetup::from_bytes(&self.setup.0).unwrap();
        assert_eq!(setup.public_key(), self.device_key.0);
        let viewer = || ViewerLogin::from_state(&self.viewer_state.0, word.clone());
        let proof = viewer().finish(&self.ke2.0).unwrap();
        assert_eq!(proof.ke3, self.ke3.0);
        assert_eq!(proof.device_key, self.device_key.0);
        assert_eq!(proof.session_key.as_bytes(), self.session_key.0);
        let key = DeviceLogin::from_state(&self.device_state.0).finish(&self.ke3.0).unwrap();
        assert_eq!(key.as_bytes(), self.session_key.0);
        assert_eq!(viewer().finish(&self.ke2_wrong.0).unwrap_err(), ProofError::WrongWord);
        self.answer_anew(&setup, viewer());
    }

    /// The recorded KE1 has a device answer that draws other random bytes, from the stored setup and record.
    fn answer_anew(&self, setup: &ServerSetup, viewer: ViewerLogin) {
        let record = Record::from_bytes(&self.record.0).unwrap();
        let place = Place::parse(&self.place).unwrap();
        let (device, ke2) = DeviceLogin::start(setup, Some(&record), &place, &self.ke1.0).unwrap();
        let proof = viewer.finish(&ke2).unwrap();
        let key = device.finish(&proof.ke3).unwrap();
        assert_eq!(key.as_bytes(), proof.session_key.as_bytes());
        assert_ne!(key.as_bytes(), self.session_key.0);
    }
}

/// What one end seals, in order; the other end opens it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Channel {
    session_key: B64,
    place: String,
    viewer: String,
    device: String,
    session: String,
    /// Who seals: `viewer` or `device`.
    role: String,
    /// HKDF's info for this direction.
    info: B64,
    messages: Vec<Message>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    plaintext: B64,
    sealed: B64,
}

pub(super) fn channels() -> Vec<Channel> {
    let key: Vec<u8> = (0..64).collect();
    let named = Context {
        place: "garden".to_owned(),
        viewer: "AAECAwQFBgcICQoLDA0ODw".to_owned(),
        device: "EBESExQVFhcYGRobHB0eHw".to_owned(),
        session: "ICEiIyQlJicoKSorLC0uLw".to_owned(),
    };
    let other = Context { place: "garden27".to_owned(), ..named.clone() };
    let zero = vec![0; 64];
    vec![
        sealed(&key, &named, Role::Viewer),
        sealed(&key, &named, Role::Device),
        sealed(&key, &other, Role::Viewer),
        sealed(&zero, &named, Role::Viewer),
    ]
}

fn sealed(key: &[u8], context: &Context, role: Role) -> Channel {
    let (name, other) = match role {
        Role::Viewer => ("viewer", Role::Device),
        Role::Device => ("device", Role::Viewer),
    };
    let session_key = SessionKey::from_bytes(key).unwrap();
    let (mut sealer, _) = channel(&session_key, context, role);
    let (_, mut opener) = channel(&session_key, context, other);
    let long: Vec<u8> = (0..1000_u32).map(|n| (n % 251) as u8).collect();
    let texts: [&[u8]; 4] = [br#"{"kind":"end-of-candidates"}"#, b"", b"\x00\xff", &long];
    let messages = texts.map(|plaintext| {
        let sealed = sealer.seal(plaintext).unwrap();
        assert_eq!(opener.open(&sealed).unwrap(), plaintext);
        Message { plaintext: plaintext.into(), sealed: B64(sealed) }
    });
    Channel {
        session_key: key.into(),
        place: context.place.clone(),
        viewer: context.viewer.clone(),
        device: context.device.clone(),
        session: context.session.clone(),
        role: name.to_owned(),
        info: B64(crate::seal::info(context, role)),
        messages: messages.into(),
    }
}

/// One claim of a place.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Claim {
    private: B64,
    key: B64,
    challenge: B64,
    handle: String,
    place: String,
    bytes: B64,
    signature: B64,
}

pub(super) fn claims() -> Vec<Claim> {
    [("garden", 1_u8), ("a2345678901234567890123456789012", 200)].map(claim).into()
}

fn claim((place, seed): (&str, u8)) -> Claim {
    let identity = Identity::from_bytes(&[seed; 32]).unwrap();
    let (challenge, handle) = ([seed.wrapping_add(1); 32], "AAECAwQFBgcICQoLDA0ODw");
    let signature = identity.claim(&challenge, handle, place);
    assert!(verify_claim(&identity.public_key(), &signature, &challenge, handle, place));
    Claim {
        private: identity.to_bytes().as_slice().into(),
        key: identity.public_key().into(),
        challenge: challenge.into(),
        handle: handle.to_owned(),
        place: place.to_owned(),
        bytes: B64(claim_bytes(&challenge, handle, place)),
        signature: signature.into(),
    }
}

/// One pass that a device gave.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pass {
    key: B64,
    place: String,
    pass: B64,
}

impl Pass {
    pub(super) fn verify(&self) {
        let key = PassKey::from_bytes(&self.key.0).unwrap();
        let place = Place::parse(&self.place).unwrap();
        assert_eq!(key.verify(&place, &self.pass.0).unwrap(), self.pass.0[..crate::pass::ID_LEN]);
    }
}

pub(super) fn passes() -> Vec<Pass> {
    let place = Place::parse("garden").unwrap();
    let key = PassKey::from_bytes(&[7; 32]).unwrap();
    vec![Pass { key: [7; 32].into(), place: place.to_string(), pass: key.issue(&place) }]
}
