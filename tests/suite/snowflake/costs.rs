//! `snowflake history`: what runs and pipes cost, by Snowflake's own account of it; who may not read that learns what to ask for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cloud::{Cloud, SMALL, text};

const HOUR: Duration = Duration::from_secs(3_600);

fn history(cloud: &Cloud, more: &[&str]) -> (Option<i32>, Value) {
    let output = cloud.run(&[&["--json", "snowflake", "history"], more].concat());
    let document = serde_json::from_slice(&output.stdout);
    (output.status.code(), document.unwrap_or_else(|error| panic!("{error}: {}", text(&output))))
}

fn grant(cloud: &Cloud) {
    for viewer in ["USAGE_VIEWER", "GOVERNANCE_VIEWER"] {
        cloud
            .snowflake
            .admin(&format!("grant database role SNOWFLAKE.{viewer} to role SPOTIFY_LOADER"));
    }
}

#[test]
fn who_may_not_read_the_views_is_told_what_to_ask_for() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, document) = history(&cloud, &[]);
    assert_eq!(code, Some(6), "{document:#}");
    let error = document["error"].as_str().unwrap();
    assert!(!error.contains("snowflake plan"), "which does not show these grants: {error}");
    for viewer in ["USAGE_VIEWER", "GOVERNANCE_VIEWER"] {
        let statement = format!("`grant database role SNOWFLAKE.{viewer} to role SPOTIFY_LOADER`");
        assert!(error.contains(&statement), "{error}");
    }
    // What is said can be run as it is, and then it is enough.
    let statements: Vec<&str> =
        error.split('`').filter(|part| part.starts_with("grant ")).collect();
    assert_eq!(statements.len(), 2);
    statements.iter().for_each(|statement| cloud.snowflake.admin(statement));
    assert_eq!(history(&cloud, &[]).0, Some(0));
}

#[test]
fn a_runs_statements_files_and_credits_are_told_once_snowflake_tells_them() {
    let cloud = Cloud::small("rest", "parquet");
    grant(&cloud);
    let before = cloud.snowflake.counters().warehouse_statement_count;
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    let used = cloud.snowflake.counters().warehouse_statement_count - before;
    let run = report["run_id"].as_str().unwrap();
    let (code, early) = history(&cloud, &[]);
    assert_eq!((code, &early["runs"], &early["pipes"]), (Some(0), &json!([]), &json!([])));
    assert!(text(&cloud.run(&["snowflake", "history"])).contains("up to 3 hours"));

    // Queries come first, their price later.
    cloud.snowflake.advance_clock(HOUR);
    let (_, some) = history(&cloud, &[]);
    let found = &some["runs"][0];
    assert_eq!(
        (&found["run_id"], &found["is_incomplete"]),
        (&json!(run), &json!(true)),
        "{some:#}"
    );
    cloud.snowflake.advance_clock(4 * HOUR);
    let (code, all) = history(&cloud, &[]);
    assert_eq!(code, Some(0), "{all:#}");
    let found = &all["runs"][0];
    assert_eq!(found["statement_count"].as_u64().unwrap(), used as u64, "{all:#}");
    assert_eq!(found["is_incomplete"], false);
    let files = report["files"].as_array().unwrap();
    let size = |file: &Value| file["size_bytes"].as_u64().unwrap();
    assert_eq!(
        (&found["file_count"], &found["bytes"]),
        (&json!(files.len()), &json!(files.iter().map(size).sum::<u64>()))
    );
    // The double bills a minute a statement: whatever the hour was billed, somebody has it.
    let credits = |value: &Value| value.as_f64().unwrap();
    let pipes = all["pipes"].as_array().unwrap();
    let of_pipes: f64 = pipes.iter().map(|pipe| credits(&pipe["credits"])).sum();
    assert!(0.0 < credits(&found["credits"]), "{all:#}");
    let sum = credits(&found["credits"]) + credits(&all["other_credits"]) + of_pipes;
    assert!((sum - credits(&all["credits"])).abs() < 1e-9, "{all:#}");
    assert_eq!(pipes.len(), 8);
    let of_pipes: u64 = pipes.iter().map(|pipe| pipe["file_count"].as_u64().unwrap()).sum();
    assert_eq!(of_pipes, files.len() as u64, "{all:#}");

    for word in [run, "latest", &run[..24]] {
        let (code, one) = history(&cloud, &["--run", word]);
        assert_eq!((code, &one["runs"][0]), (Some(0), found), "{word}: {one:#}");
    }
    let (code, none) = history(&cloud, &["--run", "nonsense"]);
    assert_eq!(code, Some(2), "{none:#}");
    let shown = text(&cloud.run(&["snowflake", "history"]));
    assert!(shown.contains(run) && shown.contains("SONGS_PARQUET_REST"), "{shown}");
}
