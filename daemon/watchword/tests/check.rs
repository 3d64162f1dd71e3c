//! The doctor, with a device that is well and with several that are not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what a test needs is there, or it fails"
)]

mod common;

use common::{Home, Running, device::Device, free_port, stdout, wait_for_port};
use serde_json::Value;
use std::{
    fs,
    net::{TcpListener, UdpSocket},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Command, Output},
};

/// What `check --json` says with this home's configuration, and its exit code.
fn check(home: &Home) -> (Value, Option<i32>) {
    report(&home.typed("check --json"))
}

fn report(output: &Output) -> (Value, Option<i32>) {
    let said = stdout(output);
    (serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}")), output.status.code())
}

/// State, sentence and advice of all lines of this name together.
fn line(report: &Value, name: &str) -> (String, String) {
    let lines: Vec<&Value> =
        report["checks"].as_array().unwrap().iter().filter(|line| line["name"] == name).collect();
    assert!(!lines.is_empty(), "no line {name}: {report}");
    let states: Vec<&str> = lines.iter().map(|line| line["state"].as_str().unwrap()).collect();
    let texts: Vec<String> =
        lines.iter().map(|line| format!("{} {}", line["message"], line["advice"])).collect();
    (states.join(" "), texts.join("\n"))
}

fn assert_line(report: &Value, name: &str, state: &str, part: &str) {
    let (states, text) = line(report, name);
    assert!(states == state && text.contains(part), "{name} is {states}, not {state} with {part:?}: {text}");
}

#[test]
fn a_device_that_is_well_has_nothing_that_failed() {
    let device = Device::start();
    let (report, code) = check(&device.home);
    assert_eq!(code, Some(0), "{report}");
    for (name, part) in [
        ("config", "config.toml is valid"),
        ("state", "belongs to the user"),
        ("words", "1 word is valid: \\\"this run\\\""),
        ("cameras", "test picture"),
        ("microphone", "test tone"),
        ("disk", "room for"),
        ("rendezvous", "is its own server"),
        ("page", "answers with this device's certificate"),
    ] {
        assert_line(&report, name, "ok", part);
    }
    let (state, encoder) = line(&report, "encoder");
    // How quick this machine is now is not for this test to say; that it was measured is.
    assert!(state != "failed" && encoder.contains("pictures a second at 320x180"), "{state}: {encoder}");
    assert!(["ok", "warning"].contains(&report["state"].as_str().unwrap()), "{report}");
}

#[test]
fn a_certificate_that_is_not_its_own_is_noticed() {
    let (device, other) = (Device::start(), Device::start());
    let certificate = |home: &Home| home.path().join("state/server/certificate.pem");
    fs::copy(certificate(&other.home), certificate(&device.home)).unwrap();
    let (report, code) = check(&device.home);
    assert_eq!(code, Some(1), "{report}");
    assert_line(&report, "page", "failed", "another certificate");
}

#[test]
fn nothing_is_made_where_there_is_nothing() {
    let home = Home::new();
    home.loopback_config("");
    let (report, code) = check(&home);
    assert_eq!(code, Some(0), "{report}");
    assert_line(&report, "state", "skipped", "the first start makes it");
    assert_line(&report, "words", "warning", "word add");
    assert_line(&report, "rendezvous", "ok", "will be its own server, at TCP port");
    assert_line(&report, "rendezvous", "ok", ", which is free.");
    assert_line(&report, "page", "skipped", "does not run");
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["config.toml"], "it made something");
}

#[test]
fn a_mistake_in_the_configuration_is_told_with_its_line_and_the_rest_is_looked_at() {
    let home = Home::new();
    home.config("[video]\nbitrat = 1\n");
    let (report, code) = check(&home);
    assert_eq!(code, Some(2), "{report}");
    assert_line(&report, "config", "failed", "line 2: unknown key `bitrat`: did you mean `bitrate`?");
    assert_line(&report, "encoder", "skipped", "configuration");
    assert_line(&report, "words", "warning", "no secret word");
    let missing = home.run(&["check", "--json", "--config", "/nonexistent/config.toml"]);
    let (report, code) = self::report(&missing);
    assert_eq!(code, Some(2));
    assert_line(&report, "config", "failed", "/nonexistent/config.toml");
}

