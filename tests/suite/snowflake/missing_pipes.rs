//! Pipes that do not exist: found at once, named with the command that makes them, and in nobody else's way.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::snowflake::proof::assert_verified;
use crate::snowflake::verdicts::{error_of, rename_the_song, states_of, verify};
use crate::support::TABLES;
use crate::support::cloud::{self, Cloud, SMALL, text};

/// A small run that is configured for another way in.
fn run_by(cloud: &Cloud, mode: &str) -> (i32, Value) {
    let mut command = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
    cloud::report(command.env("SNOWFLAKE_INGEST", mode))
}

fn drop_pipe(cloud: &Cloud, table: &str, mode: &str) -> String {
    let (table, mode) = (table.to_uppercase(), mode.to_uppercase());
    let pipe = format!("SPOTIFY.RAW.{table}_PARQUET_{mode}_V1");
    cloud.snowflake.admin(&format!("drop pipe {pipe}"));
    pipe
}

#[test]
fn a_run_refuses_to_ship_where_no_pipe_of_its_way_exists() {
    for (set_up, mode) in [("rest", "auto"), ("auto", "rest")] {
        let cloud = Cloud::small(set_up, "parquet");
        cloud.snowflake.clear_log();
        let before = cloud.snowflake.counters().warehouse_statement_count;
        let (code, report) = run_by(&cloud, mode);
        assert_eq!(code, 2, "{mode}: {report:#}");
        let error = error_of(&report);
        let pipe = format!("SPOTIFY.RAW.ALBUMS_PARQUET_{}_V1", mode.to_uppercase());
        assert!(error.contains(&pipe) && error.contains("`snowtrack snowflake plan`"), "{error}");
        assert_eq!(cloud.s3.keys(), Vec::<String>::new(), "{mode}: nothing was shipped");
        assert_eq!(cloud.snowflake.counters().warehouse_statement_count, before, "{mode}");
        assert_eq!(cloud.snowflake.count("insertFiles"), 0, "{mode}");
        let mut asking = cloud.command(&["--json", "verify"]);
        let (code, found) = cloud::report(asking.env("SNOWFLAKE_INGEST", mode));
        assert_eq!(code, 6, "{mode}: {found:#}");
        let advice = format!("set `SNOWFLAKE_INGEST={set_up}`");
        assert!(error_of(&found).contains(&advice), "{mode}: {found:#}");
        // Set back, or set up, the same command continues.
        let (code, done) = cloud.report(&SMALL);
        assert_eq!((code, &done["run_id"]), (0, &report["run_id"]), "{mode}: {done:#}");
        assert_verified(&cloud, &done);
    }
}

