//! `marts.playlist_changes`: what came and went between two readings, also where nothing is left.

use serde_json::{Value, json};

use crate::source::documents::playlist;
use crate::support::World;

/// The list as it is in a snapshot, with its one song or without.
fn night(world: &World, snapshot: &str, is_empty: bool) -> String {
    let mut list: Value = serde_json::from_str(&playlist(|_| {})).unwrap();
    list["snapshot_id"] = json!(snapshot);
    if is_empty {
        (list["items"]["items"], list["items"]["total"]) = (json!([]), json!(0));
    }
    world.write(&format!("{snapshot}/a.json"), &list.to_string());
    let (code, report) = world.report(&["--from-dir", snapshot]);
    assert_eq!(code, 0, "{report:#}");
    report["run_id"].as_str().unwrap().to_owned()
}

/// `snapshot change` of each change, and whether it is dated by the start of the run that saw it.
fn changes(world: &World) -> Vec<String> {
    let sql = "select snapshot_id || ' ' || change || ' ' || song_name as it from marts.playlist_changes order by changed_at, change";
    let rows = world.query(sql);
    rows.as_array().unwrap().iter().map(|row| row["it"].as_str().unwrap().to_owned()).collect()
}

fn started_at(world: &World, run: &str) -> String {
    let connection = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    let sql = "select started_at::varchar from meta.runs where run_id = ?";
    connection.query_row(sql, [run], |row| row.get(0)).unwrap()
}

#[test]
fn a_list_that_is_empty_now_has_lost_its_songs() {
    let world = World::new();
    night(&world, "s1", false);
    assert_eq!(changes(&world), Vec::<String>::new(), "the first snapshot is no change");
    let run = night(&world, "s2", true);
    assert_eq!(changes(&world), ["s2 removed Low Tide"]);
    let started = started_at(&world, &run);
    let sql = "select changed_at::varchar as at, previous_snapshot_id as before from marts.playlist_changes";
    assert_eq!(world.query(sql), json!([{"at": started, "before": "s1"}]));
    // Empty for another night, in another snapshot: still one change.
    night(&world, "s3", true);
    assert_eq!(changes(&world), ["s3 removed Low Tide"]);
    // An empty snapshot counts only while it is current.
    night(&world, "s4", false);
    assert_eq!(changes(&world), Vec::<String>::new());
}

#[test]
fn a_list_that_was_always_empty_or_cannot_be_read_has_no_changes() {
    let world = World::new();
    night(&world, "s1", true);
    night(&world, "s2", true);
    assert_eq!(changes(&world), Vec::<String>::new());
    night(&world, "s3", false);
    assert_eq!(changes(&world), Vec::<String>::new(), "the first snapshot with songs is the first");
    // Its rows are not given any more, which says nothing of them.
    let mut list: Value = serde_json::from_str(&playlist(|_| {})).unwrap();
    list["snapshot_id"] = json!("s4");
    list["items"] = json!({"href": "", "total": 0});
    world.write("s4/a.json", &list.to_string());
    let (code, report) = world.report(&["--from-dir", "s4"]);
    assert_eq!((code, &report["playlists"][0]["status"]), (0, &json!("contents_unavailable")));
    assert_eq!(changes(&world), Vec::<String>::new());
}
