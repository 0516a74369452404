//! `prune`: the disk stays flat, and whatever needed the history still works.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::World;
use crate::support::cloud::{Cloud, text};
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

const USER: &str = "keeper";

/// Two lists, the first of so many rows.
fn library(size: usize) -> (Library, Vec<String>) {
    let (library, tracks) = Library::new(USER).with_plain_tracks(1_000, 3_000);
    let rows = |from: usize, size: usize| {
        tracks[from..from + size].iter().map(|id| Row::track(id)).collect::<Vec<_>>()
    };
    let one = Playlist::new(&spotify_id(1), "One", USER).with_rows(rows(0, size));
    let two = Playlist::new(&spotify_id(2), "Two", USER).with_rows(rows(60, 60));
    (library.with_playlist(one).with_playlist(two), tracks)
}

/// Bytes of everything below a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => size(&entry.path()),
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}

#[test]
fn sixty_nights_hold_the_disk_flat() {
    let world = World::new();
    let (library, tracks) = library(60);
    let spotify = FakeSpotify::start(library, Mode::Development);
    let (one, two) = (spotify_id(1), spotify_id(2));
    let mut sizes = Vec::new();
    for night in 0..60 {
        // A song comes, another goes: lists are as long as they were.
        spotify.mutate(|library| {
            library.remove_row(&one, 0);
            library.add_rows(&one, [Row::track(&tracks[2_000 + night])]);
        });
        let run = ["--json", "run", "--archive", "--playlist", &one, "--playlist", &two];
        let mut command = world.operator(&spotify, &run);
        let output = command.env("SNOWTRACK_PRUNE_AFTER", "0s").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        // The lake is the lake: without a bucket it is all there is.
        let work = world.path("data/snowtrack.duckdb");
        sizes.push(std::fs::metadata(work).unwrap().len());
    }
    // What is left of a night is its line in the ledger and its snapshot's rows.
    let grown = sizes[59].saturating_sub(sizes[9]);
    assert!(grown * 100 < sizes[9] * 40, "{sizes:?}");
    let kept = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    let documents: u64 =
        kept.query_row("select count(*) from raw.documents", [], |row| row.get(0)).unwrap();
    assert!(documents <= 4, "{documents} documents: those of the newest read of each list");
    drop(kept);
    // Everything that was ever read is in the archives.
    let lake = world.files("data/lake");
    let archives = lake.iter().filter(|key| key.ends_with(".zst")).count();
    assert_eq!(archives, 60);
    let checked = world.operator(&spotify, &["check", "--all"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
}

/// Nights on ever new machines, of which the bucket keeps what there is; the bytes of all generations after each.
fn nights_with_a_state(nights: usize) -> Vec<u64> {
    let mut cloud = Cloud::new("copy", "parquet");
    cloud.settings.push(("SNOWTRACK_STATE", "s3://lake/state/".to_owned()));
    cloud.settings.push(("SNOWTRACK_PRUNE_AFTER", "0s".to_owned()));
    let (library, tracks) = library(600);
    let spotify = FakeSpotify::start(library, Mode::Development);
    let (one, two) = (spotify_id(1), spotify_id(2));
    let mut sizes = Vec::new();
    for night in 0..nights {
        cloud.world = World::new();
        spotify.mutate(|library| {
            library.remove_row(&one, 0);
            library.add_rows(&one, [Row::track(&tracks[2_000 + night])]);
        });
        let run = ["--json", "run", "--archive", "--playlist", &one, "--playlist", &two];
        let mut command = cloud.command(&run);
        let of_spotify = cloud.world.operator(&spotify, &[]);
        command.envs(of_spotify.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        sizes.push(size(&cloud.s3.bucket().join("state")));
    }
    cloud.world = World::new();
    let held = cloud.run(&["--json", "state", "show"]);
    let held: Value = serde_json::from_slice(&held.stdout).unwrap();
    assert_eq!((&held["lease"], held["generations"].as_array().unwrap().len()), (&json!(null), 3));
    // What was pruned is still proven, and still found where it must be.
    let report = cloud.run(&["--json", "verify", "--all"]);
    assert_eq!(report.status.code(), Some(0), "{}", text(&report));
    sizes
}

/// What a night without news asks of the state, and writes there, in order.
fn asked_of_the_state(prune_after: Option<&str>) -> Vec<String> {
    let mut cloud = Cloud::new("copy", "parquet");
    cloud.settings.push(("SNOWTRACK_STATE", "s3://lake/state/".to_owned()));
    let (library, _) = library(60);
    let spotify = FakeSpotify::start(library, Mode::Development);
    let night = |prune_after: Option<&str>| {
        let run = ["--json", "run", "--archive", "--playlist", &spotify_id(1)];
        let mut command = cloud.command(&run);
        let of_spotify = cloud.world.operator(&spotify, &[]);
        command.envs(of_spotify.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.envs(prune_after.map(|age| ("SNOWTRACK_PRUNE_AFTER", age)));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    };
    night(None);
    cloud.s3.clear_log();
    night(prune_after);
    let calls = cloud.s3.calls().into_iter().filter(|call| call.key.starts_with("state/"));
    calls.map(|call| format!("{:?} {}", call.op, call.key)).collect()
}

#[test]
fn where_nothing_is_to_be_pruned_the_state_is_not_taken_for_it() {
    let usual = asked_of_the_state(None);
    assert!(usual.iter().any(|call| call == "Put state/lease.json"), "{usual:?}");
    assert_eq!(asked_of_the_state(Some("90d")), usual);
    // Files of this machine go, and no other has them.
    assert_eq!(asked_of_the_state(Some("0s")), usual);
}

/// What is left of a night is its snapshot's rows, which were shipped and are compared for ever, and its lines in the ledger: at most 20
/// bytes a row, packed, in each of three generations.
fn assert_flat_but_for_history(sizes: &[u64], after: usize) {
    let nights = (sizes.len() - 1 - after) as u64;
    let history = nights * 3 * 600 * 20;
    assert!(sizes[sizes.len() - 1] <= sizes[after] + history, "{sizes:?}");
}

#[test]
fn nights_on_ever_new_machines_leave_of_themselves_in_the_state_what_was_shipped_alone() {
    assert_flat_but_for_history(&nights_with_a_state(8), 3);
}

#[test]
#[ignore = "takes minutes: `make test-long`"]
fn sixty_nights_on_ever_new_machines_leave_what_was_shipped_alone() {
    assert_flat_but_for_history(&nights_with_a_state(60), 9);
}

#[test]
fn what_is_pruned_is_shown_first_and_everything_works_without_it() {
    let cloud = Cloud::new("copy", "parquet");
    let (library, tracks) = library(2_000);
    let spotify = FakeSpotify::start(library, Mode::Development);
    let (one, two) = (spotify_id(1), spotify_id(2));
    let command = |arguments: &[&str]| {
        let mut command = cloud.command(&[&["--json"], arguments].concat());
        let of_spotify = cloud.world.operator(&spotify, &[]);
        command.envs(of_spotify.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    for night in 0..3 {
        spotify.mutate(|library| library.add_rows(&one, [Row::track(&tracks[2_000 + night])]));
        let archive: &[&str] = if night < 2 { &["--archive"] } else { &[] };
        command(&[&["run", "--playlist", &one, "--playlist", &two], archive].concat());
    }
    let told = String::from_utf8(cloud.run(&["prune", "--older-than", "90d"]).stdout).unwrap();
    assert!(told.starts_with("there is nothing to delete") && !told.contains("--yes"), "{told}");
    let nothing = command(&["prune", "--older-than", "90d"]);
    assert_eq!((&nothing["document_count"], &nothing["file_count"]), (&json!(0), &json!(0)));
    let before = size(&cloud.world.path("data"));
    let shown = command(&["prune", "--older-than", "0s"]);
    assert_eq!((&shown["status"], size(&cloud.world.path("data"))), (&json!("planned"), before));
    assert!(0 < shown["freed_size_bytes"].as_u64().unwrap(), "{shown}");
    let pruned = command(&["prune", "--older-than", "0s", "--yes"]);
    assert_eq!(pruned["document_count"], shown["document_count"], "{shown} {pruned}");
    let lake = cloud.world.files("data/lake");
    // The night without an archive keeps its manifest, as all do; its files have arrived.
    assert!(lake.iter().all(|name| name.ends_with(".json")), "{lake:?}");
    let after = size(&cloud.world.path("data"));
    assert!(after * 10 < before * 9, "{before} bytes, then {after}");
    assert_eq!(command(&["prune", "--older-than", "0s"])["document_count"], 0);
    // Two of the first two nights' three reads: the newest of each list stays, and what no archive holds.
    let reads = "select count(distinct read_id) from raw.documents";
    let kept = duckdb::Connection::open(cloud.world.path("data/snowtrack.duckdb")).unwrap();
    assert_eq!(kept.query_row(reads, [], |row| row.get::<_, u64>(0)).unwrap(), 2);
    drop(kept);
    assert_eq!(command(&["verify", "--all"])["status"], "verified");
    assert_eq!(command(&["reconcile"])["is_same"], true);
    command(&["check", "--all"]);
    let unchanged = command(&["run", "--playlist", &one, "--playlist", &two]);
    assert_eq!(unchanged["status"], "unchanged");
    spotify.mutate(|library| library.remove_row(&one, 3));
    assert_eq!(command(&["run", "--playlist", &one, "--playlist", &two])["status"], "verified");
    assert_eq!(command(&["reconcile"])["is_same"], true);
    // What was pruned here is still found and forgotten in the bucket.
    let forgotten = command(&["forget", "--playlist", &one]);
    assert_eq!(forgotten["missing_rights"].as_array().unwrap().len(), 8 - 1);
    assert!(forgotten["files"].as_array().unwrap().len() > 10, "{forgotten:#}");
}
