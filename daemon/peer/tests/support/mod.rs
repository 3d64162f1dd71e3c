//! Sources and a device for tests; frames are made up, everything else is real.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

pub mod mounts;
pub mod network;
pub mod offers;
pub mod transfer;

use bytes::Bytes;
use media::{Feed, FeedSettings, Frame, OpenError, Opener, Running, Sink, StreamInfo};
use protocol::bytes::B64;
use protocol::control::{DeviceInfo, DeviceStats};
use protocol::grant::Grant;
use protocol::sealed::Sealed;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use watchword_peer::commands::{Caller, Commands};
use watchword_peer::files::{FilesConfig, RootConfig, Tree};
use watchword_peer::session::serve_over;
use watchword_peer::viewer::{Viewer, ViewerError};
use watchword_peer::{Device, End, Environment, Files, Network, Room, Stop};
use webrtc::runtime::Runtime;

/// Opens a source that makes frames of a size at a rate, as a camera or a microphone would.
pub struct Source {
    pub video: bool,
    pub period: Duration,
    pub size: usize,
    /// How long before it is handed on a frame was captured.
    pub delay: Duration,
    pub opened: AtomicU64,
    pub made: Arc<Made>,
    pub runtime: tokio::runtime::Handle,
}

/// What a source did.
#[derive(Default)]
pub struct Made {
    pub key_requests: AtomicU64,
    pub running: AtomicBool,
    /// When each frame was captured, by its number.
    pub captured: Mutex<Vec<std::time::Instant>>,
}

impl Source {
    pub fn video() -> Self {
        Self::new(true, Duration::from_micros(33_333), 6_000)
    }

    pub fn audio() -> Self {
        Self::new(false, Duration::from_millis(20), 80)
    }

    fn new(video: bool, period: Duration, size: usize) -> Self {
        let runtime = tokio::runtime::Handle::current();
        let (opened, made) = (AtomicU64::new(0), Arc::default());
        Self { video, period, size, delay: Duration::ZERO, opened, made, runtime }
    }

    pub fn feed(self) -> (Feed, Arc<Made>) {
        let made = self.made.clone();
        let settings = FeedSettings { linger: Duration::from_millis(100), ..FeedSettings::default() };
        (Feed::new(Arc::new(self), settings), made)
    }
}

struct Camera {
    made: Arc<Made>,
    key: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Opener for Source {
    fn open(&self, sink: Sink) -> Result<Box<dyn Running>, OpenError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.made.running.store(true, Ordering::Relaxed);
        let key = Arc::new(AtomicBool::new(true));
        let (made, wanted) = (self.made.clone(), key.clone());
        let (video, period, size, delay) = (self.video, self.period, self.size, self.delay);
        sink.info(StreamInfo {
            source: "test".into(),
            encoder: "none".into(),
            width: 1920,
            height: 1080,
            fps: 30.0,
            bitrate: 1,
        });
        let task = self.runtime.spawn(async move {
            let mut tick = tokio::time::interval(period);
            // As a real source's: regular, however late it is handed on.
            let mut captured = Instant::now().into_std() - delay - period;
            loop {
                tick.tick().await;
                captured += period;
                let number = {
                    let mut all = made.captured.lock().unwrap();
                    all.push(captured);
                    all.len() - 1
                };
                let key = wanted.swap(false, Ordering::Relaxed) || !video;
                let data = if video { picture(number, key, size) } else { sound(number, size) };
                sink.push(Frame { data, key, captured });
            }
        });
        Ok(Box::new(Camera { made: self.made.clone(), key, task }))
    }
}

impl Running for Camera {
    fn request_key_frame(&self) {
        self.made.key_requests.fetch_add(1, Ordering::Relaxed);
        self.key.store(true, Ordering::Relaxed);
    }

    fn set_bitrate(&self, _: u32) {}
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.task.abort();
        self.made.running.store(false, Ordering::Relaxed);
    }
}

/// An access unit whose slice carries its number; a key frame is five times as large.
fn picture(number: usize, key: bool, size: usize) -> Bytes {
    let mut unit = Vec::new();
    if key {
        unit.extend([0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0x8c, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80]);
    }
    unit.extend([0, 0, 0, 1, if key { 0x65 } else { 0x41 }]);
    unit.extend(u32::try_from(number).unwrap().to_be_bytes().map(|byte| byte | 0x80));
    unit.resize(unit.len() + if key { size * 5 } else { size }, 0xaa);
    unit.into()
}

fn sound(number: usize, size: usize) -> Bytes {
    let mut packet = u32::try_from(number).unwrap().to_be_bytes().to_vec();
    packet.resize(size, 0x55);
    packet.into()
}

