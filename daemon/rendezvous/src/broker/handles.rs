//! Names and secrets that nobody can guess.

use super::SocketId;
use protocol::{
    bytes::B64,
    signal::{CHALLENGE_LEN, ID_LEN},
};
use rand::{RngCore, SeedableRng, rngs::StdRng};

/// Random names from one cryptographic generator; counted ones for sockets.
pub(super) struct Handles {
    random: StdRng,
    sockets: u64,
}

impl Handles {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self { random: StdRng::from_seed(seed), sockets: 0 }
    }

    /// Name of a socket within this process.
    pub(super) fn socket(&mut self) -> SocketId {
        self.sockets += 1;
        SocketId(self.sockets)
    }

    /// A handle or a session id: 16 bytes, as text.
    pub(super) fn name(&mut self) -> String {
        let mut bytes = vec![0; ID_LEN];
        self.random.fill_bytes(&mut bytes);
        B64(bytes).encode()
    }

    /// A challenge, or the secret of an event stream: 32 bytes.
    pub(super) fn secret(&mut self) -> B64 {
        let mut bytes = vec![0; CHALLENGE_LEN];
        self.random.fill_bytes(&mut bytes);
        B64(bytes)
    }
}
