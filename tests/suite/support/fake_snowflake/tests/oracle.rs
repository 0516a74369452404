//! The double against Snowflake's own Python client, which we did not write.
//!
//! Runs where `python3`, or the one of the environment named in `SNOWTRACK_ORACLES` at compile time, has what
//! `tests/oracles/requirements.txt` lists.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::super::{FakeConfig, Manners};
use super::rig::{PIPE, PREFIX, Rig, SETUP, songs};

/// A Python that has Snowflake's client.
fn python() -> Option<PathBuf> {
    let environment = option_env!("SNOWTRACK_ORACLES");
    let python = environment
        .map_or_else(|| PathBuf::from("python3"), |path| Path::new(path).join("bin/python"));
    let tried = Command::new(&python).args(["-c", "import snowflake.ingest"]).output();
    if tried.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!(
        "skipped: {} has no snowflake-ingest (tests/oracles/requirements.txt)",
        python.display()
    );
    None
}

/// Everything the client was told: about a file, the report, a scan from `start` on; and a token of the driver's.
fn asked(python: &Path, rig: &Rig, file: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let start =
        (super::rig::now() - chrono::TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%S.000Z");
    let url = rig.snowflake.url();
    let output = Command::new(python)
        .arg(root.join("tests/oracles/ingest.py"))
        .arg(root.join("tests/fixtures/snowflake/double.p8"))
        .args([url.rsplit(':').next().unwrap(), PIPE, file, &start.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("{text}\n{output:?}"))
}

#[tokio::test]
async fn snowflakes_own_clients_sign_submit_and_read_reports() {
    let Some(python) = python() else { return };
    let rig = Rig::empty(|config| FakeConfig { manners: Manners::Documented, ..config });
    rig.snowflake.admin(SETUP);
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(3));
    let told = asked(&python, &rig, "a.parquet");
    assert_eq!(told["queued"]["responseCode"], "SUCCESS");
    let report = &told["report"];
    assert_eq!((&report["pipe"], &report["completeResult"]), (&json!(PIPE), &json!(true)));
    let file = &report["files"][0];
    let expected = (&json!("a.parquet"), &json!("LOADED"), &json!(3));
    assert_eq!((&file["path"], &file["status"], &file["rowsInserted"]), expected);
    let scan = &told["scan"];
    let expected = (&json!("a.parquet"), &json!("true"));
    assert_eq!((&scan["files"][0]["path"], &scan["completeResult"]), expected);
    assert_eq!(rig.snowflake.row_count("SPOTIFY.RAW.SONGS"), 3);
    // The driver's token is of another make than the ingest client's.
    let path = super::rig::pipe_path(PIPE, "insertReport", "");
    let mut request = rig.request(reqwest::Method::GET, &path).build().unwrap();
    let header = format!("Bearer {}", told["driver_token"].as_str().unwrap());
    request.headers_mut().insert("authorization", header.parse().unwrap());
    assert_eq!(rig.http.execute(request).await.unwrap().status(), 200);
    // Tokens, headers and parameters are all as the double thinks they should be.
    assert!(rig.snowflake.violations().is_empty());
    assert_eq!(rig.snowflake.counters().token_count, 2);
}
