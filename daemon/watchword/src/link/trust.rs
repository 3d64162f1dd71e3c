//! Whom this end trusts as its rendezvous.

use crate::fingerprint::Fingerprint;
use rustls::{
    CertificateError, Error,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, Mutex, PoisonError};

/// Whose certificate is taken, and what became of the one that was shown.
#[derive(Debug)]
pub(crate) struct Trust {
    known: Mutex<Option<Fingerprint>>,
    /// What an authority of this system signed is taken.
    signed: bool,
    /// What nobody signed is taken where none is known.
    new: bool,
    verdict: Mutex<Option<Verdict>>,
}

/// What became of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Taken: an authority signed it.
    Signed,
    /// Taken: nobody signed it, and there is nothing to compare it with. To be remembered.
    New(Fingerprint),
    /// Taken: it is the one that is known.
    Known,
    /// Refused: it is another than the one that is known.
    Changed {
        /// What was shown.
        seen: Fingerprint,
    },
    /// Refused: an authority signed it, but not for this name, or not for now.
    Wrong {
        /// What was shown.
        seen: Fingerprint,
        /// Why it cannot be taken.
        why: String,
    },
}

impl Verdict {
    fn problem(&self) -> Option<String> {
        match self {
            Self::Signed | Self::New(_) | Self::Known => None,
            Self::Changed { seen } => Some(format!(
                "its certificate has another fingerprint than the one that is known here: somebody may be between, or \
                 the server made a new certificate (then give its fingerprint, {seen})"
            )),
            Self::Wrong { seen, why } => {
                Some(format!("its certificate is not trusted: {why} (its fingerprint is {seen})"))
            }
        }
    }
}

impl Trust {
    /// What an authority of this system signed.
    pub(crate) fn authorities() -> Arc<Self> {
        Self::new(None, true, false)
    }

    /// This one alone, whatever its names and dates: a board has no clock before NTP.
    pub(crate) fn certificate(fingerprint: Fingerprint) -> Arc<Self> {
        Self::new(Some(fingerprint), false, false)
    }

    /// What an authority signed, or the one that this server showed before; whatever it shows, where it never did. Who is
    /// between at that time sees places and times, but neither the word nor what is said (the word proves the other
    /// end).
    pub(crate) fn first_use(known: Option<Fingerprint>) -> Arc<Self> {
        Self::new(known, true, true)
    }

    fn new(known: Option<Fingerprint>, signed: bool, new: bool) -> Arc<Self> {
        Arc::new(Self { known: Mutex::new(known), signed, new, verdict: Mutex::new(None) })
    }

    /// What became of the certificate that was shown last; `None` before one was.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on it must be this one.
    pub(crate) fn keep(&self, fingerprint: Fingerprint) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(fingerprint);
    }

    fn known(&self) -> Option<Fingerprint> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether authorities are of use, and whether nothing else is.
    pub(super) fn asks_authorities(&self) -> (bool, bool) {
        (self.signed, self.signed && !self.new && self.known().is_none())
    }

    /// Judges what a server shows, and keeps the verdict.
    pub(super) fn judge(
        &self,
        authorities: Option<&WebPkiServerVerifier>,
        certificate: &CertificateDer<'_>,
        (chain, name, staple, now): (&[CertificateDer<'_>], &ServerName<'_>, &[u8], UnixTime),
    ) -> Result<(), Error> {
        let signed = match authorities {
            Some(authorities) if self.signed => {
                authorities.verify_server_cert(certificate, chain, name, staple, now)
            }
            Some(_) | None => Err(CertificateError::UnknownIssuer.into()),
        };
        let verdict = self.verdict_on(of(certificate), signed.err());
        let problem = verdict.problem();
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        problem.map_or(Ok(()), |problem| Err(Error::General(problem)))
    }

    fn verdict_on(&self, seen: Fingerprint, wrong: Option<Error>) -> Verdict {
        match (wrong, self.known()) {
            (None, _) => Verdict::Signed,
            (Some(_), Some(known)) if known == seen => Verdict::Known,
            (Some(_), Some(_)) => Verdict::Changed { seen },
            (Some(error), None) if self.new && self_made(&error) => Verdict::New(seen),
            (Some(error), None) => Verdict::Wrong { seen, why: plain(&error) },
        }
    }
}

