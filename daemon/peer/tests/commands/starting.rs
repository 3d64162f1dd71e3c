//! What cannot start says why, and takes no place.

use crate::harness::{Folder, SUCCESS, call, program, start};
use protocol::control::code;
use std::process::Command;
use watchword_peer::commands::{CommandSpec, Commands};

/// Tries to start it, more often than there are places.
fn refusal(spec: CommandSpec) -> String {
    let name = spec.name.clone();
    let commands = Commands::new(vec![spec]).unwrap();
    let refuse = || start(&commands, &call(&name, &[])).err().expect("it cannot start");
    let sentences: Vec<String> = (0..10).map(|_| refuse().to_string()).collect();
    assert_eq!(refuse().code(), code::UNAVAILABLE);
    assert!(sentences.iter().all(|sentence| *sentence == sentences[0]), "{sentences:?}");
    assert!(!sentences[0].contains('/'), "a viewer learns nothing of the device's folders: {}", sentences[0]);
    sentences[0].clone()
}

#[tokio::test]
async fn a_program_that_is_not_there_or_is_none_is_a_sentence() {
    let folder = Folder::new();
    let (plain, source, orphan) = (folder.path("plain"), folder.path("source"), folder.path("orphan"));
    std::fs::write(&plain, "text").unwrap();
    std::fs::write(&source, "#!/nonexistent/shell\n").unwrap();
    // Made by another process: what one's own children may still hold open for writing cannot be executed.
    assert!(Command::new("install").arg("-m755").args([&source, &orphan]).status().unwrap().success());

    let said = refusal(program("lamp", &["/nonexistent/lamp"]));
    assert!(said.contains("lamp cannot start: its program") && said.contains("is not there"), "{said}");
    assert!(refusal(program("orphan", &[orphan.to_str().unwrap()])).contains("what that is run by"));
    for path in [plain.to_str().unwrap(), "/etc"] {
        let said = refusal(program("plain", &[path]));
        assert!(said.contains("may not run its program"), "{said}");
    }
    let mut spec = program("nowhere", &["/bin/true"]);
    spec.dir = "/nonexistent".into();
    assert!(refusal(spec).contains("its working directory is not there"));
}

#[tokio::test]
async fn the_list_is_that_of_the_configuration() {
    let commands =
        Commands::new(vec![program("two", &["/bin/true"]), program("one", &["/bin/true"])]).unwrap();
    let names: Vec<String> = commands.list().commands.into_iter().map(|command| command.name).collect();
    assert_eq!(names, ["two", "one"]);
    let twice = Commands::new(vec![program("one", &["/bin/true"]), program("one", &["/bin/false"])]);
    let error = twice.err().expect("refused").to_string();
    assert_eq!(error, "command \"one\": name: another command has this name already");
    assert_eq!(Commands::new(Vec::new()).unwrap().list().commands, []);
}

#[test]
fn a_list_that_fits_in_no_message_is_refused() {
    let command = |index: usize| {
        let mut spec = program(&format!("c{index}"), &["/bin/true"]);
        spec.description = "\"".repeat(512);
        spec
    };
    assert!(Commands::new((0..50).map(command).collect()).is_ok());
    let error = Commands::new((0..100).map(command).collect()).err().expect("refused");
    assert!(error.to_string().contains("shorten"), "{error}");
}

#[tokio::test]
async fn after_closing_nothing_starts() {
    let commands = Commands::new(vec![program("true", &["/bin/true"])]).unwrap();
    assert_eq!(start(&commands, &call("true", &[])).unwrap().hear().await.exit, SUCCESS);
    commands.close().await;
    let error = start(&commands, &call("true", &[])).err().expect("refused");
    assert_eq!((error.code(), error.to_string().contains("stopping")), (code::UNAVAILABLE, true));
}
