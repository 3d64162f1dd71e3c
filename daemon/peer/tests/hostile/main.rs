//! A viewer that has the word and means harm, against a device with real files and processes, over loopback: the
//! device's memory stays bounded, it ends the session or refuses the call with a sentence, and other viewers go on
//! undisturbed meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod channels;
mod commands;
mod control;
mod disk;
mod paths;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod transfers;
