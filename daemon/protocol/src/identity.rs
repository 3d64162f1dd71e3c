//! The device's identity: an Ed25519 key (RFC 8032) that claims places.

/// What a claim signs: a domain label, then each field with its length in front, so that no two claims share bytes.
#[must_use]
pub fn claim_bytes(challenge: &[u8], handle: &str, place: &str) -> Vec<u8> {
    let mut bytes = b"watchword/1 claim".to_vec();
    for field in [challenge, handle.as_bytes(), place.as_bytes()] {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}
