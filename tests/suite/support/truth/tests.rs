//! What `truth` itself must get right.

use chrono::DateTime;

use super::cell::{first_day, row_hash};
use super::*;
use crate::support::library::{Album, Artist, Playlist, spotify_id};

#[test]
fn the_row_hash_is_the_upper_half_of_md5_over_the_joined_columns() {
    let time = DateTime::parse_from_rfc3339("2026-01-05T06:00:00Z").unwrap().naive_utc();
    let row = [Cell::Text("a".to_owned()), Cell::Null, Cell::Time(time)];
    // md5("a\x1f\\N\x1f2026-01-05T06:00:00"), computed with another program.
    assert_eq!(row_hash(&row), HASH_FROM_ELSEWHERE);
}

const HASH_FROM_ELSEWHERE: u64 = 0x9544821162f2f1ef;

#[test]
fn partial_dates_become_their_first_day() {
    let shown = |text| first_day(text).map(|date| date.to_string());
    assert_eq!(shown("1998").as_deref(), Some("1998-01-01"));
    assert_eq!(shown("2003-11").as_deref(), Some("2003-11-01"));
    assert_eq!(shown("2024-02-29").as_deref(), Some("2024-02-29"));
    assert_eq!(shown("0000"), None);
}

#[test]
fn a_song_was_added_when_it_was_first_added_anywhere() {
    let ids: Vec<_> = (1..=5).map(spotify_id).collect();
    let row = |time| Row::track(&ids[2]).at(time);
    let library =
        Library::new("ada")
            .with_artist(Artist::new(&ids[0], "A"))
            .with_album(Album::new(&ids[1], "B", &ids[0]))
            .with_track(Track::new(&ids[2], "C", &ids[1], &ids[0]))
            .with_playlist(Playlist::new(&ids[3], "late", "ada").with_rows([
                row("2022-01-01T00:00:00Z"),
                Row::track(&ids[2]).added(AddedAt::Epoch),
            ]))
            .with_playlist(
                Playlist::new(&ids[4], "early", "ada").with_rows([row("2011-01-01T00:00:00Z")]),
            );
    let truth = Truth::of(&library, &Reading::mine(&library, Mode::Development));
    assert_eq!(truth.table("songs")[0][2].as_deref(), Some("2011-01-01 00:00:00"));
    assert_eq!(truth.table("songs")[0][4], None, "Development Mode has no popularity");
    assert_eq!(truth.table("playlist_songs").len(), 3);
}

#[test]
fn a_generated_library_has_every_kind_of_row() {
    let library = Library::generated(7, 2, 20);
    let truth = Truth::of(&library, &Reading::mine(&library, Mode::Extended));
    let kinds: Vec<_> = truth.rows_by_kind().into_keys().collect();
    assert_eq!(kinds, ["episode", "local", "removed", "track"]);
}
