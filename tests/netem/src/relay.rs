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
/// Between two turns while packets come. A wake-up for each of them took more of a processor than what was measured.
const TURN_EVERY: Duration = Duration::from_micros(250);
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
        let mut came = 0;
        while !stop.load(Ordering::Relaxed) {
            let longest = self.deliver();
            if came > 0 {
                pause(&mut [], TURN_EVERY)?;
            } else {
                pause(&mut [PollFd::new(self.from.as_fd(), PollFlags::POLLIN)], longest)?;
            }
            came = self.collect(&mut buffer)?;
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

    /// Takes what has come in; how many packets that was.
    fn collect(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut came = 0;
        for _ in 0..TURN {
            match self.from.recv(buffer) {
                Ok(length) => {
                    came += 1;
                    self.link().send(Instant::now(), &buffer[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(came)
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until one of these can be read, or `longest`, to the microsecond (`poll` knows milliseconds only).
fn pause(readable: &mut [PollFd<'_>], longest: Duration) -> io::Result<()> {
    match ppoll(readable, Some(TimeSpec::from_duration(longest)), None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
