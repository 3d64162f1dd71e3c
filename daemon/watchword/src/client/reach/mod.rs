//! From a secret word to a session with its device.
//!
//! Knock (place and KE1), KE2, prove (KE3 and the sealed offer), then answer and candidates sealed, until the control
//! channel is open. A wrong word is never tried again from here: only a person may.

mod knock;
mod prove;
mod refusal;

use super::{
    Failure, ServerAddress, Session,
    known::{Device, Known},
    line::Line,
    output::remark,
    printable,
    text::unended,
    word::meant,
};
use crate::{
    fingerprint::Fingerprint,
    link::{Trust, Verdict},
};
use protocol::{signal::ToServer, word::SecretWord};
use std::sync::Arc;

/// What it takes to reach a device.
#[derive(Clone)]
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
            None => known.trust(&self.server)?,
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

    /// A socket is open: what was seen for the first time is kept.
    fn connected(&self) -> Result<(), Failure> {
        let server = &self.reach.server;
        match (self.reach.fingerprint, self.trust.verdict()) {
            (Some(given), _) => self.known.keep_certificate(server, given),
            (None, Some(Verdict::New(seen))) => {
                self.known.keep_certificate(server, seen)?;
                self.trust.keep(seen);
                remark(&format!(
                    "{server} made its certificate itself; from now on it must be this one (kept in {}):\n  {seen}",
                    self.known.path().display()
                ));
                Ok(())
            }
            (None, Some(Verdict::Signed)) => self.known.keep_signed(server),
            (None, Some(Verdict::Known | Verdict::Changed { .. } | Verdict::Wrong { .. }) | None) => Ok(()),
        }
    }

    /// No socket: whom to trust is never waited for.
    fn disconnected(&mut self, why: &str) -> Result<(), Failure> {
        let server = &self.reach.server;
        match self.trust.verdict() {
            Some(Verdict::Changed { seen }) if self.reach.fingerprint.is_some() => {
                Err(Failure::Failed(format!(
                    "{server} shows another certificate than the one that was given: somebody may be between, or it \
                     made a new one. It shows {seen}"
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
            remark(&format!("{}; waiting for it", unended(&failure(self).to_string())));
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
