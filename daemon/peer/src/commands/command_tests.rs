use super::*;

fn lamp() -> CommandSpec {
    let arg = |name: &str, pattern: &str| ArgSpec { name: name.to_owned(), pattern: pattern.to_owned() };
    CommandSpec {
        name: "lamp".to_owned(),
        label: "Lamp".to_owned(),
        description: String::new(),
        run: ["/usr/local/bin/lamp", "--room={room}", "{state}"].map(str::to_owned).to_vec(),
        args: vec![arg("state", "on|off"), arg("room", "[a-z]{1,8}")],
        dash: Vec::new(),
        timeout: Duration::from_secs(30),
        max_output: 1 << 20,
        concurrency: 1,
        on_leave: OnLeave::Kill,
        dir: "/".into(),
        env: BTreeMap::new(),
    }
}

fn given(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_command_is_told_of_in_its_own_order() {
    let command = Command::new(lamp()).unwrap();
    let names: Vec<&str> = command.info.args.iter().map(|arg| arg.name.as_str()).collect();
    assert_eq!(names, ["state", "room"]);
    assert_eq!(command.info.args[0].choices, ["on", "off"]);
    assert!(command.info.args[1].choices.is_empty());
    let words = command.words(&given(&[("state", "on"), ("room", "attic")])).unwrap();
    assert_eq!(words, ["--room=attic", "on"]);
}

#[test]
fn arguments_are_all_of_the_declared_and_none_else() {
    let command = Command::new(lamp()).unwrap();
    let refused = |values: &[(&str, &str)]| command.words(&given(values)).unwrap_err().to_string();
    let good = [("state", "on"), ("room", "attic")];
    assert_eq!(refused(&good[..1]), "The command lamp needs its argument room.");
    let more = refused(&[good[0], good[1], ("a\u{1b}[2J\n", "x")]);
    assert_eq!(more, r#"The command lamp takes no argument "a\u{1b}[2J\n"."#);
    let long = "x".repeat(60_000);
    assert!(refused(&[good[0], good[1], (long.as_str(), "x")]).len() < 200);
    let error = refused(&[("state", "on; reboot"), good[1]]);
    assert_eq!(error, "The argument state of the command lamp has to be one of: on, off.");
}

#[test]
fn a_mistake_names_the_command_and_the_key() {
    type Change = fn(&mut CommandSpec);
    let cases: [(&str, &str, Change); 30] = [
        ("name", "small letter", |spec| spec.name = "Lamp".to_owned()),
        ("name", "small letter", |spec| spec.name = String::new()),
        ("name", "32 at most", |spec| spec.name = "a".repeat(33)),
        ("label", "0 bytes", |spec| spec.label.clear()),
        ("label", "65 bytes", |spec| spec.label = "a".repeat(65)),
        ("description", "513 bytes", |spec| spec.description = "a".repeat(513)),
        ("description", "control characters", |spec| spec.description = "a\nb".to_owned()),
        ("run", "name a program", |spec| spec.run.clear()),
        ("run", "absolute path", |spec| spec.run[0] = "lamp".to_owned()),
        ("run", "absolute path", |spec| spec.run[0] = "./lamp".to_owned()),
        ("run", "no argument may choose it", |spec| spec.run[0] = "/bin/{state}".to_owned()),
        ("run", "uses {stat}", |spec| spec.run[2] = "{stat}".to_owned()),
        ("run", "brace", |spec| spec.run[2] = "{state".to_owned()),
        ("run", "NUL", |spec| spec.run.push("a\0".to_owned())),
        ("run", "67 words", |spec| spec.run.extend(vec!["x".to_owned(); 64])),
        ("args", "state is not used: run has no {state}", |spec| spec.run.truncate(2)),
        ("args", "no regular expression", |spec| spec.args[0].pattern = "on|(off".to_owned()),
        ("args", "no regular expression", |spec| spec.args[0].pattern = "on)|(?:off".to_owned()),
        ("args", "there twice", |spec| spec.args[1].name = "state".to_owned()),
        ("args", "small letter", |spec| spec.args[1].name = "the room".to_owned()),
        ("args", "\"-n\" would be refused", |spec| spec.args[0].pattern = "-n|on".to_owned()),
        ("args", "there are 18", |spec| {
            let more = |index: usize| ArgSpec { name: format!("a{index}"), pattern: String::new() };
            spec.args.extend((0..16).map(more));
        }),
        ("dash", "\"stat\" is none", |spec| spec.dash = vec!["stat".to_owned()]),
        ("timeout", "more than 0", |spec| spec.timeout = Duration::ZERO),
        ("timeout", "at most 3600", |spec| spec.timeout = Duration::from_secs(3601)),
        ("concurrency", "1 to 8", |spec| spec.concurrency = 0),
        ("concurrency", "1 to 8", |spec| spec.concurrency = 9),
        ("dir", "absolute path", |spec| spec.dir = "here".into()),
        ("env", "the device's", |spec| spec.env = given(&[("WATCHWORD_WORD", "x")])),
        ("env", "name of a variable", |spec| spec.env = given(&[("A=B", "x")])),
    ];
    for (key, part, change) in cases {
        let mut spec = lamp();
        change(&mut spec);
        let error = Command::new(spec.clone()).unwrap_err();
        let said = error.to_string();
        assert_eq!((error.key, error.command.as_str()), (key, spec.name.as_str()), "{said}");
        assert!(said.contains(part) && said.contains(key), "{part}: {said}");
    }
}
