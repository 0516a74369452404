//! The archive of raw documents: every body byte for byte, and a replay of it gives the same tables.

use std::path::PathBuf;

use chrono::DateTime;
use serde_json::value::RawValue;

use crate::support::World;

/// The archive that the only run of a world left beside its files.
fn archived(world: &World) -> PathBuf {
    let mut files = Vec::new();
    crate::architecture::files_with_ending(&world.path("data/lake"), "zst", &mut files);
    let [path] = files.as_slice() else { panic!("{files:?}") };
    path.clone()
}

#[derive(serde::Deserialize)]
struct Line<'a> {
    url: Option<String>,
    fetched_at: Option<DateTime<chrono::Utc>>,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// Address, time and body of every document in a compressed file.
fn documents(path: &std::path::Path) -> Vec<(String, Option<DateTime<chrono::Utc>>, String)> {
    let text = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    let read = |line| {
        let Line { url, fetched_at, body } = serde_json::from_str(line).unwrap();
        let body = serde_json::from_str(body.get()).unwrap_or_else(|_| body.get().to_owned());
        (url.unwrap_or_default(), fetched_at, body)
    };
    text.lines().map(read).collect()
}

/// Every core table as text, without the columns that name the run.
fn tables(world: &World) -> Vec<serde_json::Value> {
    let names = [
        "albums",
        "artists",
        "songs",
        "song_artists",
        "playlists",
        "playlist_songs",
        "song_observations",
        "genres",
    ];
    let rows = |name| {
        world.query(&format!(
            "select columns(* exclude (run_id, extracted_at)) from core.{name} order by all"
        ))
    };
    names.map(rows).to_vec()
}

#[test]
fn the_archive_of_a_run_is_what_the_run_read() {
    let world = World::new();
    assert_eq!(world.report(&["--demo", "--archive"]).0, 0);
    let path = archived(&world);
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = documents(&source.join("src/sources/demo/first.ndjson.zst"));
    assert!(source.len() > 5);
    assert_eq!(documents(&path), source);
    // The same documents give the same file, whichever run read them.
    let other = World::new();
    assert_eq!(other.report(&["--demo", "--archive"]).0, 0);
    assert_eq!(std::fs::read(archived(&other)).unwrap(), std::fs::read(&path).unwrap());
}

#[test]
fn a_replay_of_the_archive_gives_the_same_tables() {
    let world = World::new();
    assert_eq!(world.report(&["--demo", "--archive"]).0, 0);
    let path = archived(&world);
    let replayed = World::new();
    let folder = path.parent().unwrap().to_string_lossy().into_owned();
    assert_eq!(replayed.report(&["--from-dir", &folder]).0, 0);
    let tables = tables(&world);
    assert!(tables.iter().take(7).all(|rows| rows.as_array().unwrap().len() > 3));
    assert_eq!(self::tables(&replayed), tables);
}

/// A playlist's page as Spotify prints it for people, with gaps of every kind.
fn page(offset: usize, rows: &[&str], total: usize) -> String {
    format!(
        "{{\n  \"href\" : \"https://api.spotify.com/v1/playlists/37i9dQZF1DX4sWSpwq3LiO/items?offset={offset}\",\n  \"items\" : [ {} ],\n  \"offset\" : {offset}, \"total\" : {total}, \"next\" : null\n}}\n",
        rows.join(" ,\n  ")
    )
}

#[test]
fn line_breaks_null_rows_and_overlapping_pages_come_back_as_they_were() {
    let row = |id: &str| {
        format!(
            "{{ \"added_at\" : \"2024-05-01T10:00:00Z\",\r\n \"item\" : {{\"type\":\"track\",\"id\":\"{id}\",\"name\":\"tab\\tand ]|[\",\"duration_ms\":1000,\"external_urls\":{{\"spotify\":\"https://open.spotify.com/track/{id}\"}},\"album\":{{\"id\":\"4aawyAB9vmqN3uQ7FjRGTy\",\"name\":\"A\",\"release_date\":\"2020\",\"total_tracks\":1,\"external_urls\":{{\"spotify\":\"https://open.spotify.com/album/4aawyAB9vmqN3uQ7FjRGTy\"}},\"artists\":[]}},\"artists\":[{{\"id\":\"0OdUWJ0sBjDrqHygGUXeCF\",\"name\":\"B\",\"external_urls\":{{\"spotify\":\"https://open.spotify.com/artist/0OdUWJ0sBjDrqHygGUXeCF\"}}}}]}} }}"
        )
    };
    let ids = ["11dFghVXANMlKmJXsNCbNl", "22dFghVXANMlKmJXsNCbNl", "33dFghVXANMlKmJXsNCbNl"];
    let [a, b, c] = ids.map(row);
    let bodies = [
        format!(
            "{{\"id\":\"37i9dQZF1DX4sWSpwq3LiO\",\"type\":\"playlist\",\"name\":\"P\",\"snapshot_id\":\"s\",\"owner\":{{\"id\":\"o\"}},\"public\":true,\"collaborative\":false,\"external_urls\":{{\"spotify\":\"https://open.spotify.com/playlist/37i9dQZF1DX4sWSpwq3LiO\"}},\"items\":{{\"items\":[{a},null],\"offset\":0,\"total\":4,\"next\":null}}}}"
        ),
        page(1, &["null", &b], 4),
        page(2, &[&b, &c], 4),
    ];
    let world = World::new();
    for (at, body) in bodies.iter().enumerate() {
        world.write(&format!("received/{at}.json"), body);
    }
    let folder = world.path("received").to_string_lossy().into_owned();
    let (code, report) = world.report(&["--from-dir", &folder, "--archive"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["playlists"][0]["row_count"], 4);
    let path = archived(&world);
    let found: Vec<String> = documents(&path).into_iter().map(|(_, _, body)| body).collect();
    assert_eq!(found, bodies);
    let replayed = World::new();
    let folder = path.parent().unwrap().to_string_lossy().into_owned();
    assert_eq!(replayed.report(&["--from-dir", &folder]).0, 0);
    assert_eq!(
        replayed.query("select position, song_id from core.playlist_songs order by all"),
        world.query("select position, song_id from core.playlist_songs order by all")
    );
}
