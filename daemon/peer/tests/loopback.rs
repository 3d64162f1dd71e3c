//! Sessions between two real peers over loopback, in real time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod support;

use media::FeedState;
use protocol::control::{Bye, ChatMessage, MediaState, TrackState, code, method};
use protocol::sealed::Sealed;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::{Setup, Source, start};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use watchword_peer::viewer::{CallError, Media, Viewer};
use watchword_peer::{End, Environment, Network, Reason, Stop, serve};
use webrtc::data_channel::DataChannelEvent;
use webrtc::runtime::TokioRuntime;

const DEVICE: Ipv4Addr = Ipv4Addr::new(127, 0, 78, 1);
const VIEWER: Ipv4Addr = Ipv4Addr::new(127, 0, 78, 2);
const SECOND: Duration = Duration::from_secs(1);

/// The next notification of a method.
async fn notice(viewer: &mut Viewer, method: &str) -> Value {
    let wanted = async {
        loop {
            let call = viewer.notice().await.expect("the control channel is open");
            if call.method == method {
                return call.params;
            }
        }
    };
    timeout(5 * SECOND, wanted).await.unwrap_or_else(|_| panic!("no {method}"))
}

/// When a packet was captured by its sender report, since the Unix epoch.
fn captured(timestamp: u32, rate: u32, (ntp, rtp): (u64, u32)) -> f64 {
    let ntp_seconds = (ntp >> 32) as f64 + (ntp & 0xffff_ffff) as f64 / 4_294_967_296.0;
    ntp_seconds - 2_208_988_800.0 + f64::from(timestamp.wrapping_sub(rtp) as i32) / f64::from(rate)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_sound_and_control() {
    // Pictures are handed on 60 ms after their capture, as by a slow encoder; lips stay in sync anyhow.
    let video = Source { delay: Duration::from_millis(60), ..Source::video() };
    let setup = Setup::with(DEVICE, video, Source::audio());
    let served = start(Arc::new(TokioRuntime), &setup.environment, VIEWER).await;
    let mut viewer = served.viewer.expect("connected");
    println!("control open after {} ms", served.open.as_millis());

    let state: MediaState = serde_json::from_value(notice(&mut viewer, method::MEDIA_STATE).await).unwrap();
    assert_ne!(state.video, TrackState::NoCodec);
    let info = viewer.call(method::DEVICE_INFO, json!({})).await.unwrap();
    assert_eq!(info["you"], "viewer 1");

    let (mut packets, mut reports) = (Vec::new(), HashMap::new());
    let until = Instant::now() + 3 * SECOND;
    while let Ok(Some(media)) = timeout(until.saturating_duration_since(Instant::now()), viewer.media()).await
    {
        match media {
            Media::Packet { video, packet, .. } => packets.push((video, packet)),
            Media::Report { ssrc, ntp_time, rtp_time } => {
                reports.insert(ssrc, (ntp_time, rtp_time));
            }
        }
    }
    assert_eq!(reports.len(), 2, "a sender report of each track");
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let now = Instant::now();
    let mut worst = [0.0_f64; 2];
    let mut counted = [0; 2];
    for (video, packet) in &packets {
        if *video {
            let delay =
                packet.header.extensions.first().expect("playout-delay on every packet of the picture");
            assert_eq!(&delay.payload[..], [0, 0, 0]);
            assert!(packet.payload.len() <= 1_180);
        }
        let number = match (video, packet.payload.first().copied()) {
            (false, _) => u32::from_be_bytes(packet.payload[..4].try_into().unwrap()),
            // FU-A of a slice, its start: indicator, header, then the slice's first bytes (RFC 6184 section 5.8).
            (true, Some(byte)) if byte & 31 == 28 && packet.payload[1] & 0x80 != 0 => {
                u32::from_be_bytes(packet.payload[2..6].try_into().unwrap()) & 0x7f7f_7f7f
            }
            _ => continue,
        };
        let (made, rate) = if *video { (&setup.video, 90_000) } else { (&setup.audio, 48_000) };
        let true_capture = wall - (now - made.captured.lock().unwrap()[number as usize]).as_secs_f64();
        let told = captured(packet.header.timestamp, rate, reports[&packet.header.ssrc]);
        let error = (told - true_capture).abs();
        worst[usize::from(*video)] = worst[usize::from(*video)].max(error);
        counted[usize::from(*video)] += 1;
    }
    println!(
        "capture times by the sender reports: sound {:.2} ms, picture {:.2} ms off at worst",
        worst[0] * 1e3,
        worst[1] * 1e3
    );
    assert!(counted[0] > 100 && counted[1] > 60, "{counted:?} frames");
    assert!(worst[1] < 0.002, "pictures are stamped by their capture");
    assert!(worst[0] < 0.002, "and so is sound");

    served.stopping.cancel();
    let bye: Bye = serde_json::from_value(notice(&mut viewer, method::SESSION_BYE).await).unwrap();
    assert!(bye.again);
    let end = timeout(SECOND, served.session).await.expect("ends within 1 s").unwrap();
    assert_eq!(end.reason, Reason::Stopped);
    assert!(end.frames > 60 && end.bytes > 100_000, "{end}");
    viewer.leave().await;
    setup.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_their_errors() {
    let setup = Setup::new(DEVICE);
    let served = start(Arc::new(TokioRuntime), &setup.environment, VIEWER).await;
    let other = start(Arc::new(TokioRuntime), &setup.environment, Ipv4Addr::new(127, 0, 78, 3)).await;
    let (mut viewer, mut other_viewer) =
        (served.viewer.expect("connected"), other.viewer.expect("connected"));

    viewer.call(method::PROFILE_SET, json!({"name": "Ada"})).await.unwrap();
    viewer.call(method::CHAT_SEND, json!({"text": "hello\n😀"})).await.unwrap();
    for (viewer, own) in [(&mut viewer, true), (&mut other_viewer, false)] {
        let message: ChatMessage =
            serde_json::from_value(notice(viewer, method::CHAT_MESSAGE).await).unwrap();
        assert_eq!((message.from.as_str(), message.text.as_str(), message.own), ("Ada", "hello\n😀", own));
    }
    viewer.call(method::STATS_SUBSCRIBE, json!({"on": true})).await.unwrap();
    assert_eq!(notice(&mut viewer, method::DEVICE_STATS).await["viewers"], 1);

    let cases = [
        ("files.burn", json!({}), code::METHOD_NOT_FOUND),
        (method::FILES_LIST, json!({"path": "../etc"}), code::INVALID_PARAMS),
        (method::CHAT_SEND, json!({}), code::INVALID_PARAMS),
        (method::CHAT_SEND, json!({"text": " "}), code::INVALID_PARAMS),
        (method::CHAT_SEND, json!({"text": "x".repeat(5000)}), code::INVALID_PARAMS),
        (method::PROFILE_SET, json!({"name": "\u{1b}"}), code::INVALID_PARAMS),
        (method::STATS_SUBSCRIBE, json!({"on": 1}), code::INVALID_PARAMS),
        (method::PING, json!([1]), code::INVALID_REQUEST),
    ];
    for (method, params, code) in cases {
        match viewer.call(method, params.clone()).await {
            Err(CallError::Refused(error)) => assert_eq!(error.code, code, "{method} {params}: {error}"),
            other => panic!("{method} {params}: {other:?}"),
        }
    }
    for garbage in ["", "{", "[]", "\u{0}", "null", &"[".repeat(5000)] {
        viewer.say(garbage).await.unwrap();
    }
    viewer.call(method::PING, json!({})).await.expect("garbage is answered, and no more");

    viewer.say(&json!({"jsonrpc": "2.0", "method": method::SESSION_BYE, "params": {"reason": "x", "again": false}}).to_string())
        .await
        .unwrap();
    let end = timeout(SECOND, served.session).await.expect("ends within 1 s").unwrap();
    assert_eq!(end.reason, Reason::Left);

    for _ in 0..2_000 {
        if other_viewer.say("{}").await.is_err() {
            break;
        }
    }
    let bye = notice(&mut other_viewer, method::SESSION_BYE).await;
    assert_eq!(bye["again"], false);
    let end = timeout(SECOND, other.session).await.expect("ends within 1 s").unwrap();
    assert_eq!(end.reason, Reason::Misbehaved, "{end}");
    viewer.leave().await;
    other_viewer.leave().await;
    setup.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_without_a_use_are_closed() {
    let setup = Setup::new(DEVICE);
    let served = start(Arc::new(TokioRuntime), &setup.environment, VIEWER).await;
    let mut viewer = served.viewer.expect("connected");
    for label in ["control", "files"] {
        let channel = viewer.channel(label).await.unwrap();
        let closed =
            async { while !matches!(channel.poll().await, Some(DataChannelEvent::OnClose) | None) {} };
        timeout(5 * SECOND, closed).await.unwrap_or_else(|_| panic!("a second `{label}` stays open"));
    }
    viewer.call(method::PING, json!({})).await.expect("the session goes on");
    let mut channels = Vec::new();
    for index in 0..20 {
        channels.push(viewer.channel(&index.to_string()).await.unwrap());
    }
    while viewer.notice().await.is_some() {}
    let end = timeout(5 * SECOND, served.session).await.expect("ends").unwrap();
    assert_eq!(end.reason, Reason::Misbehaved, "{end}");
    viewer.leave().await;
    setup.close().await;
}

/// Serves one session whose viewer says only this; what it was told, and how it ended.
async fn told(environment: &Environment, messages: Vec<Sealed>) -> (Vec<Sealed>, End) {
    let (to_device, inbox) = mpsc::channel(16);
    let (outbox, mut heard) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let session = tokio::spawn(serve(environment.clone(), inbox, outbox, Stop::new(stop.clone())));
    for message in messages {
        to_device.send(message).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.cancel();
    let end = timeout(2 * SECOND, session).await.expect("ends").unwrap();
    let mut all = Vec::new();
    while let Some(message) = heard.recv().await {
        all.push(message);
    }
    (all, end)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_that_cannot_be_answered_get_a_sentence() {
    let setup = Setup::new(DEVICE);
    let offer = |sdp: &str| Sealed::Offer { sdp: sdp.to_owned() };
    let no_video = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
        c=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n";
    let cases = [
        vec![offer("nonsense")],
        vec![offer("")],
        vec![offer(&"v=0\r\n".repeat(20_000))],
        vec![offer(no_video)],
        vec![Sealed::Answer { sdp: no_video.to_owned() }],
        vec![Sealed::EndOfCandidates],
    ];
    for messages in cases {
        let case = format!("{messages:.60?}");
        let (heard, end) = told(&setup.environment, messages).await;
        assert_eq!(end.reason, Reason::BadOffer, "{case}");
        let [Sealed::Error { message }] = &heard[..] else { panic!("{case}: {heard:?}") };
        println!("{message}");
        assert!(message.ends_with('.') && message.len() > 20, "{message}");
    }
    assert!(
        !matches!(*setup.environment.video.as_ref().unwrap().state().borrow(), FeedState::Live(_)),
        "no camera for these"
    );
    setup.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_to_browsers() {
    use support::offers::{AUDIO, CHROMIUM, DATA, FIREFOX, SAFARI, offer};
    let setup = Setup::new(DEVICE);
    // Open the camera, so that the size of its picture is known.
    let mut subscription = setup.environment.video.as_ref().unwrap().subscribe();
    subscription.next().await.unwrap();
    let again = offer(&[CHROMIUM, AUDIO, DATA]);
    for (name, video, format) in
        [("Chromium", CHROMIUM, Some("109")), ("Safari", SAFARI, Some("98")), ("Firefox", FIREFOX, None)]
    {
        let messages = vec![
            Sealed::Offer { sdp: offer(&[video, AUDIO, DATA]) },
            Sealed::Offer { sdp: again.clone() },
            Sealed::Candidate {
                candidate: "candidate:nonsense".into(),
                sdp_mid: None,
                sdp_m_line_index: None,
            },
            Sealed::Candidate {
                candidate: "candidate:1 1 udp 1 x.local 5 typ host".into(),
                sdp_mid: None,
                sdp_m_line_index: None,
            },
            Sealed::EndOfCandidates,
        ];
        let (heard, end) = told(&setup.environment, messages).await;
        assert_eq!(end.reason, Reason::Stopped, "{name}: {end}");
        let Some(Sealed::Answer { sdp }) = heard.first() else { panic!("{name}: {heard:?}") };
        let sections: Vec<&str> = sdp.split("\r\nm=").skip(1).collect();
        assert_eq!(sections.len(), 3, "{name}: {sdp}");
        match format {
            Some(format) => {
                assert!(
                    sections[0].starts_with(&format!("video 9 UDP/TLS/RTP/SAVPF {format} ")),
                    "{name}: {sdp}"
                );
                assert!(
                    sections[0].contains("a=sendonly")
                        && sections[0].to_lowercase().contains("profile-level-id=42e028"),
                    "{sdp}"
                );
                assert!(
                    sections[0].contains("rtx/90000") && sections[0].contains("nack pli"),
                    "{name}: {sdp}"
                );
                assert!(
                    !sections[0].contains("packetization-mode=0") && !sections[0].contains("VP8"),
                    "{name}: {sdp}"
                );
                assert_eq!(sections[0].contains("playout-delay"), name == "Chromium", "{name}: {sdp}");
            }
            None => assert!(sections[0].starts_with("video 0 "), "{name}: {sdp}"),
        }
        assert!(
            sections[1].starts_with("audio 9 UDP/TLS/RTP/SAVPF 111") && sections[1].contains("a=sendonly"),
            "{sdp}"
        );
        assert!(sections[2].starts_with("application 9") && sdp.contains("a=setup:active"), "{name}: {sdp}");
        assert!(sdp.contains(&format!(" {DEVICE} ")), "{name}: the address is in the answer: {sdp}");
        let refusals = heard.iter().filter(|message| matches!(message, Sealed::Error { .. })).count();
        assert_eq!(refusals, 1, "{name}: the second offer is refused, and the session goes on: {heard:?}");
    }
    drop(subscription);
    setup.close().await;
}

/// Waits for a STUN Binding request (RFC 8489 section 5).
async fn asked(stun: &tokio::net::UdpSocket) {
    let mut datagram = [0; 1500];
    let length = timeout(5 * SECOND, stun.recv(&mut datagram)).await.expect("STUN was asked").unwrap();
    assert!(length >= 20 && datagram[..2] == [0, 1] && datagram[4..8] == [0x21, 0x12, 0xa4, 0x42]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_ask_the_stun_server_that_they_were_told_of() {
    let bind = async || tokio::net::UdpSocket::bind((DEVICE, 0)).await.unwrap();
    let network = |stun: &tokio::net::UdpSocket, at| Network {
        stun: vec![format!("stun:{}", stun.local_addr().unwrap())],
        ..support::at(at)
    };
    let (of_device, of_viewer) = (bind().await, bind().await);
    let mut setup = Setup::new(DEVICE);
    setup.environment.network = network(&of_device, DEVICE);
    let (to_device, device_inbox) = mpsc::channel(64);
    let (to_viewer, viewer_inbox) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let session =
        tokio::spawn(serve(setup.environment.clone(), device_inbox, to_viewer, Stop::new(stop.clone())));
    let viewer =
        Viewer::connect_for_data(&network(&of_viewer, VIEWER), to_device, viewer_inbox).await.unwrap();
    asked(&of_device).await;
    asked(&of_viewer).await;
    viewer.leave().await;
    assert_eq!(session.await.unwrap().reason, Reason::Left);
    setup.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_that_wants_data_alone_opens_no_camera() {
    let setup = Setup::new(DEVICE);
    let served = support::start_for_data(Arc::new(TokioRuntime), &setup.environment, VIEWER).await;
    let mut viewer = served.viewer.expect("connected");
    let state: MediaState = serde_json::from_value(notice(&mut viewer, method::MEDIA_STATE).await).unwrap();
    assert_eq!(state, MediaState { video: TrackState::None, audio: TrackState::None });
    viewer.call(method::PING, json!({})).await.unwrap();
    assert!(timeout(SECOND, viewer.media()).await.is_err(), "no picture and no sound come");
    let feeds = [&setup.environment.video, &setup.environment.audio];
    for feed in feeds.into_iter().flatten() {
        assert!(matches!(*feed.state().borrow(), FeedState::Closed), "nothing was opened");
    }
    assert_eq!(setup.video.captured.lock().unwrap().len(), 0);

    // The device ends it: the viewer is told, and whatever it waits for ends.
    served.stopping.cancel();
    assert_eq!(notice(&mut viewer, method::SESSION_BYE).await["again"], true);
    assert!(timeout(5 * SECOND, async { while viewer.notice().await.is_some() {} }).await.is_ok());
    assert!(matches!(viewer.call(method::PING, json!({})).await, Err(CallError::Ended)));
    assert_eq!(served.session.await.unwrap().reason, Reason::Stopped);
    viewer.leave().await;
    setup.close().await;
}

/// The room is heard between two calls, however fast they come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_fast_hears_all_of_it() {
    let setup = Setup::new(DEVICE);
    let served = start(Arc::new(TokioRuntime), &setup.environment, VIEWER).await;
    let mut viewer = served.viewer.expect("connected");
    let lines: Vec<String> = (0..150).map(|number| format!("line {number}")).collect();
    for text in &lines {
        let call = json!({ "jsonrpc": "2.0", "method": method::CHAT_SEND, "params": { "text": text } });
        viewer.say(&call.to_string()).await.unwrap();
    }
    for text in lines {
        assert_eq!(notice(&mut viewer, method::CHAT_MESSAGE).await["text"], text);
    }
    viewer.leave().await;
}
