//! What one direction of the network does to packets, as the file says it.

use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Both directions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shapes {
    /// From namespace a to namespace b.
    pub(crate) a_to_b: Shape,
    /// From namespace b to namespace a.
    pub(crate) b_to_a: Shape,
}

/// One direction. Everything absent is a perfect wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shape {
    /// Packets lost, each by its own throw of the dice; percent, 0 to 100.
    pub(crate) loss: f64,
    /// One-way delay, milliseconds, 0 to 60,000.
    pub(crate) delay_ms: f64,
    /// Bits a second divided by 1,000; absent means as fast as it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate_kbps: Option<u32>,
    /// Longest wait for the rate, milliseconds; a packet that would wait longer is dropped. 0 to 60,000.
    pub(crate) queue_ms: f64,
    /// Seed of the loss; absent means another one each time (the `ready` line tells it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
}

impl Default for Shape {
    fn default() -> Self {
        Self { loss: 0.0, delay_ms: 0.0, rate_kbps: None, queue_ms: 100.0, seed: None }
    }
}

impl Shape {
    /// One-way delay.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_secs_f64(self.delay_ms / 1000.0)
    }

    /// Longest backlog at the rate.
    pub(crate) fn queue(&self) -> Duration {
        Duration::from_secs_f64(self.queue_ms / 1000.0)
    }

    fn check(&self, direction: &'static str) -> Result<(), ShapeError> {
        let within = |field, value: f64, most: f64| {
            if (0.0..=most).contains(&value) {
                Ok(())
            } else {
                Err(ShapeError::OutOfBounds { direction, field, value, most })
            }
        };
        within("loss", self.loss, 100.0)?;
        within("delay_ms", self.delay_ms, 60_000.0)?;
        within("queue_ms", self.queue_ms, 60_000.0)?;
        if self.rate_kbps == Some(0) {
            return Err(ShapeError::NoRate { direction });
        }
        Ok(())
    }
}

/// Why a file does not describe a network.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShapeError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not the TOML that is wanted.
    #[error("{path} is not a network: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: toml::de::Error,
    },
    /// A value that no network has.
    #[error("{direction}.{field} is {value}; it must be between 0 and {most}")]
    OutOfBounds {
        /// Table of the file.
        direction: &'static str,
        /// Key in it.
        field: &'static str,
        /// What it says.
        value: f64,
        /// Upper bound.
        most: f64,
    },
    /// A rate of nothing.
    #[error("{direction}.rate_kbps is 0; for a cut wire say loss = 100, for no limit leave it out")]
    NoRate {
        /// Table of the file.
        direction: &'static str,
    },
}

/// The text of the file, so that a change can be told from a touch.
pub(crate) fn read(path: &Path) -> Result<String, ShapeError> {
    std::fs::read_to_string(path).map_err(|source| ShapeError::Unreadable { path: path.to_owned(), source })
}

/// What `text` (of `path`) says, checked.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Shapes, ShapeError> {
    let shapes: Shapes =
        toml::from_str(text).map_err(|source| ShapeError::Malformed { path: path.to_owned(), source })?;
    shapes.a_to_b.check("a_to_b")?;
    shapes.b_to_a.check("b_to_a")?;
    Ok(shapes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_here(text: &str) -> Result<Shapes, ShapeError> {
        parse(Path::new("network.toml"), text)
    }

    #[test]
    fn an_empty_file_is_a_perfect_wire() {
        assert_eq!(parse_here("").unwrap(), Shapes::default());
    }

    #[test]
    fn each_direction_has_its_own_values() {
        let shapes =
            parse_here("[a_to_b]\nloss = 5\ndelay_ms = 15\n[b_to_a]\nrate_kbps = 800\nseed = 7").unwrap();
        assert_eq!((shapes.a_to_b.loss, shapes.b_to_a.loss), (5.0, 0.0));
        assert_eq!(shapes.a_to_b.delay(), Duration::from_millis(15));
        assert_eq!((shapes.b_to_a.rate_kbps, shapes.b_to_a.seed), (Some(800), Some(7)));
    }

    #[test]
    fn what_no_network_does_is_refused_by_name() {
        for (text, says) in [
            ("[a_to_b]\nloss = 101", "a_to_b.loss is 101"),
            ("[b_to_a]\ndelay_ms = -1", "b_to_a.delay_ms is -1"),
            ("[b_to_a]\nloss = nan", "b_to_a.loss is NaN"),
            ("[a_to_b]\nrate_kbps = 0", "say loss = 100"),
            ("[a_to_b]\nlos = 1", "unknown field `los`"),
        ] {
            let error = parse_here(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text:?} gives {error:?}");
        }
    }
}
