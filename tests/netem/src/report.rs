//! What the program tells the test that started it: one JSON object a line on standard output.

use crate::{link::Counts, shape::Shapes};
use serde::Serialize;
use std::{
    io::{self, Write},
    net::Ipv4Addr,
};

/// One line.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event<'a> {
    /// Both namespaces are there and joined.
    Ready {
        /// One end.
        a: End<'a>,
        /// The other.
        b: End<'a>,
        /// Seeds of both directions, for a run that must be repeated.
        seeds: [u64; 2],
    },
    /// The file changed, and so did the network.
    Applied {
        /// What holds now.
        shapes: &'a Shapes,
    },
    /// The file changed to something that cannot be; the network stays as it was.
    Refused {
        /// Why.
        message: String,
    },
    /// The end.
    End {
        /// Packets from a to b.
        a_to_b: Counts,
        /// Packets from b to a.
        b_to_a: Counts,
    },
}

/// One end of the network.
#[derive(Serialize)]
pub(crate) struct End<'a> {
    /// For `ip netns exec`.
    pub(crate) namespace: &'a str,
    /// Its address.
    pub(crate) address: Ipv4Addr,
}

/// Writes the line at once.
pub(crate) fn tell(event: &Event<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, event)?;
    out.write_all(b"\n")?;
    out.flush()
}
