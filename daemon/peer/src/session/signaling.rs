//! What a session says to its viewer by the sealed channel, and hears from it.

use super::answer::first_accepted;
use protocol::sealed::Sealed;
use std::time::Duration;
use tokio::sync::mpsc;
use webrtc::peer_connection::{PeerConnection, RTCIceCandidateInit};

/// Most candidates taken of one viewer. Each is checked against each of our addresses.
const MAX_CANDIDATES: usize = 48;
/// Longest candidate, bytes.
const MAX_CANDIDATE: usize = 512;
/// How long an answer may wait for the outbox.
const OUTBOX_LIMIT: Duration = Duration::from_secs(5);

/// The sealed channel of one session.
pub(super) struct Signaling {
    inbox: mpsc::Receiver<Sealed>,
    outbox: mpsc::Sender<Sealed>,
    candidates: usize,
    /// Index of the media section that our candidates belong to.
    section: u16,
    /// The inbox has closed.
    over: bool,
}

impl Signaling {
    pub(super) fn new(inbox: mpsc::Receiver<Sealed>, outbox: mpsc::Sender<Sealed>) -> Self {
        Self { inbox, outbox, candidates: 0, section: 0, over: false }
    }

    /// The next message; waits for ever once there are no more. Safe to cancel.
    pub(super) async fn next(&mut self) -> Sealed {
        while !self.over {
            match self.inbox.recv().await {
                Some(message) => return message,
                None => self.over = true,
            }
        }
        std::future::pending().await
    }

    /// The first message; `None` if there is none.
    pub(super) async fn first(&mut self) -> Option<Sealed> {
        self.inbox.recv().await
    }

    /// Sends the answer. False if it cannot.
    pub(super) async fn answer(&mut self, sdp: String) -> bool {
        self.section = first_accepted(&sdp);
        self.outbox.send_timeout(Sealed::Answer { sdp }, OUTBOX_LIMIT).await.is_ok()
    }

    /// Tells the viewer what is wrong. Lost if the outbox is full: then the viewer sends faster than it reads.
    pub(super) fn refuse(&self, sentence: &str) {
        let _ = self.outbox.try_send(Sealed::Error { message: sentence.to_owned() });
    }

    /// Tells a candidate of ours. Lost if the outbox is full; checks of the viewer find it anyhow.
    pub(super) fn tell(&self, candidate: String) {
        let message = if candidate.is_empty() {
            Sealed::EndOfCandidates
        } else {
            Sealed::Candidate { candidate, sdp_mid: None, sdp_m_line_index: Some(self.section) }
        };
        let _ = self.outbox.try_send(message);
    }

    /// Deals with a message that comes after the offer.
    pub(super) async fn heard(&mut self, message: Sealed, peer: &dyn PeerConnection) {
        match message {
            Sealed::Candidate { candidate, .. } => self.candidate(candidate, peer).await,
            Sealed::EndOfCandidates => {}
            Sealed::Offer { .. } => {
                self.refuse("This session has its offer already; a new one needs a new session.");
            }
            Sealed::Answer { .. } => self.refuse("The device answers; it takes no answer."),
            // The viewer gives up. Its connection will tell, or never come.
            Sealed::Error { message } => log::debug!("the viewer reports: {}", message.escape_debug()),
        }
    }

    async fn candidate(&mut self, candidate: String, peer: &dyn PeerConnection) {
        self.candidates += 1;
        // `.local` names are not resolved; see the settings of the connection.
        let hidden = candidate.split_whitespace().nth(4).is_some_and(|address| address.ends_with(".local"));
        if self.candidates > MAX_CANDIDATES || candidate.len() > MAX_CANDIDATE || hidden {
            return;
        }
        let init = RTCIceCandidateInit { candidate, ..Default::default() };
        if let Err(error) = peer.add_ice_candidate(init).await {
            log::debug!("a candidate of the viewer is of no use: {error}");
        }
    }
}
