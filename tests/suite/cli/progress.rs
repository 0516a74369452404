//! What is told while a command works: on a terminal a line that goes again, elsewhere a line for each stage, and each failure once.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::source::documents::playlist;
use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::Mode;
use crate::support::plain_lists::plain_lists;

fn said(world: &World, arguments: &[&str], code: i32) -> String {
    let output = world.run(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

#[test]
fn without_a_terminal_each_stage_is_a_line_when_it_ends() {
    let world = World::new();
    world.write("in/playlist.json", &playlist(|_| {}));
    let told = said(&world, &["run", "--from-dir", "in"], 0);
    let seconds = |line: &str| {
        let (_, rest) = line.split_once(" took ").unwrap_or_else(|| panic!("{line}"));
        let (seconds, rest) = rest.split_once(" s").unwrap();
        (seconds.parse::<f64>().unwrap(), rest.to_owned())
    };
    // On a machine that is busy a stage may last; then it is told at its beginning, too.
    let is_end = |line: &&str| !line.contains("WARN") && !line.ends_with(" started");
    let lines: Vec<&str> = told.lines().filter(is_end).collect();
    let stages = ["fetch", "transform", "check", "publish", "export"];
    assert_eq!(lines.len(), stages.len(), "{told}");
    for (line, stage) in lines.iter().zip(stages) {
        assert!(line.contains(&format!("INFO {stage} took ")), "{line}");
        assert!(seconds(line).0 < 60.0, "{line}");
    }
    // One row of one playlist; the published file and the files of seven tables.
    assert_eq!(seconds(lines[0]).1, ": 1 row");
    assert!(seconds(lines[3]).1.starts_with(": 1 file, "), "{told}");
    assert!(seconds(lines[4]).1.contains(" rows, "), "{told}");
    assert_eq!(said(&world, &["--quiet", "run", "--from-dir", "in"], 0), "");
    // A stage that did not do its work says so, and the error is told behind it, once.
    let wrong = playlist(|song| song["duration_ms"] = (-1).into());
    world.write("bad/playlist.json", &wrong.replace(r#""s1""#, r#""s2""#));
    let told = said(&world, &["run", "--from-dir", "bad"], 4);
    assert!(told.contains(" check ended early, after "), "{told}");
    assert_eq!(told.matches("the quality gate refused the run").count(), 1, "{told}");
    assert!(told.lines().last().unwrap().starts_with("error: "), "{told}");
}

/// All lines are JSON; those of the run have its id, those of a stage its name, and the failure is one of them.
#[test]
fn lines_of_json_say_whose_they_are_and_a_failure_is_one_of_them() {
    let cloud = Cloud::small("rest", "parquet");
    let lines = |arguments: &[&str], code: i32| -> (Value, Vec<Value>) {
        let output = cloud.run(&[&["--log-format", "json", "--json"], arguments].concat());
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{log}");
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        (serde_json::from_slice(&output.stdout).unwrap(), log.lines().map(read).collect())
    };
    let (report, told) = lines(&[&["run"], &SMALL[..]].concat(), 0);
    let of_run = |it: &&Value| it["fields"]["run_id"] == report["run_id"];
    assert_eq!(told.iter().filter(of_run).count(), told.len(), "{told:#?}");
    let ends: Vec<&Value> = told
        .iter()
        .map(|line| &line["fields"])
        .filter(|fields| fields["message"].as_str().unwrap().contains(" took "))
        .collect();
    let stages: Vec<&str> = ends.iter().map(|end| end["stage"].as_str().unwrap()).collect();
    let all = ["fetch", "transform", "check", "publish", "export", "upload", "ingest", "verify"];
    assert_eq!(stages, all);
    assert!(ends.iter().all(|end| end["duration_ms"].is_u64()), "{ends:#?}");
    // What the report says of them is the same.
    let names = |list: &Value, name: &str| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|stage| stage[name].clone()).collect()
    };
    for name in ["stage", "duration_ms", "row_count", "file_count", "call_count"] {
        let logged: Vec<Value> = ends.iter().map(|end| end[name].clone()).collect();
        assert_eq!(names(&report["stages"], name), logged, "{name}");
    }
    let written = told.iter().filter(|line| line["fields"]["table"] == "songs");
    let stages: Vec<&Value> = written.map(|line| &line["fields"]["stage"]).collect();
    for stage in ["export", "upload", "ingest", "verify"] {
        assert!(stages.iter().any(|it| *it == stage), "{stage}: {stages:?}");
    }
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    let (report, told) = lines(&["verify"], 7);
    let error = report["error"].as_str().unwrap();
    let wrong: Vec<&Value> = told.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(wrong.len(), 1, "{told:#?}");
    let fields = &wrong[0]["fields"];
    assert_eq!((&fields["message"], &fields["exit_code"]), (&report["error"], &7.into()));
    assert_eq!(fields["run_id"], report["run_id"]);
    let repeated = told.iter().filter(|line| line["fields"]["message"] == error);
    assert_eq!(repeated.count(), 1, "{told:#?}");
}

#[test]
fn a_stage_by_itself_makes_nothing_in_an_empty_folder() {
    let world = World::new();
    for (stage, code) in [
        (&["transform"][..], 0),
        (&["check"], 0),
        (&["check", "--all"], 0),
        (&["publish"], 0),
        (&["export"], 0),
        (&["upload"], 2),
        (&["ingest"], 2),
    ] {
        let output = world.run(stage);
        let told = text(&output);
        assert_eq!(output.status.code(), Some(code), "{stage:?}: {told}");
        assert!(told.contains("--data-dir"), "{stage:?}: {told}");
        let output = world.run(&[&["--json"], stage].concat());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let status = if code == 0 { "unchanged" } else { "failed" };
        assert_eq!((output.status.code(), &document["status"]), (Some(code), &status.into()));
    }
    assert_eq!(world.files(""), [""; 0]);
    let cloud = Cloud::bare("rest", "parquet");
    assert_eq!(cloud.run(&["verify"]).status.code(), Some(2));
    assert_eq!(cloud.world.files(""), [""; 0]);
    assert!(!cloud.world.path("data").exists() && !world.path("data").exists());
}

/// Rows of a refused run are nobody's: who looks at them begins no run for it.
#[test]
fn a_check_begins_no_run() {
    let world = World::new();
    world.write("in/playlist.json", &playlist(|song| song["duration_ms"] = (-1).into()));
    assert_eq!(world.report(&["--from-dir", "in"]).0, 4);
    let runs = || said_to_stdout(&world, &["--json", "status"]);
    let before = runs();
    let told = said(&world, &["check"], 4);
    assert!(told.contains("songs__duration_is_positive"), "{told}");
    assert_eq!(runs(), before);
}

fn said_to_stdout(world: &World, arguments: &[&str]) -> String {
    String::from_utf8(world.run(arguments).stdout).unwrap()
}

/// What is to be seen of a terminal in the end, which is so many letters wide.
fn screen(bytes: &str, width: usize) -> Vec<String> {
    let mut lines = vec![vec![' '; width]];
    let (mut line, mut column) = (0_usize, 0_usize);
    let mut letters = bytes.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => column = 0,
            '\n' => line += 1,
            '\u{8}' => column = column.saturating_sub(1),
            '\u{1b}' => {
                assert_eq!(letters.next(), Some('['), "a command of another kind");
                let mut number = String::new();
                let command = letters.by_ref().find(|it| {
                    number.extend(it.is_ascii_digit().then_some(*it));
                    it.is_alphabetic()
                });
                let count = number.parse().unwrap_or(1);
                match command {
                    Some('A') => line = line.saturating_sub(count),
                    Some('B') => line += count,
                    Some('K') if number == "2" => lines[line].fill(' '),
                    Some('K') => lines[line][column..].fill(' '),
                    Some('C') => column += count,
                    Some('D') => column = column.saturating_sub(count),
                    Some('m') => {}
                    other => panic!("{other:?}"),
                }
            }
            // What is typed comes back, too; a terminal shows nothing of it.
            letter if letter.is_control() => {}
            letter => {
                // The last column is left only when there is more to write.
                if column == width {
                    (line, column) = (line + 1, 0);
                }
                lines.resize(lines.len().max(line + 1), vec![' '; width]);
                lines[line][column] = letter;
                column += 1;
            }
        }
        lines.resize(lines.len().max(line + 1), vec![' '; width]);
    }
    let text = lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned());
    text.filter(|line| !line.is_empty()).collect()
}

