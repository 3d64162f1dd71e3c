//! Devices and viewers on WebSockets.

use crate::harness::{self, PATIENCE, claim, knock, relay, start};
use futures_util::SinkExt;
use protocol::{
    bytes::B64,
    identity::Identity,
    signal::{FromServer, RefusalCode, ToServer},
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

#[tokio::test]
async fn a_session_from_claim_to_leave() {
    let server = start();
    let mut device = server.device(&Identity::generate(), "garden").await;
    let mut viewer = server.socket().await;
    let session = viewer.prove(&mut device, "garden").await;
    for bytes in [0, 1, 10_000, 48_000] {
        device.say(&relay(&session, bytes)).await;
        viewer.say(&relay(&session, bytes)).await;
        for end in [&mut viewer, &mut device] {
            let told = FromServer::Relay { session: session.clone(), sealed: B64(vec![5; bytes]) };
            assert_eq!(end.next().await, told);
        }
    }
    server.until_counts(2, 1, 1).await;
    viewer.say(&ToServer::Leave { session: session.clone() }).await;
    assert_eq!(device.next().await, FromServer::Left { session: session.clone() });
    device.say(&relay(&session, 1)).await;
    assert_eq!(device.refused().await, RefusalCode::NoSession);
    drop((viewer, device));
    server.until_counts(0, 0, 0).await;
    server.stopped().await;
}

#[tokio::test]
async fn a_second_key_is_refused_and_a_second_socket_replaces() {
    let server = start();
    let identity = Identity::generate();
    let mut old = server.device(&identity, "garden").await;
    let mut thief = server.socket().await;
    thief.claim(&Identity::generate(), "garden").await;
    assert_eq!(thief.refused().await, RefusalCode::PlaceTaken);
    let mut new = server.device(&identity, "garden").await;
    match old.next().await {
        FromServer::Lost { place, refusal } => {
            assert_eq!((place.as_str(), refusal.code), ("garden", RefusalCode::Replaced));
        }
        other => panic!("{other:?}"),
    }
    server.socket().await.prove(&mut new, "garden").await;
    let server = harness::start_in(server.stopped().await, |_| {});
    thief = server.socket().await;
    thief.claim(&Identity::generate(), "garden").await;
    assert_eq!(thief.refused().await, RefusalCode::PlaceTaken, "also after a restart");
    server.device(&identity, "garden").await;
    server.stopped().await;
}

#[tokio::test]
async fn a_viewer_waits_for_its_device() {
    let server = start();
    let mut viewer = server.socket().await;
    viewer.say(&knock("garden")).await;
    assert_eq!(viewer.next().await, FromServer::Absent { place: "garden".into() });
    let identity = Identity::generate();
    let mut device = server.device(&identity, "garden").await;
    assert_eq!(viewer.next().await, FromServer::Present { place: "garden".into() });
    let session = viewer.prove(&mut device, "garden").await;
    drop(device);
    assert_eq!(viewer.next().await, FromServer::Left { session });
    server.stopped().await;
}

#[tokio::test]
async fn the_device_in_this_process_is_a_device_like_others() {
    let server = start();
    let identity = Identity::generate();
    for _ in 0..2 {
        let mut own = server.door.open();
        let Some(FromServer::Welcome { handle, challenge, .. }) = own.receiver.recv().await else { panic!() };
        own.sender.send(claim(&identity, &challenge.0, &handle, "garden")).await.unwrap();
        assert_eq!(own.receiver.recv().await, Some(FromServer::Claimed { place: "garden".into() }));
        let mut viewer = server.socket().await;
        viewer.say(&knock("garden")).await;
        let Some(FromServer::Knock { session, .. }) = own.receiver.recv().await else { panic!() };
        own.sender.send(ToServer::Reply { session: session.clone(), ke2: B64(vec![2]) }).await.unwrap();
        assert!(matches!(viewer.next().await, FromServer::Reply { .. }));
        drop(own);
        assert_eq!(viewer.next().await, FromServer::Left { session });
    }
    let mut last = server.door.open();
    let door = server.door.clone();
    server.stopped().await;
    while let Some(message) = last.receiver.recv().await {
        assert!(matches!(message, FromServer::Welcome { .. }));
    }
    assert_eq!(door.open().receiver.recv().await, None, "after the end there is nobody");
}

#[tokio::test]
async fn nonsense_is_refused_in_words_and_the_socket_lives_on() {
    let server = start();
    let mut socket = server.socket().await;
    for (text, code) in [
        ("nonsense", RefusalCode::Malformed),
        ("{}", RefusalCode::Malformed),
        (r#"{"type":"knock"}"#, RefusalCode::Malformed),
        (r#"{"type":"fly"}"#, RefusalCode::UnknownMessage),
        (r#"{"type":"reply","session":"s","ke2":""}"#, RefusalCode::WrongRole),
        (r#"{"type":"relay","session":"s","sealed":"AA=="}"#, RefusalCode::Malformed),
        (r#"{"type":"knock","v":1,"place":"Gar den","ke1":""}"#, RefusalCode::BadPlace),
    ] {
        socket.say_text(text).await;
        assert_eq!(socket.refused().await, code, "{text}");
    }
    socket.stream.send(Message::binary(vec![0; 100])).await.unwrap();
    assert_eq!(socket.refused().await, RefusalCode::Malformed, "a binary frame");
    socket.say_text("x".repeat(protocol::signal::MAX_MESSAGE + 1)).await;
    assert_eq!(socket.refused().await, RefusalCode::TooLarge);
    socket.say(&ToServer::Ping).await;
    assert_eq!(socket.next().await, FromServer::Pong);
    server.stopped().await;
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let server = start();
    let mut device = server.device(&Identity::generate(), "garden").await;
    let mut viewer = server.socket().await;
    viewer.prove(&mut device, "garden").await;
    server.stop();
    for socket in [&mut device, &mut viewer] {
        let frame = timeout(PATIENCE, socket.closed()).await.unwrap().expect("a close frame");
        assert_eq!(u16::from(frame.code), 1001);
    }
    server.stopped().await;
}

#[tokio::test]
async fn who_closes_its_socket_is_answered_and_leaves_at_once() {
    let server = start();
    for _ in 0..20 {
        let mut socket = server.socket().await;
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        socket.stream.send(Message::Close(Some(frame.clone()))).await.unwrap();
        assert_eq!(socket.closed().await, Some(frame));
    }
    server.until_counts(0, 0, 0).await;
    server.stopped().await;
}
