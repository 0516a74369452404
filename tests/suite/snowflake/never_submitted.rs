//! Files that nobody told Snowflake of, and pipes that load nothing: named at once, with what heals them.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::snowflake::verdicts::{error_of, states_of, verify};
use crate::support::TABLES;
use crate::support::cloud::{self, Cloud, SMALL, text};
use crate::support::fake_snowflake::PipeState;

/// A name that a shell does not take as it stands.
const FOLDER: [&str; 2] = ["--data-dir", "my data"];
/// Far less than what a verification waits for a file that is on its way.
const AT_ONCE: Duration = Duration::from_secs(20);

fn pipe(table: &str, mode: &str) -> String {
    let (table, mode) = (table.to_uppercase(), mode.to_uppercase());
    format!("SPOTIFY.RAW.{table}_PARQUET_{mode}_V1")
}

fn run_in(cloud: &Cloud, arguments: &[&str]) -> Output {
    cloud.run(&[&FOLDER[..], arguments].concat())
}

fn change_ledger(cloud: &Cloud, folder: &str, sql: &str) {
    let path = cloud.world.path(folder).join("snowtrack.duckdb");
    duckdb::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// As a run leaves files whose submission was never answered, or whose pipe may have forgotten them.
const UNANSWERED: &str =
    "update meta.files set state = 'submitting', way = 'rest', told_at = updated_at";

/// Statements that ask how pipes are, and those that ask which there are.
fn asked(cloud: &Cloud) -> (usize, usize) {
    let count = |word: &str| {
        let statements = cloud.snowflake.statements().into_iter();
        statements.filter(|it| it.sql.to_lowercase().contains(word)).count()
    };
    (count("system$pipe_status"), count("show pipes"))
}

#[test]
fn what_nobody_submitted_is_said_at_once_with_the_command_that_heals() {
    for (is_answered, doubt) in [(true, ""), (false, ", as far as Snowflake says")] {
        let cloud = Cloud::small("rest", "parquet");
        let output = run_in(&cloud, &["-q", "run", "--from-dir", "in", "--no-ingest"]);
        assert!(output.status.success(), "{}", text(&output));
        if !is_answered {
            change_ledger(&cloud, "my data", UNANSWERED);
        }
        let began = Instant::now();
        let output = run_in(&cloud, &["verify"]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(8), "{said}");
        assert!(began.elapsed() < AT_ONCE, "{:?}: {said}", began.elapsed());
        assert!(said.contains(&format!("8 files were never submitted{doubt}; ")), "{said}");
        assert!(!said.contains("asks again"), "{said}");
        assert_eq!(cloud.snowflake.count("insertFiles"), 0);
        let cure = "`snowtrack --data-dir 'my data' ingest` submits them";
        assert!(said.contains(cure), "{said}");
        for (command, wanted) in [("ingest", 0), ("verify", 0)] {
            let output = run_in(&cloud, &[command]);
            assert_eq!(output.status.code(), Some(wanted), "{command}: {}", text(&output));
        }
        TABLES.iter().for_each(|table| assert_eq!(cloud.landed(table), 1, "{table}"));
    }
}

/// The call was heard, and only its answer got lost.
#[test]
fn what_came_although_its_submission_was_never_answered_is_verified() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let lose = format!("{UNANSWERED}, verified_at = null where \"table\" = 'songs'");
    change_ledger(&cloud, "data", &lose);
    let (code, found) = verify(&cloud, &[]);
    assert_eq!((code, states_of(&found, "songs")), (0, vec!["verified"]), "{found:#}");
}

/// The queue of a pipe goes with it, and one of the same name was told of nothing.
#[test]
fn what_went_with_a_pipe_that_was_made_anew_is_said_at_once_with_the_command_that_heals() {
    let cloud = Cloud::small("rest", "parquet");
    let songs = pipe("songs", "rest");
    cloud.snowflake.set_pipe_state(&songs, PipeState::new("PAUSED", None));
    let (code, report) = cloud.report(&SMALL);
    assert_eq!((code, states_of(&report, "songs")), (8, vec!["accepted"]), "{report:#}");
    // As if it had been an hour ago: pipes tell when they were made to the second.
    let aged = "update meta.files set updated_at = updated_at - interval 1 hour";
    change_ledger(&cloud, "data", aged);
    cloud.snowflake.admin(&format!("drop pipe {songs}"));
    cloud.apply();
    let began = Instant::now();
    let (code, found) = verify(&cloud, &[]);
    let error = error_of(&found);
    assert_eq!(code, 8, "{found:#}");
    assert!(began.elapsed() < AT_ONCE, "{:?}: {error}", began.elapsed());
    assert!(error.contains("its pipe was made anew since it was submitted"), "{error}");
    assert!(error.contains("`snowtrack ingest` submits it"), "{error}");
    for command in ["ingest", "verify"] {
        let output = cloud.run(&[command]);
        assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output));
    }
    assert_eq!(cloud.landed("songs"), 1);
}

