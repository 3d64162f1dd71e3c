//! The whole: two namespaces, two devices, two relays, and a file that says how bad it is.

use crate::{
    link::Link,
    namespace,
    relay::Relay,
    report::{self, End, Event},
    shape::{self, Shapes},
};
use anyhow::{Context, Result, anyhow};
use nix::sys::{
    prctl,
    signal::{SigSet, Signal},
    signalfd::{SfdFlags, SignalFd},
};
use std::{
    fs::{File, TryLockError},
    net::Ipv4Addr,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread::ScopedJoinHandle,
    time::Duration,
};
use tun_rs::SyncDevice;

/// How often the file is looked at: a cut of 10 s must begin when the test says so.
const LOOK: Duration = Duration::from_millis(20);

/// What is wanted.
pub(crate) struct Settings<'a> {
    /// Name of the network; the namespaces are named after it.
    pub(crate) name: &'a str,
    /// The shapes.
    pub(crate) file: PathBuf,
    /// Address of end a; b has the next one.
    pub(crate) address: Ipv4Addr,
}

/// Two joined namespaces.
pub(crate) struct Network {
    namespaces: [String; 2],
    addresses: [Ipv4Addr; 2],
    devices: [SyncDevice; 2],
    file: PathBuf,
    text: String,
    shapes: Shapes,
    signals: SignalFd,
    /// Held as long as we live: nobody else has a network of this name.
    _lock: File,
}

impl Network {
    /// Makes everything; what was made goes again when a later step fails.
    ///
    /// # Errors
    /// With what is missing: root, `ip`, /dev/net/tun, a readable file.
    pub(crate) fn bring_up(settings: &Settings<'_>) -> Result<Self> {
        let namespaces = namespace::names(settings.name)?;
        let text = shape::read(&settings.file)?;
        let shapes = shape::parse(&settings.file, &text)?;
        let addresses = [settings.address, next(settings.address)?];
        let lock = lock(settings.name)?;
        // Before the first thread, so that every thread inherits the mask.
        let signals = signals().context("cannot take SIGTERM and SIGINT")?;
        let devices = devices(&namespaces, addresses).inspect_err(|_| {
            // The first error is the one to tell.
            drop(namespace::clean(settings.name));
        })?;
        let file = settings.file.clone();
        Ok(Self { namespaces, addresses, devices, file, text, shapes, signals, _lock: lock })
    }

    /// Carries packets until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// A device went away, or standard output is closed.
    pub(crate) fn run(&self) -> Result<()> {
        let seeds = [&self.shapes.a_to_b, &self.shapes.b_to_a].map(|s| s.seed.unwrap_or_else(rand::random));
        let [a, b] = &self.devices;
        let forth = Relay::new(a, b, Link::new(self.shapes.a_to_b.clone(), seeds[0]));
        let back = Relay::new(b, a, Link::new(self.shapes.b_to_a.clone(), seeds[1]));
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let relays = [scope.spawn(|| forth.run(&stop)), scope.spawn(|| back.run(&stop))];
            let told = self.tell_ready(seeds).and_then(|()| self.supervise([&forth, &back], &relays));
            stop.store(true, Ordering::Relaxed);
            relays.into_iter().map(join).fold(told, Result::and)
        })?;
        report::tell(&Event::End { a_to_b: forth.counts(), b_to_a: back.counts() })?;
        Ok(())
    }

    /// Removes the namespaces, and with them devices and routes.
    ///
    /// # Errors
    /// `ip` cannot remove them.
    pub(crate) fn take_down(self) -> Result<()> {
        let Self { namespaces, devices, .. } = self;
        drop(devices);
        namespaces.iter().try_for_each(|name| namespace::remove(name)).context("cannot remove the namespaces")
    }

    fn tell_ready(&self, seeds: [u64; 2]) -> Result<()> {
        let [a, b] = [0, 1].map(|n| End { namespace: &self.namespaces[n], address: self.addresses[n] });
        report::tell(&Event::Ready { a, b, seeds }).context("standard output is closed")
    }

    /// Follows the file until a signal comes or a relay ends.
    fn supervise(
        &self,
        [forth, back]: [&Relay<'_>; 2],
        relays: &[ScopedJoinHandle<'_, std::io::Result<()>>; 2],
    ) -> Result<()> {
        let mut text = self.text.clone();
        while self.signals.read_signal()?.is_none() && relays.iter().all(|relay| !relay.is_finished()) {
            std::thread::sleep(LOOK);
            // A file that is being replaced may be missing for a moment.
            let Some(new) = shape::read(&self.file).ok().filter(|new| *new != text) else { continue };
            match shape::parse(&self.file, &new) {
                Ok(shapes) => {
                    forth.reshape(shapes.a_to_b.clone());
                    back.reshape(shapes.b_to_a.clone());
                    report::tell(&Event::Applied { shapes: &shapes })?;
                }
                Err(error) => report::tell(&Event::Refused { message: error.to_string() })?,
            }
            text = new;
        }
        Ok(())
    }
}

fn join(relay: ScopedJoinHandle<'_, std::io::Result<()>>) -> Result<()> {
    let ended = relay.join().map_err(|_| anyhow!("a relay panicked"))?;
    ended.context("a TUN device went away")
}

fn devices(namespaces: &[String; 2], addresses: [Ipv4Addr; 2]) -> Result<[SyncDevice; 2]> {
    for name in namespaces {
        namespace::create(name)?;
    }
    let [a, b] = namespaces;
    Ok([namespace::device(a, addresses[0])?, namespace::device(b, addresses[1])?])
}

fn next(address: Ipv4Addr) -> Result<Ipv4Addr> {
    let last = address.octets()[3];
    anyhow::ensure!(
        (1..=253).contains(&last),
        "{address} must end in 1 to 253: the other end is the next one"
    );
    Ok(Ipv4Addr::from_bits(address.to_bits() + 1))
}

fn lock(name: &str) -> Result<File> {
    let path = std::env::temp_dir().join(format!("watchword-netem-{name}.lock"));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(anyhow!("a network named {name} is up: end it with SIGTERM, or take another name"))
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

fn signals() -> nix::Result<SignalFd> {
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGTERM);
    mask.add(Signal::SIGINT);
    mask.thread_block()?;
    // A test that is killed takes its network with it.
    prctl::set_pdeathsig(Signal::SIGTERM)?;
    SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
}
