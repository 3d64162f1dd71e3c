//! What travels sealed between viewer and device, unseen by the rendezvous.

use serde::{Deserialize, Serialize};

/// One sealed message: JSON, UTF-8, then [`crate::seal`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Sealed {
    /// Viewer: SDP offer (RFC 8866, RFC 9429).
    Offer {
        /// The description.
        sdp: String,
    },
    /// Device: SDP answer.
    Answer {
        /// The description.
        sdp: String,
    },
    /// Either: a trickled ICE candidate (RFC 8838).
    Candidate {
        /// `candidate:...`, RFC 8839 section 5.1.
        candidate: String,
        /// Media section id.
        #[serde(default, rename = "sdpMid", skip_serializing_if = "Option::is_none")]
        sdp_mid: Option<String>,
        /// Index of the media section.
        #[serde(default, rename = "sdpMLineIndex", skip_serializing_if = "Option::is_none")]
        sdp_m_line_index: Option<u16>,
    },
    /// Either: no more candidates (RFC 8838 section 8.2).
    EndOfCandidates,
    /// Device: the session cannot be; what to do.
    Error {
        /// One sentence.
        message: String,
    },
}