#[test]
fn stopped_pipes_are_named_before_anything_is_submitted_to_them() {
    let cloud = Cloud::small("rest", "parquet");
    let mut export = cloud.command(&["-q", "run", "--from-dir", "in"]);
    export.env_remove("S3_BUCKET").env_remove("SNOWFLAKE_ACCOUNT");
    assert!(export.output().unwrap().status.success());
    cloud.snowflake.admin("drop stage SPOTIFY.RAW.SPOTIFY_S3_STAGE");
    let drops = TABLES.map(|table| format!("drop pipe {}", pipe(table, "rest")));
    // Asked about what is only here, then as who submits it, then about what is in the bucket.
    for command in ["verify", "ingest", "verify"] {
        cloud.snowflake.clear_log();
        let output = cloud.run(&[command]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(6), "{command}: {said}");
        assert!(said.contains("STOPPED_STAGE_DROPPED"), "{command}: {said}");
        for drop in &drops {
            assert_eq!(said.matches(drop.as_str()).count(), 1, "{command}, {drop}: {said}");
        }
        assert!(said.contains("; then `snowtrack ingest` submits what it has not"), "{said}");
        assert_eq!(cloud.snowflake.count("insertFiles"), 0, "{command}");
        assert_eq!(asked(&cloud), (1, 1), "{command}");
    }
    // As printed.
    drops.iter().for_each(|drop| cloud.snowflake.admin(drop));
    cloud.apply();
    for command in ["ingest", "verify"] {
        let output = cloud.run(&[command]);
        assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output));
    }
    TABLES.iter().for_each(|table| assert_eq!(cloud.landed(table), 1, "{table}"));
}

#[test]
fn ingest_submits_to_the_pipes_that_are_well_and_waits_for_the_other() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&["--from-dir", "in", "--no-ingest"]).0, 0);
    let songs = pipe("songs", "rest");
    cloud.snowflake.set_pipe_state(&songs, PipeState::new("STOPPED_CLONED", None));
    // A paused one takes files, and loads them later.
    cloud.snowflake.set_pipe_state(&pipe("albums", "rest"), PipeState::new("PAUSED", None));
    let output = cloud.run(&["ingest"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("every other file is submitted, but 1 pipe loads nothing"), "{said}");
    assert!(said.contains(&format!("`select system$pipe_force_resume('{songs}')`")), "{said}");
    assert_eq!(cloud.snowflake.count("insertFiles"), 7);
    cloud.snowflake.set_pipe_state(&songs, PipeState::new("RUNNING", None));
    assert_eq!(cloud.run(&["ingest"]).status.code(), Some(0));
    assert_eq!(cloud.snowflake.count("insertFiles"), 8);
}

#[test]
fn a_verification_of_everything_looks_at_every_pipe_in_one_statement() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    // Of this table every file is settled, so no pipe is needed for any of them.
    let settle = "update meta.files set state = 'superseded' where \"table\" = 'albums'";
    change_ledger(&cloud, "data", settle);
    let albums = pipe("albums", "rest");
    cloud.snowflake.set_pipe_state(&albums, PipeState::new("STOPPED_CLONED", None));
    cloud.snowflake.clear_log();
    let (code, usual) = verify(&cloud, &[]);
    assert_eq!((code, asked(&cloud)), (0, (0, 1)), "{usual:#}");
    cloud.snowflake.clear_log();
    let (code, all) = verify(&cloud, &["--all"]);
    assert_eq!((code, asked(&cloud)), (6, (1, 1)), "{all:#}");
    let error = error_of(&all);
    assert!(error.starts_with("every row is in, but 1 pipe loads nothing"), "{error}");
    assert!(error.contains("STOPPED_CLONED") && error.contains(&albums), "{error}");
    cloud.snowflake.admin(&format!("drop pipe {albums}"));
    for arguments in [&[][..], &["--all"]] {
        let (code, found) = verify(&cloud, arguments);
        assert_eq!(code, 6, "{found:#}");
        let missing = found["verification"]["missing"].to_string();
        assert_eq!(missing, format!("[\"pipe `{albums}`\"]"));
        assert!(error_of(&found).contains("would load nothing more"), "{found:#}");
    }
    cloud.snowflake.clear_log();
    assert_eq!(cloud.report(&SMALL).1["status"], "unchanged");
    assert_eq!(cloud.snowflake.requests().len(), 0, "a quiet night asks nobody");
}

