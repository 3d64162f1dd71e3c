//! A device, a viewer that goes on as viewers do, and one that means harm.

pub(crate) use crate::support::transfer::{Channel, Heard, LONG, bytes, hash, refused};
use crate::support::{Served, Setup, start_for_data};
use protocol::control::{Call, FilesGet, FilesPut, GetReady, PutReady, code, method};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use watchword_peer::Reason;
use watchword_peer::viewer::{CallError, Caller, Viewer};
use watchword_peer::{End, Environment};
use webrtc::runtime::TokioRuntime;

const DEVICE: Ipv4Addr = Ipv4Addr::new(127, 0, 81, 1);
const WITNESS: Ipv4Addr = Ipv4Addr::new(127, 0, 81, 2);
const OFFENDER: Ipv4Addr = Ipv4Addr::new(127, 0, 81, 3);

pub(crate) const MIB: usize = 1 << 20;
/// Memory that the whole process may take more at any time, bytes: the device and both viewers, of which one that
/// opens 10,000 channels has most. What an offender could make the device take is several times as much.
const GROWTH: u64 = 192 << 20;

/// One test at a time: memory is that of the process.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A device and its witness.
pub(crate) struct Stage {
    pub(crate) setup: Setup,
    witness: Witness,
    before: u64,
    _alone: MutexGuard<'static, ()>,
}

/// A viewer that pings and talks all the time.
struct Witness {
    going_on: JoinHandle<u64>,
    enough: CancellationToken,
}

/// A session as its viewer has it.
pub(crate) struct Visit {
    pub(crate) viewer: Viewer,
    served: JoinHandle<End>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Environment)) -> Self {
        let alone = ALONE.lock().await;
        let mut setup = Setup::new(DEVICE);
        change(&mut setup.environment);
        let witness = Witness::start(&setup).await;
        // From now on the peak is that of this test (proc(5), clear_refs).
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        Self { witness, before: memory("VmRSS:"), setup, _alone: alone }
    }

    /// The one that means harm comes in.
    pub(crate) async fn offender(&self) -> Visit {
        Visit::new(&self.setup, OFFENDER).await
    }

    /// Where a path of viewers is on the disk.
    pub(crate) fn on_disk(&self, path: &str) -> PathBuf {
        self.setup.dir.path().join(path)
    }

    /// Waits until nothing is left of uploads that are not whole; the disk may take its time.
    pub(crate) async fn nothing_unfinished(&self) {
        let gone = async {
            while !self.partials().is_empty() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, gone).await.unwrap_or_else(|_| panic!("{:?} stay", self.partials()));
    }

    /// Files of uploads that are not whole.
    pub(crate) fn partials(&self) -> Vec<PathBuf> {
        let hidden = std::fs::read_dir(self.on_disk("files/.watchword-partial"));
        hidden.map(|files| files.map(|file| file.unwrap().path()).collect()).unwrap_or_default()
    }

    pub(crate) fn assert_memory_is_bounded(&self) {
        let grown = memory("VmHWM:").saturating_sub(self.before);
        println!("{} MiB more memory at most", grown >> 20);
        assert!(grown < GROWTH, "{} MiB more", grown >> 20);
    }

    /// The witness was never disturbed, and the device lives.
    pub(crate) async fn close(self) {
        self.assert_memory_is_bounded();
        self.witness.enough.cancel();
        let rounds = timeout(LONG, self.witness.going_on).await.expect("the witness goes on").unwrap();
        println!("the witness was answered {rounds} times");
        assert!(rounds > 0);
        self.setup.close().await;
    }
}

impl Witness {
    async fn start(setup: &Setup) -> Self {
        let mut visit = Visit::new(setup, WITNESS).await;
        let enough = CancellationToken::new();
        let until = enough.clone();
        let going_on = tokio::spawn(async move {
            let mut rounds = 0;
            // At least once after the last thing that the offender did.
            loop {
                let last = until.is_cancelled();
                visit.call(method::PING, json!({})).await.expect("a ping is answered");
                let text = format!("round {rounds}");
                visit.call(method::CHAT_SEND, json!({ "text": text })).await.expect("it may talk");
                while visit.notice(method::CHAT_MESSAGE).await["text"] != text {}
                rounds += 1;
                if last {
                    visit.leave().await;
                    return rounds;
                }
                sleep(Duration::from_millis(100)).await;
            }
        });
        Self { going_on, enough }
    }
}

