//! Commands of the owner, with real processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod arguments;
mod ending;
mod environment;
mod harness;
mod leaving;
mod limits;
mod output;
mod starting;
