//! Each limit: refused with its code when reached, and open again when it should be.

use super::*;

const ONCE: Rate = Rate { burst: 1, per_second: 0.1 };
const LATER: Duration = Duration::from_secs(10);

#[test]
fn sockets_all_together_and_of_one_source() {
    let mut street = Street::with(|rules| {
        rules.limits.sockets = 3;
        rules.limits.sockets_per_source = 2;
    });
    let from = |address: &str| Source::of(address.parse().unwrap());
    let first = street.come_from("2001:db8::1");
    street.come_from("2001:db8::2");
    let crowded = street.try_come(from("2001:db8::3"), Kind::Duplex).err().unwrap();
    assert_eq!(crowded.code, RefusalCode::TooManySockets, "the same /56");
    street.come_from("192.0.2.1");
    let full = street.try_come(from("192.0.2.2"), Kind::Duplex).err().unwrap();
    assert_eq!(full.code, RefusalCode::TooManySockets);
    assert!(street.try_come(Source::Local, Kind::Duplex).is_ok(), "the device in this process has room");
    street.input(&first, Input::Closed);
    street.broker.handle(street.now, first.id, Input::Closed);
    street.try_come(Source::Local, Kind::Duplex).unwrap();
}

#[test]
fn sources_are_remembered_in_bounded_number() {
    let mut street = Street::with(|rules| rules.limits.sources = 2);
    let a = street.come_from("192.0.2.1");
    street.come_from("192.0.2.2");
    let third = Source::of("192.0.2.3".parse().unwrap());
    assert_eq!(street.try_come(third, Kind::Duplex).err().unwrap().code, RefusalCode::TooManySockets);
    street.say(&a, knock("garden"));
    street.input(&a, Input::Closed);
    assert!(street.try_come(third, Kind::Duplex).is_err(), "its knock is remembered");
    street.wait(Duration::from_secs(60));
    assert!(street.try_come(third, Kind::Duplex).is_ok());
    assert_eq!(street.broker.sources.len(), 2);
}

#[test]
fn messages_by_number_and_by_bytes() {
    let mut street = Street::with(|rules| {
        rules.limits.viewer_messages = Rate { burst: 3, per_second: 1.0 };
        rules.limits.viewer_bytes = Rate { burst: 1000, per_second: 100.0 };
    });
    let guest = street.come();
    for _ in 0..3 {
        street.say(&guest, ToServer::Ping);
        assert_eq!(street.next(&guest), FromServer::Pong);
    }
    street.say(&guest, ToServer::Ping);
    assert_eq!(street.refused(&guest), RefusalCode::TooFast);
    street.say(&guest, ToServer::Ping);
    assert!(street.told_nothing_more(&guest), "it is not told for each");
    street.wait(Duration::from_secs(1));
    street.say(&guest, ToServer::Ping);
    assert_eq!(street.next(&guest), FromServer::Pong);
    let heavy = street.come();
    street.input(&heavy, Input::Message(ToServer::Ping, 950));
    assert_eq!(street.next(&heavy), FromServer::Pong);
    street.say(&heavy, ToServer::Ping);
    assert_eq!(street.refused(&heavy), RefusalCode::TooFast);
}

#[test]
fn a_device_may_say_more_than_a_viewer() {
    let mut street = Street::with(|rules| rules.limits.viewer_messages = Rate { burst: 2, per_second: 0.1 });
    let device = street.device(&Identity::generate(), "garden");
    for _ in 0..1000 {
        street.say(&device, ToServer::Ping);
        assert_eq!(street.next(&device), FromServer::Pong);
    }
}

#[test]
fn who_goes_on_at_fault_is_closed() {
    let mut street = Street::with(|rules| rules.limits.refusals = Rate { burst: 5, per_second: 0.1 });
    let guest = street.come();
    for _ in 0..5 {
        street.input(&guest, Input::Unreadable(RefusalCode::Malformed, 1));
        assert_eq!(street.refused(&guest), RefusalCode::Malformed);
        assert!(street.closed.is_empty());
    }
    street.input(&guest, Input::Unreadable(RefusalCode::Malformed, 1));
    assert_eq!(street.closed.get(&guest.id), Some(&CloseReason::Misbehaved));
    street.assert_empty();
}

#[test]
fn flooding_closes_as_well() {
    let mut street = Street::with(|rules| rules.limits.viewer_messages = ONCE);
    let guest = street.come();
    for _ in 0..100 {
        street.say(&guest, ToServer::Ping);
    }
    assert_eq!(street.closed.get(&guest.id), Some(&CloseReason::Misbehaved));
    assert!(street.told[&guest.id].len() <= 2, "and it was told at most a pong and one refusal");
}

#[test]
fn bad_luck_is_no_fault() {
    let mut street = Street::new();
    let guest = street.come();
    for _ in 0..90 {
        street.say(&guest, ToServer::Leave { session: "gone".into() });
        assert_eq!(street.refused(&guest), RefusalCode::NoSession);
    }
    assert!(street.closed.is_empty());
}

