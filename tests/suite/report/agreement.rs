//! The page and the ready questions say the same of the same, also where a song stands in several lists.

use serde_json::{Value, json};

use super::figures::{finding, rows};
use crate::marts::by_hand::{genres_of_x, list};
use crate::marts::night;
use crate::support::World;

/// What a ready question answers, as the cells of a page's table.
fn asked(world: &World, name: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let output = world.run(&["--json", "query", name]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rows = answer.as_array().unwrap().iter();
    rows.map(|row| columns.iter().map(|column| text(&row[*column])).collect()).collect()
}

#[test]
fn a_song_of_three_lists_counts_once_where_all_lists_are_meant_and_else_it_is_said() {
    let world = World::new();
    // `a` (by x, of 1999) stands in all three lists, `d` (by y, of 2003) in two, `b` (x, 1999) and `f` (y, 2003) in one.
    let lists = [
        list('1', "One", "v1", "ab"),
        list('2', "Two", "w1", "ad"),
        list('3', "Three", "u1", "adf"),
        genres_of_x(),
    ];
    night(&world, 1, &lists);
    let page = super::page(&world, "data");

    let genres = rows(&page, "Genres with most songs");
    assert_eq!(genres, [["dub", "2", "3"], ["jazz", "2", "3"]]);
    let columns = ["genre", "song_count", "playlist_count"];
    assert_eq!(genres, asked(&world, "top_genres", &columns));
    let told = finding(&page, "Songs of known genre");
    assert!(told.starts_with("A genre is known of 2 of 4 songs, 50"), "{told}");

    let years = rows(&page, "Songs by year of release");
    assert_eq!(years, [["2003", "2"], ["1999", "2"]]);
    let decades = asked(&world, "release_decades", &["decade", "song_count"]);
    assert_eq!(decades, [["1990", "2"], ["2000", "2"]]);

    let artists = rows(&page, "Artists with most songs");
    assert_eq!(artists, [["Artist x", "2", "2", "3"], ["Artist y", "2", "2", "2"]]);
    let columns = ["artist_name", "song_count", "primary_song_count", "playlist_count"];
    assert_eq!(artists, asked(&world, "top_artists", &columns));

    // Seven songs were added to the lists; four are different.
    assert_eq!(rows(&page, "Songs added by week"), [["5 January 2026", "7"]]);
    let weeks = asked(&world, "busiest_weeks", &["week", "added_song_count"]);
    assert_eq!(weeks, [["2026-01-05", "7"]]);
    for title in [
        "Songs added by week",
        "When songs are added",
        "Who adds songs",
        "Songs in the largest playlists",
    ] {
        let told = finding(&page, title);
        assert!(told.contains("counted once per list"), "{title}: {told}");
    }
    let listed: Value =
        serde_json::from_slice(&world.run(&["--json", "query", "--list"]).stdout).unwrap();
    let questions = listed["questions"].as_array().unwrap();
    let weekly = questions.iter().find(|it| it["name"] == json!("busiest_weeks")).unwrap();
    assert!(weekly["description"].as_str().unwrap().contains("once per playlist"), "{weekly}");
}
