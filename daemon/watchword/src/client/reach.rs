//! From a secret word to a session with its device.
//!
//! Knock (place and KE1), KE2, prove (KE3 and the sealed offer), then answer and candidates sealed, until the control
//! channel is open. A wrong word is never tried again from here: only a person may.

use super::{
    Failure, ServerAddress, Session,
    known::{Device, Known},
    line::Line,
    output::remark,
    printable,
    word::meant,
};
use crate::{
    fingerprint::Fingerprint,
    link::{LinkEvent, Trust, Verdict},
};
use peer::{
    Network,
    viewer::{Viewer, ViewerError},
};
use protocol::{
    proof::{ProofError, ViewerLogin, ViewerProof},
    seal::{self, Context, Opener, Role, Sealer},
    sealed::Sealed,
    signal::{FromServer, Handle, Refusal, RefusalCode, ToServer},
    word::SecretWord,
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time};

/// The device answers a knock within 10 s or is taken for absent by the server; this is for a server that does not.
const REPLY: Duration = Duration::from_secs(15);
/// Sealed messages that may wait, each way: an offer or an answer, and candidates.
const SEALED: usize = 64;

/// What it takes to reach a device.
pub(crate) struct Reach {
    /// Where it is looked for.
    pub(crate) server: ServerAddress,
    /// What opens it.
    pub(crate) word: SecretWord,
    /// The certificate that the person expects there.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// Waits for a server and a device that are not there.
    pub(crate) wait: bool,
    /// Another device than at the last visit is taken.
    pub(crate) new_device: bool,
}

/// What the device said to a knock.
struct Answered {
    login: ViewerLogin,
    context: Context,
    ke2: Vec<u8>,
    stun: Option<u16>,
}

/// How far a knock has come on this socket.
enum Knock {
    /// No welcome yet.
    Before,
    /// KE1 has left.
    Sent { login: Box<ViewerLogin>, viewer: Handle, stun: Option<u16> },
    /// Nobody answers at the place.
    Absent { viewer: Handle, stun: Option<u16> },
}

/// Everything of one way to a device.
struct Way {
    reach: Reach,
    known: Known,
    trust: Arc<Trust>,
    /// Whether the person knows that it takes longer.
    told: bool,
}

impl Reach {
    /// Reaches the device.
    ///
    /// # Errors
    /// A sentence, and a [`Failure`] for each exit code. Nothing is left behind: no task, no socket.
    pub(crate) async fn connect(self) -> Result<Session, Failure> {
        let known = Known::open()?;
        let trust = match self.fingerprint {
            Some(fingerprint) => Trust::certificate(fingerprint),
            None => Trust::first_use(known.certificate(&self.server)?),
        };
        let mut line = Line::open(&self.server, trust.clone())?;
        let way = Way { reach: self, known, trust, told: false };
        let reached = way.walk(&mut line).await;
        line.close().await;
        reached
    }
}

impl Way {
    async fn walk(mut self, line: &mut Line) -> Result<Session, Failure> {
        let answered = self.knock(line).await?;
        let session = answered.context.session.clone();
        let (viewer, key) = self.prove(answered, line).await?;
        // What follows needs the rendezvous no more.
        line.say(ToServer::Leave { session }).await;
        let session = Session::begin(viewer).await?;
        let pass = session.info().pass.clone();
        let device = Device { key: key.into(), pass: Some(pass) };
        self.known.keep_device(&self.reach.server, self.reach.word.place(), device)?;
        Ok(session)
    }

    /// Knocks until the device answers, or until it is clear that it does not.
    async fn knock(&mut self, line: &mut Line) -> Result<Answered, Failure> {
        let mut knock = Knock::Before;
        loop {
            let event = match &knock {
                Knock::Sent { .. } => time::timeout(REPLY, line.next()).await.map_err(|_| self.absent())?,
                Knock::Before | Knock::Absent { .. } => line.next().await,
            };
            let message = match event {
                LinkEvent::Message(message) => message,
                LinkEvent::Up(_) => {
                    self.connected()?;
                    continue;
                }
                LinkEvent::Down { why } => {
                    self.disconnected(&why)?;
                    knock = Knock::Before;
                    continue;
                }
            };
            knock = match (message, knock) {
                (FromServer::Welcome { v, handle, stun_port, .. }, _) => {
                    if v != protocol::VERSION {
                        return Err(Failure::Failed(format!(
                            "the server speaks version {v} of the wire, this program {}: update the older",
                            protocol::VERSION
                        )));
                    }
                    self.send_knock(line, handle, stun_port).await?
                }
                (FromServer::Present { place }, Knock::Absent { viewer, stun }) if self.is_ours(&place) => {
                    self.send_knock(line, viewer, stun).await?
                }
                (FromServer::Absent { place }, Knock::Sent { viewer, stun, .. }) if self.is_ours(&place) => {
                    self.wait_for(|way| way.absent())?;
                    Knock::Absent { viewer, stun }
                }
                (FromServer::Reply { session, device, ke2 }, Knock::Sent { login, viewer, stun }) => {
                    let place = self.reach.word.place().to_string();
                    let context = Context { place, viewer, device, session };
                    return Ok(Answered { login: *login, context, ke2: ke2.0, stun });
                }
                (FromServer::Refused { refusal, .. }, _) => return Err(refused(&refusal)),
                (FromServer::Left { .. }, Knock::Sent { .. }) => return Err(self.absent()),
                (_, knock) => knock,
            };
        }
    }