#[test]
fn knocks_of_a_source() {
    let mut street = Street::with(|rules| rules.limits.knocks_per_source = ONCE);
    let (one, neighbour, other) = (street.come(), street.come(), street.come_from("192.0.2.9"));
    street.say(&one, knock("garden"));
    assert!(matches!(street.next(&one), FromServer::Absent { .. }));
    street.say(&neighbour, knock("kitchen"));
    match street.next(&neighbour) {
        FromServer::Refused { refusal, place, .. } => {
            assert_eq!((refusal.code, refusal.retry_after), (RefusalCode::TooManyKnocks, Some(10)));
            assert_eq!(place.as_deref(), Some("kitchen"));
        }
        told => panic!("{told:?}"),
    }
    street.say(&other, knock("garden"));
    assert!(matches!(street.next(&other), FromServer::Absent { .. }));
    street.wait(LATER);
    street.say(&neighbour, knock("kitchen"));
    assert!(matches!(street.next(&neighbour), FromServer::Absent { .. }));
}

#[test]
fn knocks_at_a_place() {
    let mut street = Street::with(|rules| rules.limits.knocks_per_place = ONCE);
    let device = street.device(&Identity::generate(), "garden");
    let (one, other) = (street.come_from("192.0.2.1"), street.come_from("192.0.2.2"));
    street.knock(&one, &device, "garden");
    street.say(&other, knock("garden"));
    assert_eq!(street.refused(&other), RefusalCode::TooManyKnocks);
    street.now += LATER;
    street.knock(&other, &device, "garden");
}

#[test]
fn sessions_of_a_place_a_device_and_a_viewer() {
    for limit in ["place", "device", "viewer"] {
        let mut street = Street::with(|rules| match limit {
            "place" => rules.limits.sessions_per_place = 1,
            "device" => rules.limits.sessions_per_device = 1,
            _ => rules.limits.sessions_per_viewer = 1,
        });
        let identity = Identity::generate();
        let device = street.device(&identity, "garden");
        street.say(&device, claim(&device, &identity, "kitchen"));
        street.next(&device);
        let viewer = street.come();
        let session = street.proved(&viewer, &device, "garden");
        let (second, place) = match limit {
            "place" => (street.come(), "garden"),
            "device" => (street.come(), "kitchen"),
            _ => (viewer.clone(), "kitchen"),
        };
        street.say(&second, knock(place));
        assert_eq!(street.refused(&second), RefusalCode::TooManySessions, "{limit}");
        street.say(&viewer, ToServer::Leave { session });
        street.next(&device);
        street.knock(&second, &device, place);
    }
}

#[test]
fn unproved_sessions_of_a_source() {
    let mut street = Street::with(|rules| rules.limits.unproved_per_source = 1);
    let device = street.device(&Identity::generate(), "garden");
    let (one, neighbour) = (street.come(), street.come());
    let other = street.come_from("192.0.2.9");
    let session = street.replied(&one, &device, "garden");
    street.say(&neighbour, knock("garden"));
    assert_eq!(street.refused(&neighbour), RefusalCode::TooManySessions);
    street.knock(&other, &device, "garden");
    street.say(&one, ToServer::Prove { session, ke3: B64(vec![]), sealed: B64(vec![]) });
    street.next(&device);
    street.knock(&neighbour, &device, "garden");
}

#[test]
fn places_of_a_key() {
    let mut street = Street::with(|rules| rules.limits.places_per_key = 2);
    let identity = Identity::generate();
    let device = street.device(&identity, "garden");
    street.say(&device, claim(&device, &identity, "kitchen"));
    assert!(matches!(street.next(&device), FromServer::Claimed { .. }));
    street.say(&device, claim(&device, &identity, "cellar"));
    assert_eq!(street.refused(&device), RefusalCode::TooManyPlaces);
    assert!(!street.owners.contains_key("cellar"));
}

#[test]
fn claims_of_a_source() {
    let mut street = Street::with(|rules| rules.limits.claims_per_source = ONCE);
    let identity = Identity::generate();
    let device = street.device(&identity, "garden");
    street.say(&device, claim(&device, &identity, "kitchen"));
    assert_eq!(street.refused(&device), RefusalCode::TooManyPlaces);
    street.wait(LATER);
    street.say(&device, claim(&device, &identity, "kitchen"));
    assert!(matches!(street.next(&device), FromServer::Claimed { .. }));
    let own = street.try_come(Source::Local, Kind::Duplex).unwrap();
    for place in ["garden", "kitchen", "cellar"] {
        street.say(&own, claim(&own, &identity, place));
        assert!(matches!(street.next(&own), FromServer::Claimed { .. }));
    }
}

#[test]
fn new_places_of_a_source() {
    let mut street = Street::with(|rules| rules.limits.new_places_per_source = ONCE);
    let identity = Identity::generate();
    let device = street.device(&identity, "garden");
    street.say(&device, claim(&device, &identity, "kitchen"));
    assert_eq!(street.refused(&device), RefusalCode::TooManyPlaces);
    assert!(!street.may_create);
    let again = street.device(&identity, "garden");
    street.wait(LATER);
    street.say(&again, claim(&again, &identity, "kitchen"));
    assert!(matches!(street.next(&again), FromServer::Claimed { .. }), "an own place costs nothing");
}

#[test]
fn viewers_that_wait_at_a_place() {
    let mut street = Street::with(|rules| rules.limits.waiting_per_place = 1);
    let (one, other) = (street.come(), street.come());
    street.say(&one, knock("garden"));
    assert!(matches!(street.next(&one), FromServer::Absent { .. }));
    street.say(&other, knock("garden"));
    assert_eq!(street.refused(&other), RefusalCode::TooManyKnocks);
    street.say(&one, knock("garden"));
    assert!(matches!(street.next(&one), FromServer::Absent { .. }), "who waits already may ask again");
}
