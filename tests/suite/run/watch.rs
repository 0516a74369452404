//! `watch`: rounds of the same run, each one line, until somebody asks to stop.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::handover::between_machines::Fleet;
use crate::run::kills::signal;
use crate::source::live::plain;
use crate::support::World;
use crate::support::cloud::{SMALL, text};
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::Mode;
use crate::support::plain_lists::plain_lists;

/// So often that a test does not wait, and so many rounds.
fn rounds(count: u32) -> [String; 5] {
    ["watch", "--every", "1s", "--max-runs", &count.to_string()].map(str::to_owned)
}

/// The exit code, what came on standard output, and the lines on standard error.
fn watched(
    world: &World,
    spotify: &FakeSpotify,
    count: u32,
    arguments: &[&str],
) -> (i32, String, Vec<String>) {
    let rounds = rounds(count);
    let all: Vec<&str> =
        rounds.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
    let output = world.operator(spotify, &all).output().unwrap();
    let lines = String::from_utf8(output.stderr).unwrap();
    let lines = lines.lines().map(str::to_owned).collect();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), lines)
}

/// A line without its time.
fn without_time(line: &str) -> &str {
    let (time, rest) = line.split_at("2026-11-30 21:40:00 UTC ".len());
    assert!(time.ends_with(" UTC "), "{line}");
    rest
}

#[test]
fn a_round_is_one_line_and_costs_the_list_where_nothing_changed() {
    let (library, id) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    // The first round asks for the user, the list and the playlist; right after that answer the playlist changes.
    let changed = id.clone();
    let change = Fault::mutate(move |library| library.remove_row(&changed, 1));
    spotify.script(When::Call(3), 1, change);
    let (code, stdout, lines) = watched(&world, &spotify, 3, &["--mine"]);
    assert_eq!((code, stdout.as_str(), lines.len()), (0, "", 4), "{lines:#?}");
    let begins = [
        "watching every 1s: at least ",
        "round 1: 1 of 1 playlist changed (`Plain`), ",
        "round 2: 1 of 1 playlist changed (`Plain` +0 −1), ",
        "round 3: nothing changed, ",
    ];
    for (line, begin) in lines.iter().zip(begins) {
        assert!(without_time(line).starts_with(begin), "{begin}\n{lines:#?}");
    }
    for (line, calls) in lines[1..].iter().zip(["3 calls", "2 calls", "1 call"]) {
        assert!(line.contains(&format!(", {calls}, ")), "{lines:#?}");
    }
    assert!(lines[1].contains("; next ") && !lines[3].contains("; next "), "{lines:#?}");
    assert_eq!(spotify.api_call_count(), 3 + 2 + 1);
    // Both snapshots.
    assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 5 + 4);
}

#[test]
fn an_interval_that_costs_more_than_500_calls_a_day_is_warned_of_and_own_playlists_are_known() {
    // 120 playlists are three pages; whose they are, a process asks once.
    let (library, _) = plain_lists(&[1; 120], 0);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    assert_eq!(world.live_report(&spotify, &["--mine"]).0, 0);
    for (every, a_day, is_warned) in [("5m", 864, true), ("519s", 500, false), ("1d", 3, false)] {
        let arguments = ["watch", "--mine", "--every", every, "--max-runs", "1"];
        spotify.clear_log();
        let output = world.operator(&spotify, &arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(0), 2), "{said}");
        assert!(
            said.contains(&format!(": 3 calls to Spotify a round without news, {a_day} a day")),
            "{said}"
        );
        assert_eq!(said.contains("new apps were locked out at 800 to 1,400"), is_warned, "{said}");
        assert_eq!(said.contains("`--every 519s` stays below"), is_warned, "{said}");
        assert_eq!(spotify.api_call_count(), 4, "{said}");
    }
}

#[test]
fn what_is_locked_is_left_alone_and_the_rest_goes_on() {
    let (library, ids) = plain_lists(&[3], 3);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.limit("liked_songs", 0, Some(86_400));
    let changed = ids[0].clone();
    let change = Fault::mutate(move |library| library.remove_row(&changed, 0));
    // Right after the user, the list and the playlist.
    spotify.script(When::Call(3), 1, change);
    let (code, stdout, lines) = watched(&world, &spotify, 3, &["--mine", "--liked"]);
    assert_eq!((code, stdout.as_str()), (8, ""), "{lines:#?}");
    for line in &lines[1..4] {
        assert!(line.contains("; `liked:keeper` put off until 20"), "{lines:#?}");
        assert!(line.contains("; exit code 8: "), "{lines:#?}");
    }
    assert!(lines[2].contains("`Number 1` +0 −1"), "{lines:#?}");
    assert_eq!(spotify.bucket_count("liked_songs"), 1);
    assert!(spotify.violations().is_empty(), "{:?}", spotify.violations());
}

