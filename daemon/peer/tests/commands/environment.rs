//! What a command begins with: nothing of the daemon's but its user.

use crate::harness::{Folder, SUCCESS, program, run, until};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::Signal;

#[tokio::test]
async fn the_environment_is_clean() {
    assert!(std::env::vars_os().count() > 0);
    let mut spec = program("env", &["/usr/bin/env"]);
    spec.env.insert("LAMP".to_owned(), "/dev/lamp 1".to_owned());
    spec.env.insert("LANG".to_owned(), "de_DE.UTF-8".to_owned());
    let heard = run(spec).await;
    let mut lines: Vec<&str> = heard.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "HOME=/",
            "LAMP=/dev/lamp 1",
            "LANG=de_DE.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "WATCHWORD_COMMAND=env",
            "WATCHWORD_SESSION=s-1",
            "WATCHWORD_WORD=workshop",
        ]
    );
}

#[tokio::test]
async fn three_descriptors_are_open_even_where_a_library_left_more() {
    // As a C library opens a camera: not closed at exec. Another test's command may close it meanwhile.
    let file = std::fs::File::open("/dev/zero").unwrap();
    let list = ["-l", "/proc/self/fd"];
    until(|| {
        fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
        let plain = std::process::Command::new("/bin/ls").args(list).output().unwrap();
        String::from_utf8_lossy(&plain.stdout).contains("/dev/zero")
    })
    .await;
    fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();

    let heard = run(program("ls", &["/bin/ls", list[0], list[1]])).await;
    assert_eq!(heard.exit, SUCCESS);
    let open: Vec<(&str, &str)> = heard
        .stdout
        .lines()
        .filter_map(|line| line.split_once(" -> "))
        .map(|(left, target)| (left.rsplit(' ').next().unwrap_or_default(), target))
        .collect();
    // The fourth is the folder that is being listed.
    let numbers: Vec<&str> = open.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, ["0", "1", "2", "3"], "{}", heard.stdout);
    assert_eq!(open[0].1, "/dev/null");
    assert!(open[1].1.starts_with("pipe:") && open[2].1.starts_with("pipe:") && open[1].1 != open[2].1);
    assert!(open[3].1.starts_with("/proc/"));
}

#[tokio::test]
async fn it_leads_its_own_group_and_no_signal_is_withheld() {
    let folder = Folder::new();
    let text = r#"
        pwd
        cut -d ' ' -f 5 < /proc/$$/stat
        echo $$
        grep -E '^Sig(Blk|Ign)' /proc/self/status
        read line || echo 'no input'
    "#;
    let heard = run(folder.script("who", text)).await;
    let lines: Vec<&str> = heard.stdout.lines().collect();
    assert_eq!(lines[0], folder.path("").canonicalize().unwrap().to_str().unwrap());
    assert_eq!(lines[1], lines[2], "its group is its own");
    for (line, mask) in lines[3..5].iter().zip(["SigBlk:", "SigIgn:"]) {
        let mask = u64::from_str_radix(line.strip_prefix(mask).unwrap().trim(), 16).unwrap();
        for signal in [Signal::SIGTERM, Signal::SIGPIPE, Signal::SIGCHLD] {
            assert_eq!(mask & 1 << (signal as u32 - 1), 0, "{signal}: {line}");
        }
    }
    assert_eq!(lines[5], "no input");
}
