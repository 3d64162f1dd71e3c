//! Certificate and key: given, or made at the first run and kept.

use crate::{error::ServeError, settings::Tls};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    sync::Arc,
};
use zeroize::Zeroizing;

/// File of the self-signed certificate in its folder.
pub(crate) const CERTIFICATE_FILE: &str = "certificate.pem";
/// File of its key, mode 0600.
pub(crate) const KEY_FILE: &str = "key.pem";

/// What a TLS handshake needs.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    /// SHA-256 of the leaf certificate, in hexadecimal with colons.
    pub(crate) fingerprint: String,
}

/// Loads, or makes, the certificate; `None` for plain HTTP.
pub(crate) fn load(tls: &Tls, names: &[String]) -> Result<Option<Identity>, ServeError> {
    match tls {
        Tls::PlainLoopback => Ok(None),
        Tls::Files { certificate, key } => identity(certificate, key).map(Some),
        Tls::SelfSigned { directory } => {
            let (certificate, key) = (directory.join(CERTIFICATE_FILE), directory.join(KEY_FILE));
            if !certificate.exists() || !key.exists() {
                make(directory, &certificate, &key, names)?;
            }
            identity(&certificate, &key).map(Some)
        }
    }
}

/// Whether a server could use this certificate (a chain, its own first) and key, as PEM files. It makes nothing.
///
/// # Errors
/// [`ServeError::Certificate`]: what is wrong with which of the two.
pub fn certificate_fits(certificate: &Path, key: &Path) -> Result<(), ServeError> {
    identity(certificate, key).map(drop)
}

fn identity(certificate: &Path, key: &Path) -> Result<Identity, ServeError> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable("the certificate", certificate, error))?;
    let Some(leaf) = chain.first() else {
        let reason = "it holds no CERTIFICATE block; give the chain as PEM, the server's own first";
        return Err(unusable("the certificate", certificate, reason));
    };
    let fingerprint = fingerprint(leaf);
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("the key", key, error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("the certificate", certificate, error))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| unusable("the key", key, format!("{error}; it must be the certificate's own")))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Stateless: who comes back saves a signature, and the server keeps nothing for it.
    config.ticketer =
        ring::Ticketer::new().map_err(|error| unusable("the certificate", certificate, error))?;
    Ok(Identity { config: Arc::new(config), fingerprint })
}

fn unusable(what: &'static str, path: &Path, reason: impl ToString) -> ServeError {
    ServeError::Certificate { what, path: path.to_owned(), reason: reason.to_string() }
}

fn fingerprint(certificate: &[u8]) -> String {
    let octets: Vec<String> = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    octets.join(":")
}

/// Makes an ECDSA P-256 certificate for this host's names. Valid from 2000, because a board has no clock before NTP.
fn make(directory: &Path, certificate: &Path, key: &Path, names: &[String]) -> Result<(), ServeError> {
    let failed = |error: rcgen::Error| ServeError::MakeCertificate(error.to_string());
    let state = |path: &Path| {
        let path = path.to_owned();
        move |reason| ServeError::State { path, reason }
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(state(directory))?;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).map_err(state(directory))?;

    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let mut parameters = CertificateParams::new(all_names(names)).map_err(failed)?;
    parameters.not_before = date_time_ymd(2000, 1, 1);
    parameters.not_after = date_time_ymd(2049, 12, 31);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, host_name().unwrap_or_else(|| "watchword".to_owned()));
    parameters.distinguished_name = subject;
    let made = parameters.self_signed(&pair).map_err(failed)?;

    write_whole(directory, key, Zeroizing::new(pair.serialize_pem()).as_bytes(), 0o600)
        .map_err(state(key))?;
    write_whole(directory, certificate, made.pem().as_bytes(), 0o644).map_err(state(certificate))
}

/// Under its final name the file is whole and on disk, or not there.
fn write_whole(directory: &Path, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file =
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(mode)).tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    fs::File::open(directory)?.sync_all()
}

/// localhost, the host's name with and without `.local`, its addresses, and the names given; each once. What cannot
/// stand in a certificate is left out with a warning.
fn all_names(given: &[String]) -> Vec<String> {
    let mut names: BTreeSet<String> =
        given.iter().map(|name| name.trim_matches(['[', ']']).to_owned()).collect();
    names.insert("localhost".to_owned());
    if let Some(host) = host_name() {
        names.insert(format!("{}.local", host.split('.').next().unwrap_or(&host)));
        names.insert(host);
    }
    names.extend(addresses());
    names.retain(|name| {
        let fits = name.is_ascii() && !name.is_empty();
        if !fits {
            log::warn!(
                "a name cannot stand in a certificate and is left out: {name:?} (write it in punycode)"
            );
        }
        fits
    });
    names.into_iter().collect()
}

fn host_name() -> Option<String> {
    nix::unistd::gethostname().ok()?.into_string().ok().filter(|name| !name.is_empty())
}

fn addresses() -> Vec<String> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return vec!["127.0.0.1".into(), "::1".into()] };
    let of = |address: nix::sys::socket::SockaddrStorage| {
        let v4 = address.as_sockaddr_in().map(|v4| v4.ip().to_string());
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| v6.ip().to_string()))
    };
    interfaces.filter_map(|interface| interface.address.and_then(of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_kept_safely() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("tls");
        let tls = Tls::SelfSigned { directory: directory.clone() };
        let names =
            ["garden.example".to_owned(), "192.0.2.1".to_owned(), "[2001:db8::1]".to_owned(), "ä".to_owned()];
        let first = load(&tls, &names).unwrap().unwrap().fingerprint;
        assert_eq!(first, load(&tls, &[]).unwrap().unwrap().fingerprint);
        assert_eq!(first.len(), 32 * 3 - 1);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&directory.join(KEY_FILE)), 0o600);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2, "nothing half-written is left");
        fs::remove_file(directory.join(CERTIFICATE_FILE)).unwrap();
        assert_ne!(first, load(&tls, &[]).unwrap().unwrap().fingerprint);
    }

    #[test]
    fn files_that_are_no_certificate_are_named() {
        let scratch = tempfile::tempdir().unwrap();
        let (certificate, key) = (scratch.path().join("c.pem"), scratch.path().join("k.pem"));
        let tls = Tls::Files { certificate: certificate.clone(), key: key.clone() };
        let error = |tls: &Tls| load(tls, &[]).err().unwrap().to_string();
        assert!(error(&tls).contains("c.pem"), "missing");
        fs::write(&certificate, "nothing").unwrap();
        assert!(error(&tls).contains("CERTIFICATE block"));
        let (one, other) = (scratch.path().join("1"), scratch.path().join("2"));
        for directory in [&one, &other] {
            load(&Tls::SelfSigned { directory: directory.clone() }, &[]).unwrap();
        }
        let mixed = Tls::Files { certificate: one.join(CERTIFICATE_FILE), key: other.join(KEY_FILE) };
        assert!(error(&mixed).contains("must be the certificate's own"), "{}", error(&mixed));
    }
}