#[test]
fn a_word_that_has_ended_and_one_that_is_damaged_are_told() {
    let home = Home::new();
    home.loopback_config("");
    assert!(home.typed("word add --label guest --for 2h").status.success());
    assert_line(&check(&home).0, "words", "ok", "ends in 2h.");
    home.end_the_word();
    assert_line(&check(&home).0, "words", "warning", "\\\"guest\\\" has ended, so nobody can come in");
    fs::write(home.path().join("state/words.json"), "[{").unwrap();
    let (report, code) = check(&home);
    assert_eq!(code, Some(1));
    assert_line(&report, "words", "failed", "words.json is damaged");
}

#[test]
fn keys_that_others_may_read_are_told() {
    let home = Home::new();
    home.loopback_config("");
    assert!(home.typed("word add").status.success());
    let key = home.path().join("state/opaque.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_line(&check(&home).0, "state", "warning", "chmod 600");
}

#[test]
fn whoever_has_the_ports_is_named() {
    let home = Home::new();
    let (udp, tcp) = (UdpSocket::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (udp, tcp) = ((udp.local_addr().unwrap(), udp), (tcp.local_addr().unwrap(), tcp));
    home.config(&format!(
        "[server]\nlisten = \"{}\"\nstun = \"{}\"\n[video]\nsource = \"none\"\n",
        tcp.0, udp.0
    ));
    let (report, code) = check(&home);
    assert_eq!(code, Some(1), "{report}");
    // This process has them.
    let holder = format!("(pid {})", std::process::id());
    assert_line(&report, "rendezvous", "failed failed", &holder);
    let (_, text) = line(&report, "rendezvous");
    assert!(text.contains(&format!("TCP port {}", tcp.0.port())), "{text}");
    assert!(text.contains(&format!("UDP port {}", udp.0.port())), "{text}");
}

#[test]
fn another_watchword_at_the_port_is_told_with_its_user() {
    let (device, home) = (Device::start(), Home::new());
    fs::copy(device.home.path().join("config.toml"), home.path().join("config.toml")).unwrap();
    let (report, code) = check(&home);
    assert_eq!(code, Some(1), "{report}");
    let holder = format!("watchword (pid {})", device.running.child.id());
    assert_line(&report, "rendezvous", "failed", &holder);
    assert!(line(&report, "rendezvous").1.contains("another watchword, of the user"), "{report}");
}

/// Not with tokio's threads: the command begins in the mounts of the thread that starts it.
#[test]
fn disks_that_take_no_files_are_told() {
    use nix::{
        mount::{MsFlags, mount},
        sched::{CloneFlags, unshare},
    };
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    let own = unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| mount(None::<&str>, "/", None::<&str>, private, None::<&str>));
    if own.is_err() {
        println!("left out: to mount something takes root");
        return;
    }
    let home = Home::new();
    let folder = home.path().join("inbox");
    fs::create_dir(&folder).unwrap();
    let roots = |path: &Path| {
        let path = path.display();
        home.loopback_config(&format!(
            "[files]\nfloor = \"1 MiB\"\nquota = \"1 MiB\"\nroots = [{{ name = \"inbox\", path = \"{path}\", writable = true }}]\n"
        ));
    };
    roots(&folder);
    let disk = |flags, options: &str| {
        mount(Some("tmpfs"), &folder, Some("tmpfs"), flags, Some(options)).unwrap();
    };
    disk(MsFlags::empty(), "size=4m");
    assert_line(&check(&home).0, "disk", "ok", "room for 3.0 MiB");
    fs::write(folder.join("theirs"), vec![0; 3 << 20]).unwrap();
    fs::write(folder.join("more"), vec![0; 512 << 10]).unwrap();
    let (states, text) = line(&check(&home).0, "disk");
    assert_eq!(states, "warning warning", "{text}");
    assert!(text.contains("nothing more is taken") && text.contains("all of the quota"), "{text}");
    disk(MsFlags::MS_RDONLY, "size=4m");
    let (report, code) = check(&home);
    assert_eq!(code, Some(1), "{report}");
    assert_line(&report, "disk", "failed", "read-only");
    roots(&home.path().join("not-there"));
    assert_line(&check(&home).0, "disk", "failed", "not there");
}

/// A server with STUN, its URL, and the fingerprint that it prints; `more` is of its `[server]`.
fn server(home: &Home, more: &str) -> (Running, String, String) {
    let (port, stun) = (free_port(), UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let config = home.config(&format!("[server]\nlisten = \"127.0.0.1:{port}\"\nstun = \"{stun}\"\n{more}"));
    let running = home.start(&["serve", "--config", config.to_str().unwrap()]);
    let fingerprint = running.line("fingerprint = ").split('"').nth(1).unwrap().to_owned();
    wait_for_port(port);
    (running, format!("wss://127.0.0.1:{port}/ws"), fingerprint)
}

#[test]
fn a_server_elsewhere_is_asked_as_a_device_asks_it() {
    let (elsewhere, home) = (Home::new(), Home::new());
    let (mut running, url, fingerprint) = server(&elsewhere, "");
    let config = |fingerprint: &str| {
        let text = format!(
            "[rendezvous]\nurl = \"{url}\"\nfingerprint = \"{fingerprint}\"\ntoken = \"open-sesame\"\n"
        );
        home.config(&(text + "[video]\nsource = \"none\"\n"))
    };
    config(&fingerprint);
    let (report, code) = check(&home);
    assert_eq!(code, Some(0), "{report}");
    assert_line(&report, "rendezvous", "ok ok", "UDP comes through");
    assert!(!report.to_string().contains("open-sesame"), "the token is shown");

    config(&["00"; 32].join(":"));
    let (report, code) = check(&home);
    assert_eq!(code, Some(1));
    assert_line(&report, "rendezvous", "failed", &fingerprint);
    config("");
    let report = check(&home).0;
    assert_line(&report, "rendezvous", "failed", &fingerprint);
    assert_line(
        &report,
        "rendezvous",
        "failed",
        "is not trusted: no authority that this system knows signed it",
    );

    config(&fingerprint);
    running.signal("TERM");
    running.end();
    assert_line(&check(&home).0, "rendezvous", "failed", "nothing listens at that port");
}

#[test]
fn a_token_that_the_server_asks_for_is_told() {
    let (elsewhere, home) = (Home::new(), Home::new());
    let (_running, url, fingerprint) = server(&elsewhere, "claim_token = \"open-sesame\"\n");
    for (token, remedy) in [("", "set [rendezvous] token"), ("wrong", "correct [rendezvous] token")] {
        let config = home.config(&format!(
            "[rendezvous]\nurl = \"{url}\"\nfingerprint = \"{fingerprint}\"\ntoken = \"{token}\"\n[video]\nsource = \"none\"\n"
        ));
        if token.is_empty() {
            assert!(home.typed("word add").status.success());
        }
        let mut device = home.start(&["run", "--config", config.to_str().unwrap()]);
        device.line("asks for a token");
        let (report, code) = check(&home);
        assert_eq!(code, Some(1), "{report}");
        assert_line(&report, "words", "failed", remedy);
        assert!(!line(&report, "words").1.contains("word remove"), "{report}");
        device.signal("TERM");
        device.end();
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_before_the_start() {
    let (home, device, other) = (Home::new(), Device::start(), Device::start());
    let given = |certificate: &str, key: &str| {
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nstun = \"\"\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n"
        );
        home.config(&(text + "[video]\nsource = \"none\"\n"));
    };
    given("/nonexistent/c.pem", "/nonexistent/k.pem");
    let (report, code) = check(&home);
    assert_eq!(code, Some(1), "{report}");
    assert_line(
        &report,
        "page",
        "failed failed skipped",
        "The key of the configuration (/nonexistent/k.pem)",
    );
    let made = |home: &Home, name: &str| home.path().join("state/server").join(name).display().to_string();
    given(&made(&device.home, "certificate.pem"), &made(&device.home, "key.pem"));
    assert_line(&check(&home).0, "page", "skipped", "does not run");
    given(&made(&device.home, "certificate.pem"), &made(&other.home, "key.pem"));
    assert_line(&check(&home).0, "page", "failed skipped", "cannot use the key");
}

#[test]
fn a_state_folder_that_cannot_be_made_is_told_before_the_start() {
    let home = Home::new();
    let (path, _) = home.loopback_config("");
    fs::write(home.path().join("file"), "").unwrap();
    let mut command = home.command(&["check", "--json", "--config", path.to_str().unwrap()]);
    for below in ["file/state", "file"] {
        command.env("STATE_DIRECTORY", home.path().join(below));
        let (report, code) = report(&command.output().unwrap());
        assert_eq!(code, Some(1), "{report}");
        assert_line(&report, "state", "failed", "the first start cannot make it");
        assert_line(&report, "state", "failed", "is no folder");
    }
}

#[test]
fn an_address_and_a_microphone_that_are_not_there_are_told() {
    let home = Home::new();
    let port = free_port();
    home.config(&format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\nstun = \"\"\n[video]\nsource = \"none\"\n[audio]\nsource = \"hw:97,0\"\n\
         [network]\naddresses = [\"192.0.2.99\"]\n"
    ));
    let (report, code) = check(&home);
    assert_eq!(code, Some(1), "{report}");
    assert_line(
        &report,
        "network",
        "warning",
        "192.0.2.99 in [network] addresses is no address of this host",
    );
    assert_line(&report, "microphone", "failed", "hw:97,0");
}

#[test]
fn a_folder_of_the_systems_is_nobodys_to_give_away() {
    let home = Home::new();
    home.loopback_config("[files]\nroots = [{ name = \"x\", path = \"/proc/sys\", writable = true }]\n");
    let (report, code) = check(&home);
    assert_eq!(code, Some(1), "{report}");
    assert_line(&report, "disk", "failed", "/srv/watchword");
    assert!(!line(&report, "disk").1.contains("chown"), "{report}");
}

#[test]
fn what_is_no_watchword_server_is_told() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        // Takes each connection and says something that is no TLS.
        for mut stream in listener.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut stream, b"220 mail.example.org ESMTP\r\n");
        }
    });
    home.config(&format!("[rendezvous]\nurl = \"wss://127.0.0.1:{port}/ws\"\n[video]\nsource = \"none\"\n"));
    assert_line(&check(&home).0, "rendezvous", "failed", "no TLS");
}

