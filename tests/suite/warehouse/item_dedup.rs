//! Items stand in many rows and are landed once; rows come back byte for byte, also those that were landed whole.

use duckdb::Connection;
use serde_json::{Value, json};

use crate::support::World;

const SONG: &str = r#"{"id":"0aB1cD2eF3gH4iJ5kL6mN7","uri":"spotify:track:0aB1cD2eF3gH4iJ5kL6mN7","type":"track","name":"Tide ☂ \u00e4","duration_ms":200000,
 "track":true, "external_urls":{"spotify":"https://open.spotify.com/track/0aB1cD2eF3gH4iJ5kL6mN7"},"artists":[{"id":"1aB1cD2eF3gH4iJ5kL6mN7","name":"The Piers","external_urls":{"spotify":"https://open.spotify.com/artist/1aB1cD2eF3gH4iJ5kL6mN7"}}],"album":{"id":"2aB1cD2eF3gH4iJ5kL6mN7","name":"Moorings","release_date":"1999","total_tracks":9,"external_urls":{"spotify":"https://open.spotify.com/album/2aB1cD2eF3gH4iJ5kL6mN7"},"artists":[]}}"#;

/// A song of another name and id.
fn other(id: &str) -> String {
    SONG.replace("0aB1cD2eF3gH4iJ5kL6mN7", id).replace("Tide", id)
}

fn playlist(id: &str, rows: &[String]) -> String {
    let (count, rows) = (rows.len(), rows.join(" ,\n "));
    format!(
        r#"{{"id":"{id}","type":"playlist","name":"{id}","snapshot_id":"s-{id}","public":true,"collaborative":false,"owner":{{"id":"someone"}},
        "external_urls":{{"spotify":"https://open.spotify.com/playlist/{id}"}},"items":{{"offset":0,"total":{count},"next":null,"items":[{rows}]}}}}"#
    )
}

fn row(item: &str) -> String {
    format!(r#"{{"added_at":"2024-05-01T10:00:00Z", "note":"ü😀", "item": {item} }}"#)
}

const IDS: [&str; 2] = ["3aB1cD2eF3gH4iJ5kL6mN7", "4aB1cD2eF3gH4iJ5kL6mN7"];

/// Two playlists that share a song; one row has both names, one is `null`, one names its item twice.
fn rows() -> [Vec<String>; 2] {
    let second = other("5aB1cD2eF3gH4iJ5kL6mN7");
    let twice = r#"{"added_at":null,"item":null,"item":null}"#.to_owned();
    let former = format!(r#"{{"added_at":"2023-01-01T00:00:00Z","track":{second},"item":null}}"#);
    [vec![row(SONG), "null".to_owned(), row(&second)], vec![former, row(SONG), twice, row(SONG)]]
}

fn work_file(world: &World) -> Connection {
    Connection::open(world.path("data/snowtrack.duckdb")).unwrap()
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn an_item_is_landed_once_and_every_row_comes_back_byte_for_byte() {
    let world = World::new();
    let rows = rows();
    for (id, rows) in IDS.iter().zip(&rows) {
        world.write(&format!("in/{id}.json"), &playlist(id, rows));
    }
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{report:#}");
    let connection = work_file(&world);
    let items = texts(&connection, "select item_json from raw.items order by item_id");
    assert_eq!(items, [SONG.to_owned(), other("5aB1cD2eF3gH4iJ5kL6mN7")]);
    let landed = "select row_json from raw.row_texts order by document_id, position";
    assert_eq!(texts(&connection, landed), rows.concat());
    let kinds = "select coalesce(song_id, item_kind) as it from core.playlist_songs order by playlist_id, position";
    let second = "5aB1cD2eF3gH4iJ5kL6mN7";
    let first = "0aB1cD2eF3gH4iJ5kL6mN7";
    let wanted = [first, "removed", second, second, first, "removed", first];
    let wanted: Vec<Value> = wanted.iter().map(|it| json!({"it": it})).collect();
    assert_eq!(world.query(kinds), json!(wanted));
}

/// What an earlier version left: each row whole, no items, the two columns missing.
const AS_AN_EARLIER_VERSION_LANDED: &str = "
    create table whole as select document_id, position, row_json from raw.row_texts;
    drop view raw.row_texts;
    drop table raw.items;
    drop table raw.rows;
    create table raw.rows (document_id bigint, position integer, row_json varchar using compression zstd);
    insert into raw.rows from whole;
    drop table whole;";

#[test]
fn rows_that_an_earlier_version_landed_whole_are_read_like_any_other() {
    let [world, upgraded] = [World::new(), World::new()];
    let rows = rows();
    for world in [&world, &upgraded] {
        for (id, rows) in IDS.iter().zip(&rows) {
            world.write(&format!("in/{id}.json"), &playlist(id, rows));
        }
        let output = world.run(&["fetch", "--from-dir", "in"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    work_file(&upgraded).execute_batch(AS_AN_EARLIER_VERSION_LANDED).unwrap();
    for world in [&world, &upgraded] {
        let (code, report) = world.report(&["--from-dir", "in", "--archive"]);
        assert_eq!(code, 0, "{report:#}");
    }
    for table in ["albums", "artists", "songs", "song_artists", "playlists", "playlist_songs"] {
        assert_eq!(world.rows_of(table), upgraded.rows_of(table), "{table}");
    }
    let landed = "select row_json from raw.row_texts order by document_id, position";
    assert_eq!(texts(&work_file(&upgraded), landed), rows.concat());
}