impl Visit {
    async fn new(setup: &Setup, address: Ipv4Addr) -> Self {
        let Served { viewer, session, .. } =
            start_for_data(Arc::new(TokioRuntime), &setup.environment, address).await;
        Self { viewer: viewer.expect("connected"), served: session }
    }

    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        call(&self.viewer.caller(), method, params).await
    }

    pub(crate) async fn notice(&mut self, method: &str) -> Value {
        loop {
            let heard: Option<Call> = timeout(LONG, self.viewer.notice()).await.expect("it comes");
            let heard = heard.expect("the session stands");
            if heard.method == method {
                return heard.params;
            }
        }
    }

    pub(crate) async fn put(&self, path: &str, size: usize) -> Result<PutReady, CallError> {
        let put = FilesPut {
            path: path.into(),
            size: size as u64,
            modified_ms: None,
            overwrite: false,
            resume: false,
        };
        let ready = self.call(method::FILES_PUT, serde_json::to_value(put).unwrap()).await?;
        Ok(serde_json::from_value(ready).unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Result<GetReady, CallError> {
        let get = FilesGet { path: path.into(), offset: 0, version: String::new() };
        let ready = self.call(method::FILES_GET, serde_json::to_value(get).unwrap()).await?;
        Ok(serde_json::from_value(ready).unwrap())
    }

    /// The channel of a transfer.
    pub(crate) async fn open(&self, transfer: &str) -> Channel {
        Channel::open(&self.viewer, transfer).await
    }

    /// It is what any viewer may do: send a file and be told that it is whole.
    pub(crate) async fn sends(&self, path: &str, data: &[u8]) {
        let ready = self.put(path, data.len()).await.unwrap();
        let channel = self.open(&ready.transfer).await;
        channel.send(data, 0..data.len()).await;
        channel.finish(data).await;
        channel.close().await;
    }

    /// The device has ended the session for what this viewer did, and has told it so; the sentence.
    pub(crate) async fn ended(mut self) -> String {
        let bye = timeout(LONG, async {
            while let Some(call) = self.viewer.notice().await {
                if call.method == method::SESSION_BYE {
                    return Some(call.params["reason"].as_str().unwrap().to_owned());
                }
            }
            None
        });
        let bye = bye.await.expect("the session ends");
        let end = timeout(LONG, self.served).await.expect("the session ends").unwrap();
        assert_eq!(end.reason, Reason::Misbehaved, "{end}");
        let why = end.detail.expect("the log is told why");
        // One that does not read does not hear it.
        assert!(bye.is_none_or(|bye| bye == why));
        self.viewer.leave().await;
        why
    }

    /// The session still stands; this viewer leaves.
    pub(crate) async fn leave(self) {
        assert_eq!(self.call(method::PING, json!({})).await.unwrap(), json!({}));
        self.go().await;
    }

    /// This viewer leaves.
    pub(crate) async fn go(self) {
        self.viewer.leave().await;
        let end = timeout(LONG, self.served).await.expect("the session ends").unwrap();
        assert_eq!(end.reason, Reason::Left, "{end}");
    }
}

/// Asks, and waits for the answer.
pub(crate) async fn call(caller: &Caller, method: &str, params: Value) -> Result<Value, CallError> {
    timeout(LONG, caller.call(method, params)).await.expect("it is answered")
}

/// A refusal for a reason of its own, and none for a fault of the device.
pub(crate) fn is_refusal(code: i32) -> bool {
    [
        code::INVALID_PARAMS,
        code::NOT_FOUND,
        code::EXISTS,
        code::NO_ROOM,
        code::UNAVAILABLE,
        code::NOT_GRANTED,
        code::TOO_FAST,
    ]
    .contains(&code)
}

/// Memory of this process, bytes: now, or its peak.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}
