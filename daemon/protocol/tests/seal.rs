//! Sealing against a rendezvous that alters, repeats, drops, reorders and swaps. Known answers are in `vectors.json`.
#![allow(clippy::unwrap_used, reason = "a test may")]

use proptest::{collection::vec, prelude::*};
use watchword_protocol::{
    proof::SessionKey,
    seal::{Context, MAX_PLAINTEXT, Opener, Role, SealError, Sealer, TAG_LEN, channel},
    sealed::Sealed,
    signal::{MAX_MESSAGE, ToServer},
};

fn context() -> Context {
    let text = str::to_owned;
    Context {
        place: text("garden"),
        viewer: text("viewer"),
        device: text("device"),
        session: text("session"),
    }
}

fn key(byte: u8) -> SessionKey {
    SessionKey::from_bytes(&[byte; 64]).unwrap()
}

/// The viewer's sealer and the device's opener.
fn pair(viewer: &Context, device: &Context) -> (Sealer, Opener) {
    (channel(&key(1), viewer, Role::Viewer).0, channel(&key(1), device, Role::Device).1)
}

#[test]
fn messages_go_both_ways() {
    let (mut viewer_out, mut viewer_in) = channel(&key(1), &context(), Role::Viewer);
    let (mut device_out, mut device_in) = channel(&key(1), &context(), Role::Device);
    let offer = Sealed::Offer { sdp: "v=0".to_owned() };
    let answer = Sealed::Answer { sdp: "v=0".to_owned() };
    assert_eq!(device_in.open_message(&viewer_out.seal_message(&offer).unwrap()).unwrap(), offer);
    assert_eq!(viewer_in.open_message(&device_out.seal_message(&answer).unwrap()).unwrap(), answer);
    // What one end sent cannot be sent back to it.
    assert_eq!(viewer_in.open(&viewer_out.seal(b"x").unwrap()), Err(SealError::Forged));
}

#[test]
fn any_other_context_or_key_opens_nothing() {
    let change: [fn(&mut Context); 5] = [
        |context| context.place = "garde".to_owned(),
        |context| context.viewer = "other".to_owned(),
        |context| context.device = "other".to_owned(),
        |context| context.session = "other".to_owned(),
        |context| std::mem::swap(&mut context.viewer, &mut context.device),
    ];
    for change in change {
        let mut other = context();
        change(&mut other);
        let (mut sealer, mut opener) = pair(&context(), &other);
        assert_eq!(opener.open(&sealer.seal(b"x").unwrap()), Err(SealError::Forged), "{other:?}");
    }
    let (mut sealer, _) = channel(&key(1), &context(), Role::Viewer);
    let (_, mut opener) = channel(&key(2), &context(), Role::Device);
    assert_eq!(opener.open(&sealer.seal(b"x").unwrap()), Err(SealError::Forged));
}

#[test]
fn fields_do_not_run_into_each_other() {
    let mut shifted = context();
    shifted.place = "gardenv".to_owned();
    shifted.viewer = "iewer".to_owned();
    let (mut sealer, mut opener) = pair(&context(), &shifted);
    assert_eq!(opener.open(&sealer.seal(b"x").unwrap()), Err(SealError::Forged));
}