/// How often each of the eight statements stands in a text.
fn counts(said: &str, mode: &str) -> Vec<usize> {
    let drops = TABLES.map(|table| format!("drop pipe {}", pipe(table, mode)));
    drops.iter().map(|drop| said.matches(drop.as_str()).count()).collect()
}

#[test]
fn another_way_than_what_is_there_is_one_conflict_with_two_ways_out() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let as_auto = |arguments: &[&str]| {
        cloud.command(arguments).env("SNOWFLAKE_INGEST", "auto").output().unwrap()
    };
    let as_admin = ["--as-role", "ACCOUNTADMIN"];
    let apply = [&["snowflake", "apply"], &as_admin[..]].concat();
    let back = "set `SNOWFLAKE_INGEST=rest` back";
    for (arguments, code) in [
        (&["verify"][..], 6),
        (&["verify", "--all"], 6),
        (&apply, 2),
        (&["snowflake", "plan"], 0),
        (&["snowflake", "plan", "--as-role", "ACCOUNTADMIN"], 0),
    ] {
        let output = as_auto(arguments);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert_eq!(counts(&said, "rest"), [1; 8], "{arguments:?}: {said}");
        assert_eq!(said.matches(back).count(), 1, "{arguments:?}: {said}");
        assert!(!said.contains("gone"), "{arguments:?}: {said}");
        if arguments.contains(&"apply") {
            assert_eq!(said.matches("not made: ").count(), 1, "{said}");
        }
        if arguments.contains(&"plan") {
            let is_owners = |line: &&str| line.contains("own role") || line.contains("who owns");
            let title = said.lines().find(is_owners).unwrap();
            assert!(!title.contains("snowflake apply"), "it would make nothing: {title}");
            assert!(
                said.contains(&format!("\n    drop pipe {};\n", pipe("songs", "rest"))),
                "{said}"
            );
        }
    }
    // A run says the same, and ships nothing.
    let output = as_auto(&["run", "--from-dir", "in", "--full"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains(back), "{}", text(&output));
    // One way out, then the other.
    for arguments in [&["ingest"][..], &["verify", "--all"]] {
        assert_eq!(cloud.run(arguments).status.code(), Some(0), "{arguments:?}");
    }
    for table in TABLES {
        cloud.snowflake.admin(&format!("drop pipe {}", pipe(table, "rest")));
    }
    // S3 tells a new pipe nothing of what was there before; the double would.
    cloud.snowflake.let_events_arrive(false);
    assert_eq!(as_auto(&apply).status.code(), Some(0));
    assert_eq!(as_auto(&["verify", "--all"]).status.code(), Some(0));
}

#[test]
fn an_account_without_any_setup_is_one_thing_that_is_missing() {
    for (mode, is_sent) in [("rest", false), ("rest", true), ("copy", false), ("copy", true)] {
        let cloud = Cloud::small(mode, "parquet");
        let arguments = if is_sent { &SMALL[..] } else { &["--from-dir", "in", "--no-ingest"] };
        assert_eq!(cloud.report(arguments).0, 0);
        let elsewhere = |arguments: &[&str]| {
            let mut command = cloud.command(arguments);
            command.env("SNOWFLAKE_DATABASE", "NOWHERE");
            command
        };
        let output = elsewhere(&["verify"]).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(6), "{mode}, {is_sent}: {said}");
        let (_, error) = said.split_once("error: ").unwrap();
        assert!(error.contains("'NOWHERE' does not exist"), "{said}");
        assert!(error.contains("`snowtrack snowflake plan`"), "{said}");
        assert!(!said.contains("gone"), "{mode}, {is_sent}: {said}");
        let (_, found) = cloud::report(&mut elsewhere(&["--json", "verify"]));
        assert!(
            found["verification"].get("missing").is_none_or(|it| it.as_array().unwrap().is_empty()),
            "{found:#}"
        );
    }
}
