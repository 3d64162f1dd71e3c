//! Offers as browsers make them, written down by hand: what counts is their formats and their order.

/// A description with these sections.
pub fn offer(sections: &[&str]) -> String {
    let mut sdp =
        "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n\
        a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
            .to_owned();
    for (mid, section) in sections.iter().enumerate() {
        sdp.push_str(section);
        sdp.push_str(&format!("a=mid:{mid}\r\n{TRANSPORT}"));
    }
    sdp
}

/// ICE and DTLS of each section.
pub const TRANSPORT: &str = "c=IN IP4 0.0.0.0\r\na=ice-ufrag:Gk7Z\r\na=ice-pwd:PvUh3XKLtD6Ha1Vi0rVQcYb2\r\n\
    a=ice-options:trickle\r\na=setup:actpass\r\n\
    a=fingerprint:sha-256 0C:5D:4B:9A:6E:21:8F:33:0C:5D:4B:9A:6E:21:8F:33:0C:5D:4B:9A:6E:21:8F:33:0C:5D:4B:9A:6E:21:8F:33\r\n";

/// A data channel.
pub const DATA: &str =
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";

/// Sound, as Chromium asks for it.
pub const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=recvonly\r\n\
    a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
    a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n";

/// The picture, as Chromium asks for it.
pub const CHROMIUM: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108 109 114 115 116 39 40\r\na=rtcp-mux\r\n\
    a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\na=recvonly\r\n\
    a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=rtpmap:103 H264/90000\r\na=rtcp-fb:103 nack\r\na=rtcp-fb:103 nack pli\r\na=rtcp-fb:103 ccm fir\r\n\
    a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n\
    a=rtpmap:104 rtx/90000\r\na=fmtp:104 apt=103\r\n\
    a=rtpmap:107 H264/90000\r\na=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f\r\n\
    a=rtpmap:108 rtx/90000\r\na=fmtp:108 apt=107\r\n\
    a=rtpmap:109 H264/90000\r\na=rtcp-fb:109 nack\r\na=rtcp-fb:109 nack pli\r\na=rtcp-fb:109 ccm fir\r\n\
    a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
    a=rtpmap:114 rtx/90000\r\na=fmtp:114 apt=109\r\n\
    a=rtpmap:115 H264/90000\r\na=fmtp:115 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f\r\n\
    a=rtpmap:116 rtx/90000\r\na=fmtp:116 apt=115\r\na=rtpmap:39 AV1/90000\r\na=rtpmap:40 rtx/90000\r\na=fmtp:40 apt=39\r\n";

/// The same, as Firefox without its H.264 plugin does.
pub const FIREFOX: &str = "m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125\r\na=recvonly\r\na=rtcp-mux\r\n\
    a=rtpmap:120 VP8/90000\r\na=fmtp:120 max-fs=12288;max-fr=60\r\na=rtpmap:124 rtx/90000\r\na=fmtp:124 apt=120;rtx-time=3000\r\n\
    a=rtpmap:121 VP9/90000\r\na=fmtp:121 max-fs=12288;max-fr=60\r\na=rtpmap:125 rtx/90000\r\na=fmtp:125 apt=121;rtx-time=3000\r\n";

/// The same, as Safari does.
pub const SAFARI: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100\r\na=recvonly\r\na=rtcp-mux\r\n\
    a=rtpmap:96 H264/90000\r\na=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f\r\n\
    a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=rtpmap:98 H264/90000\r\na=rtcp-fb:98 nack\r\na=rtcp-fb:98 nack pli\r\na=rtcp-fb:98 ccm fir\r\n\
    a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42E01F\r\n\
    a=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\na=rtpmap:100 VP8/90000\r\n";