#[test]
fn a_pipe_that_is_gone_is_told_in_words_and_what_is_said_of_it_ends_with_ingest() {
    let cloud = Cloud::small("rest", "parquet");
    let pipe = drop_pipe(&cloud, "albums", "rest");
    let output = cloud.run(&["snowflake", "pipes"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(6), "{said}");
    let row = said.lines().find(|line| line.contains(&pipe)).unwrap();
    assert!(row.ends_with("0  gone, or hidden from this role"), "{said}");
    assert!(said.contains("then `snowtrack ingest` submits"), "{said}");
}

/// Without the schema, or without the role, there is no pipe either: the same refusal, before anything is in the bucket.
#[test]
fn where_there_is_no_setup_a_run_ships_nothing_and_verify_names_what_is_missing() {
    for has_role in [false, true] {
        for mode in ["rest", "auto"] {
            let cloud = Cloud::bare(mode, "parquet");
            cloud.write_source();
            if has_role {
                cloud.snowflake.admin("create role if not exists SPOTIFY_LOADER");
                cloud.snowflake.admin("grant role SPOTIFY_LOADER to user SPOTIFY_LOADER_SVC");
            }
            let (code, report) = cloud.report(&SMALL);
            assert_eq!(code, 2, "{mode} {has_role}: {report:#}");
            let error = error_of(&report);
            assert!(error.contains("does not exist or not authorized"), "{error}");
            assert_eq!(cloud.s3.keys(), Vec::<String>::new(), "{mode} {has_role}");
            let (code, found) = verify(&cloud, &[]);
            assert_eq!(code, 6, "{mode} {has_role}: {found:#}");
            let error = error_of(&found);
            assert!(error.contains("does not exist or not authorized"), "{error}");
            assert!(!error.contains("_V1"), "not each of the pipes: {error}");
            cloud.apply();
            let (code, done) = cloud.report(&SMALL);
            assert_eq!((code, &done["run_id"]), (0, &report["run_id"]), "{mode}: {done:#}");
        }
    }
}

/// The pipes of `rest` are there and none of `auto` is made beside them: what is printed must work, and does.
#[test]
fn files_of_auto_go_to_the_pipes_of_rest_that_are_there() {
    let cloud = Cloud::small("auto", "parquet");
    cloud.snowflake.let_events_arrive(false);
    let mut command = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
    command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
    assert_eq!(cloud::report(&mut command).0, 8);
    TABLES.iter().for_each(|table| drop(drop_pipe(&cloud, table, "auto")));
    let mut apply = cloud.command(&["snowflake", "apply", "--as-role", "ACCOUNTADMIN"]);
    apply.env("SNOWFLAKE_INGEST", "rest").output().unwrap();
    let (code, found) = verify(&cloud, &[]);
    let error = error_of(&found);
    assert_eq!(code, 6, "{error}");
    assert!(error.contains("`snowtrack ingest --as rest` submits its files"), "{error}");
    assert!(error.contains("set `SNOWFLAKE_INGEST=rest`"), "{error}");
    for table in TABLES {
        let drop = format!("drop pipe SPOTIFY.RAW.{}_PARQUET_REST_V1", table.to_uppercase());
        assert!(error.contains(&drop), "{error}");
    }
    let output = cloud.run(&["ingest", "--as", "rest"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let mut command = cloud.command(&["--json", "verify", "--all"]);
    let (code, done) = cloud::report(command.env("SNOWFLAKE_INGEST", "rest"));
    assert_eq!((code, &done["status"]), (0, &json!("verified")), "{done:#}");
    TABLES.iter().for_each(|table| assert_eq!(cloud.landed(table), 1, "{table}"));
}

/// Whether pipes exist costs one question a run, which needs no warehouse, and none where nothing is on its way.
#[test]
fn whether_pipes_exist_is_asked_once_and_only_where_something_is_shipped() {
    let cloud = Cloud::small("rest", "parquet");
    let asked = || {
        let statements = cloud.snowflake.statements().into_iter();
        statements.filter(|it| it.sql.to_lowercase().contains("show pipes")).count()
    };
    assert_eq!(cloud.report(&SMALL).0, 0);
    assert_eq!(asked(), 1);
    cloud.snowflake.clear_log();
    assert_eq!(cloud.report(&SMALL).1["status"], "unchanged");
    assert_eq!(cloud.snowflake.requests().len(), 0);
}

#[test]
fn files_of_events_that_no_pipe_hears_go_in_by_rest() {
    let cloud = Cloud::small("auto", "parquet");
    cloud.snowflake.let_events_arrive(false);
    let mut command = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
    command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
    assert_eq!(cloud::report(&mut command).0, 8);
    // One file came all the same, before its pipe was dropped.
    cloud.snowflake.admin("alter pipe SPOTIFY.RAW.GENRES_PARQUET_AUTO_V1 refresh");
    cloud.snowflake.load_now();
    assert_eq!(cloud.landed("genres"), 1);
    let pipes: Vec<String> = TABLES.iter().map(|table| drop_pipe(&cloud, table, "auto")).collect();
    let by_rest = |arguments: &[&str]| {
        let mut command = cloud.command(arguments);
        command.env("SNOWFLAKE_INGEST", "rest");
        command
    };
    by_rest(&["snowflake", "apply", "--as-role", "ACCOUNTADMIN"]).output().unwrap();
    let began = Instant::now();
    for arguments in [&["--json", "verify"][..], &["--json", "run", "--from-dir", "in"]] {
        let (code, report) = cloud::report(&mut by_rest(arguments));
        assert_eq!(code, 6, "{arguments:?}: {report:#}");
        let error = error_of(&report);
        assert!(error.contains(&pipes[0]), "{error}");
        assert!(error.contains("`snowtrack ingest --as rest`"), "{error}");
    }
    assert!(began.elapsed() < Duration::from_secs(35), "it waits for no pipe that is not there");
    // As if nobody had looked yet: what the pipe loaded while it was there, another would load again.
    let ledger = duckdb::Connection::open(cloud.world.path("data/snowtrack.duckdb")).unwrap();
    let unseen =
        "update meta.files set state = 'accepted', verified_at = null where state = 'verified'";
    assert_eq!(ledger.execute(unseen, []).unwrap(), 1);
    drop(ledger);
    cloud.snowflake.clear_log();
    let output = by_rest(&["ingest", "--as", "rest"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(cloud.snowflake.count("_PARQUET_REST_V1/insertFiles"), 7, "but for what is in");
    let (code, report) = cloud::report(&mut by_rest(&["--json", "verify", "--all"]));
    assert_eq!(code, 0, "{report:#}");
    assert_verified(&cloud, &report);
    let (_, last) = cloud::report(&mut by_rest(&["--json", "run", "--from-dir", "in"]));
    assert_eq!(last["status"], "unchanged", "{last:#}");
}

#[test]
fn a_pipe_that_is_missing_holds_up_no_other_table() {
    for mode in ["rest", "auto"] {
        let cloud = Cloud::small(mode, "parquet");
        let pipe = drop_pipe(&cloud, "songs", mode);
        let began = Instant::now();
        let (code, report) = cloud.report(&SMALL);
        assert!(began.elapsed() < Duration::from_secs(35), "{mode}: it is found at once");
        assert_eq!(code, 6, "{mode}: {report:#}");
        for table in TABLES {
            let is_in = u64::from(table != "songs");
            assert_eq!(cloud.landed(table), is_in, "{mode}, {table}: {report:#}");
            let states = states_of(&report, table);
            let wanted = if table == "songs" { "uploaded" } else { "verified" };
            assert_eq!(states, [wanted], "{mode}, {table}");
        }
        let error = error_of(&report);
        assert!(error.contains(&pipe), "{mode}: {error}");
        assert!(error.contains("`snowtrack snowflake plan` says who can make it"), "{error}");
        assert!(!error.contains("snowflake apply`"), "the loader cannot: {error}");
        // A second time, nothing is different: and also `verify` says so.
        assert_eq!(cloud.report(&SMALL).0, 6, "{mode}");
        let (code, found) = verify(&cloud, &[]);
        assert_eq!(code, 6, "{mode}: {found:#}");
        assert!(error_of(&found).contains(&pipe), "{mode}: {found:#}");
        cloud.apply();
        if mode == "auto" {
            // What S3 announced to nobody, it announces no second time.
            let output = cloud.run(&["ingest", "--as", "rest"]);
            assert_eq!(output.status.code(), Some(0), "{mode}: {}", text(&output));
        }
        let (code, done) = cloud.report(&SMALL);
        assert_eq!((code, &done["status"]), (0, &json!("verified")), "{mode}: {done:#}");
        assert_eq!(cloud.landed("songs"), 1, "{mode}");
        rename_the_song(&cloud, "High Tide");
        assert_eq!(cloud.report(&SMALL).0, 0, "{mode}");
        assert_eq!(cloud.landed("songs"), 2, "{mode}");
    }
}

/// What events should have told goes by `ingest --as rest` alone, also once the pipes of `rest` are there: no run takes it along.
#[test]
fn what_ingest_as_rest_says_of_missing_pipes_is_what_submits_the_files() {
    for mode in ["copy", "rest"] {
        let cloud = Cloud::small("auto", "parquet");
        cloud.snowflake.let_events_arrive(false);
        let mut command = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
        command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
        assert_eq!(cloud::report(&mut command).0, 8);
        TABLES.iter().for_each(|table| drop(drop_pipe(&cloud, table, "auto")));
        let by = |mode: &str, arguments: &[&str]| {
            let mut command = cloud.command(arguments);
            command.env("SNOWFLAKE_INGEST", mode).output().unwrap()
        };
        let refused = by(mode, &["ingest", "--as", "rest"]);
        let said = text(&refused);
        assert_eq!(refused.status.code(), Some(6), "{mode}: {said}");
        let setting = if mode == "copy" { "SNOWFLAKE_INGEST=rest " } else { "" };
        let advice = format!(
            "`{setting}snowtrack snowflake plan` says who can make it, then `snowtrack ingest --as rest` submits its files"
        );
        assert!(said.contains(&advice), "{mode}: {said}");
        // Step by step.
        by("rest", &["snowflake", "apply", "--as-role", "ACCOUNTADMIN"]);
        assert_eq!(cloud.landed("songs"), 0, "{mode}");
        let done = by(mode, &["ingest", "--as", "rest"]);
        assert_eq!(done.status.code(), Some(0), "{mode}: {}", text(&done));
        let verified = by(mode, &["verify", "--all"]);
        assert_eq!(verified.status.code(), Some(0), "{mode}: {}", text(&verified));
        assert_eq!(cloud.landed("songs"), 1, "{mode}");
    }
}
