//! The example runs, and says what the command line says.

#[path = "../../examples/run_the_demo.rs"]
#[expect(dead_code, reason = "its `main` is for `cargo run --example`")]
mod example;

use serde_json::Value;

use crate::support::{World, tables};

/// What each check found, without the rows that name their run.
fn checks(report: &Value) -> Vec<[&Value; 3]> {
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .map(|check| ["check", "status", "offending_row_count"].map(|name| &check[name]))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_does_what_the_command_line_does() {
    let (by_library, by_command) = (World::new(), World::new());
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let report = example::run_the_demo(&by_library.path("data")).await.unwrap();
        let report: Value = serde_json::to_value(&report).unwrap();
        let (code, other) = by_command.report(&["--demo"]);
        assert_eq!(code, 0);
        assert_eq!(report["status"], other["status"]);
        assert_eq!(tables(&report), tables(&other));
        assert_eq!(checks(&report), checks(&other));
        statuses.push(report["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(statuses, ["exported", "exported"]);
    for table in ["songs", "artists", "playlist_songs"] {
        assert_eq!(by_library.rows_of(table), by_command.rows_of(table));
    }
}