/// A child that watches, and its lines.
fn start(world: &World, spotify: &FakeSpotify, every: &str) -> (Child, impl BufRead) {
    let mut command = world.operator(spotify, &["watch", "--mine", "--every", every]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap());
    (child, lines)
}

fn next_line(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    line
}

#[test]
fn where_everything_is_put_off_the_next_round_waits_for_that_and_a_stop_ends_the_wait() {
    let (library, _) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.limit("own_playlists", 0, Some(7_200));
    for name in ["TERM", "INT"] {
        let (mut child, mut lines) = start(&world, &spotify, "1s");
        next_line(&mut lines);
        let line = next_line(&mut lines);
        assert!(line.contains("; waits for Spotify until 20"), "{line}");
        let began = Instant::now();
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert!(!rest.contains("round 2"), "{rest}");
    }
    assert_eq!(spotify.bucket_count("own_playlists"), 1, "the second process asks nothing");
}

#[test]
fn a_stop_in_a_call_that_hangs_saves_what_there_is_and_the_same_command_continues() {
    let (library, id) = plain(150);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    // The user, the list, a hundred rows, and then the last fifty.
    spotify.script(When::Call(4), 1, Fault::Hang);
    let (mut child, mut lines) = start(&world, &spotify, "1h");
    while 0 < spotify.unused_faults() {
        std::thread::yield_now();
    }
    let began = Instant::now();
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let mut said = String::new();
    lines.read_to_string(&mut said).unwrap();
    assert!(said.contains(" round 1: ") && said.contains("; exit code 130: "), "{said}");
    spotify.clear_log();
    let (code, _, lines) = watched(&world, &spotify, 1, &["--mine"]);
    assert_eq!(code, 0, "{lines:#?}");
    // The hundred are landed: the last page, and the look back.
    assert_eq!(spotify.count(&format!("/v1/playlists/{id}")), 2, "{:?}", spotify.requests());
    assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], 150);
}

#[test]
fn a_failed_round_is_told_and_the_next_one_is_made_and_the_last_gives_the_exit_code() {
    let (library, _) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(When::Call(1), 1, Fault::status(400, "no"));
    let (code, _, lines) = watched(&world, &spotify, 2, &["--mine"]);
    assert_eq!((code, lines.len()), (0, 3), "{lines:#?}");
    assert!(lines[1].contains("; exit code 3: ") && lines[1].contains("; next "), "{lines:#?}");
    assert!(lines[2].contains(" round 2: 1 of 1 playlist changed"), "{lines:#?}");
    spotify.revoke_refresh_tokens();
    let (code, _, lines) = watched(&world, &spotify, 2, &["--mine"]);
    assert_eq!(code, 3, "{lines:#?}");
    assert!(lines[1].contains("exit code 3") && lines[2].contains("exit code 3"), "{lines:#?}");
}

