//! The program as a test meets it: real namespaces, real devices, real datagrams. Needs root.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // A test that cannot go on says where.

use nix::{
    sched::{CloneFlags, setns},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::File,
    io::{BufRead, BufReader, Lines},
    net::UdpSocket,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

/// A network that ends with the test.
struct Network {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    directory: tempfile::TempDir,
    ready: serde_json::Value,
}

impl Network {
    fn up(name: &str, shapes: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("network.toml");
        std::fs::write(&file, shapes).unwrap();
        let mut process = command(name, &file).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = event(&mut lines, "ready");
        Self { process, lines, directory, ready }
    }

    fn reshape(&mut self, shapes: &str) {
        let next = self.directory.path().join("next");
        std::fs::write(&next, shapes).unwrap();
        std::fs::rename(next, self.directory.path().join("network.toml")).unwrap();
    }

    fn namespace(&self, end: &str) -> PathBuf {
        Path::new("/run/netns").join(self.ready[end]["namespace"].as_str().unwrap())
    }

    /// A socket at one end, connected to nothing.
    fn socket(&self, end: &str) -> UdpSocket {
        let address = format!("{}:4000", self.ready[end]["address"].as_str().unwrap());
        let handle = File::open(self.namespace(end)).unwrap();
        let socket = std::thread::spawn(move || {
            setns(handle, CloneFlags::CLONE_NEWNET).unwrap();
            UdpSocket::bind(address).unwrap()
        });
        socket.join().unwrap()
    }

    /// Sends `count` datagrams of `bytes` from a to b and back, `gap` apart; round-trip times of those that came back.
    fn echo(&self, count: u32, bytes: usize, gap: Duration) -> Vec<Duration> {
        let (near, far) = (self.socket("a"), self.socket("b"));
        near.connect(far.local_addr().unwrap()).unwrap();
        for socket in [&near, &far] {
            socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        }
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut buffer = [0; 2_000];
                while let Ok((length, from)) = far.recv_from(&mut buffer) {
                    far.send_to(&buffer[..length], from).unwrap();
                }
            });
            let receiver = scope.spawn(|| {
                let (mut buffer, mut arrived) = ([0; 2_000], Vec::new());
                while near.recv(&mut buffer).is_ok() {
                    arrived.push((u32::from_be_bytes(buffer[..4].try_into().unwrap()), Instant::now()));
                }
                arrived
            });
            let mut sent = Vec::new();
            for n in 0..count {
                let mut packet = vec![0; bytes];
                packet[..4].copy_from_slice(&n.to_be_bytes());
                sent.push(Instant::now());
                near.send(&packet).unwrap();
                std::thread::sleep(gap);
            }
            receiver.join().unwrap().into_iter().map(|(n, at)| at - sent[n as usize]).collect()
        })
    }

    /// Ends it as a test harness does; the counts that it tells last.
    fn down(mut self) -> serde_json::Value {
        let namespaces = [self.namespace("a"), self.namespace("b")];
        kill(Pid::from_raw(self.process.id() as i32), Signal::SIGTERM).unwrap();
        let end = event(&mut self.lines, "end");
        assert!(self.process.wait().unwrap().success());
        for namespace in namespaces {
            assert!(!namespace.exists(), "{} was left behind", namespace.display());
        }
        end
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = kill(Pid::from_raw(self.process.id() as i32), Signal::SIGTERM);
            drop(self.process.wait());
        }
    }
}

fn command(name: &str, file: &Path) -> Command {
    // Real-time, as the README asks for: these tests measure milliseconds on a busy machine.
    let mut command = Command::new("chrt");
    command.args(["-f", "50", env!("CARGO_BIN_EXE_watchword-netem"), "run", name, "--file"]).arg(file);
    command
}

fn event(lines: &mut Lines<BufReader<ChildStdout>>, wanted: &str) -> serde_json::Value {
    let line = lines.next().expect("the program ended; its reason is above").unwrap();
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["event"], wanted, "{line}");
    event
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

