//! What a run ships again although it did not change, so that Snowflake learns of rows that are gone.

use serde_json::{Value, json};

use crate::support::{World, tables};

/// A well-formed id from one letter.
fn id(letter: char) -> String {
    format!("{letter}B1cD2eF3gH4iJ5kL6mN7o")
}

fn url(kind: &str, id: &str) -> Value {
    json!({"spotify": format!("https://open.spotify.com/{kind}/{id}")})
}

fn artists(letters: &str) -> Vec<Value> {
    let artist = |letter| {
        let id = id(letter);
        json!({"id": id, "name": format!("Artist {letter}"), "external_urls": url("artist", &id)})
    };
    letters.chars().map(artist).collect()
}

/// A playlist document: each song is a letter and its artists' letters.
pub(crate) fn playlist(snapshot: &str, songs: &[(char, &str)]) -> String {
    let rows: Vec<Value> = songs
        .iter()
        .map(|(letter, by)| {
            let (song, album) = (id(*letter), id('0'));
            json!({"added_at": "2024-05-01T10:00:00Z", "added_by": {"id": "someone"}, "is_local": false, "item": {
                "id": song, "name": format!("Song {letter}"), "type": "track", "uri": format!("spotify:track:{song}"),
                "duration_ms": 200_000, "is_local": false, "external_urls": url("track", &song), "artists": artists(by),
                "album": {"id": album, "name": "Album", "release_date": "1999", "total_tracks": 9,
                    "external_urls": url("album", &album), "artists": artists("x")}}})
        })
        .collect();
    let playlist = id('9');
    json!({
        "id": playlist, "type": "playlist", "name": "Harbour", "snapshot_id": snapshot, "public": true,
        "collaborative": false, "owner": {"id": "someone"}, "external_urls": url("playlist", &playlist),
        "items": {"href": "", "offset": 0, "limit": 100, "total": rows.len(), "next": null, "items": rows}
    })
    .to_string()
}

/// A document of full artists: each is a letter and its genres.
pub(crate) fn full_artists(genres: &[(char, &[&str])]) -> String {
    let full = genres.iter().map(|(letter, genres)| {
        let mut artist = artists(&letter.to_string()).remove(0);
        artist["genres"] = json!(genres);
        artist
    });
    json!({"artists": full.collect::<Vec<_>>()}).to_string()
}

/// `(group, member)` of the rows that the latest run ships.
fn shipped(world: &World, sql: &str, report: &Value) -> Vec<(char, String)> {
    let run = report["run_id"].as_str().unwrap();
    let rows = world.query(&format!("{sql} where run_id = '{run}' order by all"));
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| {
        let group = row["g"].as_str().unwrap().chars().next().unwrap();
        assert_eq!(row["extracted_at"], row["started"], "{row}");
        (group, row["m"].as_str().unwrap().to_owned())
    })
    .collect()
}

#[test]
fn a_group_that_lost_a_row_or_its_first_is_shipped_whole_and_no_other() {
    let world = World::new();
    let before = [('a', "xyz"), ('b', "xw"), ('c', "xy"), ('d', "xy"), ('e', "xyz"), ('f', "yx")];
    let genres: [(char, &[&str]); 4] = [
        ('x', &["pop", "rock"]),
        ('y', &["pop", "jazz"]),
        ('z', &["folk", "pop"]),
        ('w', &["ska"]),
    ];
    world.write("in/playlist.json", &playlist("s1", &before));
    world.write("in/artists.json", &full_artists(&genres));
    let (code, first) = world.report(&["--from-dir", "in"]);
    assert_eq!(code, 0, "{first}");
    assert!(tables(&first).contains(&("song_artists".to_owned(), 14, 14)), "{first}");
    assert!(tables(&first).contains(&("genres".to_owned(), 7, 7)), "{first}");

    // a loses its last place, b stays, c's first changes, d's second changes, e loses its middle, f is no longer listed.
    let after = [('a', "xy"), ('b', "xw"), ('c', "wy"), ('d', "xz"), ('e', "xz"), ('g', "w")];
    // x gains one, y loses one, z stays, w loses its only one.
    let genres: [(char, &[&str]); 4] =
        [('x', &["pop", "rock", "soul"]), ('y', &["pop"]), ('z', &["folk", "pop"]), ('w', &[])];
    world.write("in2/playlist.json", &playlist("s2", &after));
    world.write("in2/artists.json", &full_artists(&genres));
    let (code, second) = world.report(&["--from-dir", "in2"]);
    assert_eq!(code, 0, "{second}");

    let started = "(select max(extracted_at) from core.playlist_songs)";
    let places = format!(
        "select song_id as g, artist_position || artist_id[:1] as m, extracted_at, {started} as started from core.song_artists"
    );
    let expected: Vec<(char, String)> = [
        ('a', "0x"),
        ('a', "1y"),
        ('c', "0w"),
        ('c', "1y"),
        ('d', "1z"),
        ('e', "0x"),
        ('e', "1z"),
        ('g', "0w"),
    ]
    .map(|(group, member)| (group, member.to_owned()))
    .into();
    assert_eq!(shipped(&world, &places, &second), expected);
    let listed = format!(
        "select artist_id as g, genre as m, extracted_at, {started} as started from core.genres"
    );
    let expected: Vec<(char, String)> = [('x', "pop"), ('x', "rock"), ('x', "soul"), ('y', "pop")]
        .map(|(group, member)| (group, member.to_owned()))
        .into();
    assert_eq!(shipped(&world, &listed, &second), expected);
    // Whole tables: what is gone is gone, and what is not listed any more stays.
    assert!(tables(&second).contains(&("song_artists".to_owned(), 13, 8)), "{second}");
    assert!(tables(&second).contains(&("genres".to_owned(), 6, 4)), "{second}");

    // The same documents again ship nothing.
    let (_, third) = world.report(&["--from-dir", "in2"]);
    assert!(tables(&third).iter().all(|(_, _, changed)| *changed == 0), "{third}");
}
