//! The device's identity: an Ed25519 key (RFC 8032) that claims places.

use crate::bytes::framed;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rand::rngs::OsRng;
use zeroize::Zeroizing;

/// Bytes of the private key.
pub const PRIVATE_LEN: usize = 32;
/// Bytes of the public key.
pub const PUBLIC_LEN: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// The private key, wiped when dropped.
#[derive(Clone)]
pub struct Identity(SigningKey);

impl Identity {
    /// A new key from the system's random source.
    #[must_use]
    pub fn generate() -> Self {
        Self(SigningKey::generate(&mut OsRng))
    }

    /// The private key (RFC 8032 section 5.1.5), to be kept where only the daemon reads.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.as_bytes().to_vec())
    }

    /// From [`Self::to_bytes`].
    ///
    /// # Errors
    /// Anything but [`PRIVATE_LEN`] bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdentityError> {
        let bytes = <&[u8; PRIVATE_LEN]>::try_from(bytes).map_err(|_| IdentityError(bytes.len()))?;
        Ok(Self(SigningKey::from_bytes(bytes)))
    }

    /// The public key, which a rendezvous keeps beside the place.
    #[must_use]
    pub fn public_key(&self) -> [u8; PUBLIC_LEN] {
        self.0.verifying_key().to_bytes()
    }

    /// Signature over [`claim_bytes`].
    #[must_use]
    pub fn claim(&self, challenge: &[u8], handle: &str, place: &str) -> [u8; SIGNATURE_LEN] {
        self.0.sign(&claim_bytes(challenge, handle, place)).to_bytes()
    }
}

/// The key itself stays unsaid.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// A stored identity that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The identity key holds {0} bytes instead of {PRIVATE_LEN}: restore it from a backup, or remove it \
     and the device makes a new one (its places then belong to the old key)."
)]
pub struct IdentityError(pub usize);

/// What a claim signs: a domain label, then each field with its length in front, so that no two claims share bytes.
#[must_use]
pub fn claim_bytes(challenge: &[u8], handle: &str, place: &str) -> Vec<u8> {
    framed("watchword/1 claim", &[challenge, handle.as_bytes(), place.as_bytes()])
}

/// Whether `signature` is `key`'s over this claim. Strict: keys of small order and signatures that could be rewritten
/// are refused (RFC 8032 section 5.1.7, without its leeway).
#[must_use]
pub fn verify_claim(key: &[u8], signature: &[u8], challenge: &[u8], handle: &str, place: &str) -> bool {
    let Ok(key) = <&[u8; PUBLIC_LEN]>::try_from(key) else { return false };
    let Ok(key) = VerifyingKey::from_bytes(key) else { return false };
    let Ok(signature) = Signature::from_slice(signature) else { return false };
    key.verify_strict(&claim_bytes(challenge, handle, place), &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_for_its_own_words_alone() {
        let identity = Identity::generate();
        let key = identity.public_key();
        let signature = identity.claim(b"challenge", "handle", "garden");
        assert!(verify_claim(&key, &signature, b"challenge", "handle", "garden"));
        assert!(!verify_claim(&key, &signature, b"challenge", "handle", "garde"));
        assert!(!verify_claim(&key, &signature, b"challenge", "handleg", "arden"));
        assert!(!verify_claim(&key, &signature, b"other", "handle", "garden"));
        assert!(!verify_claim(
            &Identity::generate().public_key(),
            &signature,
            b"challenge",
            "handle",
            "garden"
        ));
        for at in 0..SIGNATURE_LEN {
            let mut altered = signature;
            altered[at] ^= 1;
            assert!(!verify_claim(&key, &altered, b"challenge", "handle", "garden"), "byte {at}");
        }
    }

    #[test]
    fn a_key_of_small_order_signs_nothing() {
        // The neutral element as key and as R, with S = 0, satisfies the lenient equation for every message.
        let mut neutral = [0; PUBLIC_LEN];
        neutral[0] = 1;
        let mut signature = [0; SIGNATURE_LEN];
        signature[0] = 1;
        assert!(!verify_claim(&neutral, &signature, b"challenge", "handle", "garden"));
    }

    #[test]
    fn a_key_comes_back_from_its_bytes() {
        let identity = Identity::generate();
        let again = Identity::from_bytes(&identity.to_bytes()).unwrap();
        assert_eq!(identity.public_key(), again.public_key());
        assert_eq!(Identity::from_bytes(&[0; 31]).unwrap_err(), IdentityError(31));
    }

    #[test]
    fn wrong_lengths_are_no_claims() {
        let identity = Identity::generate();
        let signature = identity.claim(b"c", "h", "garden");
        assert!(!verify_claim(&[], &signature, b"c", "h", "garden"));
        assert!(!verify_claim(&identity.public_key(), &signature[..63], b"c", "h", "garden"));
    }
}
