//! The whole server on port 0, over real sockets and real TLS.

mod harness;
mod limits;
mod pages;
mod sessions;
mod starting;
mod streams;
mod stun;
