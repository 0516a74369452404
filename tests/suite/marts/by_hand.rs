//! A small history whose marts are known by heart: five nights of three lists.

use serde_json::{Value, json};

use super::night;
use crate::support::World;

/// Songs by the letter of their id: title, artist, album's year, milliseconds.
const SONGS: [(char, &str, Option<char>, &str, u32); 6] = [
    ('a', "Low Tide", Some('x'), "1999", 100_000),
    ('b', "Ebb", Some('x'), "1999", 300_000),
    ('c', " low tide", Some('x'), "2003-05", 200_000),
    ('d', "Fog", Some('y'), "2003-05", 200_000),
    ('e', "Nobody's", None, "0000", 500_000),
    ('f', "", Some('y'), "2003-05", 200_000),
];

fn id(kind: char, letter: char) -> String {
    format!("{kind}{}", letter.to_string().repeat(21))
}

fn item(letter: char) -> Value {
    let url = |kind: &str, id: String| json!({"spotify": format!("https://open.spotify.com/{kind}/{id}")});
    let artist = |letter: char| {
        let id = id('A', letter);
        json!({"id": id, "name": format!("Artist {letter}"), "external_urls": url("artist", id)})
    };
    let (_, name, by, date, duration_ms) = SONGS.into_iter().find(|song| song.0 == letter).unwrap();
    let album = id('B', date.chars().nth(3).unwrap());
    json!({
        "id": id('S', letter), "name": name, "type": "track", "uri": format!("spotify:track:{}", id('S', letter)),
        "duration_ms": duration_ms, "is_local": false, "external_urls": url("track", id('S', letter)),
        "artists": by.map(artist).into_iter().collect::<Vec<_>>(),
        "album": {"id": album, "name": "Album", "release_date": date, "total_tracks": 9,
            "external_urls": url("album", album.clone()), "artists": [artist('x')]},
    })
}

/// A list with a row for each letter: a song, `-` for one that was removed, `l` for a local file, `p` for an episode. The row at
/// position n was added on 5 January 2026, a Monday, plus n days, at 10:30 by `ana`, or by nobody known at an even position.
pub(crate) fn list(letter: char, name: &str, snapshot: &str, rows: &str) -> Value {
    let row = |(position, letter): (usize, char)| {
        let item = match letter {
            '-' => Value::Null,
            'l' => {
                json!({"id": null, "name": "Tape", "type": "track", "uri": "spotify:local:::Tape:60", "is_local": true})
            }
            'p' => {
                json!({"id": id('E', 'p'), "name": "Talk", "type": "episode", "uri": format!("spotify:episode:{}", id('E', 'p'))})
            }
            song => item(song),
        };
        let by = if position % 2 == 1 { "ana" } else { "" };
        json!({"added_at": format!("2026-01-{:02}T10:30:00Z", 5 + position), "added_by": {"id": by},
            "is_local": letter == 'l', "item": item})
    };
    let items: Vec<Value> = rows.chars().enumerate().map(row).collect();
    json!({
        "id": id('P', letter), "type": "playlist", "name": name, "snapshot_id": snapshot, "public": true, "collaborative": false,
        "owner": {"id": "ana"}, "external_urls": {"spotify": format!("https://open.spotify.com/playlist/{}", id('P', letter))},
        "items": {"href": "", "offset": 0, "limit": 100, "total": items.len(), "next": null, "items": items},
    })
}

/// What Spotify says of the artist of half of the songs.
pub(crate) fn genres_of_x() -> Value {
    let url = format!("https://open.spotify.com/artist/{}", id('A', 'x'));
    json!({"artists": [{"id": id('A', 'x'), "name": "Artist x", "type": "artist", "genres": ["dub", "jazz"],
        "external_urls": {"spotify": url}}]})
}

/// One: a song leaves, comes back, another moves. Two: emptied, and renamed. Three: read once, then deleted.
fn history() -> (World, [String; 5]) {
    let world = World::new();
    let genres = genres_of_x();
    let started_at = [
        vec![
            list('1', "One", "v1", "ab"),
            list('2', "Two", "w1", "ad"),
            list('3', "Three", "u1", "abcdefa-lp"),
            genres,
        ],
        vec![list('1', "One", "v2", "b")],
        vec![list('1', "One", "v3", "ba"), list('2', "Two", "w2", "")],
        vec![list('1', "One", "v4", "abd")],
        vec![list('2', "Second", "w3", "")],
    ];
    let mut number = 0;
    let started_at = started_at.map(|documents| {
        number += 1;
        night(&world, number, &documents)
    });
    (world, started_at)
}

