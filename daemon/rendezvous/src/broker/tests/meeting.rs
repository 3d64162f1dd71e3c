//! Knock, reply, prove, relay; and waiting for a device that is away.

use super::*;

#[test]
fn the_whole_way_of_a_session() {
    let mut street = Street::new();
    let device = street.device(&Identity::generate(), "garden");
    let viewer = street.come_from("2001:db8:1:2ff::5");
    let pass = Some(B64(vec![9]));
    street.say(
        &viewer,
        ToServer::Knock { v: 1, place: "garden".into(), ke1: B64(vec![1]), pass: pass.clone() },
    );
    let session = match street.next(&device) {
        FromServer::Knock { session, place, viewer: handle, source, ke1, pass: shown } => {
            assert_eq!((place.as_str(), handle.as_str()), ("garden", viewer.handle.as_str()));
            assert_eq!((source.as_str(), ke1, shown), ("2001:db8:1:200::/56", B64(vec![1]), pass));
            session
        }
        other => panic!("{other:?}"),
    };
    street.say(&device, ToServer::Reply { session: session.clone(), ke2: B64(vec![2]) });
    let reply =
        FromServer::Reply { session: session.clone(), device: device.handle.clone(), ke2: B64(vec![2]) };
    assert_eq!(street.next(&viewer), reply);
    street
        .say(&viewer, ToServer::Prove { session: session.clone(), ke3: B64(vec![3]), sealed: B64(vec![4]) });
    let prove = FromServer::Prove { session: session.clone(), ke3: B64(vec![3]), sealed: B64(vec![4]) };
    assert_eq!(street.next(&device), prove);
    for byte in 0..20 {
        let (from, to) = if byte % 2 == 0 { (&device, &viewer) } else { (&viewer, &device) };
        street.say(from, relay(&session, byte));
        assert_eq!(street.next(to), FromServer::Relay { session: session.clone(), sealed: B64(vec![byte]) });
    }
    street.say(&viewer, ToServer::Leave { session: session.clone() });
    assert_eq!(street.next(&device), left(&session));
    street.say(&device, relay(&session, 1));
    assert_eq!(street.refused(&device), RefusalCode::NoSession);
    street.input(&viewer, Input::Closed);
    street.input(&device, Input::Closed);
    street.assert_empty();
}

#[test]
fn nothing_out_of_turn() {
    let mut street = Street::new();
    let device = street.device(&Identity::generate(), "garden");
    let viewer = street.come();
    let session = street.knock(&viewer, &device, "garden");
    let reply = ToServer::Reply { session: session.clone(), ke2: B64(vec![]) };
    let prove = ToServer::Prove { session: session.clone(), ke3: B64(vec![]), sealed: B64(vec![]) };
    let early = [(&viewer, prove.clone()), (&viewer, relay(&session, 0)), (&device, relay(&session, 0))];
    for (from, message) in early {
        street.say(from, message);
        assert_eq!(street.refused(from), RefusalCode::WrongRole);
    }
    street.say(&device, reply.clone());
    street.next(&viewer);
    for (from, message) in
        [(&device, reply.clone()), (&device, relay(&session, 0)), (&viewer, relay(&session, 0))]
    {
        street.say(from, message);
        assert_eq!(street.refused(from), RefusalCode::WrongRole);
    }
    street.say(&viewer, prove.clone());
    street.next(&device);
    for (from, message) in [(&device, reply), (&viewer, prove)] {
        street.say(from, message);
        assert_eq!(street.refused(from), RefusalCode::WrongRole);
    }
    street.say(&viewer, relay(&session, 5));
    assert!(matches!(street.next(&device), FromServer::Relay { .. }), "the session has survived all of it");
}

#[test]
fn a_session_is_its_two_sockets_own() {
    let mut street = Street::new();
    let device = street.device(&Identity::generate(), "garden");
    let (viewer, stranger) = (street.come(), street.come());
    let other_device = street.device(&Identity::generate(), "kitchen");
    let session = street.proved(&viewer, &device, "garden");
    let theirs = street.proved(&stranger, &other_device, "kitchen");
    let refuse = |session: &SessionId| ToServer::Refuse {
        session: session.clone(),
        refusal: refusals::refusal(RefusalCode::TryLater, "No."),
    };
    for from in [&stranger, &other_device] {
        for message in [relay(&session, 1), ToServer::Leave { session: session.clone() }, refuse(&session)] {
            street.say(from, message);
            assert_eq!(street.refused(from), RefusalCode::NoSession);
        }
    }
    street.say(&viewer, refuse(&session));
    assert_eq!(street.refused(&viewer), RefusalCode::WrongRole);
    street.say(&viewer, ToServer::Leave { session: "<script>".into() });
    match street.next(&viewer) {
        FromServer::Refused { session: None, refusal, .. } => {
            assert_eq!(refusal.code, RefusalCode::NoSession)
        }
        other => panic!("{other:?}"),
    }
    assert!(street.told_nothing_more(&device));
    street.say(&stranger, relay(&theirs, 1));
    assert!(matches!(street.next(&other_device), FromServer::Relay { .. }));
}

