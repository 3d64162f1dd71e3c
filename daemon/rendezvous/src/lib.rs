//! The rendezvous: where viewers find devices. HTTPS, WSS and the page on one port, STUN on another.
//!
//! It sees places, addresses, times and volume. What viewer and device say to each other passes through sealed.
//!
//! [`Server::bind`], then [`Server::run`]. The rules of who may say what to whom are a state machine without sockets
//! (`broker`); `hub` joins it to sockets, `http` and `connections` are those sockets, `places` is the database.

mod broker;
mod bucket;
mod connections;
mod error;
mod http;
mod hub;
mod incoming;
mod listen;
mod outbox;
mod outgoing;
mod places;
mod server;
mod settings;
mod source;
mod stun;
mod stun_server;
mod tls;

pub use error::ServeError;
pub use listen::Sockets;
pub use server::{LocalDoor, LocalSocket, Server};
pub use settings::{ClaimToken, Limits, PORT, Rate, STUN_PORT, Settings, Times, Tls};
pub use tls::certificate_fits;