#[test]
fn commands_without_their_program_are_told() {
    let home = Home::new();
    home.loopback_config(
        "[[commands]]\nname = \"lamp\"\nrun = [\"/nonexistent/lamp\"]\n[[commands]]\nname = \"date\"\nrun = [\"/bin/date\"]\n",
    );
    assert_line(
        &check(&home).0,
        "commands",
        "warning",
        "The command lamp cannot run: its program /nonexistent/lamp",
    );
}

#[test]
fn people_read_a_table_with_colours_only_where_they_are_wanted() {
    let home = Home::new();
    let (path, _) = home.loopback_config("");
    let arguments = ["check", "--config", path.to_str().unwrap()];
    let plain = stdout(&home.run(&arguments));
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert!(plain.lines().last().unwrap().trim_end().ends_with("skipped"), "{plain}");
    assert!(plain.contains("\n  ok       config       "), "{plain}");
    // A terminal of script(1)'s.
    let on_terminal = |no_color: Option<&str>| {
        let inside = home.command(&arguments);
        let words: Vec<_> = std::iter::once(inside.get_program()).chain(inside.get_args()).collect();
        let line =
            words.iter().map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ");
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm");
        command.env_remove("NO_COLOR").env_remove("CLICOLOR");
        command.envs(inside.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        stdout(&command.output().unwrap())
    };
    assert!(on_terminal(None).contains("\u{1b}[32mok"), "{}", on_terminal(None));
    assert!(!on_terminal(Some("1")).contains('\u{1b}'), "{}", on_terminal(Some("1")));
}

#[test]
fn somebody_else_is_told_what_sudo_would_show() {
    if !nix::unistd::geteuid().is_root() {
        println!("left out: to become somebody else takes root");
        return;
    }
    let device = Device::start();
    // Where anybody may run it from, with a configuration that anybody may read.
    let open = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let (program, config) = (open.path().join("watchword"), open.path().join("config.toml"));
    fs::copy(env!("CARGO_BIN_EXE_watchword"), &program).unwrap();
    fs::copy(device.home.path().join("config.toml"), &config).unwrap();
    let mut command = Command::new(program);
    command.args(["check", "--json", "--config", config.to_str().unwrap()]);
    command.env("STATE_DIRECTORY", device.home.path().join("state")).uid(65_534).gid(65_534);
    let (report, code) = report(&command.output().unwrap());
    assert_eq!(code, Some(0), "{report}");
    let again = format!("sudo watchword check --config {}", config.display());
    for name in ["state", "words", "encoder", "rendezvous"] {
        assert_line(&report, name, "skipped", &again);
    }
    assert_line(&report, "page", "ok", "only sudo could compare its certificate");
    let closed = open.path().join("closed.toml");
    fs::copy(&config, &closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = Command::new(command.get_program());
    command.args(["check", "--json", "--config", closed.to_str().unwrap()]).uid(65_534).gid(65_534);
    let (report, code) = self::report(&command.output().unwrap());
    assert_eq!(code, Some(0), "{report}");
    assert_line(&report, "config", "skipped", "sudo watchword check");
}
