//! Ends: of sockets, of sessions, of patience.

use super::*;

#[test]
fn a_devices_end_is_told_to_its_viewers() {
    let mut street = Street::new();
    let identity = Identity::generate();
    let device = street.device(&identity, "garden");
    let (knocked, replied, proved) = (street.come(), street.come(), street.come());
    street.knock(&knocked, &device, "garden");
    let second = street.replied(&replied, &device, "garden");
    let third = street.proved(&proved, &device, "garden");
    street.input(&device, Input::Closed);
    assert_eq!(
        street.next(&knocked),
        FromServer::Absent { place: "garden".into() },
        "it knows no session yet"
    );
    assert_eq!(street.next(&replied), left(&second));
    assert_eq!(street.next(&proved), left(&third));
    assert_eq!(street.broker.counts().sessions, 0);
    street.device(&identity, "garden");
    assert_eq!(street.next(&knocked), FromServer::Present { place: "garden".into() });
}

#[test]
fn a_viewers_end_is_told_to_the_device() {
    let mut street = Street::new();
    let device = street.device(&Identity::generate(), "garden");
    for stage in 0..3 {
        let viewer = street.come();
        let session = match stage {
            0 => street.knock(&viewer, &device, "garden"),
            1 => street.replied(&viewer, &device, "garden"),
            _ => street.proved(&viewer, &device, "garden"),
        };
        street.input(&viewer, Input::Closed);
        assert_eq!(street.next(&device), left(&session));
    }
    let waiting = street.come();
    street.say(&waiting, knock("kitchen"));
    street.input(&waiting, Input::Closed);
    street.input(&device, Input::Closed);
    street.assert_empty();
}

#[test]
fn a_device_that_leaves_before_its_reply_has_turned_the_viewer_away() {
    let mut street = Street::new();
    let device = street.device(&Identity::generate(), "garden");
    let viewer = street.come();
    let session = street.knock(&viewer, &device, "garden");
    street.say(&device, ToServer::Leave { session });
    assert_eq!(street.refused(&viewer), RefusalCode::Unavailable);
    let session = street.proved(&viewer, &device, "garden");
    street.say(&device, ToServer::Leave { session: session.clone() });
    assert_eq!(street.next(&viewer), left(&session));
    assert!(street.told_nothing_more(&device));
}

#[test]
fn patience_ends() {
    let mut street = Street::new();
    let times = Limits::default().times;
    let device = street.device(&Identity::generate(), "garden");
    let second = Duration::from_secs(1);
    let (a, b, c) = (street.come(), street.come(), street.come());

    let knocked = street.knock(&a, &device, "garden");
    street.wait(times.reply - second);
    assert!(street.told_nothing_more(&a));
    street.wait(second);
    assert_eq!(street.refused(&a), RefusalCode::Unavailable);
    assert_eq!(street.next(&device), left(&knocked));

    let replied = street.replied(&b, &device, "garden");
    street.wait(times.proof);
    assert_eq!((street.next(&b), street.next(&device)), (left(&replied), left(&replied)));

    let proved = street.proved(&c, &device, "garden");
    street.wait(times.idle - second);
    street.say(&c, relay(&proved, 1));
    street.next(&device);
    street.wait(times.idle - second);
    assert!(street.told_nothing_more(&c), "what is in use goes on");
    street.wait(second);
    assert_eq!((street.next(&c), street.next(&device)), (left(&proved), left(&proved)));
}

#[test]
fn a_silent_newcomer_is_closed_and_a_waiting_viewer_is_not() {
    let mut street = Street::new();
    let hello = Limits::default().times.hello;
    let (silent, viewer) = (street.come(), street.come());
    let own = street.try_come(Source::Local, Kind::Duplex).unwrap();
    let device = street.device(&Identity::generate(), "garden");
    street.say(&viewer, knock("kitchen"));
    street.wait(hello);
    assert_eq!(street.closed.get(&silent.id), Some(&CloseReason::Silent));
    for stays in [&viewer, &own, &device] {
        assert!(!street.closed.contains_key(&stays.id));
    }
    assert_eq!(street.broker.counts().sockets, 3);
    street.say(&silent, ToServer::Ping);
    assert!(street.told_nothing_more(&silent), "it is forgotten");
}

#[test]
fn places_in_use_are_noted_now_and_then() {
    let mut street = Street::new();
    street.device(&Identity::generate(), "garden");
    street.wait(tick::TOUCH / 2);
    assert!(street.touched.is_empty());
    street.wait(tick::TOUCH / 2);
    street.wait(Duration::from_secs(1));
    assert_eq!(street.touched, ["garden"]);
}

#[test]
fn closing_all_leaves_nothing() {
    let mut street = Street::new();
    let device = street.device(&Identity::generate(), "garden");
    let viewer = street.come();
    street.proved(&viewer, &device, "garden");
    let waiting = street.come();
    street.say(&waiting, knock("kitchen"));
    let effects = street.broker.close_all(street.now, CloseReason::Stopping);
    street.perform(effects);
    for guest in [&device, &viewer, &waiting] {
        assert_eq!(street.closed.get(&guest.id), Some(&CloseReason::Stopping));
    }
    street.assert_empty();
}
