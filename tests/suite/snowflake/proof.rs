//! All the way: a run through S3 and Snowflake to `verified`, and what it says when it is not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_snowflake::{Latency, LoadFault, PipeState};
use crate::support::tables;

/// Every landing table holds what the report says was shipped, and the report vouches for it.
pub(crate) fn assert_verified(cloud: &Cloud, report: &Value) {
    assert_eq!(report["status"], "verified", "{report:#}");
    assert_eq!(report["verification"]["verdict"], "verified");
    for file in report["files"].as_array().unwrap() {
        assert_eq!(file["state"], "verified", "{file}");
        assert!(cloud.s3.bucket().join(file["key"].as_str().unwrap()).exists());
    }
    for (table, _, changed) in tables(report) {
        assert_eq!(cloud.landed(&table), changed, "{table}");
    }
}

#[test]
fn a_run_goes_all_the_way_in_every_mode_and_format() {
    for (mode, format) in
        [("rest", "parquet"), ("auto", "parquet"), ("copy", "csv"), ("rest", "csv")]
    {
        let cloud = Cloud::new(mode, format);
        let (code, report) = cloud.report(&["--demo"]);
        assert_eq!(code, 0, "{mode} {format}: {report:#}");
        assert_verified(&cloud, &report);
    }
}

#[test]
fn a_verified_run_costs_eight_warehouse_statements_one_token_and_one_call_per_pipe() {
    let cloud = Cloud::new("rest", "parquet");
    let before = cloud.snowflake.counters().token_count;
    let (code, report) = cloud.report(&["--demo"]);
    assert_eq!(code, 0, "{report:#}");
    let counters = cloud.snowflake.counters();
    assert!(counters.warehouse_statement_count <= 8, "{counters:?}");
    assert_eq!(
        (counters.token_count - before, cloud.snowflake.count("insertFiles")),
        (1, 8),
        "{counters:?}"
    );
    cloud.snowflake.clear_log();
    // Nothing new: nothing to ask.
    let (code, second) = cloud.report(&["--demo"]);
    assert_eq!((code, &second["status"]), (0, &json!("verified")));
    cloud.snowflake.clear_log();
    let (code, third) = cloud.report(&["--demo"]);
    assert_eq!((code, &third["status"], &third["files"]), (0, &json!("unchanged"), &json!([])));
    assert_eq!(cloud.snowflake.requests().len(), 0);
}

#[test]
fn what_events_load_costs_no_more_however_long_it_takes() {
    for seconds in [0, 6] {
        let cloud = Cloud::small("auto", "parquet");
        cloud.snowflake.let_loads_take(Latency::After(Duration::from_secs(seconds)));
        let (code, report) = cloud.report(&SMALL);
        assert_eq!(code, 0, "{report:#}");
        // How a pipe is and how a file is read costs no warehouse; what is in a table and what became of a file does.
        let statements = cloud.snowflake.statements().into_iter().map(|it| it.sql.to_lowercase());
        let costly: Vec<String> = statements
            .filter(|sql| !sql.contains("pipe_status") && !sql.contains("show pipes"))
            .collect();
        let (asked, costly): (Vec<_>, Vec<_>) =
            costly.into_iter().partition(|sql| sql.starts_with("desc file format"));
        assert_eq!(asked, ["desc file format spotify.raw.parquet_v1"], "{seconds} s: once a run");
        assert!(costly.len() <= 8, "{seconds} s: {costly:#?}");
    }
}

