//! A real viewer with devices that keep to the wire, and with some that do not.

mod downloads;
mod script;
mod uploads;

/// Bytes that are like no others.
fn bytes(size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
