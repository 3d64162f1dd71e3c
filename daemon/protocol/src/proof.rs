//! The proof of the secret word: OPAQUE (RFC 9807) through the rendezvous, which learns nothing from it.
//!
//! OPAQUE-3DH with ristretto255-SHA512 and Argon2id (version 19, 64 MiB, 3 passes, 4 lanes, salt of 16 zero bytes,
//! 64 bytes out); password = the normalised phrase, credential identifier = the place, identities = the public keys,
//! empty context. The device holds a [`Record`], not the word.

use crate::word::{Place, SecretWord};
use argon2::{Algorithm, Argon2, Params};
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialFinalization, CredentialRequest, CredentialResponse,
    Identifiers, Ristretto255, ServerLogin, ServerLoginParameters, ServerRegistration, TripleDh,
    errors::ProtocolError,
};
use rand::rngs::OsRng;
use sha2::Sha512;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of [`ServerSetup::to_bytes`].
pub const SETUP_LEN: usize = 128;
/// Bytes of [`Record::to_bytes`].
pub const RECORD_LEN: usize = 192;
/// Bytes of KE1 (RFC 9807 section 6.3), viewer to device.
pub const KE1_LEN: usize = 96;
/// Bytes of KE2, device to viewer.
pub const KE2_LEN: usize = 320;
/// Bytes of KE3, viewer to device.
pub const KE3_LEN: usize = 64;
/// Bytes of the session key.
pub const SESSION_KEY_LEN: usize = 64;
/// Bytes of the device's public key, which a viewer pins.
pub const DEVICE_KEY_LEN: usize = 32;

struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, Sha512>;
    type Ksf = Argon2<'static>;
}

/// The device's long-term secrets for all its words, wiped when dropped. Without them its records are worthless.
pub struct ServerSetup(opaque_ke::ServerSetup<Suite>);

impl ServerSetup {
    /// New secrets from the system's random source.
    #[must_use]
    pub fn generate() -> Self {
        Self(opaque_ke::ServerSetup::new(&mut OsRng))
    }

    /// The secrets, to be kept where only the daemon reads.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.serialize().to_vec())
    }

    /// From [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        exactly(bytes, SETUP_LEN, "device setup")?;
        opaque_ke::ServerSetup::deserialize(bytes)
            .map(Self)
            .map_err(|_| ProofError::Malformed("device setup"))
    }

    /// The public key that a viewer pins after its first visit, [`DEVICE_KEY_LEN`] bytes.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.0.keypair().public().serialize().to_vec()
    }
}

impl std::fmt::Debug for ServerSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerSetup")
    }
}

/// What the device keeps of one secret word: enough to check it, not to say it. (Who steals record and setup can guess
/// the word offline, at Argon2id's price a guess.)
#[derive(Clone)]
pub struct Record(ServerRegistration<Suite>);

impl Record {
    /// Registers a word, both roles of RFC 9807 section 5 in one place. Takes some 0.2 s and 64 MiB for Argon2id.
    ///
    /// # Errors
    /// [`ProofError::Internal`] when the memory for Argon2id cannot be had.
    pub fn register(setup: &ServerSetup, word: &SecretWord) -> Result<Self, ProofError> {
        let password = word.phrase().as_bytes();
        let viewer = ClientRegistration::<Suite>::start(&mut OsRng, password)?;
        let place = word.place().as_ref().as_bytes();
        let device = ServerRegistration::start(&setup.0, viewer.message, place)?;
        let stretching = stretching()?;
        let parameters = ClientRegistrationFinishParameters::new(Identifiers::default(), Some(&stretching));
        let upload = viewer.state.finish(&mut OsRng, password, device.message, parameters)?;
        Ok(Self(ServerRegistration::finish(upload.message)))
    }

    /// For the device's state file.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.serialize().to_vec())
    }

    /// From [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        exactly(bytes, RECORD_LEN, "record of a word")?;
        ServerRegistration::deserialize(bytes)
            .map(Self)
            .map_err(|_| ProofError::Malformed("record of a word"))
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Record")
    }
}

/// The device's side of one login, between KE2 and KE3.
pub struct DeviceLogin(ServerLogin<Suite>);

impl DeviceLogin {
    /// Answers KE1 with KE2. Without a record a fake one answers, which no word opens: who knocks cannot tell
    /// (RFC 9807 section 6.3.2.2).
    ///
    /// # Errors
    /// [`ProofError::Malformed`] for a KE1 that is none.
    pub fn start(
        setup: &ServerSetup,
        record: Option<&Record>,
        place: &Place,
        ke1: &[u8],
    ) -> Result<(Self, Vec<u8>), ProofError> {
        exactly(ke1, KE1_LEN, "KE1")?;
        let request = CredentialRequest::deserialize(ke1).map_err(|_| ProofError::Malformed("KE1"))?;
        let started = ServerLogin::start(
            &mut OsRng,
            &setup.0,
            record.map(|record| record.0.clone()),
            request,
            place.as_ref().as_bytes(),
            ServerLoginParameters::default(),
        )?;
        Ok((Self(started.state), started.message.serialize().to_vec()))
    }