#[test]
fn a_value_changed_in_flight_is_caught_although_every_count_is_right() {
    for mode in ["rest", "auto", "copy"] {
        let cloud = Cloud::new(mode, "parquet");
        cloud.snowflake.script_load("raw/songs/", 1, LoadFault::CorruptValue);
        let (code, report) = cloud.report(&["--demo"]);
        assert_eq!(code, 7, "{mode}: {report:#}");
        assert_eq!(report["verification"]["verdict"], "mismatch");
        let reason = report["verification"]["reason"].as_str().unwrap();
        let song =
            report["files"].as_array().unwrap().iter().find(|it| it["table"] == "songs").unwrap();
        for wanted in
            ["songs", song["key"].as_str().unwrap(), song["row_hash_sum"].as_str().unwrap()]
        {
            assert!(reason.contains(wanted), "{reason}");
        }
        assert_eq!(song["state"], "mismatch");
        // It stays wrong until the rows are shipped anew.
        assert_eq!(cloud.report(&["--demo"]).0, 7);
        let (code, report) = cloud.report(&["--demo", "--full"]);
        assert_eq!(code, 0, "settled by the shipment that replaced them: {report:#}");
        let (code, report) = cloud.report(&["--demo"]);
        assert_eq!(code, 0, "for good: {report:#}");
    }
}

#[test]
fn a_paused_pipe_is_pending_and_the_same_command_continues() {
    let cloud = Cloud::new("rest", "parquet");
    let pipe = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";
    cloud.snowflake.set_pipe_state(pipe, PipeState::new("PAUSED", None));
    let (code, report) = cloud.report(&["--demo"]);
    assert_eq!((code, &report["status"]), (8, &json!("pending")), "{report:#}");
    assert!(report["verification"]["reason"].as_str().unwrap().contains("PAUSED"), "{report:#}");
    cloud.snowflake.set_pipe_state(pipe, PipeState::new("RUNNING", None));
    let (code, again) = cloud.report(&["--demo"]);
    assert_eq!((code, &again["run_id"]), (0, &report["run_id"]), "{again:#}");
    assert_verified(&cloud, &again);
}

#[test]
fn a_stalled_pipe_is_for_a_person_to_mend() {
    let cloud = Cloud::new("rest", "parquet");
    let pipe = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";
    cloud
        .snowflake
        .set_pipe_state(pipe, PipeState::new("STALLED_COMPILATION_ERROR", Some("no such column")));
    let output = cloud.run(&["run", "--demo"]);
    assert_eq!(output.status.code(), Some(6), "{}", text(&output));
    assert!(text(&output).contains("no such column"), "{}", text(&output));
    let pipes = cloud.run(&["snowflake", "pipes"]);
    assert_eq!(pipes.status.code(), Some(6));
    assert!(text(&pipes).contains("STALLED_COMPILATION_ERROR"), "{}", text(&pipes));
}

#[test]
fn a_second_plan_is_empty_and_what_differs_is_shown_and_not_replaced() {
    let cloud = Cloud::new("rest", "parquet");
    let plan = || text(&cloud.run(&["snowflake", "plan", "--as-role", "ACCOUNTADMIN"]));
    let first = plan();
    let output = cloud.run(&["--json", "snowflake", "plan", "--as-role", "ACCOUNTADMIN"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["is_settled"], true, "{document:#}");
    assert!(first.starts_with("0 to make or missing, 0 differ"), "{first}");
    cloud.snowflake.lose_column("SPOTIFY.RAW.SONGS", "URL");
    let second = plan();
    assert!(second.contains("missing   column SPOTIFY.RAW.SONGS.URL"), "{second}");
    cloud
        .snowflake
        .admin("alter table SPOTIFY.RAW.ARTISTS alter column NAME set data type VARCHAR(10)");
    let third = plan();
    let artists = third.split("differs   table SPOTIFY.RAW.ARTISTS").nth(1).expect(&third);
    assert!(artists.lines().take(3).any(|line| line.contains("VARCHAR(10)")), "{third}");
    for plan in [second, third] {
        assert!(!plan.to_lowercase().contains("or replace"), "{plan}");
    }
}

#[test]
fn reconcile_finds_exactly_the_rows_that_differ_and_repairs_them() {
    let cloud = Cloud::new("rest", "parquet");
    assert_eq!(cloud.report(&["--demo"]).0, 0);
    let same = cloud.run(&["reconcile"]);
    assert_eq!(same.status.code(), Some(0), "{}", text(&same));
    let id = cloud.snowflake.rows("select ID from SPOTIFY.RAW.ARTISTS order by ID limit 1")[0][0]
        .clone()
        .unwrap();
    cloud.snowflake.tamper(&format!(
        "update SPOTIFY.RAW.ARTISTS set NAME = 'Somebody else' where ID = '{id}'"
    ));
    let output = cloud.run(&["--json", "reconcile", "artists"]);
    assert_eq!(output.status.code(), Some(7));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["tables"][0]["differences"].as_array().unwrap().len(), 1, "{found:#}");
    assert_eq!(found["tables"][0]["differences"][0]["key"], json!([id]));
    assert_eq!(found["tables"][0]["differences"][0]["changes"][0]["snowflake"], "Somebody else");
    let before = cloud.landed("artists");
    let repaired = cloud.run(&["reconcile", "--repair"]);
    assert_eq!(repaired.status.code(), Some(0), "{}", text(&repaired));
    assert_eq!(cloud.landed("artists"), before + 1, "exactly the row that differed");
}

