//! Attempts to get a `verified` that is not earned. Each was tried once by hand, and stays.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cloud_kills::killed;
use crate::support::cloud::{self, Cloud, SMALL, text};
use crate::support::fake_snowflake::{Fault, LoadFault, PipeState, When};
use crate::verdicts::{status, verify};

const SONGS_PIPE: &str = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";

/// Neither says that it is proven, nor ends as if it were.
fn assert_not_verified(name: &str, codes: &[i32], (code, report): &(i32, Value)) {
    assert!(codes.contains(code), "{name}: exit {code}: {report:#}");
    assert_ne!(report["status"], "verified", "{name}: {report:#}");
    assert_ne!(report["status"], "unchanged", "{name}: {report:#}");
    assert_ne!(report["verification"]["verdict"], "verified", "{name}: {report:#}");
}

fn of_ledger(cloud: &Cloud, sql: &str) {
    let connection = duckdb::Connection::open(cloud.world.path("data/snowtrack.duckdb")).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn whatever_is_done_to_rows_that_were_proven_is_found() {
    let attempts: [(&str, &str); 14] = [
        ("rows deleted", "delete from SPOTIFY.RAW.SONGS"),
        ("a text changed", "update SPOTIFY.RAW.SONGS set NAME = 'High Tide'"),
        ("another case", "update SPOTIFY.RAW.SONGS set NAME = upper(NAME)"),
        ("a space behind", "update SPOTIFY.RAW.SONGS set NAME = NAME || ' '"),
        ("a number changed", "update SPOTIFY.RAW.SONGS set DURATION_MS = DURATION_MS + 1"),
        ("a time changed", "update SPOTIFY.RAW.SONGS set ADDED_AT = ADDED_AT + interval 1 second"),
        ("a value lost", "update SPOTIFY.RAW.SONGS set URL = null"),
        ("the key changed", "update SPOTIFY.RAW.SONGS set ID = '9aB1cD2eF3gH4iJ5kL6mN9'"),
        ("the hash changed alone", "update SPOTIFY.RAW.SONGS set ROW_HASH = 1"),
        (
            "values exchanged, and so the same letters",
            "update SPOTIFY.RAW.SONGS set NAME = URL, URL = NAME",
        ),
        ("every row twice", "insert into SPOTIFY.RAW.SONGS from SPOTIFY.RAW.SONGS"),
        (
            "every row twice, with numbers of its own",
            "insert into SPOTIFY.RAW.SONGS select * replace (_FILE_ROW_NUMBER + 1 as _FILE_ROW_NUMBER) from SPOTIFY.RAW.SONGS",
        ),
        (
            "rows under another file's name",
            "update SPOTIFY.RAW.SONGS set _FILE_NAME = 'x/' || _FILE_NAME",
        ),
        (
            "another row in place of one",
            "delete from SPOTIFY.RAW.SONGS; insert into SPOTIFY.RAW.SONGS select ID, NAME, null, 1, 1, URL, null, null, RUN_ID, EXTRACTED_AT, ROW_HASH, _FILE_NAME, _FILE_ROW_NUMBER, _LOADED_AT from SPOTIFY.RAW.ARTISTS",
        ),
    ];
    let mut cloud = Cloud::small("rest", "parquet");
    for (name, sql) in attempts {
        cloud.empty();
        cloud.write_source();
        assert_eq!(cloud.report(&SMALL).0, 0, "{name}");
        cloud.snowflake.tamper(sql);
        assert_not_verified(name, &[7], &verify(&cloud, &[]));
        assert_not_verified(name, &[7], &cloud.report(&SMALL));
        assert_not_verified(name, &[7], &verify(&cloud, &["--all"]));
    }
}

#[test]
fn rows_that_were_deleted_are_missed_also_when_snowflake_remembers_no_load() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.truncate("SPOTIFY.RAW.SONGS");
    cloud.snowflake.advance_clock(Duration::from_secs(100 * 24 * 3600));
    let found = verify(&cloud, &[]);
    assert_not_verified("a hundred days later", &[7], &found);
    let reason = found.1["verification"]["reason"].as_str().unwrap();
    assert!(reason.contains("held all of them on"), "{reason}");
}

#[test]
fn two_songs_that_exchange_a_value_are_not_the_ones_that_were_sent() {
    let cloud = Cloud::new("rest", "parquet");
    assert_eq!(cloud.report(&["--demo"]).0, 0);
    // Every count, every key and every hash that was sent stays.
    cloud.snowflake.tamper("update SPOTIFY.RAW.SONGS as song set DURATION_MS = other.DURATION_MS from SPOTIFY.RAW.SONGS as other where song.ID in (select ID from SPOTIFY.RAW.SONGS order by DURATION_MS, ID limit 1) and other.ID in (select ID from SPOTIFY.RAW.SONGS order by DURATION_MS desc, ID limit 1)");
    assert_not_verified("a value of another song", &[7], &verify(&cloud, &[]));
}

