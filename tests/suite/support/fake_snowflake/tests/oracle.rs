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

fn asks(python: &Path, rig: &Rig, action: &str, argument: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let url = rig.snowflake.url();
    let output = Command::new(python)
        .arg(root.join("tests/oracles/ingest.py"))
        .arg(root.join("tests/fixtures/snowflake/double.p8"))
        .args([url.rsplit(':').next().unwrap(), PIPE, action, argument])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("{text}\n{output:?}"))
}

#[tokio::test]
async fn snowflakes_own_client_submits_a_file_and_reads_its_report() {
    let Some(python) = python() else { return };
    let rig = Rig::empty(|config| FakeConfig { manners: Manners::Documented, ..config });
    rig.snowflake.admin(SETUP);
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(3));
    let queued = asks(&python, &rig, "ingest", "a.parquet");
    assert_eq!(queued["responseCode"], "SUCCESS");
    let report = asks(&python, &rig, "report", "");
    assert_eq!((&report["pipe"], &report["completeResult"]), (&json!(PIPE), &json!(true)));
    let file = &report["files"][0];
    assert_eq!(
        (&file["path"], &file["status"], &file["rowsInserted"]),
        (&json!("a.parquet"), &json!("LOADED"), &json!(3))
    );
    let start =
        (super::rig::now() - chrono::TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%S.000Z");
    let scan = asks(&python, &rig, "scan", &start.to_string());
    assert_eq!(
        (&scan["files"][0]["path"], &scan["completeResult"]),
        (&json!("a.parquet"), &json!("true"))
    );
    assert_eq!(rig.snowflake.row_count("SPOTIFY.RAW.SONGS"), 3);
    // Its tokens, headers and parameters are all as the double thinks they should be.
    assert!(rig.snowflake.violations().is_empty());
}

#[tokio::test]
async fn the_drivers_own_token_is_good() {
    let Some(python) = python() else { return };
    let rig = Rig::new();
    let token = asks(&python, &rig, "token", "");
    let mut request = rig
        .request(reqwest::Method::GET, &super::rig::pipe_path(PIPE, "insertReport", ""))
        .build()
        .unwrap();
    let header = format!("Bearer {}", token.as_str().unwrap());
    request.headers_mut().insert("authorization", header.parse().unwrap());
    assert_eq!(rig.http.execute(request).await.unwrap().status(), 200);
}
