//! `kill -9` and SIGTERM at any moment of a run, then the same command: the result is that of a run nobody disturbed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};
use crate::support::truth::{Reading, TABLES, Truth};
use crate::support::{World, copy};

/// An own playlist of five pages, a short one, and liked songs.
pub(crate) fn library() -> Library {
    let (library, tracks) = Library::new("keeper").with_plain_tracks(1_000, 230);
    let rows = |count: usize| tracks[..count].iter().map(|track| Row::track(track));
    library
        .with_playlist(Playlist::new(&spotify_id(7), "Long", "keeper").with_rows(rows(230)))
        .with_playlist(Playlist::new(&spotify_id(8), "Short", "keeper").with_rows(rows(40)))
        .with_liked(rows(120).collect::<Vec<_>>())
}

const EVERYTHING: [&str; 4] = ["run", "--mine", "--liked", "--enrich"];

pub(crate) fn silent(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Requests that landed something, by address. `/me` lands nothing.
fn landing_requests(spotify: &FakeSpotify) -> Vec<String> {
    let requests = spotify.requests().into_iter();
    let data =
        requests.filter(|request| request.path.starts_with("/v1/") && request.path != "/v1/me");
    data.map(|request| format!("{}?{}", request.path, request.query)).collect()
}

#[test]
fn a_fetch_killed_at_any_call_goes_on_behind_what_is_landed() {
    let undisturbed = FakeSpotify::start(library(), Mode::Development);
    let world = World::new();
    assert!(world.operator(&undisturbed, &EVERYTHING).output().unwrap().status.success());
    let call_count = undisturbed.api_call_count();
    // User and list; 5 of the long playlist, 1 of the short; 4 of the liked songs; an artist, an album.
    assert_eq!(call_count, 2 + 5 + 1 + 4 + 2);
    let mut truth = Truth::default();
    let library = undisturbed.library();
    let reading = Reading::mine(&library, Mode::Development).with_liked_songs().with_enrichment();
    truth.observe(&library, &reading);
    for table in TABLES {
        assert_eq!(world.rows_of(table), truth.table(table), "{table}");
    }
    let wanted = sums(&world);

    for call in 1..=call_count {
        let (world, spotify) =
            (World::new(), FakeSpotify::start(library.clone(), Mode::Development));
        // The double answers no more at this call, and the process dies while it waits.
        spotify.script(When::Call(call), 1, Fault::Hang);
        let mut child = silent(world.operator(&spotify, &EVERYTHING));
        while 0 < spotify.unused_faults() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut asked = landing_requests(&spotify);
        asked.pop(); // The one that hung; or the last one before the user was asked for.
        spotify.clear_log();
        let output = world.operator(&spotify, &EVERYTHING).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        asked.extend(landing_requests(&spotify));
        let mut counts = BTreeMap::new();
        asked.into_iter().for_each(|address| *counts.entry(address).or_insert(0) += 1);
        for (address, count) in counts {
            // Only what tells whether a list of several pages stood still is looked at once more.
            let is_looked_at_twice = address.contains(&spotify_id(7))
                && !address.contains("/items")
                || address.contains("/me/tracks?limit=50&offset=0");
            let most = if is_looked_at_twice { 2 } else { 1 };
            assert!(count <= most, "call {call}: `{address}` was asked for {count} times");
        }
        assert_eq!(sums(&world), wanted, "after call {call}");
    }
}

/// Rows and hash sum of every table.
fn sums(world: &World) -> Value {
    let sums = TABLES.map(|table| {
        format!(
            "select '{table}' as t, count(*) as n, sum(row_hash)::varchar as s from core.{table}"
        )
    });
    world.query(&sums.join(" union all "))
}

/// Sends a signal by its name.
pub(crate) fn signal(child: &Child, name: &str) {
    let status =
        Command::new("/bin/sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status();
    assert!(status.unwrap().success());
}

#[test]
fn ctrl_c_and_sigterm_end_a_call_that_hangs_and_the_same_command_goes_on() {
    for name in ["INT", "TERM"] {
        let (world, spotify) = (World::new(), FakeSpotify::start(library(), Mode::Development));
        spotify.script(When::Call(5), 1, Fault::Hang);
        let mut command = world.operator(&spotify, &["--json", "run", "--mine"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while 0 < spotify.unused_faults() {
            std::thread::yield_now();
        }
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{text}");
        assert!(text.contains("the same command continues"), "{text}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&report["status"], &report["spotify"]["call_count"]),
            (&"pending".into(), &5.into())
        );
        spotify.clear_log();
        let output = world.operator(&spotify, &["--json", "run", "--mine"]).output().unwrap();
        let continued: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &continued["run_id"]), (Some(0), &report["run_id"]));
        // The user again; two pages of the long playlist are landed and the list, too.
        assert_eq!(spotify.api_call_count(), 1 + (5 - 2) + 1);
    }
}

/// The demo of the second day on top of a finished first one.
const SECOND_DAY: [&str; 4] = ["-vv", "--json", "run", "--demo"];

/// The world after the first day, and a copy of it for each trial.
fn first_day() -> World {
    let world = World::new();
    assert_eq!(world.report(&["--demo"]).0, 0);
    world
}

fn second_day(world: &World) -> Command {
    world.command(&SECOND_DAY)
}

fn another(first_day: &World) -> World {
    let world = World::new();
    copy(&first_day.path("data"), &world.path("data"));
    world
}

/// What counts of a data directory: every table's rows, the lake's files and what its manifests promise.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    tables: Value,
    keys: Vec<String>,
    promises: Vec<Value>,
}

fn outcome(world: &World) -> Outcome {
    let (mut keys, mut promises) = (Vec::new(), Vec::new());
    let lake = world.path("data/lake");
    let mut folders = vec![lake.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let key = path.strip_prefix(&lake).unwrap().to_str().unwrap().to_owned();
            if key.ends_with(".json") {
                let manifest: Value =
                    serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                for file in manifest["files"].as_array().unwrap() {
                    let path = lake.join(file["key"].as_str().unwrap());
                    assert_eq!(
                        path.metadata().unwrap().len(),
                        file["size_bytes"].as_u64().unwrap()
                    );
                    promises.push(serde_json::json!([
                        file["table"],
                        file["row_count"],
                        file["row_hash_sum"]
                    ]));
                }
            }
            keys.push(without_run(&key));
        }
    }
    keys.sort();
    promises.sort_by_key(Value::to_string);
    Outcome { tables: sums(world), keys, promises }
}

