//! Files on a real disk: what a hostile viewer tries, what a break leaves, and how much fits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod attacks;
mod kill;
mod limits;
#[path = "../support/mounts.rs"]
mod mounts;
mod random;
mod resume;
mod support;
mod tree;