/// The demo's liked songs are read each time, and its third night brings nothing.
#[test]
fn a_round_counts_songs_of_lists_that_gained_or_lost_some_and_no_list_that_is_as_it_was() {
    let world = World::new();
    let output = world.run(&["watch", "--demo", "--every", "1s", "--max-runs", "3"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let rounds: Vec<&str> = said.lines().filter(|line| line.contains(" UTC round ")).collect();
    assert_eq!(rounds.len(), 3, "{said}");
    assert!(rounds[1].contains("`Long Way Home` +6 −3") && rounds[1].contains("`Liked Songs` +2"));
    assert!(rounds[2].contains("nothing changed") && !rounds[2].contains("Liked"), "{said}");
    assert!(!said.contains("+0 −0"), "{said}");
}

#[test]
fn what_no_round_can_mend_ends_the_rounds_at_once() {
    let world = World::new();
    // No credentials.
    let output = world.run(&["watch", "--mine", "--every", "1s"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("SPOTIFY_CLIENT_ID") && !said.contains("round 2"), "{said}");
    for arguments in [
        &["watch", "--mine", "--every", "0s"][..],
        &["watch", "--mine", "--every", "soon"],
        &["watch", "--mine", "--max-runs", "0"],
        &["watch", "--mine", "--full"],
        &["watch", "--demo", "--refetch"],
    ] {
        let output = world.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(
            said.contains(arguments[arguments.len() - 2]) || said.contains(arguments[2]),
            "{said}"
        );
        assert!(!said.contains("round 1"), "{said}");
    }
}

#[test]
fn with_json_a_round_is_a_document_on_a_line_of_its_own() {
    let (library, _) = plain_lists(&[1, 2], 0);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let (code, stdout, lines) = watched(&world, &spotify, 3, &["--mine", "--json", "--quiet"]);
    assert_eq!((code, lines.len()), (0, 0), "{lines:#?}");
    let documents: Vec<Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = documents
        .iter()
        .map(|it| (it["round"].as_u64().unwrap(), it["playlists"].as_array().unwrap().len()))
        .collect();
    assert_eq!(told, [(1, 2), (2, 0), (3, 0)]);
    assert!(documents[0]["next_at"].is_string() && documents[2]["next_at"].is_null(), "{stdout}");
    assert_eq!(documents[2]["status"], "unchanged");
    assert_eq!(documents[2]["exit_code"], 0);
    // Of rounds without news the ledger keeps the last, which says how many there were.
    let runs = world.run(&["--json", "status"]);
    let runs: Value = serde_json::from_slice(&runs.stdout).unwrap();
    let runs: Vec<_> = runs.as_array().unwrap().iter().map(|it| &it["run_id"]).collect();
    assert_eq!(runs, [&documents[2]["run_id"], &documents[0]["run_id"]]);
    let said = String::from_utf8(world.run(&["status"]).stdout).unwrap();
    assert!(said.contains("→ the last of 2 rounds without news since 20"), "{said}");
    let ledger = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    for table in ["meta.table_counts", "meta.check_results", "meta.reads", "raw.documents"] {
        let sql = format!("select count(distinct run_id) from {table}");
        let count: u64 = ledger.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 2, "{table}");
    }
}

#[test]
fn the_state_between_machines_is_held_for_all_rounds_and_saved_by_those_with_news() {
    let fleet = Fleet::new();
    let rounds = ["watch", "--every", "1s", "--max-runs", "3"];
    let output = fleet.run(&[&rounds, &SMALL[..]].concat());
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches(": nothing changed, ").count(), 2, "{said}");
    // The first round: after export, after ingest, at the end.
    assert_eq!(fleet.object("current.json")["generation"], 3, "{said}");
    let lease = fleet.object("lease.json");
    assert_eq!((&lease["owner"], &lease["fencing_number"]), (&Value::Null, &1.into()));
    // A run by itself is saved, also without news.
    assert_eq!(fleet.report().0, 0);
    assert_eq!(fleet.object("current.json")["generation"], 4);

    // Between two rounds it is held; who asks to stop then gives it back.
    let arguments = [&["watch", "--every", "1h"], &SMALL[..]].concat();
    let mut command = fleet.command(&arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    next_line(&mut lines);
    assert!(next_line(&mut lines).contains(" round 1: nothing changed, "));
    assert!(fleet.object("lease.json")["owner"].is_string());
    fleet.refused(&[&["run"], &SMALL[..]].concat(), 8, &["watch, between two rounds"]);
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fleet.object("lease.json")["owner"], Value::Null);
    assert_eq!(fleet.report().0, 0);
}

/// Rounds of the long test.
const LONG: u32 = 2_000;

/// Resident memory of a process in KiB.
fn memory(child: &Child) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Bytes of each file of the data directory.
fn held(world: &World) -> BTreeMap<String, u64> {
    let size =
        |name: &String| std::fs::metadata(world.path("data").join(name)).map_or(0, |it| it.len());
    world.files("data").into_iter().map(|name| (name.clone(), size(&name))).collect()
}

#[test]
#[ignore = "takes half an hour: 2,000 rounds a second apart"]
fn memory_and_files_stay_as_they_are_over_many_rounds() {
    let (library, _) = plain_lists(&[60; 51], 0);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let (mut child, mut lines) = start(&world, &spotify, "1s");
    next_line(&mut lines);
    let mut early = None;
    for round in 1..=LONG {
        let line = next_line(&mut lines);
        assert!(line.contains(&format!(" round {round}: ")), "{line}");
        let now = match round {
            10 | 100 | 500 | 1_000 | 1_500 | LONG => (memory(&child), held(&world)),
            _ => continue,
        };
        eprintln!("round {round}: {} KiB, {:?}", now.0, now.1);
        if round < 100 {
            continue;
        }
        let (memory, files) = early.get_or_insert_with(|| now.clone());
        assert!(now.0 < *memory + 30_000, "{memory} KiB became {}", now.0);
        assert_eq!(now.1.keys().collect::<Vec<_>>(), files.keys().collect::<Vec<_>>());
        for (name, size) in &now.1 {
            // DuckDB's files grow and shrink by blocks of 256 KiB.
            assert!(*size <= files[name] + (4 << 18), "{name}: {} became {size}", files[name]);
        }
    }
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