/// Rows of a query whose ids are cut to the letter that they are told apart by.
fn rows(world: &World, sql: &str) -> Vec<String> {
    let rows = world
        .query(&format!("select concat_ws(' ', *columns(*)) as line from ({sql}) order by all"));
    rows.as_array().unwrap().iter().map(|row| row["line"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn history_is_told_by_readings() {
    let (world, at) = history();
    // Songs of list One by night: ab, b, ba, abd. Two: ad, then nothing. It is empty in w3, too, and w2 counts no longer.
    assert_eq!(
        rows(
            &world,
            "select playlist_name, right(song_id, 1), valid_from, coalesce(valid_to::varchar, 'now') from marts.playlist_memberships where playlist_name <> 'Three'"
        ),
        [
            format!("One a {} {}", at[0], at[1]),
            format!("One a {} now", at[2]),
            format!("One b {} now", at[0]),
            format!("One d {} now", at[3]),
            format!("Second a {} {}", at[0], at[4]),
            format!("Second d {} {}", at[0], at[4]),
        ]
    );
    assert_eq!(
        rows(
            &world,
            "select changed_at, playlist_name, previous_snapshot_id, snapshot_id, change, right(song_id, 1), song_name from marts.playlist_changes"
        ),
        [
            format!("{} One v1 v2 removed a Low Tide", at[1]),
            format!("{} One v2 v3 added a Low Tide", at[2]),
            format!("{} One v3 v4 added d Fog", at[3]),
            format!("{} Second w1 w3 removed a Low Tide", at[4]),
            format!("{} Second w1 w3 removed d Fog", at[4]),
        ]
    );
    assert_eq!(
        rows(
            &world,
            "select playlist_name, added_song_count, removed_song_count, retained_share, coalesce(half_life_days::varchar, 'none') from marts.playlist_churn"
        ),
        ["One 2 1 1.0 none", "Second 0 2 0.0 none", "Three 0 0 1.0 none"]
    );
    // One: a is in row 0 or 1, b in 0 or 1, d in row 2, all in the first week of 5 January. Two's songs have left, and count.
    assert_eq!(
        rows(&world, "select playlist_name, week, added_song_count from marts.songs_added_weekly"),
        ["One 2026-01-05 3", "Second 2026-01-05 2", "Three 2026-01-05 6"]
    );
}

#[test]
fn the_present_is_told_by_songs() {
    let (world, _) = history();
    // Three holds abcdef: a, b and c by x, d and f by y, e by nobody; and a twice.
    assert_eq!(
        rows(
            &world,
            "select right(artist_id, 1), song_count, song_share, duration_ms, duration_share, artist_rank from marts.artist_playlists where playlist_name = 'Three'"
        ),
        ["x 3 0.6 600000 0.6 1", "y 2 0.4 400000 0.4 2"]
    );
    // One: x 2, y 1: 2 · (1·1 + 2·2) / (2 · 3) − 3/2 = 1/6. Three: 2 · (1·2 + 2·3) / (2 · 5) − 3/2 = 0.1.
    assert_eq!(
        rows(
            &world,
            "select playlist_name, artist_count, coalesce(top_10_share::varchar, 'none'), coalesce(round(gini, 6)::varchar, 'none') from marts.playlist_concentration"
        ),
        ["One 2 1.0 0.166667", "Second 0 none none", "Three 2 1.0 0.1"]
    );
    assert_eq!(
        rows(
            &world,
            "select playlist_name, right(song_id, 1), right(artist_id, 1), row_count, other_song_count from marts.playlist_duplicates"
        ),
        ["Three a x 2 1", "Three c x 1 1"]
    );
    // One (abd) and Three (abcdef) share all of One: 3 of 6.
    assert_eq!(
        rows(
            &world,
            "select playlist_name, other_playlist_name, shared_song_count, jaccard from marts.playlist_overlap"
        ),
        ["One Three 3 0.5", "Three One 3 0.5"]
    );
    assert_eq!(
        rows(
            &world,
            "select position, coalesce(right(song_id, 1), 'none'), reason from marts.unavailable_songs"
        ),
        ["5 f taken_down", "7 none removed"]
    );
}

#[test]
fn the_present_is_told_by_time_people_and_genre() {
    let (world, _) = history();
    // Row 6 is a again, on a Sunday.
    assert_eq!(
        rows(
            &world,
            "select iso_weekday, hour, song_count from marts.added_at_heatmap where playlist_name = 'Three'"
        ),
        ["1 10 1", "2 10 1", "3 10 1", "4 10 1", "5 10 1", "6 10 1", "7 10 1"]
    );
    assert_eq!(
        rows(
            &world,
            "select coalesce(added_by, 'unknown'), song_count, first_added_at, last_added_at from marts.playlist_adders where playlist_name = 'Three'"
        ),
        [
            "ana 3 2026-01-06 10:30:00 2026-01-10 10:30:00",
            "unknown 3 2026-01-05 10:30:00 2026-01-11 10:30:00",
        ]
    );
    assert_eq!(
        rows(
            &world,
            "select playlist_name, coalesce(release_year::varchar, 'unknown'), song_count from marts.release_years"
        ),
        ["One 1999 2", "One 2003 1", "Three 1999 2", "Three 2003 3", "Three unknown 1"]
    );
    assert_eq!(
        rows(
            &world,
            "select playlist_name, genre, song_count, song_share from marts.playlist_genres"
        ),
        ["One dub 2 1.0", "One jazz 2 1.0", "Three dub 3 1.0", "Three jazz 3 1.0"]
    );
    assert_eq!(
        rows(
            &world,
            "select playlist_name, song_count, known_song_count, coalesce(known_share::varchar, 'none') from marts.genre_coverage"
        ),
        ["One 3 2 0.6666666666666666", "Second 0 0 none", "Three 6 3 0.5"]
    );
    assert_eq!(
        rows(
            &world,
            "select playlist_name, row_count, track_count, episode_count, local_count, removed_count, song_count, artist_count, song_duration_ms from marts.playlist_overview"
        ),
        ["One 3 3 0 0 0 3 2 600000", "Second 0 0 0 0 0 0 0 0", "Three 10 7 1 1 1 6 2 1600000"]
    );
}

#[test]
fn no_column_of_a_mart_is_of_a_type_that_other_tools_stumble_over() {
    let (world, _) = history();
    let sql = "select table_name || '.' || column_name as name from duckdb_columns() \
               where schema_name = 'marts' and (data_type like 'HUGEINT%' or data_type like 'DECIMAL%' or column_name = 'row_hash')";
    assert_eq!(world.query(sql), json!([]));
}
