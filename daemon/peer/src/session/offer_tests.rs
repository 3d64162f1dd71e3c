//! What offers are read as.

use super::*;

#[path = "../../tests/support/offers.rs"]
#[allow(unreachable_pub)]
mod offers;

use offers::{AUDIO, CHROMIUM, DATA, FIREFOX, SAFARI, offer};

#[test]
fn browsers() {
    let read = |video| Offer::parse(&offer(&[video, AUDIO, DATA])).unwrap();
    let all = Offer { media: true, h264: Some("42e01f".to_owned()), audio: true, loopback: false };
    assert_eq!(read(CHROMIUM), all);
    assert_eq!(read(SAFARI), all);
    assert_eq!(read(FIREFOX), Offer { h264: None, ..all });
}

#[test]
fn data_alone() {
    let alone = Offer { media: false, h264: None, audio: false, loopback: false };
    assert_eq!(Offer::parse(&offer(&[DATA])).unwrap(), alone);
}

#[test]
fn only_formats_that_are_sent_count() {
    let with = |id: &str, mode: &str| {
        let section = format!(
            "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\na=rtpmap:96 H264/90000\r\n\
             a=fmtp:96 packetization-mode={mode};profile-level-id={id}\r\n"
        );
        Offer::parse(&offer(&[&section, DATA])).unwrap().h264
    };
    assert_eq!(with("42e01f", "1").as_deref(), Some("42e01f"));
    assert_eq!(with("42c028", "1").as_deref(), Some("42c028"), "constrained, with another constraint set");
    assert_eq!(with("42001f", "1").as_deref(), Some("42001f"), "baseline shows constrained baseline");
    for (id, mode) in
        [("42e01f", "0"), ("640c1f", "1"), ("4d001f", "1"), ("42", "1"), ("zzzzzz", "1"), ("é2e01", "1")]
    {
        assert_eq!(with(id, mode), None, "{id}, mode {mode}");
    }
    for direction in ["sendonly", "inactive"] {
        let section = CHROMIUM.replace("recvonly", direction);
        assert_eq!(Offer::parse(&offer(&[&section, DATA])).unwrap().h264, None);
    }
}

#[test]
fn a_viewer_on_the_device_itself_is_seen() {
    let at = |address: &str| {
        let section = format!("{CHROMIUM}a=candidate:1 1 udp 2113937151 {address} 50000 typ host\r\n");
        Offer::parse(&offer(&[&section, DATA])).unwrap().loopback
    };
    assert!(at("127.0.0.1") && at("::1"));
    assert!(!at("192.0.2.1") && !at("4d6b.local"));
}

#[test]
fn hidden_candidates_are_left_out() {
    let (seen, hidden) =
        ("a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n", "a=candidate:1 1 udp 1 4d6b.local 5 typ host\r\n");
    assert_eq!(
        without_hidden(&format!("v=0\r\n{hidden}{seen}a=mid:0.local \r\n")),
        format!("v=0\r\n{seen}a=mid:0.local \r\n")
    );
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let refused = |sdp: &str| Offer::parse(sdp).unwrap_err();
    assert_eq!(refused(""), OfferError::Unreadable);
    assert_eq!(refused("hello"), OfferError::Unreadable);
    assert_eq!(refused(&"a".repeat(MAX_SDP + 1)), OfferError::TooLarge);
    assert_eq!(refused(&offer(&[CHROMIUM, AUDIO])), OfferError::NoControl);
    assert_eq!(refused(&offer(&[AUDIO, DATA])), OfferError::NoVideo);
    assert_eq!(refused(&offer(&[DATA; MAX_SECTIONS + 1])), OfferError::TooManySections);
    assert_eq!(refused(&offer(&[CHROMIUM, DATA]).replace("a=mid:", "a=mud:")), OfferError::Unreadable);
}

#[test]
fn no_damage_makes_it_panic() {
    let whole = offer(&[CHROMIUM, AUDIO, DATA]);
    let bytes = whole.as_bytes();
    for index in 0..bytes.len() {
        let _ = Offer::parse(&whole[..index]);
        for byte in [0, b'\n', b' ', b':', b'=', b'9', 0x7f] {
            let mut damaged = bytes.to_vec();
            damaged[index] = byte;
            let _ = Offer::parse(&String::from_utf8_lossy(&damaged));
        }
    }
}
