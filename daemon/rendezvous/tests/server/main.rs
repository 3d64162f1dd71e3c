//! The whole server on port 0, over real sockets and real TLS.

#[cfg(test)]
mod harness;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod starting;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod stun;
