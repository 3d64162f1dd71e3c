//! Whom this end trusts as its rendezvous.

use crate::fingerprint::Fingerprint;
use rustls::{
    CertificateError, Error,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, Mutex, PoisonError};

/// Whose certificate is taken.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// One that an authority of this system signed.
    #[cfg(feature = "device")]
    Authorities,
    /// This one, whatever its names and dates: a board has no clock before NTP.
    Certificate(Fingerprint),
    /// One that an authority signed, or else the one that this server showed at the first visit.
    FirstUse(Arc<FirstUse>),
}

/// What a server showed, against what it showed at the first visit. A first visit is trusted as such: who is between
/// at that time sees places and times, but neither the word nor what is said (the word proves the other end).
#[derive(Debug)]
pub(crate) struct FirstUse {
    known: Option<Fingerprint>,
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
        /// What was shown now.
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
    fn good(&self) -> bool {
        matches!(self, Self::Signed | Self::New(_) | Self::Known)
    }
}

impl FirstUse {
    /// For a server that showed this certificate before, if it was ever visited.
    pub(crate) fn new(known: Option<Fingerprint>) -> Arc<Self> {
        Arc::new(Self { known, verdict: Mutex::new(None) })
    }

    /// What became of the certificate that was shown last; `None` before one was.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Judges what a server shows, and keeps the verdict.
    pub(super) fn judge(
        &self,
        authorities: Option<&WebPkiServerVerifier>,
        certificate: &CertificateDer<'_>,
        (chain, name, staple, now): (&[CertificateDer<'_>], &ServerName<'_>, &[u8], UnixTime),
    ) -> Result<(), Error> {
        let seen = of(certificate);
        let signed = match authorities {
            Some(authorities) => authorities.verify_server_cert(certificate, chain, name, staple, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        let verdict = self.verdict_on(seen, signed.err());
        let taken = verdict.good();
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        if taken { Ok(()) } else { Err(Error::General("its certificate is not trusted".into())) }
    }

    fn verdict_on(&self, seen: Fingerprint, wrong: Option<Error>) -> Verdict {
        match (wrong, self.known) {
            (None, _) => Verdict::Signed,
            (Some(_), Some(known)) if known == seen => Verdict::Known,
            (Some(_), Some(_)) => Verdict::Changed { seen },
            (Some(error), None) if self_made(&error) => Verdict::New(seen),
            (Some(error), None) => Verdict::Wrong { seen, why: error.to_string() },
        }
    }
}

/// A certificate's fingerprint.
pub(super) fn of(certificate: &CertificateDer<'_>) -> Fingerprint {
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
        let (new, known) = (FirstUse::new(None), FirstUse::new(Some(one)));
        assert_eq!(new.verdict_on(one, unsigned()), Verdict::New(one));
        assert_eq!(new.verdict_on(one, None), Verdict::Signed);
        assert!(matches!(new.verdict_on(one, late()), Verdict::Wrong { seen, .. } if seen == one));
        assert_eq!(known.verdict_on(one, unsigned()), Verdict::Known);
        assert_eq!(known.verdict_on(one, late()), Verdict::Known);
        assert_eq!(known.verdict_on(other, unsigned()), Verdict::Changed { seen: other });
        assert_eq!(known.verdict_on(other, late()), Verdict::Changed { seen: other });
        assert_eq!(known.verdict_on(other, None), Verdict::Signed, "the server got a real certificate");
    }
}
