//! Folders of documents as people have them: a list on several days, pages left over, numbers that cannot be.

use serde_json::{Value, json};

use crate::support::World;
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

const LIST: &str = "3aB1cD2eF3gH4iJ5kL6mN7";

fn row(song: usize) -> Value {
    let (id, album) = (spotify_id(song as u64), spotify_id(9_000_000 + song as u64));
    let artist = spotify_id(8_000_000);
    let link =
        |kind: &str, id: &str| json!({"spotify": format!("https://open.spotify.com/{kind}/{id}")});
    let artists =
        json!([{"id": artist, "name": "The Piers", "external_urls": link("artist", &artist)}]);
    json!({"added_at": "2024-05-01T10:00:00Z", "added_by": {"id": "someone"}, "is_local": false, "item": {
        "id": id, "uri": format!("spotify:track:{id}"), "type": "track", "name": format!("Song {song}"), "duration_ms": 200_000,
        "is_local": false, "external_urls": link("track", &id), "artists": artists,
        "album": {"id": album, "name": "Moorings", "release_date": "1999", "total_tracks": 9, "external_urls": link("album", &album), "artists": artists}}})
}

fn rows(songs: impl IntoIterator<Item = usize>) -> Vec<Value> {
    songs.into_iter().map(row).collect()
}

fn playlist(snapshot: &str, songs: impl IntoIterator<Item = usize>, total: Value) -> Value {
    json!({"id": LIST, "type": "playlist", "name": "Harbour", "snapshot_id": snapshot, "public": true, "collaborative": false,
        "owner": {"id": "someone"}, "external_urls": {"spotify": format!("https://open.spotify.com/playlist/{LIST}")},
        "items": {"offset": 0, "total": total, "next": null, "items": rows(songs)}})
}

fn page(songs: impl IntoIterator<Item = usize>, (offset, total): (Value, Value)) -> Value {
    let href = format!("https://api.spotify.com/v1/playlists/{LIST}/items");
    json!({"href": href, "items": rows(songs), "offset": offset, "total": total, "next": null})
}

fn lines(documents: &[Value]) -> String {
    let line = |body: &Value| {
        let url = body["href"].as_str().map_or_else(
            || format!("/playlists/{LIST}"),
            |href| href.trim_start_matches("https://api.spotify.com/v1").to_owned(),
        );
        format!("{}\n", json!({"url": url, "fetched_at": "2024-06-01T00:00:00Z", "body": body}))
    };
    documents.iter().map(line).collect()
}

/// `snapshot position song` of every row, in order.
fn held(world: &World) -> Vec<String> {
    let sql = "select snapshot_id || ' ' || position || ' ' || coalesce(name, item_kind) as it from core.playlist_songs left join core.songs on id = song_id order by snapshot_id, position";
    let found = world.query(sql);
    found.as_array().unwrap().iter().map(|row| row["it"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_that_is_there_as_it_was_on_two_days_gives_two_snapshots() {
    let world = World::new();
    let days = [
        playlist("day-1", 0..3, json!(3)),
        playlist("day-2", 100..102, json!(3)),
        page(102..103, (json!(2), json!(3))),
    ];
    world.write("in/both.ndjson", &lines(&days));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{report:#}");
    let wanted = [
        "day-1 0 Song 0",
        "day-1 1 Song 1",
        "day-1 2 Song 2",
        "day-2 0 Song 100",
        "day-2 1 Song 101",
        "day-2 2 Song 102",
    ];
    assert_eq!(held(&world), wanted);
    assert_eq!(world.query("select snapshot_id as s from core.playlists"), json!([{"s": "day-2"}]));
    assert_eq!(report["playlists"].as_array().unwrap().len(), 1, "{report:#}");
    // The second day alone is known now; the first, read again, would be the newest: also a snapshot that is held.
    world.write("again/second.ndjson", &lines(&days[1..2]));
    let (code, report) = world.report(&["--from-dir", "again"]);
    assert_eq!((code, &report["playlists"][0]["status"]), (0, &json!("unchanged")), "{report:#}");
    assert_eq!(held(&world), wanted);
}

#[test]
fn liked_songs_of_two_days_are_two_lists() {
    let world = World::new();
    let liked = |songs| {
        let mut page = page(songs, (json!(0), json!(2)));
        page["href"] = json!("https://api.spotify.com/v1/me/tracks?offset=0");
        page
    };
    world.write("in/both.ndjson", &lines(&[liked(0..2), liked(5..7)]));
    let (code, report) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{report:#}");
    let mut songs: Vec<String> =
        held(&world).iter().map(|it| it.split_once(' ').unwrap().1.to_owned()).collect();
    songs.sort();
    assert_eq!(songs, ["0 Song 0", "0 Song 5", "1 Song 1", "1 Song 6"]);
}

#[test]
fn a_page_of_another_snapshot_is_named_and_left_out() {
    for stray in [page(50..52, (json!(2), json!(4))), page(50..52, (json!(2), json!(2)))] {
        let world = World::new();
        world.write("in/a.ndjson", &lines(&[playlist("s", 0..2, json!(2)), stray]));
        let (code, report) = world.report(&["--from-dir", "in"]);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(held(&world), ["s 0 Song 0", "s 1 Song 1"]);
        let skipped = report["skipped_documents"].to_string();
        assert!(skipped.contains("another snapshot"), "{skipped}");
    }
}

#[test]
fn a_number_of_rows_that_cannot_be_and_a_playlist_without_a_name_are_skipped_and_named() {
    let good = playlist("s", 0..2, json!(2)).to_string();
    let nameless = |id: Value| {
        let mut playlist = playlist("s2", 5..6, json!(1));
        playlist["id"] = id;
        playlist
    };
    let bodies = [
        (page(7..8, (json!(4_294_967_296_u64), json!(3))), "offset"),
        (page(7..8, (json!(-5), json!(3))), "offset"),
        (page(7..8, (json!(0), json!(99_999_999_999_u64))), "total"),
        (nameless(Value::Null), "without an `id`"),
        (nameless(json!("")), "without an `id`"),
    ];
    for (body, named) in bodies {
        let world = World::new();
        world.write("in/a.json", &good);
        world.write("in/b.json", &body.to_string());
        let (code, report) = world.report(&["--from-dir", "in"]);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(held(&world), ["s 0 Song 0", "s 1 Song 1"], "{body}");
        let skipped = report["skipped_documents"].to_string();
        assert!(skipped.contains("b.json") && skipped.contains(named), "{skipped}");
    }
}

#[test]
fn a_list_that_became_shorter_leaves_no_page_in_the_folder_that_it_is_recorded_in() {
    let id = spotify_id(1);
    let (library, songs) = Library::new("keeper").with_plain_tracks(2, 120);
    let rows = songs.iter().map(|song| Row::track(song));
    let playlist = Playlist::new(&id, "Harbour", "keeper").with_rows(rows);
    let spotify = FakeSpotify::start(library.with_playlist(playlist), Mode::Development);
    let world = World::new();
    let arguments = ["--playlist", &id, "--record", "recorded"];
    assert_eq!(world.live_report(&spotify, &arguments).0, 0);
    let files = || {
        let entries = std::fs::read_dir(world.path("recorded")).unwrap();
        let mut names: Vec<_> =
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let page = |offset| format!("playlist_{id}_{offset:06}.json");
    assert_eq!(files(), [page(0), page(100)]);
    spotify.mutate(|library| library.change(&id, |playlist| playlist.rows.truncate(3)));
    assert_eq!(world.live_report(&spotify, &arguments).0, 0);
    assert_eq!(files(), [page(0)]);
}
