//! The manual pages, and readers who leave before the end.

use std::collections::BTreeSet;
use std::process::Stdio;

use crate::support::World;

fn stdout(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The pages that a page names, as `snowtrack\-run(1)`.
fn named(page: &str) -> BTreeSet<String> {
    let plain = page.replace("\\-", "-");
    let ends = plain.match_indices("(1)").map(|(at, _)| &plain[..at]);
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    ends.map(|before| before.rsplit(|it: char| !is_name(it)).next().unwrap().to_owned()).collect()
}

#[test]
fn every_page_that_a_page_names_is_there() {
    let world = World::new();
    let listed = stdout(&world, &["man", "--dir", "pages/man1"]);
    let pages: BTreeSet<String> = std::fs::read_dir(world.path("pages/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(listed.lines().count(), pages.len());
    for expected in ["snowtrack.1", "snowtrack-run.1", "snowtrack-snowflake-plan.1"] {
        assert!(pages.contains(expected), "{expected} is not in {pages:?}");
    }
    let mut count = 0;
    for page in &pages {
        let text = std::fs::read_to_string(world.path("pages/man1").join(page)).unwrap();
        let words: Vec<&str> = page.trim_end_matches(".1").split('-').skip(1).collect();
        assert_eq!(stdout(&world, &[&["man"], words.as_slice()].concat()).trim(), text.trim());
        for name in named(&text) {
            count += 1;
            assert!(pages.contains(&format!("{name}.1")), "{page} names {name}(1)");
        }
    }
    assert!(count > 20, "the test finds no names");
    // Each command that the help lists has its page.
    let help = stdout(&world, &["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for name in names.filter(|name| !name.is_empty() && *name != "help") {
        assert!(pages.contains(&format!("snowtrack-{name}.1")), "{name} has no page");
    }
}

#[test]
fn a_page_of_no_command_is_refused_by_name() {
    let world = World::new();
    for words in [&["run", "away"][..], &["nonsense"], &["help"]] {
        let output = world.run(&[&["man"], words].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("`{}`", words.join(" "))), "{said}");
    }
}

/// The other end of a pipe whose reader has left.
fn closed() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}

#[test]
fn every_command_ends_quietly_when_its_reader_leaves() {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    let commands: [&[&str]; 16] = [
        &["completions", "bash"],
        &["completions", "fish"],
        &["man"],
        &["man", "run"],
        &["man", "--dir", "pages"],
        &["--help"],
        &["--version"],
        &["run", "--demo"],
        &["--json", "run", "--demo"],
        &["check"],
        &["status"],
        &["query", "select * from range(100000)"],
        &["config", "check"],
        &["config", "init"],
        &["doctor"],
        &["--json", "doctor"],
    ];
    for command in commands {
        let output = world.command(command).stdout(closed()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command:?}: {said}");
        // A run says its stages there, whoever reads its result.
        assert!(said.lines().all(|line| line.contains("  INFO ")), "{command:?}: {said}");
    }
}

#[test]
fn a_closed_standard_error_changes_no_exit_code() {
    let world = World::new();
    let commands: [(&[&str], i32); 6] = [
        (&["-vvv", "run", "--demo"], 0),
        (&["--log-format", "json", "-vvv", "run", "--demo"], 0),
        (&["run"], 2),
        (&["--log-format", "json", "run"], 2),
        (&["query", "select nothing"], 2),
        (&["--no-such-option"], 2),
    ];
    for (command, code) in commands {
        let status = world
            .command(command)
            .env("SNOWFLAKE_ACOUNT", "warned of")
            .stdout(closed())
            .stderr(closed())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(code), "{command:?}");
    }
}
