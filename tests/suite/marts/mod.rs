//! The marts of the published file: what they say of histories that are played through the real binary.

pub(crate) mod by_hand;
mod files;
mod reckoned;

use serde_json::Value;

use crate::support::World;

/// One night: its documents are read by a run of their own. Returns the start of the run.
pub(crate) fn night(world: &World, number: usize, documents: &[Value]) -> String {
    let folder = format!("night-{number}");
    for (place, document) in documents.iter().enumerate() {
        world.write(&format!("{folder}/{place}.json"), &document.to_string());
    }
    let (code, report) = world.report(&["--from-dir", &folder]);
    assert_eq!(code, 0, "{report:#}");
    let run = report["run_id"].as_str().unwrap();
    let connection = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    let sql = "select started_at::varchar from meta.runs where run_id = ?";
    connection.query_row(sql, [run], |row| row.get(0)).unwrap()
}

/// The names of the marts in the published file.
fn marts(world: &World) -> Vec<String> {
    let views = world.query(
        "select view_name as name from duckdb_views() where schema_name = 'marts' order by 1",
    );
    views.as_array().unwrap().iter().map(|view| view["name"].as_str().unwrap().to_owned()).collect()
}
