//! Files whose event S3 never sent: what is said of them after a time, and two ways to bring them in.

use serde_json::Value;

use crate::snowflake::proof::assert_verified;
use crate::support::cloud::{self, Cloud, SMALL, text};

/// A run whose events got lost, an hour (or more) ago.
fn unannounced(hours: u32) -> (Cloud, Value) {
    let cloud = Cloud::small("auto", "parquet");
    cloud.snowflake.let_events_arrive(false);
    let mut command = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
    command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
    let (code, report) = cloud::report(&mut command);
    assert_eq!(code, 8, "{report:#}");
    assert!(!report["error"].to_string().contains("refresh"), "it is too early to say: {report:#}");
    let ledger = duckdb::Connection::open(cloud.world.path("data/snowtrack.duckdb")).unwrap();
    let aged = format!(
        "update meta.files set told_at = told_at - interval {hours} hour, updated_at = updated_at - interval {hours} hour"
    );
    ledger.execute_batch(&aged).unwrap();
    (cloud, report)
}

fn verify(cloud: &Cloud) -> (Option<i32>, String) {
    let mut command = cloud.command(&["verify"]);
    let output = command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0").output().unwrap();
    (output.status.code(), text(&output))
}

#[test]
fn a_file_that_no_event_announced_is_named_with_the_exact_statement_that_brings_it_in() {
    let (cloud, report) = unannounced(1);
    for file in report["files"].as_array().unwrap() {
        let (code, said) = verify(&cloud);
        assert_eq!(code, Some(8), "{said}");
        let table = file["table"].as_str().unwrap();
        let key = file["key"].as_str().unwrap();
        let path = key.strip_prefix(&format!("spotify-data/raw/{table}/")).unwrap();
        let statement = format!(
            "alter pipe SPOTIFY.RAW.{}_PARQUET_AUTO_V1 refresh prefix = '{path}'",
            table.to_uppercase()
        );
        assert!(said.contains(&format!("`{statement}`")), "{statement}\n{said}");
        cloud.snowflake.admin(&statement);
        cloud.snowflake.load_now();
        assert_eq!(cloud.landed(table), 1, "{table}");
    }
    let (code, said) = verify(&cloud);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn ingest_as_rest_tells_the_pipes_and_a_late_event_loads_nothing_twice() {
    let (cloud, report) = unannounced(1);
    cloud.snowflake.clear_log();
    let output = cloud.run(&["ingest", "--as", "rest"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let count = report["files"].as_array().unwrap().len();
    assert_eq!(cloud.snowflake.count("_PARQUET_AUTO_V1/insertFiles"), count);
    cloud.snowflake.let_events_arrive(true);
    cloud.snowflake.load_now();
    let (code, report) = cloud::report(&mut cloud.command(&["--json", "verify"]));
    assert_eq!(code, 0, "{report:#}");
    assert_verified(&cloud, &report);
    // Nothing is left to tell.
    cloud.snowflake.clear_log();
    let _ = cloud.run(&["ingest", "--as", "rest"]);
    assert_eq!(cloud.snowflake.count("insertFiles"), 0);
}

#[test]
fn what_a_refresh_no_longer_reaches_is_left_to_rest() {
    let (cloud, _) = unannounced(8 * 24);
    let (code, said) = verify(&cloud);
    assert_eq!(code, Some(8), "{said}");
    assert!(said.contains("ingest --as rest") && !said.contains("refresh prefix"), "{said}");
}

#[test]
fn doctor_fails_for_what_waits_too_long_and_not_before() {
    for (hours, code) in [(20, 0), (30, 8)] {
        let (cloud, _) = unannounced(hours);
        let output = cloud.run(&["--json", "doctor"]);
        let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
        let of_ledger = findings.as_array().unwrap().iter().filter(|it| it["area"] == "ledger");
        let waiting: Vec<&Value> = of_ledger.filter(|it| it["what"] == "waiting").collect();
        assert_eq!(waiting.len(), usize::from(code == 8), "{findings:#}");
        for finding in waiting {
            assert_eq!(finding["health"], "fail");
            assert!(finding["detail"].as_str().unwrap().starts_with("8 files wait since 20"));
        }
        assert_eq!(output.status.code(), Some(code), "{findings:#}");
    }
}
