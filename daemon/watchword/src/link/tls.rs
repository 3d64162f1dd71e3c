//! TLS towards a rendezvous, with whom to trust put into practice.

use super::trust::{FirstUse, Trust, of};
use crate::fingerprint::Fingerprint;
use anyhow::Result;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::sync::Arc;

/// TLS for a rendezvous that shows a certificate to trust.
pub(super) fn client(trust: &Trust) -> Result<Arc<ClientConfig>> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let judge = match trust {
        #[cfg(feature = "device")]
        Trust::Authorities => {
            let roots = system_roots();
            if roots.is_empty() {
                anyhow::bail!(
                    "no certificate authorities on this system: install ca-certificates, or give the server's \
                     fingerprint as `fingerprint` in [rendezvous]"
                );
            }
            return Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()));
        }
        Trust::Certificate(fingerprint) => Judge::One(*fingerprint),
        Trust::FirstUse(first_use) => {
            let roots = Arc::new(system_roots());
            let authorities = match roots.is_empty() {
                true => None,
                false => Some(WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build()?),
            };
            Judge::FirstUse { first_use: first_use.clone(), authorities }
        }
    };
    let verifier = Arc::new(Verifier { judge, provider });
    Ok(Arc::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    roots
}

/// Judges the certificate itself. The handshake's signature is verified as always, so the other end must hold the
/// certificate's key.
#[derive(Debug)]
struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Judge {
    One(Fingerprint),
    FirstUse { first_use: Arc<FirstUse>, authorities: Option<Arc<WebPkiServerVerifier>> },
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.judge {
            Judge::One(fingerprint) if of(end_entity) == *fingerprint => {}
            Judge::One(_) => {
                return Err(Error::General(format!(
                    "its certificate has another fingerprint than was given: somebody may be between, or the server \
                     made a new certificate; it shows {}",
                    of(end_entity)
                )));
            }
            Judge::FirstUse { first_use, authorities } => {
                let shown = (intermediates, server_name, ocsp_response, now);
                first_use.judge(authorities.as_deref(), end_entity, shown)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
