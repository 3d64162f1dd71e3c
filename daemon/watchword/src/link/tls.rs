//! TLS towards a rendezvous, with whom to trust put into practice.

use super::trust::Trust;
use anyhow::{Result, bail};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{io, sync::Arc};

/// TLS for a rendezvous that shows a certificate to trust.
pub(super) fn client(trust: Arc<Trust>) -> Result<Arc<ClientConfig>> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let (useful, needed) = trust.asks_authorities();
    let roots = if useful { system_roots() } else { RootCertStore::empty() };
    if needed && roots.is_empty() {
        bail!(
            "no certificate authorities on this system: install ca-certificates, or give the server's fingerprint \
             (`fingerprint` in [rendezvous], or --fingerprint)"
        );
    }
    let authorities = match roots.is_empty() {
        true => None,
        false => {
            Some(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?)
        }
    };
    let verifier = Arc::new(Verifier { trust, authorities, provider });
    Ok(Arc::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    roots
}

/// What a failed handshake is in plain words, where there are some.
pub(super) fn plain(error: io::Error) -> io::Error {
    let plain = match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        // What [`Trust`] says.
        Some(Error::General(sentence)) => sentence.clone(),
        Some(Error::InvalidMessage(_)) => {
            "what answers there speaks another protocol (is the port right?)".into()
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof => "it hung up (is the port right?)".into(),
        Some(_) | None => return error,
    };
    io::Error::new(error.kind(), plain)
}

/// Leaves the certificate to [`Trust`]. The handshake's signature is verified as always, so the other end must hold the
/// certificate's key.
#[derive(Debug)]
struct Verifier {
    trust: Arc<Trust>,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
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
        let shown = (intermediates, server_name, ocsp_response, now);
        self.trust.judge(self.authorities.as_deref(), end_entity, shown)?;
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
