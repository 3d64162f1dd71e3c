//! Carries packets from one TUN device through a [`Link`] to another.

use crate::{
    link::{Counts, Link},
    shape::Shape,
};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, ppoll},
    sys::time::TimeSpec,
};
use std::{
    io,
    os::fd::AsFd,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tun_rs::SyncDevice;

/// Longest sleep, so that a stop is seen.
const MOST_SLEEP: Duration = Duration::from_millis(50);
/// Packets read in one turn: those that are due leave in between.
const TURN: usize = 32;
/// Room for the largest packet of a TUN device.
const LARGEST_PACKET: usize = 65_535;

/// One direction.
pub(crate) struct Relay<'a> {
    from: &'a SyncDevice,
    to: &'a SyncDevice,
    link: Mutex<Link>,
}

impl<'a> Relay<'a> {
    /// From one device to the other.
    pub(crate) fn new(from: &'a SyncDevice, to: &'a SyncDevice, link: Link) -> Self {
        Self { from, to, link: Mutex::new(link) }
    }

    /// Another shape from now on.
    pub(crate) fn reshape(&self, shape: Shape) {
        self.link().reshape(shape);
    }

    /// Packets so far.
    pub(crate) fn counts(&self) -> Counts {
        self.link().counts()
    }

    /// Carries packets until `stop`.
    ///
    /// # Errors
    /// The device read from is gone. A device that cannot be written to loses the packet, as a wire does.
    pub(crate) fn run(&self, stop: &AtomicBool) -> io::Result<()> {
        let mut buffer = vec![0; LARGEST_PACKET];
        while !stop.load(Ordering::Relaxed) {
            self.wait(self.deliver())?;
            self.collect(&mut buffer)?;
        }
        Ok(())
    }

    /// Writes what is due; returns how long nothing else will be.
    fn deliver(&self) -> Duration {
        let mut link = self.link();
        let now = Instant::now();
        while let Some(packet) = link.take_due(now) {
            // A refusal here is a device that is down or full: the packet is lost as on any wire.
            drop(self.to.send(&packet));
        }
        link.next_due().map_or(MOST_SLEEP, |due| due.saturating_duration_since(now).min(MOST_SLEEP))
    }

    /// Until a packet comes in, or `longest`, to the microsecond (`poll` knows milliseconds only).
    fn wait(&self, longest: Duration) -> io::Result<()> {
        let mut descriptors = [PollFd::new(self.from.as_fd(), PollFlags::POLLIN)];
        match ppoll(&mut descriptors, Some(TimeSpec::from_duration(longest)), None) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn collect(&self, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..TURN {
            match self.from.recv(buffer) {
                Ok(length) => self.link().send(Instant::now(), &buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
