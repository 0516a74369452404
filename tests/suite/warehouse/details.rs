//! What has no column in a shipped table and stands beside them in the published file; and on which day recordings were made.

use serde_json::{Value, json};

use crate::support::World;

/// A row of a playlist.
fn row(uri: &str, item: &Value) -> Value {
    let mut item = item.clone();
    item["uri"] = json!(uri);
    json!({"added_at": "2020-01-02T03:04:05Z", "is_local": uri.starts_with("spotify:local:"), "item": item})
}

fn song(number: u32, release_date: &Value) -> Value {
    row(
        &format!("spotify:track:s{number}"),
        &json!({
            "id": format!("s{number}"), "name": format!("Song {number}"), "duration_ms": 1000, "type": "track",
            "album": {"id": format!("l{number}"), "name": "An album", "release_date": release_date,
                // At times it says what the date does not.
                "release_date_precision": "day"},
            "artists": [{"id": "a", "name": "An artist"}]
        }),
    )
}

/// A playlist as a line of a recording made at a time.
fn recorded(version: u32, fetched_at: &str, rows: &[Value]) -> String {
    let body = json!({
        "id": "p1", "type": "playlist", "name": "A list", "snapshot_id": format!("v{version}"),
        "public": true, "collaborative": false, "owner": {"id": "owner"},
        "items": {
            "href": "https://api.spotify.com/v1/playlists/p1/items?offset=0&limit=100",
            "items": rows, "limit": 100, "next": null, "offset": 0, "total": rows.len()
        }
    });
    json!({"url": "/v1/playlists/p1", "fetched_at": fetched_at, "body": body}).to_string()
}

fn unlisted(name: &str) -> [Value; 2] {
    let local = json!({
        "id": null, "name": name, "duration_ms": 273_000, "is_local": true, "type": "track",
        "album": {"id": null, "name": "Attic Tapes"}, "artists": [{"id": null, "name": "Ida"}]
    });
    let episode = json!({
        "id": "e1", "name": "The Cello", "duration_ms": 2_071_013, "type": "episode",
        "show": {"id": "w1", "name": "Sparrow Street"}
    });
    [row("spotify:local:Ida:Attic+Tapes:No+Wind:273", &local), row("spotify:episode:e1", &episode)]
}

#[test]
fn a_date_says_how_exact_it_is_and_local_files_and_episodes_keep_their_names() {
    let world = World::new();
    let dates = [json!("1971"), json!("1981-12"), json!("1999-03-21"), json!("0000"), Value::Null];
    let songs: Vec<Value> = (0..).zip(&dates).map(|(number, date)| song(number, date)).collect();
    let [local, episode] = unlisted("No Wind");
    let rows = [songs.clone(), vec![local, episode]].concat();
    world.write("one/a.ndjson", &recorded(1, "2025-03-01T10:00:00Z", &rows));
    let (code, report) = world.report(&["--from-dir", "one"]);
    assert_eq!(code, 0, "{report}");
    let precisions =
        "select album_id, release_date_precision as p from core.album_details order by album_id";
    let wanted = json!([
        {"album_id": "l0", "p": "year"}, {"album_id": "l1", "p": "month"}, {"album_id": "l2", "p": "day"},
        {"album_id": "l3", "p": null}, {"album_id": "l4", "p": null}
    ]);
    assert_eq!(world.query(precisions), wanted);
    let items = "select * exclude (run_id) from core.unlisted_items order by snapshot_id, position";
    let local = |version: &str, name: &str| {
        json!({
            "playlist_id": "p1", "snapshot_id": version, "position": 5, "item_kind": "local", "name": name,
            "artist_name": "Ida", "album_name": "Attic Tapes", "duration_ms": 273_000
        })
    };
    let episode = |version: &str| {
        json!({
            "playlist_id": "p1", "snapshot_id": version, "position": 6, "item_kind": "episode", "name": "The Cello",
            "artist_name": "Sparrow Street", "album_name": null, "duration_ms": 2_071_013
        })
    };
    assert_eq!(world.query(items), json!([local("v1", "No Wind"), episode("v1")]));

    // A newer snapshot, brought into a copy of the file; nothing of it is shipped.
    let mut songs = songs;
    songs[0] = song(0, &json!("1971-05"));
    let rows = [songs, unlisted("No Wind, No Waves").to_vec()].concat();
    world.write("two/a.ndjson", &recorded(2, "2025-03-04T10:00:00Z", &rows));
    let (code, report) = world.report(&["--from-dir", "two"]);
    assert_eq!(code, 0, "{report}");
    let wanted =
        [local("v1", "No Wind"), episode("v1"), local("v2", "No Wind, No Waves"), episode("v2")];
    assert_eq!(world.query(items), json!(wanted));
    assert_eq!(world.query(precisions)[0]["p"], json!("month"));
    let shipped = report["files"].as_array().unwrap();
    assert!(shipped.iter().all(|file| !file["table"].as_str().unwrap().contains("details")));

    // Each observation is of the day on which its document was received.
    let days =
        "select distinct observed_on::varchar as day from core.song_observations order by day";
    assert_eq!(world.query(days), json!([{"day": "2025-03-01"}, {"day": "2025-03-04"}]));
    let (_, report) = world.report(&["--from-dir", "two"]);
    assert_eq!(report["status"], json!("unchanged"));
}

#[test]
fn the_demo_has_a_trend_of_two_days_one_after_the_other() {
    let world = World::new();
    for _ in 0..2 {
        assert_eq!(world.report(&["--demo"]).0, 0);
    }
    let days = world.query(
        "select observed_on::varchar as day, count(*) > 100 as is_seen from marts.song_popularity_over_time \
        group by all order by all",
    );
    let wanted = ["2026-01-05", "2026-01-06"].map(|day| json!({"day": day, "is_seen": true}));
    assert_eq!(days, json!(wanted));
    let moved = world.query(
        "select count(*) as n from (select song_id from core.song_observations group by song_id \
        having count(distinct popularity) > 1)",
    );
    assert!(moved[0]["n"].as_u64().unwrap() >= 8, "{moved}");
}
