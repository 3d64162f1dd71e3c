//! Bytes of output made into text, in pieces that fit into messages.

use protocol::control::{MAX_MESSAGE, MAX_OUTPUT};

/// Most bytes of a piece as JSON writes it: a control character takes six. The rest of the message is its frame.
const MAX_ESCAPED: usize = MAX_MESSAGE - 1024;

/// A piece of text, and of how many bytes of output it was made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) bytes: u64,
    escaped: usize,
}

/// The text of one stream. What is no UTF-8 becomes U+FFFD (Unicode 16.0, section 3.9.6: one for each maximal
/// subpart); a character that two reads tear is put together again.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The beginning of a character, at most 3 bytes.
    torn: Vec<u8>,
    piece: Piece,
}

impl Text {
    /// Takes more bytes, and gives the pieces that are full.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut full = Vec::new();
        let mut joined = std::mem::take(&mut self.torn);
        joined.extend_from_slice(bytes);
        let mut rest = joined.as_slice();
        while !rest.is_empty() {
            let (valid, broken) = match std::str::from_utf8(rest) {
                Ok(text) => (text, None),
                Err(error) => {
                    // The library says how far it is valid.
                    let valid = std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default();
                    (valid, Some(error.error_len()))
                }
            };
            for character in valid.chars() {
                self.add(character, character.len_utf8(), &mut full);
            }
            rest = &rest[valid.len()..];
            match broken {
                None => {}
                Some(Some(length)) => {
                    self.add(char::REPLACEMENT_CHARACTER, length, &mut full);
                    rest = &rest[length..];
                }
                Some(None) => {
                    self.torn = rest.to_vec();
                    break;
                }
            }
        }
        full
    }

    /// Whether no whole character waits.
    pub(super) fn is_empty(&self) -> bool {
        self.piece.text.is_empty()
    }

    /// What waits.
    pub(super) fn take(&mut self) -> Piece {
        std::mem::take(&mut self.piece)
    }

    /// Forgets a torn character: what follows it is not going to be shown.
    pub(super) fn cut(&mut self) {
        self.torn.clear();
    }

    /// What waits, at the stream's end: a character that is still torn stays so.
    pub(super) fn finish(mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if !self.torn.is_empty() {
            let torn = self.torn.len();
            self.add(char::REPLACEMENT_CHARACTER, torn, &mut pieces);
        }
        if !self.is_empty() {
            pieces.push(self.take());
        }
        pieces
    }

    fn add(&mut self, character: char, bytes: usize, full: &mut Vec<Piece>) {
        let escaped = match character {
            '"' | '\\' => 2,
            control if control < ' ' => 6,
            other => other.len_utf8(),
        };
        if self.piece.text.len() + character.len_utf8() > MAX_OUTPUT
            || self.piece.escaped + escaped > MAX_ESCAPED
        {
            full.push(self.take());
        }
        self.piece.text.push(character);
        self.piece.bytes += bytes as u64;
        self.piece.escaped += escaped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::control::{CommandOutput, OutputStream};

    fn read(bytes: &[u8], step: usize) -> Vec<Piece> {
        let mut text = Text::default();
        let mut pieces: Vec<Piece> = bytes.chunks(step).flat_map(|chunk| text.push(chunk)).collect();
        pieces.extend(text.finish());
        pieces
    }

    #[test]
    fn however_it_is_torn_it_reads_the_same() {
        let samples: [&[u8]; 7] = [
            "plain".as_bytes(),
            "a\u{e9}\u{20ac}\u{1f600}z".as_bytes(),
            b"\xff\xfe ok \x80",
            b"\xf0\x9f\x98",
            b"\xf0\x9f\x98x\xe2\x82",
            b"\xed\xa0\x80 surrogates",
            b"\xc0\xaf\xf5 overlong",
        ];
        for sample in samples {
            for step in 1..=sample.len() {
                let pieces = read(sample, step);
                let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
                assert_eq!(text, String::from_utf8_lossy(sample), "{sample:?} by {step}");
                assert_eq!(pieces.iter().map(|piece| piece.bytes).sum::<u64>(), sample.len() as u64);
            }
        }
    }

    #[test]
    fn every_piece_fits_into_a_message() {
        for byte in [b'a', b'"', b'\\', b'\n', 1, 0, 0x7f, 0xff, 0xc3] {
            let pieces = read(&[byte; 3 * MAX_OUTPUT], 5000);
            assert!(pieces.len() >= 3, "{byte}");
            for piece in &pieces {
                assert!(piece.text.len() <= MAX_OUTPUT);
                let output =
                    CommandOutput { run: u64::MAX, stream: OutputStream::Stdout, text: piece.text.clone() };
                let json = serde_json::to_string(&output).unwrap();
                assert!(json.len() + 512 <= MAX_MESSAGE, "{byte}: {}", json.len());
            }
        }
    }
}
