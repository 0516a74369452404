//! Rows in, rows out: `tests/sql/<model>.yml` says what each model makes of Spotify's rows; here they go through the binary.
//!
//! A case gives documents (`given`, then `later` for a second run) and expects the rows of a table, all of them, in order, with the
//! columns that it names. A row is written as YAML, or as a text where its very bytes matter.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Where the model's rows end up.
    table: String,
    order_by: String,
    /// Anchors for the cases.
    #[serde(default, rename = "shapes")]
    _shapes: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    given: Vec<Given>,
    #[serde(default)]
    later: Vec<Given>,
    expect: Vec<Map<String, Value>>,
}

/// One document.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Given {
    /// `GET /playlists/{id}`: what differs from a plain one, and its `rows`; `total` where it is not their number.
    Playlist(Map<String, Value>),
    /// `GET /playlists/{id}/items`
    Page { playlist: String, offset: u32, total: u32, rows: Vec<Value> },
    /// `GET /me/tracks`
    Liked(Vec<Value>),
    /// `GET /me/playlists`
    MyPlaylists(Vec<Value>),
    /// `GET /artists?ids=`
    Artists(Vec<Value>),
    /// `GET /albums?ids=`
    Albums(Vec<Value>),
}

/// The rows as JSON text; a text is taken as it is.
fn rows(rows: &[Value]) -> String {
    let texts: Vec<_> = rows
        .iter()
        .map(|row| row.as_str().map_or_else(|| row.to_string(), str::to_owned))
        .collect();
    format!("[{}]", texts.join(","))
}

fn page(path: &str, (offset, total): (u32, u32), list: &[Value]) -> String {
    let href = format!("https://api.spotify.com/v1{path}?offset={offset}&limit=50");
    let items = rows(list);
    format!(
        r#"{{"href":"{href}","items":{items},"limit":50,"next":null,"offset":{offset},"total":{total}}}"#
    )
}

fn length(list: &[Value]) -> u32 {
    u32::try_from(list.len()).unwrap()
}

impl Given {
    fn body(&self) -> String {
        match self {
            Self::Playlist(object) => {
                let mut playlist = json!({
                    "id": "p1", "type": "playlist", "name": "A playlist", "snapshot_id": "s1", "public": true,
                    "collaborative": false, "owner": {"id": "owner"},
                    "external_urls": {"spotify": "https://open.spotify.com/playlist/p1"},
                });
                let members = playlist.as_object_mut().unwrap();
                members.extend(object.clone());
                let total = members.remove("total").and_then(|total| total.as_u64());
                let Some(Value::Array(list)) = members.remove("rows") else {
                    return playlist.to_string();
                };
                let total = total.map_or(length(&list), |total| u32::try_from(total).unwrap());
                let contents = page("/playlists/p1/items", (0, total), &list);
                let head = playlist.to_string();
                format!(r#"{},"items":{contents}}}"#, head.strip_suffix('}').unwrap())
            }
            Self::Page { playlist, offset, total, rows } => {
                page(&format!("/playlists/{playlist}/items"), (*offset, *total), rows)
            }
            Self::Liked(rows) => page("/me/tracks", (0, length(rows)), rows),
            Self::MyPlaylists(rows) => page("/me/playlists", (0, length(rows)), rows),
            Self::Artists(list) => format!(r#"{{"artists":{}}}"#, rows(list)),
            Self::Albums(list) => format!(r#"{{"albums":{}}}"#, rows(list)),
        }
    }
}

/// As DuckDB casts it to text.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn run(world: &World, folder: &str, documents: &[Given]) {
    for (number, document) in documents.iter().enumerate() {
        world.write(&format!("{folder}/{number:02}.json"), &document.body());
    }
    let output = world.run(&["-q", "--json", "run", "--from-dir", folder]);
    // Some cases are refused by the checks, which is another test's subject; the tables are made all the same.
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 4)), "{code:?}: {}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["skipped_documents"], json!([]), "every document is one");
}

fn found(world: &World, file: &File, columns: &[String]) -> Vec<Vec<Option<String>>> {
    let texts: Vec<_> = columns.iter().map(|name| format!("{name}::varchar")).collect();
    let sql = format!("select {} from {} order by {}", texts.join(", "), file.table, file.order_by);
    let connection = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| (0..columns.len()).map(|n| row.get(n)).collect());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn check(model: &str) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(root.join(format!("sql/duckdb/models/{model}.sql")).exists(), "{model} is no model");
    let text = std::fs::read_to_string(root.join(format!("tests/sql/{model}.yml"))).unwrap();
    let mut parsed: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    parsed.apply_merge().unwrap();
    let parsed = serde_json::to_value(parsed).unwrap();
    let file: File =
        serde_json::from_value(parsed).unwrap_or_else(|error| panic!("{model}: {error}"));
    for case in &file.cases {
        let world = World::new();
        run(&world, "given", &case.given);
        if !case.later.is_empty() {
            run(&world, "later", &case.later);
        }
        let columns: Vec<String> = match case.expect.first() {
            Some(row) => row.keys().cloned().collect(),
            None => vec!["1".to_owned()],
        };
        let wanted: Vec<Vec<_>> = case
            .expect
            .iter()
            .map(|row| {
                assert_eq!(
                    row.len(),
                    columns.len(),
                    "{model}: {}: rows name the same columns",
                    case.name
                );
                columns.iter().map(|name| shown(&row[name])).collect()
            })
            .collect();
        assert_eq!(found(&world, &file, &columns), wanted, "{model}: {}: {columns:?}", case.name);
    }
}

macro_rules! models {
    ($($test:ident: $model:literal,)*) => {
        $(#[test] fn $test() { check($model); })*

        #[test]
        fn every_model_has_its_rows_in_and_rows_out() {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/duckdb/models");
            let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<_> = names.map(|name| name.to_str().unwrap().replace(".sql", "")).collect();
            // What is not shipped is looked at in the published file (`details`).
            names.retain(|name| !["22_unlisted_items", "52_album_details"].contains(&name.as_str()));
            names.sort();
            assert_eq!(names, [$($model),*]);
        }
    };
}

models! {
    pending_rows_are_what_their_uri_says: "00_pending_rows",
    pending_snapshots_have_a_name: "10_pending_snapshots",
    playlist_songs_keep_every_position: "20_playlist_songs",
    songs_are_the_newest_word_on_a_track: "30_songs",
    song_artists_stand_in_spotifys_order: "40_song_artists",
    albums_have_their_first_day: "50_albums",
    artists_are_named_by_the_newest_document: "60_artists",
    genres_are_what_is_listed_now: "65_genres",
    playlists_show_what_is_held: "70_playlists",
    song_spread_follows_what_changes: "75_song_spread",
    song_observations_count_playlists: "80_song_observations",
    details_are_known_by_their_ids: "90_details",
}
