//! What systemd hands over: ports that it has opened, and secrets. Here by the same variables and descriptors
//! (sd_listen_fds(3), systemd.exec(5)); the virtual machine's tests have the real one.

#![allow(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

mod common;

use common::{Home, PATIENCE, Running, free_port, stderr, stdout, wait_for_port};
use std::{
    fs,
    net::{TcpListener, TcpStream, UdpSocket},
    os::fd::OwnedFd,
    path::Path,
    process::{Command, Stdio},
};

/// `watchword serve` with sockets as its descriptors 3 and 4, as systemd passes them.
fn serve(home: &Home, config: &Path, sockets: [OwnedFd; 2]) -> Command {
    let [first, second] = sockets;
    let plain = home.command(&[]);
    let mut command = Command::new("sh");
    // LISTEN_PID must be the process's own id, which is the shell's, for it becomes the server.
    let script =
        r#"exec 3<&0 4<&1 0</dev/null 1>&2; LISTEN_PID=$$ LISTEN_FDS=2 exec "$0" serve --config "$1""#;
    command.args(["-c", script]).arg(plain.get_program()).arg(config);
    command.env("STATE_DIRECTORY", home.path().join("state")).stdin(first).stdout(second);
    command
}

#[test]
fn ports_that_systemd_has_opened_are_served() {
    let home = Home::new();
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let (at, stun) = (tcp.local_addr().unwrap(), udp.local_addr().unwrap());
    // The configuration names others, which stay closed.
    let other = free_port();
    let config = home
        .config(&format!("[server]\nlisten = \"127.0.0.1:{other}\"\nstun = \"127.0.0.1:{}\"\n", free_port()));
    let server = Running::with_its_output(serve(&home, &config, [tcp.into(), udp.into()]));
    server.line(&format!("serves at https://{at}/"));
    server.line(&format!("STUN at {stun}"));
    TcpStream::connect(at).unwrap();
    assert!(TcpStream::connect(("127.0.0.1", other)).is_err(), "the configuration's port was opened too");
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(&[&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat(), stun).unwrap();
    let mut response = [0; 128];
    assert!(client.recv(&mut response).unwrap() > 20 && response[8..20] == [7; 12]);
}

#[test]
fn plain_http_on_a_port_of_loopback_that_systemd_has_opened_is_served() {
    let home = Home::new();
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let at = tcp.local_addr().unwrap();
    let config = home.config("[server]\nplain = true\n"); // `listen`, which is all addresses, does not count
    let server = Running::with_its_output(serve(&home, &config, [tcp.into(), udp.into()]));
    server.line(&format!("serves at http://{at}/"));
}

#[test]
fn two_ports_of_a_kind_are_refused_instead_of_one_being_deaf() {
    let home = Home::new();
    let config = home.config("[server]\nstun = \"\"\n");
    let socket = || OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap());
    let mut serve = serve(&home, &config, [socket(), socket()]);
    let refused = serve.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("a single ListenStream="), "{}", stderr(&refused));
}

#[test]
fn tokens_and_a_certificate_come_from_credentials() {
    let (own, server, device) = (Home::new(), Home::new(), Home::new());
    // A certificate of the owner's: one that another server has made.
    let (config, _) = own.loopback_config("");
    let first = own.start(&["serve", "--config", config.to_str().unwrap()]);
    let fingerprint = first.line("fingerprint = ").trim().to_owned();
    drop(first);
    let credentials = server.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    for (file, key) in [("certificate.pem", "server.certificate"), ("key.pem", "server.key")] {
        let made = own.path().join("state/server").join(file);
        fs::copy(made, credentials.join(format!("watchword.{key}"))).unwrap();
    }
    fs::write(credentials.join("watchword.server.claim_token"), "open sesame\n").unwrap();
    let (config, port) = server.loopback_config("");
    let mut serve = server.command(&["serve", "--config", config.to_str().unwrap()]);
    serve.env("CREDENTIALS_DIRECTORY", &credentials);
    let serving = Running::new(serve);
    assert_eq!(serving.line("fingerprint = ").trim(), fingerprint);
    wait_for_port(port);

    // A device without the token is refused, and one that was handed it is not.
    let (_, unused) = device.loopback_config("");
    let config = device.config(&format!(
        "[rendezvous]\nurl = \"wss://127.0.0.1:{port}/ws\"\n{fingerprint}\n[server]\nlisten = \"127.0.0.1:{unused}\"\n\
         [video]\nsource = \"none\"\n[audio]\nsource = \"none\"\n"
    ));
    let handed = device.path().join("credentials");
    fs::create_dir(&handed).unwrap();
    for token in [None, Some("open sesame")] {
        if let Some(token) = token {
            fs::write(handed.join("watchword.rendezvous.token"), token).unwrap();
        }
        let mut run = device.command(&["run", "--config", config.to_str().unwrap()]);
        run.env("CREDENTIALS_DIRECTORY", &handed);
        let mut running = Running::new(run);
        running.line("is looking for its server");
        let added = device.run(&["word", "add", "--config", config.to_str().unwrap()]);
        let registered = added.status.success() && !stdout(&added).contains("Its place is registered when");
        assert_eq!(registered, token.is_some(), "{}{}", stdout(&added), stderr(&added));
        running.signal("TERM");
        running.end();
    }
}
