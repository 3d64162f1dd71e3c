//! Places and keys.

use super::*;

#[test]
fn a_place_belongs_to_the_first_key() {
    let mut street = Street::new();
    let (first, second) = (Identity::generate(), Identity::generate());
    let device = street.device(&first, "garden");
    let thief = street.come();
    street.say(&thief, claim(&thief, &second, "garden"));
    assert_eq!(street.refused(&thief), RefusalCode::PlaceTaken, "while it is served");
    street.input(&device, Input::Closed);
    street.say(&thief, claim(&thief, &second, "garden"));
    assert_eq!(street.refused(&thief), RefusalCode::PlaceTaken, "and while it is not");
    street.device(&first, "garden");
}

#[test]
fn a_new_socket_of_the_same_key_replaces_the_old() {
    let mut street = Street::new();
    let identity = Identity::generate();
    let old = street.device(&identity, "garden");
    let viewer = street.come();
    let session = street.proved(&viewer, &old, "garden");
    let new = street.device(&identity, "garden");
    assert_eq!(street.next(&old), left(&session));
    match street.next(&old) {
        FromServer::Lost { place, refusal } => {
            assert_eq!((place.as_str(), refusal.code), ("garden", RefusalCode::Replaced));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(street.next(&viewer), left(&session));
    street.knock(&viewer, &new, "garden");
    assert!(street.told_nothing_more(&old));
    street.input(&old, Input::Closed);
    assert_eq!(street.broker.counts().places, 1, "the old socket's end takes nothing from the new one");
}

#[test]
fn a_claim_holds_on_its_own_socket_only() {
    let mut street = Street::new();
    let identity = Identity::generate();
    let (one, other) = (street.come(), street.come());
    street.say(&other, claim(&one, &identity, "garden"));
    assert_eq!(street.refused(&other), RefusalCode::BadClaim, "another socket's challenge");
    let ToServer::Claim { v, key, signature, token, .. } = claim(&one, &identity, "garden") else { panic!() };
    let moved = ToServer::Claim { v, place: "kitchen".into(), key, signature: signature.clone(), token };
    street.say(&one, moved);
    assert_eq!(street.refused(&one), RefusalCode::BadClaim, "another place");
    let foreign = B64(Identity::generate().public_key().to_vec());
    for key in [foreign, B64(vec![]), B64(vec![0; 31]), B64(vec![0; 33])] {
        let place = "garden".into();
        street.say(&one, ToServer::Claim { v, place, key, signature: signature.clone(), token: None });
        assert_eq!(street.refused(&one), RefusalCode::BadClaim);
    }
    assert!(street.owners.is_empty());
}

#[test]
fn version_and_place_are_checked() {
    let mut street = Street::new();
    let identity = Identity::generate();
    let device = street.come();
    for place in ["", "ga", "Garden", "7garden", "gar-den", &"g".repeat(33), "gärten", "gar\nden"] {
        street.say(&device, claim(&device, &identity, place));
        match street.next(&device) {
            FromServer::Refused { place: told, refusal, .. } => {
                assert_eq!((told, refusal.code), (None, RefusalCode::BadPlace), "no echo of {place:?}");
            }
            other => panic!("{other:?}"),
        }
        street.say(&device, knock(place));
        assert_eq!(street.refused(&device), RefusalCode::BadPlace);
    }
    let ToServer::Claim { place, key, signature, token, .. } = claim(&device, &identity, "garden") else {
        panic!()
    };
    street.say(&device, ToServer::Claim { v: 2, place, key, signature, token });
    assert_eq!(street.refused(&device), RefusalCode::WrongVersion);
    street.say(&device, ToServer::Knock { v: 0, place: "garden".into(), ke1: B64(vec![]), pass: None });
    assert_eq!(street.refused(&device), RefusalCode::WrongVersion);
}

#[test]
fn a_server_with_a_token_takes_no_claim_without() {
    let mut street = Street::with(|rules| rules.claim_token = Some("open sesame".to_owned().into()));
    let identity = Identity::generate();
    let device = street.come();
    let with = |shown: Option<&str>| {
        let ToServer::Claim { v, place, key, signature, .. } = claim(&device, &identity, "garden") else {
            panic!()
        };
        ToServer::Claim { v, place, key, signature, token: shown.map(str::to_owned) }
    };
    for wrong in [None, Some(""), Some("open sesam")] {
        street.say(&device, with(wrong));
        assert_eq!(street.refused(&device), RefusalCode::BadClaim);
    }
    street.say(&device, with(Some("open sesame")));
    assert!(matches!(street.next(&device), FromServer::Claimed { .. }));
    let own = street.try_come(Source::Local, Kind::Duplex).unwrap();
    street.say(&own, claim(&own, &identity, "garden"));
    assert!(matches!(street.next(&own), FromServer::Claimed { .. }), "the device in this process needs none");
}

#[test]
fn what_the_database_says_is_told() {
    for (says, code) in [
        (Reservation::Taken, RefusalCode::PlaceTaken),
        (Reservation::TooMany, RefusalCode::TooManyPlaces),
        (Reservation::NotNow, RefusalCode::TooManyPlaces),
        (Reservation::Failed, RefusalCode::Unavailable),
    ] {
        let mut street = Street::new();
        street.database_says = Some(says);
        let (device, identity) = (street.come(), Identity::generate());
        street.say(&device, claim(&device, &identity, "garden"));
        assert_eq!(street.refused(&device), code);
        street.database_says = None;
        street.say(&device, claim(&device, &identity, "garden"));
        assert!(matches!(street.next(&device), FromServer::Claimed { .. }), "it may try again");
    }
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut street = Street::new();
    let (device, viewer) = (street.come(), street.come());
    let outcome = Reservation::Ours { created: true };
    street.input(&device, Input::Reserved { place: "garden".into(), outcome });
    street.say(&viewer, knock("garden"));
    assert!(matches!(street.next(&viewer), FromServer::Absent { .. }));
    street.input(&viewer, Input::Reserved { place: "garden".into(), outcome });
    street.input(&device, Input::Closed);
    street.input(&device, Input::Reserved { place: "garden".into(), outcome });
    assert_eq!(street.broker.counts().places, 0);
}

#[test]
fn roles_are_kept() {
    let mut street = Street::new();
    let (identity, other) = (Identity::generate(), Identity::generate());
    let device = street.device(&identity, "garden");
    street.say(&device, knock("kitchen"));
    assert_eq!(street.refused(&device), RefusalCode::WrongRole);
    street.say(&device, claim(&device, &other, "kitchen"));
    assert_eq!(street.refused(&device), RefusalCode::BadClaim, "one key a socket");
    let viewer = street.come();
    street.say(&viewer, ToServer::Release { place: "garden".into() });
    assert_eq!(street.refused(&viewer), RefusalCode::WrongRole);
    let session = street.knock(&viewer, &device, "garden");
    street.say(&viewer, claim(&viewer, &other, "kitchen"));
    assert_eq!(street.refused(&viewer), RefusalCode::WrongRole);
    street.say(&viewer, ToServer::Reply { session: session.clone(), ke2: B64(vec![]) });
    assert_eq!(street.refused(&viewer), RefusalCode::WrongRole);
    street.say(&device, ToServer::Prove { session, ke3: B64(vec![]), sealed: B64(vec![]) });
    assert_eq!(street.refused(&device), RefusalCode::WrongRole);
}

#[test]
fn a_released_place_is_served_no_more_and_stays_the_keys() {
    let mut street = Street::new();
    let identity = Identity::generate();
    let device = street.device(&identity, "garden");
    let viewer = street.come();
    let session = street.proved(&viewer, &device, "garden");
    street.say(&device, ToServer::Release { place: "garden".into() });
    assert_eq!((street.next(&viewer), street.next(&device)), (left(&session), left(&session)));
    street.say(&viewer, knock("garden"));
    assert!(matches!(street.next(&viewer), FromServer::Absent { .. }));
    street.say(&device, ToServer::Release { place: "garden".into() });
    assert_eq!(street.refused(&device), RefusalCode::BadPlace);
    street.say(&device, claim(&device, &identity, "garden"));
    assert!(matches!(street.next(&device), FromServer::Claimed { .. }));
    assert!(matches!(street.next(&viewer), FromServer::Present { .. }));
    street.say(&device, claim(&device, &identity, "garden"));
    assert!(matches!(street.next(&device), FromServer::Claimed { .. }), "saying it twice harms nothing");
}