#[test]
fn an_unknown_message_is_told_from_a_forged_one() {
    let (mut sealer, mut opener) = pair(&context(), &context());
    let unknown = sealer.seal(br#"{"kind":"dance"}"#).unwrap();
    assert_eq!(opener.open_message(&unknown), Err(SealError::Malformed));
    let known = sealer.seal_message(&Sealed::EndOfCandidates).unwrap();
    assert_eq!(opener.open_message(&known), Ok(Sealed::EndOfCandidates));
}

#[test]
fn the_longest_message_fits_the_wire_and_a_longer_one_is_refused() {
    let (mut sealer, mut opener) = pair(&context(), &context());
    assert_eq!(sealer.seal(&vec![0; MAX_PLAINTEXT + 1]), Err(SealError::TooLong));
    let sealed = sealer.seal(&vec![0; MAX_PLAINTEXT]).unwrap();
    let session = "ICEiIyQlJicoKSorLC0uLw".to_owned();
    let prove = ToServer::Prove { session, ke3: vec![0; 64].into(), sealed: sealed.clone().into() };
    assert!(serde_json::to_string(&prove).unwrap().len() <= MAX_MESSAGE);
    assert_eq!(opener.open(&sealed).unwrap().len(), MAX_PLAINTEXT);
    assert_eq!(opener.open(&vec![0; MAX_PLAINTEXT + TAG_LEN + 1]), Err(SealError::Forged));
}

/// What a hostile rendezvous does to a run of sealed messages.
#[derive(Clone, Debug)]
enum Attack {
    Alter(prop::sample::Index, prop::sample::Index, u8),
    Repeat(prop::sample::Index),
    Drop(prop::sample::Index),
    Swap(prop::sample::Index),
    Cut(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
}

fn attack() -> impl Strategy<Value = Attack> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), index(), 1..=255_u8)
            .prop_map(|(message, byte, change)| Attack::Alter(message, byte, change)),
        index().prop_map(Attack::Repeat),
        index().prop_map(Attack::Drop),
        index().prop_map(Attack::Swap),
        (index(), index()).prop_map(|(message, length)| Attack::Cut(message, length)),
        (index(), vec(any::<u8>(), 0..60)).prop_map(|(at, bytes)| Attack::Insert(at, bytes)),
    ]
}

/// Index of the first message that is not what was sealed.
fn apply(attack: &Attack, sealed: &mut Vec<Vec<u8>>) -> usize {
    match attack {
        Attack::Alter(message, byte, change) => {
            let at = message.index(sealed.len());
            *byte.get_mut(&mut sealed[at]) ^= change;
            at
        }
        Attack::Repeat(message) => {
            let at = message.index(sealed.len());
            sealed.insert(at, sealed[at].clone());
            at + 1
        }
        Attack::Drop(message) => {
            // Leaving out the last one cannot be seen by who waits for no more.
            let at = message.index(sealed.len() - 1);
            sealed.remove(at);
            at
        }
        Attack::Swap(message) => {
            let at = message.index(sealed.len() - 1);
            sealed.swap(at, at + 1);
            at
        }
        Attack::Cut(message, length) => {
            let at = message.index(sealed.len());
            let length = length.index(sealed[at].len());
            sealed[at].truncate(length);
            at
        }
        Attack::Insert(message, bytes) => {
            let at = message.index(sealed.len());
            sealed.insert(at, bytes.clone());
            at
        }
    }
}

proptest! {
    #[test]
    fn in_order_all_open(texts in vec(vec(any::<u8>(), 0..300), 0..20)) {
        let (mut sealer, mut opener) = pair(&context(), &context());
        for text in texts {
            let sealed = sealer.seal(&text).unwrap();
            prop_assert_eq!(sealed.len(), text.len() + TAG_LEN);
            prop_assert_eq!(opener.open(&sealed).unwrap(), text);
        }
    }

    #[test]
    fn under_attack_nothing_opens_from_there_on(
        texts in vec(vec(any::<u8>(), 0..40), 2..12),
        attack in attack(),
    ) {
        let (mut sealer, mut opener) = pair(&context(), &context());
        let mut sealed: Vec<_> = texts.iter().map(|text| sealer.seal(text).unwrap()).collect();
        let hit = apply(&attack, &mut sealed);
        for (at, message) in sealed.iter().enumerate() {
            let opened = opener.open(message);
            if at < hit {
                prop_assert_eq!(opened.as_ref(), Ok(&texts[at]));
            } else {
                prop_assert_eq!(opened, Err(SealError::Forged));
            }
        }
        prop_assert_eq!(opener.open(&sealer.seal(b"after").unwrap()), Err(SealError::Forged));
    }
}