    async fn send_knock(&self, line: &Line, viewer: Handle, stun: Option<u16>) -> Result<Knock, Failure> {
        let word = &self.reach.word;
        let (login, ke1) = ViewerLogin::start(word).map_err(|error| Failure::Failed(error.to_string()))?;
        let pass = self.known.device(&self.reach.server, word.place())?.and_then(|device| device.pass);
        let place = word.place().to_string();
        line.say(ToServer::Knock { v: protocol::VERSION, place, ke1: ke1.into(), pass }).await;
        Ok(Knock::Sent { login: Box::new(login), viewer, stun })
    }

    /// Proves the word while the peer connection is being prepared; returns once its control channel is open, with the
    /// device's key.
    async fn prove(&self, answered: Answered, line: &mut Line) -> Result<(Viewer, Vec<u8>), Failure> {
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

    /// A socket is open: what was seen for the first time is kept.
    fn connected(&self) -> Result<(), Failure> {
        let server = &self.reach.server;
        if let Some(given) = self.reach.fingerprint {
            return self.known.keep_certificate(server, given);
        }
        if let Some(Verdict::New(seen)) = self.trust.verdict() {
            self.known.keep_certificate(server, seen)?;
            remark(&format!(
                "{server} made its certificate itself; from now on it must be this one (kept in {}):\n  {seen}",
                self.known.path().display()
            ));
        }
        Ok(())
    }

    /// No socket: whom to trust is never waited for.
    fn disconnected(&mut self, why: &str) -> Result<(), Failure> {
        let server = &self.reach.server;
        match self.trust.verdict() {
            Some(Verdict::Changed { seen }) if self.reach.fingerprint.is_some() => {
                Err(Failure::Failed(format!(
                    "{server} shows another certificate than the one that was given: somebody may be between, or it made a \
                 new one. It shows {seen}"
                )))
            }
            Some(Verdict::Changed { seen }) => Err(Failure::Failed(format!(
                "{server} shows another certificate than before: somebody may be between, or it made a new one. Compare \
                 the fingerprint with the one that the server prints; if it is the same, visit it once with \
                 --fingerprint {seen}"
            ))),
            Some(Verdict::Wrong { seen, why }) => Err(Failure::Failed(format!(
                "the certificate of {server} is not trusted: {}. If you know it, visit it with --fingerprint {seen}",
                printable(&why)
            ))),
            Some(Verdict::Signed | Verdict::New(_) | Verdict::Known) | None => {
                let why = printable(why).into_owned();
                self.wait_for(|way| {
                    Failure::Broken(format!("the server {} cannot be reached: {why}", way.reach.server))
                })
            }
        }
    }

    /// Fails, unless the person wants to wait: then it says so, once.
    fn wait_for(&mut self, failure: impl FnOnce(&Self) -> Failure) -> Result<(), Failure> {
        if !self.reach.wait {
            return Err(failure(self));
        }
        if !self.told {
            remark(&format!("{}; waiting for it", failure(self)));
            self.told = true;
        }
        Ok(())
    }

    fn absent(&self) -> Failure {
        let hint = meant(self.reach.word.phrase());
        let place = self.reach.word.place();
        Failure::Absent(format!("no device answers to this word (nobody is at {place} now).{hint}"))
    }

    fn is_ours(&self, place: &str) -> bool {
        self.reach.word.place().as_ref() == place
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

fn seal(sealer: &mut Sealer, message: &Sealed) -> Result<protocol::bytes::B64, Failure> {
    let sealed = sealer.seal_message(message).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(sealed.into())
}

/// What a refusal of the server or of the device means here.
fn refused(refusal: &Refusal) -> Failure {
    let message = printable(&refusal.message);
    let later = refusal.retry_after.map_or(String::new(), |seconds| format!(" (try again in {seconds} s)"));
    match refusal.code {
        RefusalCode::Unavailable => Failure::Absent(format!("{message}{later}")),
        RefusalCode::Malformed
        | RefusalCode::UnknownMessage
        | RefusalCode::WrongVersion
        | RefusalCode::WrongRole
        | RefusalCode::TooLarge => Failure::Failed(format!("the server refuses: {message}{later}")),
        _ => Failure::Refused(format!("{message}{later}")),
    }
}

fn unconnected(error: ViewerError) -> Failure {
    match error {
        ViewerError::Refused(sentence) => Failure::Refused(printable(&sentence).into_owned()),
        ViewerError::NoAnswer => Failure::Broken("the device left before it had answered".into()),
        ViewerError::NoConnection => Failure::Broken(error.to_string()),
        ViewerError::Peer(_) => Failure::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_its_code_with_the_time_to_wait() {
        let refusal = |code, retry_after| Refusal { code, message: "Not\u{7} now.".into(), retry_after };
        let later = refused(&refusal(RefusalCode::TryLater, Some(30)));
        assert_eq!(
            (later.exit_code(), later.to_string().as_str()),
            (4, "Not\\u{7} now. (try again in 30 s)")
        );
        assert_eq!(refused(&refusal(RefusalCode::ProofFailed, None)).exit_code(), 4);
        assert_eq!(refused(&refusal(RefusalCode::Unavailable, None)).exit_code(), 3);
        assert_eq!(refused(&refusal(RefusalCode::WrongVersion, None)).exit_code(), 1);
    }
}
