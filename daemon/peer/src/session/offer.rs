//! What a viewer's offer asks for, judged before the peer connection sees it.

use rtc::sdp::description::media::MediaDescription;
use rtc::sdp::description::session::SessionDescription;
use std::io::Cursor;

/// Largest offer, bytes. Browsers send 4 to 8 KiB.
pub(super) const MAX_SDP: usize = 32 * 1024;
/// Most media sections.
const MAX_SECTIONS: usize = 8;

/// An offer that can be answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// Whether picture or sound are asked for at all. A viewer that wants neither (a command line) offers data alone.
    pub(super) media: bool,
    /// `profile-level-id` of the H.264 format that the picture is sent in; `None` if the viewer has none that the
    /// device sends.
    pub(super) h264: Option<String>,
    /// Whether sound is asked for, in Opus.
    pub(super) audio: bool,
    /// Whether the viewer has a loopback candidate: it runs on the device itself.
    pub(super) loopback: bool,
}

/// Why an offer cannot be answered; each is a sentence for the viewer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum OfferError {
    #[error("The offer is larger than {MAX_SDP} bytes, and was not read.")]
    TooLarge,
    #[error("The offer is no session description that can be read; reload the page.")]
    Unreadable,
    #[error("The offer has more than {MAX_SECTIONS} media sections.")]
    TooManySections,
    #[error("The offer asks for sound and for no picture; it needs a section for video too, or for neither.")]
    NoVideo,
    #[error("The offer has no data channel; it needs one named `control`.")]
    NoControl,
}

impl Offer {
    /// Reads an offer (RFC 8866, RFC 9429).
    pub(super) fn parse(sdp: &str) -> Result<Self, OfferError> {
        if sdp.len() > MAX_SDP {
            return Err(OfferError::TooLarge);
        }
        let description =
            SessionDescription::unmarshal(&mut Cursor::new(sdp)).map_err(|_| OfferError::Unreadable)?;
        let sections = &description.media_descriptions;
        if sections.len() > MAX_SECTIONS {
            return Err(OfferError::TooManySections);
        }
        // A section needs its name, or its answer cannot be matched (RFC 9143 section 7.2).
        if sections.iter().any(|section| section.attribute("mid").flatten().is_none_or(str::is_empty)) {
            return Err(OfferError::Unreadable);
        }
        let of = |kind: &str| {
            sections.iter().filter(|section| section.media_name.media == kind).collect::<Vec<_>>()
        };
        if of("application").is_empty() {
            return Err(OfferError::NoControl);
        }
        let (video, audio) = (of("video"), of("audio"));
        // Neither is wanted on purpose; one without the other is a browser that cannot show the picture.
        if video.is_empty() && !audio.is_empty() {
            return Err(OfferError::NoVideo);
        }
        Ok(Self {
            media: !video.is_empty(),
            h264: video.iter().find_map(|section| receives(section).then(|| h264(section)).flatten()),
            audio: audio
                .iter()
                .any(|section| receives(section) && formats(section).any(|(_, name)| is(name, "opus"))),
            loopback: sections.iter().any(has_loopback),
        })
    }
}

/// An offer without the candidates that hide behind mDNS names. They are not resolved (see the settings of the
/// connection), and each would be complained about.
pub(super) fn without_hidden(offer: &str) -> String {
    let hidden = |line: &&str| line.starts_with("a=candidate:") && line.contains(".local ");
    offer.split_inclusive('\n').filter(|line| !hidden(line)).collect()
}

/// Whether the viewer wants to be sent to (RFC 8866 section 6.7).
fn receives(section: &MediaDescription) -> bool {
    section.attribute("sendonly").is_none()
        && section.attribute("inactive").is_none()
        && section.media_name.port.value != 0
}

/// Payload type and encoding name of each format (`a=rtpmap`).
fn formats(section: &MediaDescription) -> impl Iterator<Item = (&str, &str)> {
    section.attributes.iter().filter(|attribute| attribute.key == "rtpmap").filter_map(|attribute| {
        let (payload_type, encoding) = attribute.value.as_deref()?.split_once(' ')?;
        Some((payload_type, encoding.split('/').next()?))
    })
}

fn is(name: &str, codec: &str) -> bool {
    name.eq_ignore_ascii_case(codec)
}

/// The format to send in: constrained baseline if there is one; else baseline, of which it is a part.
fn h264(section: &MediaDescription) -> Option<String> {
    let ids: Vec<String> = formats(section)
        .filter(|(_, name)| is(name, "H264"))
        .filter_map(|(payload_type, _)| profile(section, payload_type))
        .collect();
    let find = |wanted: fn(u8) -> bool| {
        ids.iter().find(|id| {
            id.starts_with("42")
                && id.get(2..4).and_then(|iop| u8::from_str_radix(iop, 16).ok()).is_some_and(wanted)
        })
    };
    // RFC 6184 table 5: x1xx0000 is constrained baseline, x0xx0000 is baseline.
    find(|iop| iop & 0x4f == 0x40).or_else(|| find(|iop| iop & 0x4f == 0)).cloned()
}

/// `profile-level-id` of a payload type in packetization mode 1; `None` in another mode.
fn profile(section: &MediaDescription, payload_type: &str) -> Option<String> {
    let parameters =
        section.attributes.iter().filter(|attribute| attribute.key == "fmtp").find_map(|attribute| {
            let (of, parameters) = attribute.value.as_deref()?.split_once(' ')?;
            (of == payload_type).then_some(parameters)
        })?;
    let value = |name: &str| {
        parameters.split(';').filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| is(key, name))
    };
    let id = value("profile-level-id")?.1.to_ascii_lowercase();
    let mode = value("packetization-mode")?.1;
    (mode == "1" && id.len() == 6 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

fn has_loopback(section: &MediaDescription) -> bool {
    section.attributes.iter().filter(|attribute| attribute.key == "candidate").any(|attribute| {
        let address = attribute.value.as_deref().and_then(|value| value.split_whitespace().nth(4));
        address
            .and_then(|address| address.parse::<std::net::IpAddr>().ok())
            .is_some_and(|ip| ip.is_loopback())
    })
}

#[cfg(test)]
#[path = "offer_tests.rs"]
mod tests;
