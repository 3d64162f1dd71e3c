//! One session, from its offer to its end.

mod answer;
mod answered;
pub(crate) mod connection;
pub(crate) mod negotiation;
mod offer;
mod phase;
mod run;
mod signaling;
mod stop;

pub use phase::Reason;
pub use stop::Stop;

use crate::commands::{Caller, Commands};
use crate::control::Rights;
use crate::device::Device;
use crate::network::Network;
use crate::room::Room;
use crate::transfers::Files;
use ::media::Feed;
use protocol::grant::Right;
use protocol::sealed::Sealed;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use webrtc::runtime::{Runtime, TokioRuntime};

/// What sessions share.
#[derive(Clone)]
pub struct Environment {
    /// The picture, if there is one. Whether this viewer sees it is for its grant to say.
    pub video: Option<Feed>,
    /// The sound, if there is one. Whether this viewer hears it is for its grant to say.
    pub audio: Option<Feed>,
    /// The device's chat.
    pub room: Room,
    /// The owner's commands.
    pub commands: Commands,
    /// Who this viewer is to a command that it runs.
    pub caller: Caller,
    /// The device's files.
    pub files: Files,
    /// The device.
    pub device: Arc<dyn Device>,
    /// Where to listen.
    pub network: Network,
}

/// How a session ended; for the log.
#[derive(Clone, Debug)]
pub struct End {
    /// Why.
    pub reason: Reason,
    /// More, as a sentence.
    pub detail: Option<String>,
    /// From the offer to the end.
    pub duration: Duration,
    /// From the offer to the connection (ICE and DTLS), if it came about.
    pub connected_after: Option<Duration>,
    /// Payload bytes of picture and sound that were sent.
    pub bytes: u64,
    /// Pictures that were sent.
    pub frames: u64,
    /// Pictures that the viewer missed because it was slow.
    pub skipped: u64,
}

impl Environment {
    /// Without what the viewer's word does not allow.
    fn granted(mut self) -> Self {
        let rights = Rights::new(self.device.clone());
        self.video = self.video.filter(|_| rights.allow(Right::Watch));
        self.audio = self.audio.filter(|_| rights.allow(Right::Listen));
        self
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.reason)?;
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        write!(f, " after {:.1} s", self.duration.as_secs_f64())?;
        if let Some(connected) = self.connected_after {
            write!(f, ", connected in {} ms", connected.as_millis())?;
        }
        write!(f, ", {} pictures, {} kB", self.frames, self.bytes / 1000)
    }
}

/// Serves one viewer until it leaves, dies or is ended by `stop` (then it is told bye).
///
/// The first message of `inbox` is the offer. `inbox` may close once the viewer is connected, since it needs the
/// signaling no more. `outbox` should hold 16 messages; while it is full, answers wait up to 5 s, and refusals and
/// candidates are lost. Must be called within a tokio runtime. When this returns, or is dropped, nothing of the session
/// is left: no task, no socket, no subscription.
pub async fn serve(
    environment: Environment,
    inbox: mpsc::Receiver<Sealed>,
    outbox: mpsc::Sender<Sealed>,
    stop: Stop,
) -> End {
    serve_over(Arc::new(TokioRuntime), environment, inbox, outbox, stop).await
}

/// As [`serve`], with the sockets, timers and tasks of `base` instead of tokio's. Its clock has to be tokio's.
pub async fn serve_over(
    base: Arc<dyn Runtime>,
    environment: Environment,
    inbox: mpsc::Receiver<Sealed>,
    outbox: mpsc::Sender<Sealed>,
    stop: Stop,
) -> End {
    run::Session::new(base, environment.granted(), inbox, outbox, stop).run().await
}