#[test]
fn who_knocks_at_an_empty_place_is_told_when_a_device_comes() {
    let mut street = Street::new();
    let viewer = street.come();
    for _ in 0..3 {
        street.say(&viewer, knock("garden"));
        assert_eq!(street.next(&viewer), FromServer::Absent { place: "garden".into() });
    }
    assert_eq!(street.broker.counts().waiting, 1);
    let device = street.device(&Identity::generate(), "garden");
    assert_eq!(street.next(&viewer), FromServer::Present { place: "garden".into() });
    assert!(street.told_nothing_more(&viewer), "once");
    assert_eq!(street.broker.counts().waiting, 0);
    street.knock(&viewer, &device, "garden");
}

#[test]
fn a_viewer_that_waits_elsewhere_gives_up_the_oldest() {
    let mut street = Street::with(|rules| rules.limits.waiting_per_viewer = 2);
    let viewer = street.come();
    for place in ["garden", "kitchen", "cellar"] {
        street.say(&viewer, knock(place));
        street.next(&viewer);
    }
    assert_eq!(street.broker.counts().waiting, 2);
    for place in ["garden", "kitchen", "cellar"] {
        street.device(&Identity::generate(), place);
    }
    for place in ["kitchen", "cellar"] {
        assert_eq!(street.next(&viewer), FromServer::Present { place: place.into() });
    }
    assert!(street.told_nothing_more(&viewer));
}

#[test]
fn a_device_turns_a_viewer_away_in_its_own_words() {
    let mut street = Street::new();
    let device = street.device(&Identity::generate(), "garden");
    let viewer = street.come();
    let session = street.knock(&viewer, &device, "garden");
    let mut refusal = refusals::wait(RefusalCode::TryLater, "Too many wrong words.", Duration::from_secs(7));
    street.say(&device, ToServer::Refuse { session: session.clone(), refusal: refusal.clone() });
    let told = FromServer::Refused {
        session: Some(session.clone()),
        place: Some("garden".into()),
        refusal: refusal.clone(),
    };
    assert_eq!(street.next(&viewer), told);
    street.say(&device, ToServer::Reply { session, ke2: B64(vec![]) });
    assert_eq!(street.refused(&device), RefusalCode::NoSession, "that ended it");
    let session = street.proved(&viewer, &device, "garden");
    refusal.message = "ä".repeat(1000);
    street.say(&device, ToServer::Refuse { session, refusal });
    match street.next(&viewer) {
        FromServer::Refused { refusal, .. } => assert_eq!(refusal.message, "ä".repeat(256)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_viewer_that_knocks_again_has_given_up_what_it_did_not_prove() {
    let mut street = Street::new();
    let device = street.device(&Identity::generate(), "garden");
    let viewer = street.come();
    let first = street.replied(&viewer, &device, "garden");
    street.say(&viewer, knock("garden"));
    assert_eq!(street.next(&device), left(&first));
    assert!(matches!(street.next(&device), FromServer::Knock { .. }));
    let third = street.come();
    let proved = street.proved(&third, &device, "garden");
    street.say(&third, knock("garden"));
    assert!(matches!(street.next(&device), FromServer::Knock { .. }), "a proved one stays");
    street.say(&third, relay(&proved, 1));
    assert!(matches!(street.next(&device), FromServer::Relay { .. }));
}

#[test]
fn ping_and_unreadable_are_answered() {
    let mut street = Street::new();
    let guest = street.come();
    street.say(&guest, ToServer::Ping);
    assert_eq!(street.next(&guest), FromServer::Pong);
    for code in [RefusalCode::Malformed, RefusalCode::UnknownMessage, RefusalCode::TooLarge] {
        street.input(&guest, Input::Unreadable(code, 10));
        assert_eq!(street.refused(&guest), code);
    }
}

#[test]
fn an_event_stream_is_found_by_its_secret_while_it_is_open() {
    let mut street = Street::new();
    let (id, effects) = street.broker.open(street.now, Source::Local, Kind::EventStream).unwrap();
    let Some(Effect::Send(_, FromServer::Welcome { stream: Some(secret), .. })) = effects.first() else {
        panic!()
    };
    assert_eq!(street.broker.stream(&secret.0), Some(id));
    assert_eq!(street.broker.stream(&[]), None);
    street.broker.handle(street.now, id, Input::Closed);
    assert_eq!(street.broker.stream(&secret.0), None);
}