/// `script` (util-linux) is a terminal for a command; where it is missing or another one, nothing is tried.
fn terminal() -> Option<Command> {
    let version = Command::new("script").arg("--version").output();
    version
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux"))
        .then(|| Command::new("script"))
}

/// The line says what is read and what was asked; Ctrl-C, typed at it, leaves neither it nor `^C`, and the terminal as it was.
#[test]
fn ctrl_c_leaves_a_terminal_without_the_line_that_was_drawn() {
    let Some(mut command) = terminal() else {
        println!("skipped: there is no `script` of util-linux");
        return;
    };
    let (library, _) = plain_lists(&[3, 250], 0);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(When::Query("offset=100".to_owned()), usize::MAX, Fault::Hang);
    let binary = env!("CARGO_BIN_EXE_snowtrack");
    let run = world.operator(&spotify, &[]);
    let shell =
        format!("trap : INT; stty cols 80 rows 24; '{binary}' run --mine; echo code $?; stty -a");
    command
        .args(["--quiet", "--return", "--command", &shell, "/dev/null"])
        .env_clear()
        .envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .envs([("TERM", "xterm"), ("PATH", "/usr/bin:/bin"), ("SHELL", "/bin/sh")])
        .current_dir(world.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut keys, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut piece) = (Vec::new(), [0; 4096]);
    let mut more = |shown: &mut Vec<u8>| {
        let count = output.read(&mut piece).unwrap();
        shown.extend_from_slice(&piece[..count]);
        0 < count
    };
    let drawn = "1 of 2 playlists, 105 rows, 5 calls";
    while !String::from_utf8_lossy(&shown).contains(drawn) {
        assert!(more(&mut shown), "{}", String::from_utf8_lossy(&shown));
    }
    let seen = String::from_utf8_lossy(&shown).into_owned();
    assert!(seen.contains(" (250 rows) · "), "{seen}");
    keys.write_all(&[3]).unwrap();
    while more(&mut shown) {}
    let shown = String::from_utf8_lossy(&shown).into_owned();
    let screen = screen(&shown, 80);
    let text = screen.join("\n");
    assert!(screen[0].contains("run 01"), "{text}");
    assert!(text.contains("error: stopped; what was done is kept"), "{text}");
    assert!(text.contains("code 130") && text.contains("echoctl"), "{text}");
    assert!(!text.contains("-echoctl"), "the terminal is as it was: {text}");
    let (ours, _) = text.split_once("code 130").unwrap();
    for left in ["playlists, ", "^C", "fetch: "] {
        assert!(!ours.contains(left), "`{left}` is left: {text}");
    }
    child.wait().unwrap();
}