/// What joins the columns for the hash may stand in a name, and NULL is no text.
#[test]
fn a_difference_is_told_under_its_own_column_whatever_stands_in_the_value() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.tamper(
        "update SPOTIFY.RAW.SONGS set NAME = 'a' || chr(31) || 'b', URL = null, ALBUM_ID = '\\N'",
    );
    let output = cloud.run(&["--json", "reconcile", "songs"]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let changes = found["tables"][0]["differences"][0]["changes"].as_array().unwrap();
    let told = |member: &str| changes.iter().map(|it| it[member].clone()).collect::<Vec<_>>();
    assert_eq!(told("column"), ["name", "url", "album_id"], "{found:#}");
    assert_eq!(told("snowflake"), [json!("a\u{1f}b"), json!(null), json!("\\N")]);
    let said = text(&cloud.run(&["reconcile", "songs"]));
    assert!(said.contains("url is NULL, wanted `https://"), "{said}");
    assert!(said.contains(r"album_id is `\N`, wanted `"), "{said}");
}

#[test]
fn no_secret_is_in_any_output_at_any_verbosity() {
    let cloud = Cloud::new("rest", "parquet");
    let pem = std::fs::read_to_string(crate::support::cloud::KEY).unwrap();
    let key_line = pem.lines().nth(3).unwrap();
    let outputs = [
        cloud.run(&["-vvv", "run", "--demo"]),
        cloud.run(&["-vvv", "--log-format", "json", "doctor"]),
        cloud.run(&["config", "check"]),
        cloud.run(&["-vvv", "snowflake", "pipes"]),
        cloud.run(&["-vvv", "snowflake", "plan"]),
        cloud.run(&["-vvv", "reconcile"]),
    ];
    let mut secrets = cloud.snowflake.tokens();
    assert!(!secrets.is_empty());
    secrets.extend([key_line.to_owned(), crate::support::fake_s3::SECRET_KEY.to_owned()]);
    for output in outputs {
        let text = text(&output);
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
    }
}

#[test]
fn a_file_that_no_pipe_was_told_of_is_pending_and_not_forgotten() {
    let cloud = Cloud::new("rest", "parquet");
    let (code, report) = cloud.report(&["--demo", "--no-ingest"]);
    assert_eq!((code, &report["status"]), (0, &json!("uploaded")), "{report:#}");
    // Nothing will come of waiting, and Snowflake has nothing to say of it but whether the pipes are there.
    cloud.snowflake.clear_log();
    let output = cloud.run(&["verify"]);
    assert_eq!(output.status.code(), Some(8), "{}", text(&output));
    assert!(text(&output).contains("`snowtrack ingest` submits them"), "{}", text(&output));
    let asked = cloud.snowflake.requests();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0].body.contains("show pipes in schema"), "{asked:?}");
    assert!(asked[1].body.contains("system$pipe_status"), "{asked:?}");
    let output = cloud.run(&["ingest"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let output = cloud.run(&["--json", "verify"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_verified(&cloud, &report);
}
