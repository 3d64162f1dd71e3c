//! Proving the word, and carrying what both ends say until they are connected.

use super::{
    Way,
    knock::Answered,
    refusal::{refused, unconnected},
};
use crate::{
    client::{Failure, line::Line, word::meant},
    link::LinkEvent,
};
use peer::{Network, viewer::Viewer};
use protocol::{
    bytes::B64,
    proof::{ProofError, ViewerLogin, ViewerProof},
    seal::{self, Opener, Role, Sealer},
    sealed::Sealed,
    signal::{FromServer, ToServer},
};
use std::convert::Infallible;
use tokio::sync::mpsc;

/// Sealed messages that may wait, each way: an offer or an answer, and candidates.
const SEALED: usize = 64;

impl Way {
    /// Proves the word while the peer connection is being prepared; returns once its control channel is open, with the
    /// device's key.
    pub(super) async fn prove(
        &self,
        answered: Answered,
        line: &mut Line,
    ) -> Result<(Viewer, Vec<u8>), Failure> {
        let stun = answered.stun.map(|port| self.reach.server.stun(port));
        let network = Network { stun: stun.into_iter().collect(), ..Network::default() };
        let (outbox, said) = mpsc::channel(SEALED);
        let (to_viewer, inbox) = mpsc::channel(SEALED);
        let mut key = Vec::new();
        let carrying = self.carry(answered, line, said, to_viewer, &mut key);
        let viewer = tokio::select! {
            viewer = Viewer::connect_for_data(&network, outbox, inbox) => viewer.map_err(unconnected)?,
            failed = carrying => match failed { Err(failure) => return Err(failure) },
        };
        Ok((viewer, key))
    }

    /// Stretches the word, proves it, and carries sealed messages both ways. Ends with a failure only.
    async fn carry(
        &self,
        answered: Answered,
        line: &mut Line,
        mut said: mpsc::Receiver<Sealed>,
        to_viewer: mpsc::Sender<Sealed>,
        key: &mut Vec<u8>,
    ) -> Result<Infallible, Failure> {
        let Answered { login, context, ke2, .. } = answered;
        let proof = self.stretch(login, ke2).await?;
        self.check_device(&proof)?;
        key.clone_from(&proof.device_key);
        let (mut sealer, mut opener) = seal::channel(&proof.session_key, &context, Role::Viewer);
        let session = context.session;
        let Some(offer) = said.recv().await else { return std::future::pending().await };
        let sealed = seal(&mut sealer, &offer)?;
        line.say(ToServer::Prove { session: session.clone(), ke3: proof.ke3.into(), sealed }).await;
        let mut to_viewer = Some(to_viewer);
        loop {
            tokio::select! {
                Some(message) = said.recv() => {
                    let sealed = seal(&mut sealer, &message)?;
                    line.say(ToServer::Relay { session: session.clone(), sealed }).await;
                }
                event = line.next(), if to_viewer.is_some() => {
                    let over =
                        matches!(event, LinkEvent::Down { .. } | LinkEvent::Message(FromServer::Left { .. }));
                    relay(event, &session, &mut opener, to_viewer.as_ref())?;
                    if over {
                        // Who has the answer needs the server no more; who has none hears that none will come.
                        to_viewer = None;
                    }
                }
                else => std::future::pending().await,
            }
        }
    }

    async fn stretch(&self, login: ViewerLogin, ke2: Vec<u8>) -> Result<ViewerProof, Failure> {
        let stretched = tokio::task::spawn_blocking(move || login.finish(&ke2)).await;
        match stretched {
            Ok(Ok(proof)) => Ok(proof),
            Ok(Err(ProofError::WrongWord)) => {
                Err(Failure::Refused(format!("{}{}", ProofError::WrongWord, meant(self.reach.word.phrase()))))
            }
            Ok(Err(error)) => Err(Failure::Failed(error.to_string())),
            Err(error) => Err(Failure::Failed(format!("the word could not be worked on: {error}"))),
        }
    }

    /// Whether it is the device of the last visit.
    fn check_device(&self, proof: &ViewerProof) -> Result<(), Failure> {
        let place = self.reach.word.place();
        match self.known.device(&self.reach.server, place)? {
            Some(known) if known.key.0 != proof.device_key && !self.reach.new_device => {
                Err(Failure::Failed(format!(
                    "the device at {place} has another key than at your last visit: it was set up anew, or it is another \
                 device. If you know why, visit it once with --new-device"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Hands what the device says to the viewer.
fn relay(
    event: LinkEvent,
    session: &str,
    opener: &mut Opener,
    to_viewer: Option<&mpsc::Sender<Sealed>>,
) -> Result<(), Failure> {
    match event {
        LinkEvent::Message(FromServer::Relay { session: of, sealed }) if of == session => {
            let message =
                opener.open_message(&sealed.0).map_err(|error| Failure::Failed(error.to_string()))?;
            // Candidates beyond what fits are lost: a device tells a dozen.
            let _ = to_viewer.map(|to_viewer| to_viewer.try_send(message));
            Ok(())
        }
        LinkEvent::Message(FromServer::Refused { refusal, .. }) => Err(refused(&refusal)),
        LinkEvent::Message(_) | LinkEvent::Up(_) | LinkEvent::Down { .. } => Ok(()),
    }
}

fn seal(sealer: &mut Sealer, message: &Sealed) -> Result<B64, Failure> {
    let sealed = sealer.seal_message(message).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(sealed.into())
}
