//! The lines of standard input.

use protocol::control::MAX_CHAT;
use std::io::{self, BufRead as _, Read as _};
use tokio::sync::mpsc;

/// Lines that wait to be sent; the input waits beyond.
const QUEUE: usize = 16;
/// Longest line that is read, bytes: what is longer is refused by the device with a sentence, and need not be kept whole.
const MAX_LINE: u64 = 4 * MAX_CHAT as u64;

/// Reads standard input until its end. On a thread of its own, which nothing joins: a read from a terminal cannot be
/// called off, and ends with the process.
pub(super) fn read() -> mpsc::Receiver<io::Result<String>> {
    let (lines, receiver) = mpsc::channel(QUEUE);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(line) = next(&mut input).transpose() {
            let failed = line.is_err();
            if lines.blocking_send(line).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

/// The next line without its end, what is no UTF-8 replaced; `None` at the end.
fn next(input: &mut impl io::BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_a_huge_one_takes_no_memory() {
        let mut text = b"one\r\n\ntw\xff".to_vec();
        text.push(b'\n');
        text.extend(std::iter::repeat_n(b'x', 1 << 20));
        text.extend(b"\nlast");
        let mut input = text.as_slice();
        let mut line = || next(&mut input).unwrap();
        assert_eq!(line().as_deref(), Some("one"));
        assert_eq!(line().as_deref(), Some(""));
        assert_eq!(line().as_deref(), Some("tw\u{fffd}"));
        assert_eq!(line().map(|line| line.len() as u64), Some(MAX_LINE));
        assert_eq!(line().as_deref(), Some("last"));
        assert_eq!(line(), None);
    }
}