const GAP: Duration = Duration::from_millis(2);

#[test]
fn delay_is_there_both_ways_and_nothing_is_lost() {
    let network = Network::up("netem-delay", "[a_to_b]\ndelay_ms = 15\n[b_to_a]\ndelay_ms = 15");
    let times = network.echo(200, 100, GAP);
    assert_eq!(times.len(), 200);
    let middle = median(times);
    println!("round trip at 15 ms each way: {middle:?}");
    assert!((30_000..34_000).contains(&middle.as_micros()), "{middle:?}");
    let end = network.down();
    assert_eq!((&end["a_to_b"]["lost"], &end["b_to_a"]["lost"]), (&0.into(), &0.into()));
}

#[test]
fn each_direction_loses_by_its_own_dice() {
    let network = Network::up("netem-loss", "[a_to_b]\nloss = 20\nseed = 1\n[b_to_a]\nloss = 10\nseed = 2");
    let returned = network.echo(1_000, 100, Duration::from_micros(300)).len();
    let end = network.down();
    println!("of 1,000 came back {returned}; {end}");
    // 720 on average, standard deviation 14.
    assert!((650..=790).contains(&returned), "{returned}");
    let lost = |direction: &str| end[direction]["lost"].as_u64().unwrap();
    assert!((140..=260).contains(&lost("a_to_b")), "{end}");
    assert!((40..=125).contains(&lost("b_to_a")), "{end}");
}

#[test]
fn the_file_cuts_and_mends_the_wire_while_it_runs() {
    let mut network = Network::up("netem-cut", "");
    assert_eq!(network.echo(20, 100, GAP).len(), 20);
    network.reshape("[a_to_b]\nloss = 100\n[b_to_a]\nloss = 100");
    event(&mut network.lines, "applied");
    assert_eq!(network.echo(20, 100, GAP).len(), 0);
    network.reshape("[a_to_b]\nloss = 250");
    let refused = event(&mut network.lines, "refused");
    assert!(refused["message"].as_str().unwrap().contains("between 0 and 100"), "{refused}");
    assert_eq!(network.echo(20, 100, GAP).len(), 0, "a file that cannot be changes nothing");
    network.reshape("");
    event(&mut network.lines, "applied");
    assert_eq!(network.echo(20, 100, GAP).len(), 20);
    network.down();
}

#[test]
fn the_rate_takes_its_time_and_a_full_queue_drops() {
    let network = Network::up("netem-rate", "[a_to_b]\nrate_kbps = 1000\nqueue_ms = 50");
    // 1,222 bytes and 28 of headers are 10 ms: alone each has the wire for itself.
    let middle = median(network.echo(20, 1_222, Duration::from_millis(15)));
    assert!((10_000..13_000).contains(&middle.as_micros()), "{middle:?}");
    // Fifty at once are 500 ms of wire, of which 50 ms may wait.
    let returned = network.echo(50, 1_222, Duration::ZERO).len();
    assert!((5..=8).contains(&returned), "{returned}");
    network.down();
}

#[test]
fn a_name_in_use_is_refused_and_one_left_behind_is_taken_over() {
    let mut network = Network::up("netem-twice", "");
    let file = network.directory.path().join("network.toml");
    let second = command("netem-twice", &file).output().unwrap();
    assert!(!second.status.success());
    let says = String::from_utf8(second.stderr).unwrap();
    assert!(says.contains("a network named netem-twice is up"), "{says}");
    assert_eq!(network.echo(5, 100, GAP).len(), 5, "the first is untouched");
    network.process.kill().unwrap();
    network.process.wait().unwrap();
    let again = Network::up("netem-twice", "");
    assert_eq!(again.echo(5, 100, GAP).len(), 5);
    again.down();
}

#[test]
fn a_missing_file_is_named() {
    let output = command("netem-missing", Path::new("no/such/file.toml")).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot read no/such/file.toml"));
    assert!(!Path::new("/run/netns/netem-missing-a").exists());
}
