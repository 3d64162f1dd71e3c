//! The fingerprint of a certificate: what a person compares, types and pins.

use std::{fmt, str::FromStr};

/// SHA-256 of a certificate's DER encoding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub [u8; 32]);

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 32 bytes as hexadecimal, with or without colons, as the server prints it")]
pub(crate) struct NoFingerprint;

/// Pairs of digits with colons between them, as the server prints it.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self.0.iter().map(|byte| format!("{byte:02X}")).collect();
        f.write_str(&pairs.join(":"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let digits: Vec<u8> = text.trim().bytes().filter(|b| *b != b':').collect();
        // `from_str_radix` would take a sign.
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NoFingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let text = std::str::from_utf8(pair).map_err(|_| NoFingerprint)?;
            *byte = u8::from_str_radix(text, 16).map_err(|_| NoFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read() {
        let fingerprint = Fingerprint(std::array::from_fn(|index| index as u8 * 7));
        let printed = fingerprint.to_string();
        assert!(printed.starts_with("00:07:0E:"), "{printed}");
        assert_eq!(printed.parse(), Ok(fingerprint));
        assert_eq!(printed.replace(':', "").to_lowercase().parse(), Ok(fingerprint));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "12:34", &"+1".repeat(32), &"é".repeat(32), &"zz".repeat(32)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(NoFingerprint), "{text}");
        }
    }
}