#[test]
fn a_ledger_of_an_earlier_version_proves_nothing_by_itself() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    of_ledger(
        &cloud,
        "alter table meta.files drop column verified_at; alter table meta.files drop column verified_in",
    );
    assert_eq!(verify(&cloud, &[]).0, 0, "it is all there");
    of_ledger(
        &cloud,
        "alter table meta.files drop column verified_at; alter table meta.files drop column verified_in",
    );
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    assert_not_verified("an old ledger", &[7], &verify(&cloud, &[]));
}

#[test]
fn a_ledger_that_claims_what_never_was_is_not_believed() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.snowflake.set_pipe_state(SONGS_PIPE, PipeState::new("PAUSED", None));
    assert_eq!(cloud.report(&SMALL).0, 8);
    of_ledger(
        &cloud,
        "update meta.files set state = 'verified', verified_at = now()::timestamp; update meta.runs set status = 'verified'",
    );
    assert_not_verified("a forged ledger", &[7], &verify(&cloud, &[]));
}

#[test]
fn a_proof_holds_for_the_tables_that_it_was_given_of() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let elsewhere = |arguments: &[&str]| {
        let mut command = cloud.command(arguments);
        command.env("SNOWFLAKE_DATABASE", "ELSEWHERE");
        command
    };
    // Another database, first without any table, then with empty ones.
    let asked = cloud::report(&mut elsewhere(&["--json", "verify"]));
    assert_not_verified("no such database", &[6], &asked);
    let output = elsewhere(&["snowflake", "apply", "--as-role", "ACCOUNTADMIN"]).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code == 0 || code == 6), "{}", text(&output));
    let asked = cloud::report(&mut elsewhere(&["--json", "verify"]));
    assert_not_verified("empty tables", &[7], &asked);
    assert_eq!(verify(&cloud, &[]).0, 0, "at home all is well");
    let run = cloud::report(&mut elsewhere(&["--json", "run", "--from-dir", "in"]));
    assert_not_verified("a run that has nothing new, there", &[7], &run);
    assert_eq!(verify(&cloud, &[]).0, 0);

    // Another account of the same name.
    let mut other = Cloud::new("rest", "parquet");
    std::mem::swap(&mut other.world, &mut { cloud }.world);
    assert_not_verified("another account", &[7], &verify(&other, &[]));
}

#[test]
fn what_pipes_say_of_themselves_vouches_for_no_row() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.snowflake.set_pipe_state(SONGS_PIPE, PipeState::new("PAUSED", None));
    let lies = json!({"executionState": "RUNNING", "pendingFileCount": 0,
        "lastIngestedTimestamp": "2099-01-01T00:00:00Z"});
    cloud.snowflake.let_pipe_status_say(SONGS_PIPE, lies);
    let mut command = cloud.command(&["--json", "run", "--from-dir", "in"]);
    command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
    assert_not_verified("a pipe that lies", &[8], &cloud::report(&mut command));
}

#[test]
fn a_load_that_goes_wrong_behind_a_report_of_success_is_found() {
    let mut cloud = Cloud::small("rest", "parquet");
    for fault in [LoadFault::DropRow, LoadFault::CorruptValue, LoadFault::LoadTwice] {
        cloud.empty();
        cloud.write_source();
        cloud.snowflake.script_load("raw/songs/", 1, fault.clone());
        assert_not_verified("in flight", &[7], &cloud.report(&SMALL));
        assert_not_verified("asked again", &[7], &verify(&cloud, &[]));
    }
}

#[test]
fn a_run_that_was_killed_while_it_asked_has_proven_nothing() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.snowflake.script(When::Sql("with landed".to_owned()), 1, Fault::HangAfter);
    killed(&cloud, &SMALL, cloud.snowflake.hung());
    let runs = status(&cloud, &[]);
    assert_ne!(runs[0]["status"], "verified", "{runs:#}");
    let files = status(&cloud, &["--run", runs[0]["run_id"].as_str().unwrap()]);
    let states = files.as_array().unwrap().iter().map(|file| file["state"].as_str().unwrap());
    assert!(states.clone().all(|state| state == "accepted"), "{files:#}");
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    assert_not_verified("and then rows went", &[7], &cloud.report(&SMALL));
}

#[test]
fn a_clock_that_jumps_proves_nothing_and_hides_nothing() {
    for days in [-400, 400] {
        let cloud = Cloud::small("rest", "parquet");
        assert_eq!(cloud.report(&SMALL).0, 0);
        // As if the run had been at another time than Snowflake's.
        of_ledger(
            &cloud,
            &format!(
                "update meta.files set verified_at = verified_at + interval '{days} days', updated_at = updated_at + interval '{days} days', told_at = told_at + interval '{days} days'; update meta.runs set started_at = started_at + interval '{days} days'"
            ),
        );
        assert_eq!(verify(&cloud, &[]).0, 0, "{days} days: the rows are there");
        cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
        assert_not_verified(&format!("{days} days"), &[7], &verify(&cloud, &[]));
    }
}