    /// Checks KE3: what comes back is the session key that the viewer has too.
    ///
    /// # Errors
    /// [`ProofError::WrongWord`], or [`ProofError::Malformed`] for a KE3 that is none.
    pub fn finish(self, ke3: &[u8]) -> Result<SessionKey, ProofError> {
        exactly(ke3, KE3_LEN, "KE3")?;
        let finalization =
            CredentialFinalization::deserialize(ke3).map_err(|_| ProofError::Malformed("KE3"))?;
        let finished = self.0.finish(finalization, ServerLoginParameters::default())?;
        SessionKey::from_bytes(&finished.session_key)
    }
}

/// The viewer's side of one login, between KE1 and KE2.
pub struct ViewerLogin {
    state: ClientLogin<Suite>,
    word: SecretWord,
}

impl ViewerLogin {
    /// Begins with KE1.
    ///
    /// # Errors
    /// [`ProofError::Internal`].
    pub fn start(word: &SecretWord) -> Result<(Self, Vec<u8>), ProofError> {
        let started = ClientLogin::start(&mut OsRng, word.phrase().as_bytes())?;
        let ke1 = started.message.serialize().to_vec();
        Ok((Self { state: started.state, word: word.clone() }, ke1))
    }

    /// Checks KE2: whether the device knows this word. Takes some 0.2 s and 64 MiB for Argon2id.
    ///
    /// # Errors
    /// [`ProofError::WrongWord`] (also when it is another device that answers), [`ProofError::Malformed`] for a KE2
    /// that is none, [`ProofError::Internal`] when the memory for Argon2id cannot be had.
    pub fn finish(self, ke2: &[u8]) -> Result<ViewerProof, ProofError> {
        exactly(ke2, KE2_LEN, "KE2")?;
        let response = CredentialResponse::deserialize(ke2).map_err(|_| ProofError::Malformed("KE2"))?;
        let stretching = stretching()?;
        let parameters = ClientLoginFinishParameters::new(None, Identifiers::default(), Some(&stretching));
        let finished = self.state.finish(&mut OsRng, self.word.phrase().as_bytes(), response, parameters)?;
        Ok(ViewerProof {
            session_key: SessionKey::from_bytes(&finished.session_key)?,
            ke3: finished.message.serialize().to_vec(),
            device_key: finished.server_s_pk.serialize().to_vec(),
        })
    }
}

/// What a viewer has once KE2 was the right device's.
#[derive(Debug)]
pub struct ViewerProof {
    /// Shared with the device from now on.
    pub session_key: SessionKey,
    /// For the device, in `prove`.
    pub ke3: Vec<u8>,
    /// The device's public key: pin it, warn when it changes.
    pub device_key: Vec<u8>,
}

/// The key that both ends share after a proof, wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionKey([u8; SESSION_KEY_LEN]);

impl SessionKey {
    /// From [`SESSION_KEY_LEN`] bytes.
    ///
    /// # Errors
    /// [`ProofError::Malformed`] for another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        <[u8; SESSION_KEY_LEN]>::try_from(bytes).map(Self).map_err(|_| ProofError::Malformed("session key"))
    }

    /// The bytes; keep them out of logs and files.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey")
    }
}

/// Why a proof failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The word is not this device's.
    #[error("This is not the secret word of this device: check its parts and try again.")]
    WrongWord,
    /// Bytes that are not what they should be; says which.
    #[error("The {0} is damaged or not of this version of Watchword.")]
    Malformed(&'static str),
    /// Nothing that the other side did.
    #[error(
        "The secret word could not be worked on ({0}): the machine may be short of memory (64 MiB are needed)."
    )]
    Internal(String),
}

impl From<ProtocolError> for ProofError {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::InvalidLoginError => Self::WrongWord,
            ProtocolError::LibraryError(error) => Self::Internal(error.to_string()),
            ProtocolError::SerializationError | ProtocolError::ReflectedValueError => {
                Self::Malformed("proof message")
            }
            ProtocolError::SizeError { name, .. } => Self::Malformed(name),
            ProtocolError::Custom(never) => match never {},
        }
    }
}

/// Lengths are checked here: the library ignores bytes beyond what it reads.
fn exactly(bytes: &[u8], len: usize, what: &'static str) -> Result<(), ProofError> {
    if bytes.len() == len { Ok(()) } else { Err(ProofError::Malformed(what)) }
}

/// Argon2id as RFC 9106 section 4 recommends it where memory is short: 64 MiB, 3 passes, 4 lanes.
fn stretching() -> Result<Argon2<'static>, ProofError> {
    let parameters =
        Params::new(64 * 1024, 3, 4, None).map_err(|error| ProofError::Internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, argon2::Version::V0x13, parameters))
}

/// States as bytes, so that the recorded run can be replayed.
#[cfg(test)]
mod replay {
    use super::{DeviceLogin, SecretWord, ViewerLogin};

    impl ViewerLogin {
        pub(crate) fn state_bytes(&self) -> Vec<u8> {
            self.state.serialize().to_vec()
        }

        pub(crate) fn from_state(bytes: &[u8], word: SecretWord) -> Self {
            Self { state: opaque_ke::ClientLogin::deserialize(bytes).unwrap(), word }
        }
    }

    impl DeviceLogin {
        pub(crate) fn state_bytes(&self) -> Vec<u8> {
            self.0.serialize().to_vec()
        }

        pub(crate) fn from_state(bytes: &[u8]) -> Self {
            Self(opaque_ke::ServerLogin::deserialize(bytes).unwrap())
        }
    }
}