/// The device.
pub struct Board;

impl Device for Board {
    fn info(&self, you: &str) -> DeviceInfo {
        DeviceInfo {
            name: "board".into(),
            version: "0".into(),
            you: you.into(),
            camera: "test".into(),
            picture: "none".into(),
            encoder: "none".into(),
            pass: B64(vec![1]),
            grant: Grant::all(),
            expires: None,
        }
    }

    fn stats(&self) -> DeviceStats {
        DeviceStats { viewers: 1, ..DeviceStats::default() }
    }

    fn grant(&self) -> Grant {
        Grant::all()
    }

    fn audit(&self, _: &watchword_peer::Act<'_>) {}
}

/// A device and how to reach it.
pub struct Setup {
    pub environment: Environment,
    pub video: Arc<Made>,
    pub audio: Arc<Made>,
    /// What viewers see as `files` is the folder of this name in it.
    pub dir: TempDir,
}

impl Setup {
    /// A device that listens on this loopback address.
    pub fn new(address: Ipv4Addr) -> Self {
        Self::with(address, Source::video(), Source::audio())
    }

    pub fn with(address: Ipv4Addr, video: Source, audio: Source) -> Self {
        let ((video_feed, video), (audio_feed, audio)) = (video.feed(), audio.feed());
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment {
            files: files(dir.path()),
            video: Some(video_feed),
            audio: Some(audio_feed),
            room: Room::new(),
            commands: Commands::new(Vec::new()).unwrap(),
            caller: Caller { label: "test".into(), session: "1".into() },
            device: Arc::new(Board),
            network: at(address),
        };
        Self { environment, video, audio, dir }
    }

    pub async fn close(&self) {
        for feed in [&self.environment.video, &self.environment.audio].into_iter().flatten() {
            feed.close().await;
        }
    }
}

fn files(dir: &Path) -> Files {
    let path = dir.join("files");
    std::fs::create_dir_all(&path).unwrap();
    let roots = vec![RootConfig { name: "files".into(), path, writable: true }];
    Files::new(Tree::open(&FilesConfig { roots, floor: 0, ..FilesConfig::default() }).unwrap())
}

/// Listens on one address.
pub fn at(address: Ipv4Addr) -> Network {
    Network { addresses: vec![IpAddr::V4(address)], ..Network::default() }
}

/// One session under way, seen from outside.
pub struct Served {
    pub viewer: Result<Viewer, ViewerError>,
    /// From the call until the control channel was open (or not).
    pub open: Duration,
    /// Stops the device.
    pub stopping: CancellationToken,
    /// Ends the session alone.
    pub stop: Stop,
    pub session: JoinHandle<End>,
}

/// Starts a session between `device` and a viewer at another address, both over `base`.
pub async fn start(base: Arc<dyn Runtime>, device: &Environment, viewer_at: Ipv4Addr) -> Served {
    start_with(base, device, viewer_at, true, |_| async {}).await
}

/// As [`start`], with a viewer that takes no picture and no sound.
pub async fn start_for_data(base: Arc<dyn Runtime>, device: &Environment, viewer_at: Ipv4Addr) -> Served {
    start_with(base, device, viewer_at, false, |_| async {}).await
}

/// As [`start`], while something else goes on beside it.
pub async fn start_while<T: Future<Output = ()> + Send + 'static>(
    base: Arc<dyn Runtime>,
    device: &Environment,
    viewer_at: Ipv4Addr,
    beside: impl FnOnce(Stop) -> T,
) -> Served {
    start_with(base, device, viewer_at, true, beside).await
}

async fn start_with<T: Future<Output = ()> + Send + 'static>(
    base: Arc<dyn Runtime>,
    device: &Environment,
    viewer_at: Ipv4Addr,
    media: bool,
    beside: impl FnOnce(Stop) -> T,
) -> Served {
    let (to_device, device_inbox) = mpsc::channel::<Sealed>(64);
    let (to_viewer, viewer_inbox) = mpsc::channel::<Sealed>(64);
    let stopping = CancellationToken::new();
    let stop = Stop::new(stopping.child_token());
    let session =
        tokio::spawn(serve_over(base.clone(), device.clone(), device_inbox, to_viewer, stop.clone()));
    tokio::spawn(beside(stop.clone()));
    let started = Instant::now();
    let network = at(viewer_at);
    let viewer = if media {
        Viewer::connect(base, &network, to_device, viewer_inbox).await
    } else {
        Viewer::connect_for_data_over(base, &network, to_device, viewer_inbox).await
    };
    Served { viewer, open: started.elapsed(), stopping, stop, session }
}