/// A key without what differs from run to run: digits, and the 26 characters of the run.
fn without_run(key: &str) -> String {
    let parts = key.split('_').map(|part| {
        let name = part.split('.').next().unwrap_or_default();
        if name.len() == 26 { part.replace(name, "RUN") } else { part.to_owned() }
    });
    let key: String = parts.collect::<Vec<_>>().join("_");
    let key = match key.rsplit_once('/') {
        Some((folder, name)) if folder.contains("/manifests/") => {
            format!("{folder}/{}", name.get(26..).unwrap_or(name))
        }
        _ => key,
    };
    key.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect()
}

/// Kills a run as soon as it has logged `line_count` lines that hold `part`. Returns how many it logged.
pub(crate) fn killed_at(mut command: Command, part: &str, line_count: usize) -> usize {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen =
        lines.map_while(Result::ok).filter(|line| line.contains(part)).take(line_count).count();
    // Where the run had ended already there is nothing left to kill.
    let _ = child.kill();
    child.wait().unwrap();
    seen
}

/// Asks a run to stop (SIGTERM) as soon as it has logged `part`. Returns its exit code and what it said from then on.
pub(crate) fn stopped_at(mut command: Command, part: &str) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(part) {
        line.clear();
        assert!(0 < errors.read_line(&mut line).unwrap(), "the run ended before `{part}`");
    }
    // Held still, the run cannot end before the signal is with it.
    signal(&child, "STOP");
    signal(&child, "TERM");
    signal(&child, "CONT");
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    (child.wait().unwrap().code(), rest)
}

/// Kills a run at every `step`-th line that holds `part`, continues it, and compares.
fn assert_killed_runs_end_well(part: &str, step: usize) {
    let before = first_day();
    let undisturbed = another(&before);
    let line_count = killed_at(second_day(&undisturbed), part, usize::MAX);
    let wanted = outcome(&undisturbed);
    assert!(line_count >= 5, "{line_count} lines with `{part}`");
    for line in (1..=line_count).step_by(step) {
        let world = another(&before);
        assert_eq!(killed_at(second_day(&world), part, line), line);
        let (code, report) = world.report(&["--demo"]);
        assert_eq!((code, &report["status"]), (0, &"exported".into()), "{part} {line}: {report}");
        assert_eq!(outcome(&world), wanted, "killed at line {line} of `{part}`");
    }
}

#[test]
fn a_run_killed_at_the_start_of_any_stage_ends_like_any_other() {
    assert_killed_runs_end_well(" started", 1);
}

#[test]
fn a_run_killed_at_any_model_ends_like_any_other() {
    assert_killed_runs_end_well("model `", 2);
}

#[test]
fn a_run_killed_between_two_merges_ends_like_any_other() {
    assert_killed_runs_end_well("merge `", 4);
}

#[test]
fn a_run_killed_among_the_checks_ends_like_any_other() {
    assert_killed_runs_end_well("check `", 20);
}

#[test]
fn a_run_killed_while_it_publishes_ends_like_any_other() {
    assert_killed_runs_end_well("publish the changes of", 2);
}

#[test]
fn a_run_killed_while_it_exports_ends_like_any_other() {
    assert_killed_runs_end_well("wrote ", 3);
}

#[test]
fn a_run_killed_at_its_manifest_ends_like_any_other() {
    let before = first_day();
    let undisturbed = another(&before);
    assert_eq!(killed_at(second_day(&undisturbed), "write the manifest", usize::MAX), 1);
    let world = another(&before);
    killed_at(second_day(&world), "write the manifest", 1);
    assert_eq!(world.report(&["--demo"]).0, 0);
    assert_eq!(outcome(&world), outcome(&undisturbed));
}

#[test]
fn sigterm_in_the_middle_of_a_run_is_exit_130_with_the_state_saved() {
    let before = first_day();
    let undisturbed = another(&before);
    killed_at(second_day(&undisturbed), "none", usize::MAX);
    let world = another(&before);
    let (code, rest) = stopped_at(second_day(&world), "transform started");
    assert_eq!(code, Some(130), "{rest}");
    assert!(
        rest.contains("the same command continues") && !rest.contains("export started"),
        "{rest}"
    );
    assert_eq!(world.report(&["--demo"]).0, 0);
    assert_eq!(outcome(&world), outcome(&undisturbed));
}
