//! Sealing: what viewer and device say to each other through the rendezvous once the word is proved.
//!
//! One AES-256-GCM key a direction (NIST SP 800-38D), from the session key by HKDF-SHA-256 (RFC 5869) with everything
//! that names the session as context. The nonce is a counter that is not sent: a message that is altered, repeated,
//! left out, out of order, or of another session does not open, and then nothing does any more.

use crate::{bytes::framed, proof::SessionKey, sealed::Sealed};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, aead::Aead};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Longest plaintext, bytes: sealed and in base64url it still fits [`crate::signal::MAX_MESSAGE`] with its envelope.
pub const MAX_PLAINTEXT: usize = 46 * 1024;
/// Bytes that sealing adds.
pub const TAG_LEN: usize = 16;
/// Messages that one direction of one session may carry: below the bound at which RFC 8446 section 5.5 asks for new
/// keys (2^24.5 records), and far above what a session's signaling needs.
pub const MAX_MESSAGES: u64 = 1 << 24;

const LABEL: &str = "watchword/1 seal";

/// What names a session. Both ends must have the same, or nothing opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The place that was knocked at.
    pub place: String,
    /// Handle of the viewer's socket.
    pub viewer: String,
    /// Handle of the device's socket.
    pub device: String,
    /// Id of the session.
    pub session: String,
}

/// Which end this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Came with the word.
    Viewer,
    /// Holds its record.
    Device,
}

/// The two halves of one end's channel.
#[must_use]
pub fn channel(key: &SessionKey, context: &Context, role: Role) -> (Sealer, Opener) {
    let other = match role {
        Role::Viewer => Role::Device,
        Role::Device => Role::Viewer,
    };
    (
        Sealer { cipher: cipher(key, context, role), counter: 0 },
        Opener { cipher: Some(cipher(key, context, other)), counter: 0 },
    )
}

/// Seals what this end sends, in the order in which it will arrive.
pub struct Sealer {
    cipher: Aes256Gcm,
    counter: u64,
}

impl Sealer {
    /// Ciphertext and tag.
    ///
    /// # Errors
    /// [`SealError::TooLong`], [`SealError::Exhausted`]; neither uses up a place in the order.
    pub fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        if plaintext.len() > MAX_PLAINTEXT {
            return Err(SealError::TooLong);
        }
        if self.counter >= MAX_MESSAGES {
            return Err(SealError::Exhausted);
        }
        let sealed = self.cipher.encrypt(&nonce(self.counter), plaintext).map_err(|_| SealError::TooLong)?;
        self.counter += 1;
        Ok(sealed)
    }

    /// A message as JSON, sealed.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_message(&mut self, message: &Sealed) -> Result<Vec<u8>, SealError> {
        let json = serde_json::to_vec(message).map_err(|_| SealError::Malformed)?;
        self.seal(&json)
    }
}

/// Opens what the other end sent, in its order.
pub struct Opener {
    /// None once something did not open.
    cipher: Option<Aes256Gcm>,
    counter: u64,
}

impl Opener {
    /// The plaintext of the next message.
    ///
    /// # Errors
    /// [`SealError::Forged`] for anything but the next message of the other end; from then on always.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let opened = self.try_open(sealed);
        match opened {
            Some(_) => self.counter += 1,
            None => self.cipher = None,
        }
        opened.ok_or(SealError::Forged)
    }

    /// The next message.
    ///
    /// # Errors
    /// As [`Self::open`], and [`SealError::Malformed`] for one that opened and is no message that this version knows:
    /// the next may still be one.
    pub fn open_message(&mut self, sealed: &[u8]) -> Result<Sealed, SealError> {
        let json = self.open(sealed)?;
        serde_json::from_slice(&json).map_err(|_| SealError::Malformed)
    }

    fn try_open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        if sealed.len() > MAX_PLAINTEXT + TAG_LEN || self.counter >= MAX_MESSAGES {
            return None;
        }
        self.cipher.as_ref()?.decrypt(&nonce(self.counter), sealed).ok()
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("counter", &self.counter).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener").field("counter", &self.counter).finish_non_exhaustive()
    }
}

/// Why a message cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More than [`MAX_PLAINTEXT`].
    #[error("A message to the other end may hold at most {MAX_PLAINTEXT} bytes.")]
    TooLong,
    /// [`MAX_MESSAGES`] were sent.
    #[error("This session has sent all the messages that its keys allow: connect again.")]
    Exhausted,
    /// Not the other end's next message.
    #[error(
        "A message was altered, lost or repeated on its way, or is not from the other end: the session ends. Connect again."
    )]
    Forged,
    /// Opened, but not a message of this version.
    #[error(
        "The other end sent a message that this version of Watchword does not know: bring both to the same version."
    )]
    Malformed,
}

/// The cipher of the direction in which `sender` sends.
fn cipher(key: &SessionKey, context: &Context, sender: Role) -> Aes256Gcm {
    let info = info(context, sender);
    let mut derived = Zeroizing::new([0; 32]);
    // 32 bytes are one block of SHA-256: expand refuses only more than 255 of them (RFC 5869 section 2.3).
    let expanded = Hkdf::<Sha256>::new(None, key.as_bytes()).expand(&info, &mut *derived);
    debug_assert!(expanded.is_ok());
    Aes256Gcm::new((&*derived).into())
}

/// HKDF's info: label, what names the session, direction.
pub(crate) fn info(context: &Context, sender: Role) -> Vec<u8> {
    let direction = match sender {
        Role::Viewer => "viewer to device",
        Role::Device => "device to viewer",
    };
    let fields = [&context.place, &context.viewer, &context.device, &context.session, direction];
    framed(LABEL, &fields.map(str::as_bytes))
}

/// 4 zero bytes, then the counter (SP 800-38D section 8.2.1, with nothing to tell apart in the fixed field).
fn nonce(counter: u64) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    nonce.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_is_the_last() {
        let text = str::to_owned;
        let context =
            Context { place: text("garden"), viewer: text("v"), device: text("d"), session: text("s") };
        let key = SessionKey::from_bytes(&[1; 64]).unwrap();
        let (mut sealer, _) = channel(&key, &context, Role::Viewer);
        let (_, mut opener) = channel(&key, &context, Role::Device);
        (sealer.counter, opener.counter) = (MAX_MESSAGES - 1, MAX_MESSAGES - 1);
        assert_eq!(opener.open(&sealer.seal(b"last").unwrap()).unwrap(), b"last");
        assert_eq!(sealer.seal(b"one more"), Err(SealError::Exhausted));
        sealer.counter -= 1;
        assert_eq!(opener.open(&sealer.seal(b"last").unwrap()), Err(SealError::Forged));
    }

    #[test]
    fn the_counter_is_big_endian_behind_four_zero_bytes() {
        assert_eq!(nonce(0x0102_0304_0506_0708).as_slice(), [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
