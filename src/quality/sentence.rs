//! A row that a check found, as a sentence: where it is, and what is wrong with it.
//!
//! In: the row as JSON, the check's own words (`-- row:` in its header) and what playlists are called. Out: text, with names as they
//! came; whoever shows it makes them harmless.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::header::{table_of, words_of};
use crate::warehouse::CheckFile;

/// What playlists are called, by their ids.
pub(crate) type PlaylistNames = BTreeMap<String, String>;

/// The playlists that rows name.
pub(crate) fn playlists_in<'r>(rows: impl Iterator<Item = &'r str>) -> BTreeSet<String> {
    rows.filter_map(|row| said(&parsed(row), "playlist_id")).collect()
}

/// `Lost & Found ☂, row 64: song without a name (taken down)`. Places are counted from 0, as in the tables.
pub(crate) fn sentence(file: &CheckFile, row: &str, names: &PlaylistNames) -> String {
    let row = parsed(row);
    let (place, words) = (place(file, &row, names), filled(words_of(file), &row));
    match place {
        Some(place) => format!("{place}: {words}"),
        None => words,
    }
}

/// What tells a row from others, in whichever run it is found: not its place in a list, which moves.
pub(super) fn identity(text: &str) -> String {
    let row = parsed(text);
    let of = |names: &[&str]| names.iter().find_map(|name| said(&row, name));
    let playlist = said(&row, "playlist_id").unwrap_or_default();
    match of(&["song_id", "id", "artist_id", "album_id"]) {
        Some(id) => format!("{playlist} {id}"),
        None if playlist.is_empty() => text.to_owned(),
        None => format!("{playlist} row {}", said(&row, "position").unwrap_or_default()),
    }
}

/// Where it is: its list and the place in it, or else what it is about.
fn place(file: &CheckFile, row: &Value, names: &PlaylistNames) -> Option<String> {
    let position = said(row, "position").map(|position| format!(", row {position}"));
    if let Some(id) = said(row, "playlist_id") {
        let name = names.get(&id).cloned().unwrap_or(id);
        return Some(format!("{name}{}", position.unwrap_or_default()));
    }
    let own = match table_of(file) {
        Some("albums") => [("id", "album"), ("album_id", "album")],
        Some("artists" | "genres") => [("id", "artist"), ("artist_id", "artist")],
        _ => [("id", "song"), ("song_id", "song")],
    };
    if let Some(own) = own.iter().find_map(|(column, noun)| Some((noun, said(row, column)?))) {
        return Some(format!("{} {}", own.0, own.1));
    }
    if let Some(table) = said(row, "table") {
        return Some(table);
    }
    said(row, "url").map(|url| format!("{url}{}", position.unwrap_or_default()))
}

/// The words with what the row has in place of `<column>`.
fn filled(words: &str, row: &Value) -> String {
    let mut text = String::new();
    let mut rest = words;
    while let Some((before, behind)) = rest.split_once('<') {
        let Some((column, after)) = behind.split_once('>') else { break };
        text.push_str(before);
        text.push_str(&said(row, column).unwrap_or_else(|| "NULL".to_owned()));
        rest = after;
    }
    text + rest
}

/// What a row has in a column; `None` where that is NULL.
fn said(row: &Value, column: &str) -> Option<String> {
    match row.get(column)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// DuckDB wrote it; what is no JSON after all has no columns.
fn parsed(row: &str) -> Value {
    serde_json::from_str(row).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warehouse::CHECKS;

    fn told(check: &str, row: &str) -> String {
        let file = CHECKS.iter().find(|file| file.name == check).unwrap();
        let names = BTreeMap::from([("L1".to_owned(), "Lost & Found ☂".to_owned())]);
        sentence(file, row, &names)
    }

    #[test]
    fn a_row_is_told_by_its_list_its_place_and_what_is_wrong_with_it() {
        let cases = [
            (
                "songs__name_is_not_empty",
                r#"{"playlist_id":"L1","position":64,"song_id":"S1","url":"https://x"}"#,
                "Lost & Found ☂, row 64: song without a name (taken down)",
            ),
            // A list without a name is told by its id, a song in no list by its own.
            (
                "songs__duration_is_positive",
                r#"{"playlist_id":"L2","position":0,"song_id":"S1","name":"Low Tide","duration_ms":0}"#,
                "L2, row 0: song `Low Tide` that lasts 0 ms",
            ),
            (
                "songs__duration_is_positive",
                r#"{"playlist_id":null,"position":null,"song_id":"S1","name":null,"duration_ms":null}"#,
                "song S1: song `NULL` that lasts NULL ms",
            ),
            (
                "playlists__item_count_has_not_collapsed",
                r#"{"playlist_id":"L1","snapshot_id":"s","row_count_before":90,"row_count":3}"#,
                "Lost & Found ☂: 3 rows, and 90 when it was last read",
            ),
            (
                "albums__name_is_not_empty",
                r#"{"id":"A1","name":""}"#,
                "album A1: album without a name (taken down)",
            ),
            (
                "genres__artist_exists",
                r#"{"artist_id":"X","genre":"dub"}"#,
                "artist X: genre `dub` of an artist that is not in the artists",
            ),
            (
                "tables__row_count_has_not_collapsed",
                r#"{"table":"songs","row_count_before":9,"row_count":1}"#,
                "songs: 1 rows, and 9 in the last good run",
            ),
            (
                "reads__are_fresh",
                r#"{"last_read_at":"2026-01-01 00:00:00"}"#,
                "last read at 2026-01-01 00:00:00",
            ),
            ("songs__name_is_not_empty", "no JSON", "song without a name (taken down)"),
        ];
        for (check, row, wanted) in cases {
            assert_eq!(told(check, row), wanted);
        }
    }

    #[test]
    fn every_check_has_words_for_its_rows_and_names_columns_that_it_selects() {
        for file in CHECKS.iter() {
            let words = words_of(file);
            let columns = words.split('<').skip(1).filter_map(|part| part.split('>').next());
            let query = file.sql.split("-- table:").nth(1).unwrap();
            for column in columns {
                let is_given = query.contains(column) || query.contains('*');
                assert!(is_given, "{}: `{column}`", file.name);
            }
        }
    }

    #[test]
    fn a_row_is_the_same_where_its_list_moved_it() {
        let same = [
            (
                r#"{"playlist_id":"L","position":1,"song_id":"S"}"#,
                r#"{"playlist_id":"L","position":9,"song_id":"S"}"#,
                true,
            ),
            (
                r#"{"playlist_id":"L","position":1,"song_id":"S"}"#,
                r#"{"playlist_id":"M","position":1,"song_id":"S"}"#,
                false,
            ),
            (r#"{"playlist_id":"L","position":1}"#, r#"{"playlist_id":"L","position":2}"#, false),
            (r#"{"id":"A","run_id":"1"}"#, r#"{"id":"A","run_id":"2"}"#, true),
            (r#"{"last_read_at":"1"}"#, r#"{"last_read_at":"2"}"#, false),
        ];
        for (one, other, wanted) in same {
            assert_eq!(identity(one) == identity(other), wanted, "{one} {other}");
        }
    }
}
