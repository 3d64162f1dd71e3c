//! The pass that a device gives a browser which proved the word: shown at the next knock, it has a budget of guesses of
//! its own, so that a stranger who knows the place cannot lock the browser out. It opens nothing by itself.

use crate::{
    bytes::{B64, framed},
    word::Place,
};
use hkdf::hmac::{Hmac, Mac};
use rand::{RngCore, rngs::OsRng};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of the key.
pub const KEY_LEN: usize = 32;
/// Random bytes that name one browser.
pub const ID_LEN: usize = 16;
/// Bytes of a pass: the name, then HMAC-SHA-256 (RFC 2104) over label, place and name.
pub const PASS_LEN: usize = ID_LEN + 32;

const LABEL: &str = "watchword/1 pass";

/// The device's key for its passes, wiped when dropped.
#[derive(Clone)]
pub struct PassKey(Zeroizing<[u8; KEY_LEN]>);

impl PassKey {
    /// A new key from the system's random source.
    #[must_use]
    pub fn generate() -> Self {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        OsRng.fill_bytes(&mut *key);
        Self(key)
    }

    /// The key, to be kept where only the daemon reads.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_vec())
    }

    /// From [`Self::to_bytes`].
    ///
    /// # Errors
    /// Anything but [`KEY_LEN`] bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PassKeyError> {
        let key = <[u8; KEY_LEN]>::try_from(bytes).map_err(|_| PassKeyError(bytes.len()))?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// A new pass for a browser that proved the word of this place.
    #[must_use]
    pub fn issue(&self, place: &Place) -> B64 {
        let mut id = [0; ID_LEN];
        OsRng.fill_bytes(&mut id);
        self.pass(place, id)
    }

    /// The browser's name, if this device gave this pass at this place. The comparison takes constant time.
    #[must_use]
    pub fn verify(&self, place: &Place, pass: &[u8]) -> Option<[u8; ID_LEN]> {
        if pass.len() != PASS_LEN {
            return None;
        }
        let (id, tag) = pass.split_first_chunk::<ID_LEN>()?;
        self.mac(place, id)?.verify_slice(tag).ok()?;
        Some(*id)
    }

    fn pass(&self, place: &Place, id: [u8; ID_LEN]) -> B64 {
        let mut pass = id.to_vec();
        if let Some(mac) = self.mac(place, &id) {
            pass.extend_from_slice(&mac.finalize().into_bytes());
        }
        B64(pass)
    }

    /// None never happens: HMAC takes a key of any length (RFC 2104 section 2).
    fn mac(&self, place: &Place, id: &[u8; ID_LEN]) -> Option<Hmac<Sha256>> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&*self.0).ok()?;
        mac.update(&framed(LABEL, &[place.as_ref().as_bytes(), id]));
        Some(mac)
    }
}

/// The key itself stays unsaid.
impl std::fmt::Debug for PassKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PassKey")
    }
}

/// A stored key that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The key for passes holds {0} bytes instead of {KEY_LEN}: remove it and the device makes a new one \
     (browsers get new passes at their next visit)."
)]
pub struct PassKeyError(pub usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_good_at_its_place_and_device_alone() {
        let (garden, hallway) = (Place::parse("garden").unwrap(), Place::parse("hallway").unwrap());
        let key = PassKey::generate();
        let pass = key.issue(&garden);
        assert_eq!(pass.0.len(), PASS_LEN);
        assert_eq!(key.verify(&garden, &pass.0).unwrap(), pass.0[..ID_LEN]);
        assert_eq!(key.verify(&hallway, &pass.0), None);
        assert_eq!(PassKey::generate().verify(&garden, &pass.0), None);
        for at in 0..PASS_LEN {
            let mut altered = pass.0.clone();
            altered[at] ^= 0x80;
            assert_eq!(key.verify(&garden, &altered), None, "byte {at}");
        }
        assert_eq!(key.verify(&garden, &pass.0[..PASS_LEN - 1]), None);
        assert_eq!(key.verify(&garden, &[]), None);
    }

    #[test]
    fn two_browsers_have_two_names_and_the_key_survives_a_restart() {
        let garden = Place::parse("garden").unwrap();
        let key = PassKey::generate();
        let (one, two) = (key.issue(&garden), key.issue(&garden));
        assert_ne!(one.0[..ID_LEN], two.0[..ID_LEN]);
        let again = PassKey::from_bytes(&key.to_bytes()).unwrap();
        assert!(again.verify(&garden, &one.0).is_some());
        assert_eq!(PassKey::from_bytes(&[1; 5]).unwrap_err(), PassKeyError(5));
    }
}