/// Why a certificate is not taken, in plain words where there are some.
fn plain(error: &Error) -> String {
    use CertificateError as E;
    let Error::InvalidCertificate(problem) = error else { return error.to_string() };
    match problem {
        E::UnknownIssuer => "no authority that this system knows signed it".to_owned(),
        E::Expired | E::ExpiredContext { .. } => "its time is over (or the clock here is wrong)".to_owned(),
        E::NotValidYet | E::NotValidYetContext { .. } => {
            "its time has not begun (or the clock here is wrong)".to_owned()
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => "it is for another name".to_owned(),
        E::Revoked => "who signed it has revoked it".to_owned(),
        _ if self_made(error) => "its server made it itself".to_owned(),
        _ => error.to_string(),
    }
}

/// A certificate's fingerprint.
fn of(certificate: &CertificateDer<'_>) -> Fingerprint {
    Fingerprint(Sha256::digest(certificate).into())
}

/// Whether the certificate is nobody's but its server's own. (A self-signed one that is marked as an authority is
/// refused under another name than one that is not.)
fn self_made(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.to_string().contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_visit_is_remembered_and_a_change_is_refused() {
        let (one, other) = (Fingerprint([1; 32]), Fingerprint([2; 32]));
        let unsigned = || Some(Error::from(CertificateError::UnknownIssuer));
        let late = || Some(Error::from(CertificateError::Expired));
        let (new, known) = (Trust::first_use(None), Trust::first_use(Some(one)));
        assert_eq!(new.verdict_on(one, unsigned()), Verdict::New(one));
        assert_eq!(new.verdict_on(one, None), Verdict::Signed);
        for trust in [&new, &Trust::authorities()] {
            assert!(matches!(trust.verdict_on(one, late()), Verdict::Wrong { seen, .. } if seen == one));
        }
        let nobody = Trust::authorities().verdict_on(one, unsigned());
        assert!(matches!(nobody, Verdict::Wrong { seen, .. } if seen == one));
        new.keep(one);
        assert_eq!(new.verdict_on(other, unsigned()), Verdict::Changed { seen: other }, "also in one visit");
        assert_eq!(known.verdict_on(one, unsigned()), Verdict::Known);
        assert_eq!(known.verdict_on(one, late()), Verdict::Known);
        assert_eq!(known.verdict_on(other, unsigned()), Verdict::Changed { seen: other });
        assert_eq!(known.verdict_on(other, late()), Verdict::Changed { seen: other });
        assert_eq!(known.verdict_on(other, None), Verdict::Signed, "the server got a real certificate");
    }

    #[test]
    fn why_a_certificate_is_not_taken_is_said_in_plain_words() {
        let why = |problem| match Trust::authorities()
            .verdict_on(Fingerprint([1; 32]), Some(Error::from(problem)))
        {
            Verdict::Wrong { why, .. } => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why(CertificateError::UnknownIssuer), "no authority that this system knows signed it");
        assert!(why(CertificateError::Expired).contains("clock"));
        let own = rustls::OtherError(Arc::new(std::io::Error::other("CaUsedAsEndEntity")));
        assert_eq!(why(CertificateError::Other(own)), "its server made it itself");
        let other = CertificateError::BadSignature;
        assert_eq!(why(other.clone()), Error::from(other).to_string());
    }

    #[test]
    fn what_was_told_beforehand_counts_alone() {
        let certificate = CertificateDer::from(vec![1, 2, 3]);
        let name = ServerName::try_from("localhost").unwrap();
        let judged = |fingerprint| {
            let told = Trust::certificate(fingerprint);
            let taken = told.judge(
                None,
                &certificate,
                (&[], &name, &[], UnixTime::since_unix_epoch(Default::default())),
            );
            (taken.is_ok(), told.verdict())
        };
        assert_eq!(judged(of(&certificate)), (true, Some(Verdict::Known)));
        assert_eq!(judged(Fingerprint([1; 32])), (false, Some(Verdict::Changed { seen: of(&certificate) })));
    }
}
