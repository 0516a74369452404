//! How many playlists a song stands in is kept up by what each run changes; a count of all rows must always say the same.

use std::fmt::Write;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::support::World;

const SONGS: usize = 9;

/// A row of one of few songs, sometimes none.
fn row(random: &mut Rng, key: &str) -> Value {
    match random.usize(..SONGS) {
        0 => Value::Null,
        song => json!({
            "added_at": "2020-01-02T03:04:05Z",
            key: {"id": format!("t{song}"), "uri": format!("spotify:track:t{song}"), "name": "A song", "duration_ms": 1000}
        }),
    }
}

fn page(random: &mut Rng, path: &str, key: &str) -> Value {
    let rows: Vec<_> = (0..random.usize(..7)).map(|_| row(random, key)).collect();
    json!({
        "href": format!("https://api.spotify.com/v1/{path}?offset=0&limit=50"),
        "items": rows, "limit": 50, "next": null, "offset": 0, "total": rows.len()
    })
}

/// One of three playlists at one of three snapshots, which may have been there before; seldom without its rows; or the liked songs.
fn document(random: &mut Rng) -> Value {
    let id = format!("p{}", random.u8(..3));
    if random.u8(..6) == 0 {
        return page(random, "me/tracks", "track");
    }
    let mut playlist = json!({
        "id": id, "type": "playlist", "name": "A playlist", "snapshot_id": format!("s{}", random.u8(..3)), "public": true,
        "collaborative": false, "owner": {"id": "owner"}, "external_urls": {"spotify": "https://open.spotify.com/playlist/p1"},
    });
    if random.u8(..8) != 0 {
        playlist["items"] = page(random, &format!("playlists/{id}/items"), "item");
    }
    playlist
}

/// The songs whose count is not that of the rows: id, kept, counted.
fn differences(world: &World) -> String {
    let connection = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    let counted = "select song_id, count(distinct playlist_id) as playlist_count from core.playlist_songs \
        where (playlist_id, snapshot_id) in (select (id, snapshot_id) from core.playlists) and song_id is not null group by song_id";
    let sql = format!(
        "select coalesce(kept.song_id, counted.song_id), kept.playlist_count::varchar, counted.playlist_count::varchar \
        from meta.song_spread as kept full join ({counted}) as counted using (song_id) \
        where kept.playlist_count is distinct from counted.playlist_count"
    );
    let mut statement = connection.prepare(&sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut text = String::new();
    while let Some(row) = rows.next().unwrap() {
        let [song, kept, counted]: [Option<String>; 3] = [0, 1, 2].map(|n| row.get(n).unwrap());
        writeln!(text, "{song:?}: kept {kept:?}, counted {counted:?}").unwrap();
    }
    text
}

fn run(world: &World, random: &mut Rng, number: u32) -> String {
    let folder = format!("run {number}");
    let documents: Vec<_> = (0..random.usize(1..4)).map(|_| document(random).to_string()).collect();
    for (place, document) in documents.iter().enumerate() {
        world.write(&format!("{folder}/{place:02}.json"), document);
    }
    let output = world.run(&["-q", "run", "--from-dir", &folder]);
    // Songs of one day and one row too few: what the checks say of such libraries is another test's subject.
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 4)), "{code:?}: {}", String::from_utf8_lossy(&output.stderr));
    documents.join("\n")
}

#[test]
fn what_is_kept_is_what_a_count_of_all_rows_says_after_every_run() {
    for seed in 0..8 {
        let (world, mut random) = (World::new(), Rng::with_seed(seed));
        let mut story = String::new();
        for number in 0..6 {
            writeln!(story, "run {number}:\n{}", run(&world, &mut random, number)).unwrap();
            let differences = differences(&world);
            assert_eq!(differences, "", "seed {seed}\n{story}");
        }
    }
}

#[test]
fn a_ledger_of_an_earlier_version_is_counted_once() {
    let (world, mut random) = (World::new(), Rng::with_seed(99));
    run(&world, &mut random, 0);
    run(&world, &mut random, 1);
    let connection = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    connection.execute_batch("drop table meta.song_spread").unwrap();
    drop(connection);
    for number in 2..5 {
        run(&world, &mut random, number);
        assert_eq!(differences(&world), "");
    }
}
