//! Prints the list of words as the page keeps it: `cargo run -p watchword-protocol --example words > web/src/word/words.txt`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for word in watchword_protocol::word::list() {
        writeln!(out, "{word}")?;
    }
    out.flush()
}
