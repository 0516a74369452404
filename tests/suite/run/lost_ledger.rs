//! A ledger that is gone, or that is not the one that wrote the lake: said before anything is read or shipped.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_s3::{FakeS3, Op};
use crate::support::{World, copy};

/// What is said where the ledger knows no run of the lake's.
const EMPTY: &str = "has files of earlier runs";
/// What is said where it knows others.
const ANOTHER: &str = "does not know run";

fn lose_ledger(world: &World) {
    std::fs::remove_file(world.path("data/snowtrack.duckdb")).unwrap();
    let _ = std::fs::remove_file(world.path("data/snowtrack.duckdb.wal"));
}

/// Copies every file below `from` into one folder.
fn gather(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            gather(&entry.path(), to);
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_lost_ledger_is_said_and_the_archive_brings_the_history_back() {
    let world = World::new();
    for _ in 0..2 {
        assert_eq!(world.report(&["--demo", "--archive"]).0, 0);
    }
    let snapshots =
        "select count(distinct (playlist_id, snapshot_id)) as n from core.playlist_songs";
    let before = world.query(snapshots);
    lose_ledger(&world);
    // Said before the source is even looked at.
    let output = world.run(&["run", "--from-dir", "nowhere"]);
    assert!(!output.status.success());
    for part in [EMPTY, "data/lake/spotify-data", "--from-dir FOLDER", "--data-dir"] {
        assert!(text(&output).contains(part), "no `{part}` in {}", text(&output));
    }
    // As it says.
    gather(&world.path("data/lake/spotify-data/documents"), &world.path("old"));
    let output = world.run(&["run", "--from-dir", "old"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(world.query(snapshots), before);
    // Said once: the ledger knows the newest files now.
    let output = world.run(&["run", "--demo"]);
    assert!(
        !text(&output).contains(EMPTY) && !text(&output).contains(ANOTHER),
        "{}",
        text(&output)
    );
}

#[test]
fn without_an_archive_it_is_said_that_the_history_cannot_be_read_back() {
    let world = World::new();
    assert_eq!(world.report(&["--demo"]).0, 0);
    lose_ledger(&world);
    let output = world.run(&["run", "--demo"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    for part in [EMPTY, "No run kept its raw documents"] {
        assert!(text(&output).contains(part), "no `{part}` in {}", text(&output));
    }
}

#[test]
fn an_empty_data_directory_before_a_bucket_with_files_costs_two_calls_once() {
    let mut cloud = Cloud::small("rest", "parquet");
    let (code, first) = cloud.report(&[&SMALL[..], &["--archive"]].concat());
    assert_eq!(code, 0, "{first:#}");
    assert_eq!(cloud.s3.count(Op::List), 1, "a first run looks once");
    cloud.world = World::new();
    cloud.write_source();
    cloud.s3.clear_log();
    let run = [&["run"], &SMALL[..]].concat();
    let output = cloud.run(&run);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let id = first["run_id"].as_str().unwrap();
    for part in [EMPTY, "s3://lake/spotify-data/", "spotify-data/documents/", id] {
        assert!(text(&output).contains(part), "no `{part}` in {}", text(&output));
    }
    assert_eq!(cloud.s3.count(Op::List), 2);
    cloud.s3.clear_log();
    let output = cloud.run(&run);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(!text(&output).contains(EMPTY), "{}", text(&output));
    assert_eq!(cloud.s3.count(Op::List), 0);
}

#[test]
fn another_pipelines_ledger_and_an_older_copy_are_said() {
    let (world, other) = (World::new(), World::new());
    assert_eq!(world.report(&["--demo"]).0, 0);
    copy(&world.path("data"), &world.path("older"));
    let (code, newest) = world.report(&["--demo"]);
    assert_eq!((code, newest["files"].as_array().unwrap().is_empty()), (0, false));
    assert_eq!(other.report(&["--demo"]).0, 0);
    for ledger in [world.path("older/snowtrack.duckdb"), other.path("data/snowtrack.duckdb")] {
        std::fs::copy(ledger, world.path("data/snowtrack.duckdb")).unwrap();
        let output = world.run(&["run", "--from-dir", "nowhere"]);
        for part in [ANOTHER, newest["run_id"].as_str().unwrap(), "snowtrack reconcile"] {
            assert!(text(&output).contains(part), "no `{part}` in {}", text(&output));
        }
    }
}

#[test]
fn a_duckdb_file_of_another_program_is_refused_and_left_as_it_is() {
    let cloud = Cloud::bare("rest", "parquet");
    let world = &cloud.world;
    assert_eq!(world.report(&["--demo"]).0, 0);
    let lake = |world: &World| {
        let output = world.run(&["query", "select 1"]);
        (output.status.code(), std::fs::read_dir(world.path("data/lake")).unwrap().count())
    };
    let before = lake(world);
    lose_ledger(world);
    let path = world.path("data/snowtrack.duckdb");
    duckdb::Connection::open(&path).unwrap().execute_batch("create table theirs (x int)").unwrap();
    for foreign in [path.clone(), world.path("data/spotify.duckdb")] {
        if foreign != path {
            std::fs::copy(foreign, &path).unwrap();
        }
        let bytes = std::fs::read(&path).unwrap();
        // Without an account there is nobody to verify with, whatever the ledger is.
        assert_eq!(world.run(&["verify"]).status.code(), Some(2));
        let outputs =
            [world.run(&["run", "--demo"]), world.run(&["export"]), cloud.run(&["verify"])];
        for output in outputs {
            let said = text(&output);
            assert_eq!(output.status.code(), Some(5), "{said}");
            assert!(said.contains("is a DuckDB file of another program"), "{said}");
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "it was written into");
        assert_eq!(lake(world), before);
    }
    assert_eq!(cloud.snowflake.requests().len(), 0);
}

#[test]
fn a_warning_about_the_ledger_stands_on_standard_error_alone() {
    let world = World::new();
    assert_eq!(world.report(&["--demo"]).0, 0);
    lose_ledger(&world);
    let output = world.run(&["--json", "run", "--demo"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["status"], json!("exported"));
    assert!(String::from_utf8_lossy(&output.stderr).contains(EMPTY));
}

/// What `doctor` says of the history.
fn history(cloud: &Cloud) -> Option<Value> {
    let output = cloud.run(&["--json", "doctor"]);
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = findings.as_array().unwrap().iter().find(|it| it["what"] == "history");
    found.cloned()
}

#[test]
fn doctor_says_that_the_ledger_is_gone_and_how_the_history_comes_back() {
    let mut cloud = Cloud::small("rest", "parquet");
    assert_eq!(history(&cloud), None, "there is nothing yet");
    let (code, first) = cloud.report(&[&SMALL[..], &["--archive"]].concat());
    assert_eq!(code, 0, "{first:#}");
    assert_eq!(history(&cloud), None, "the ledger knows all that is there");
    let run = first["run_id"].as_str().unwrap();
    // Its folder as it was, then a new one, then one with a ledger of nothing.
    lose_ledger(&cloud.world);
    for place in ["data/lake/spotify-data", "s3://lake/spotify-data/", "s3://lake/spotify-data/"] {
        let found = history(&cloud).unwrap_or_else(|| panic!("{place}"));
        assert_eq!((&found["area"], &found["health"]), (&json!("ledger"), &json!("warn")));
        let (detail, fix) = (found["detail"].as_str().unwrap(), found["fix"].as_str().unwrap());
        for part in [place, run, EMPTY] {
            assert!(detail.contains(part), "no `{part}` in {detail}");
        }
        for part in ["--data-dir", "--from-dir FOLDER"] {
            assert!(fix.contains(part), "no `{part}` in {fix}");
        }
        match place.starts_with("s3://") && cloud.world.path("data/lake").exists() {
            true => panic!("the folder is new"),
            false if place.starts_with("data/") => cloud.world = World::new(),
            false => assert_eq!(cloud.run(&["check"]).status.code(), Some(0)),
        }
    }
    // What the analysts read lies there alone.
    cloud.world = World::new();
    cloud.s3 = FakeS3::start();
    cloud.world.write("data/spotify.duckdb", "");
    let found = history(&cloud).unwrap();
    assert!(found["detail"].as_str().unwrap().contains("`data/spotify.duckdb` lies there"));
    // A ledger that lives in a bucket is looked at there.
    cloud.settings.push(("SNOWTRACK_STATE", "s3://lake/state/".to_owned()));
    assert_eq!(history(&cloud), None);
}

#[test]
fn a_demo_among_the_rows_of_others_is_told() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let told = |arguments: &[&str], bucket: &str| {
        let mut command = cloud.command(arguments);
        let output =
            command.env("S3_BUCKET", bucket).env("SNOWFLAKE_ACCOUNT", "").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        text(&output).contains("made-up rows go where those of other sources are")
    };
    assert!(told(&["run", "--demo"], "lake"));
    assert!(!told(&["run", "--demo"], ""), "what stays here can be deleted");
    assert!(!told(&["fetch", "--demo"], "lake"), "nothing is shipped");
    assert!(!told(&["run", "--demo", "--data-dir", "own"], "lake"), "nobody else's rows are there");
}
