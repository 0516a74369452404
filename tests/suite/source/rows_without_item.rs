//! What a row holds is what it says: only `null` is a removed item, and what says nothing refuses the run.

use serde_json::{Value, json};

use crate::support::{World, fixture};

const ID: &str = "0aB1cD2eF3gH4iJ5kL6mN7";

/// A playlist of these rows.
fn playlist(rows: &[Value], snapshot_id: &str) -> String {
    let mut playlist = fixture("rows_without_item.json");
    playlist["snapshot_id"] = json!(snapshot_id);
    playlist["items"]["total"] = json!(rows.len());
    playlist["items"]["items"] = json!(rows);
    playlist.to_string()
}

fn unreadable(report: &Value) -> &Value {
    let mut checks = report["checks"].as_array().unwrap().iter();
    let found = checks.find(|check| check["check"] == "playlist_songs__row_is_readable");
    &found.unwrap()["offending_row_count"]
}

fn row(item: &Value) -> Value {
    json!({"added_at": "2024-01-01T00:00:00Z", "added_by": {"id": "someone"}, "is_local": false, "item": item})
}

fn song() -> Value {
    json!({"id": ID, "name": "Low Tide", "type": "track", "uri": format!("spotify:track:{ID}"), "duration_ms": 1000,
        "artists": [{"id": "1aB1cD2eF3gH4iJ5kL6mN7", "name": "The Piers"}],
        "album": {"id": "2aB1cD2eF3gH4iJ5kL6mN7", "name": "Moorings", "artists": []}})
}

fn without(members: &[&str]) -> Value {
    let mut song = song();
    for member in members {
        song.as_object_mut().unwrap().remove(*member);
    }
    song
}

#[test]
fn a_row_that_names_no_item_refuses_the_run_and_nothing_ships() {
    let world = World::new();
    world.write("in/playlist.json", &fixture("rows_without_item.json").to_string());
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!((code, &report["status"], &report["files"]), (4, &json!("refused"), &json!([])));
    // All but the last, whose item is `null`.
    assert_eq!(unreadable(&report), 5, "{report:#}");
    assert!(!world.path("data/spotify.duckdb").exists());
}

#[test]
fn a_night_on_which_the_item_has_another_name_ships_nothing_and_the_next_one_heals() {
    let world = World::new();
    let rows = [row(&song()), row(&Value::Null)];
    world.write("in/playlist.json", &playlist(&rows, "one"));
    assert_eq!(world.report(&["--from-dir", "in"]).0, 0);
    let count = "select count(*) as n, count(song_id) as songs from core.playlist_songs";
    let before = world.query(count);
    let renamed: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut row = row.clone();
            row["entry"] = row.as_object_mut().unwrap().remove("item").unwrap();
            row
        })
        .collect();
    world.write("in/playlist.json", &playlist(&renamed, "two"));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!((code, unreadable(&report)), (4, &json!(2)), "{report:#}");
    assert_eq!(world.query(count), before, "the published file is the last good one");
    // The same snapshot, readable by now: what could not be read is not known.
    world.write("in/playlist.json", &playlist(&rows, "two"));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!((code, &report["playlists"][0]["status"]), (0, &json!("fetched")), "{report:#}");
    assert_eq!(world.query(count), json!([{"n": 4, "songs": 2}]));
}

#[test]
fn each_row_is_what_it_says_and_nothing_else() {
    let episode = json!({"id": ID, "type": "episode", "name": "e"});
    let local = json!({"id": null, "uri": "spotify:local:a:b:c:1", "type": "track", "name": "c"});
    let known = [
        (row(&song()), "track"),
        (json!({"added_at": null, "track": song()}), "track"),
        (row(&without(&["uri"])), "track"),
        (row(&without(&["uri", "type"])), "track"),
        (row(&episode), "episode"),
        (row(&local), "local"),
        (row(&Value::Null), "removed"),
        (json!({"added_at": null, "item": null, "track": null}), "removed"),
        (json!({"added_at": null, "track": null, "added_by": {"id": "\u{fffd}"}}), "removed"),
        (Value::Null, "removed"),
    ];
    let world = World::new();
    let rows: Vec<Value> = known.iter().map(|(row, _)| row.clone()).collect();
    world.write("in/playlist.json", &playlist(&rows, "one"));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{report:#}");
    let kinds = world.query("select item_kind as it from core.playlist_songs order by position");
    assert_eq!(kinds, json!(known.map(|(_, kind)| json!({"it": kind}))));

    let odd = [
        json!({}),
        json!({"added_at": "2024-01-01T00:00:00Z", "is_local": false}),
        song(),
        row(&json!({})),
        row(&json!(true)),
        row(&json!("x")),
        row(&json!([])),
        row(&without(&["uri", "type", "album"])),
        row(&without(&["uri", "type", "artists"])),
        row(&without(&["uri", "type", "id"])),
        row(&json!({"id": ID, "uri": "https://example.org/x"})),
        json!({"item": true, "track": null}),
        json!({"is_local": true}),
    ];
    let world = World::new();
    world.write("in/playlist.json", &playlist(&odd, "one"));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!((code, unreadable(&report)), (4, &json!(odd.len())), "{report:#}");
}

#[test]
fn a_time_with_an_offset_is_that_time() {
    let times = [
        ("2020-01-02T10:20:30Z", json!("2020-01-02 10:20:30")),
        ("2020-01-02T10:20:30.999Z", json!("2020-01-02 10:20:30")),
        ("2020-01-02T10:20:30+00:00", json!("2020-01-02 10:20:30")),
        ("2020-01-02T10:20:30-00:00", json!("2020-01-02 10:20:30")),
        ("2020-01-02T10:20:30+02:00", json!("2020-01-02 08:20:30")),
        ("2020-01-02T23:20:30-05:30", json!("2020-01-03 04:50:30")),
        ("2020-01-02T10:20:30+0200", json!("2020-01-02 08:20:30")),
        ("1970-01-01T00:00:00+00:00", Value::Null),
        ("2020-01-02", Value::Null),
        ("", Value::Null),
    ];
    let world = World::new();
    let rows: Vec<Value> =
        times.iter().map(|(time, _)| json!({"added_at": time, "item": song()})).collect();
    world.write("in/playlist.json", &playlist(&rows, "one"));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{report:#}");
    let sql = "select added_at::varchar as it from core.playlist_songs order by position";
    assert_eq!(world.query(sql), json!(times.map(|(_, time)| json!({"it": time}))));
}
