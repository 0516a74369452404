//! Recognizes files of other programs: they export playlists as JSON too, under names of their own.
//!
//! In: a text. Out: words for a person; nothing is read from it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// What the text seems to be, as the end of "it is …".
pub(super) fn kind(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if text.starts_with('<') {
        return Some("HTML or XML");
    }
    if let Some(rows) = rows(text) {
        let first = object(rows.first()?)?;
        let has = |name| first.contains_key(name);
        return Some(match () {
            () if has("msPlayed") || has("ms_played") => {
                "the streaming history of a Spotify account's data export"
            }
            () => "a list of another program's making",
        });
    }
    let object = object(text)?;
    match playlists(&object) {
        None if is_library(&object) => Some("the library of a Spotify account's data export"),
        found => found,
    }
}

/// What is wrong with an object that has full artists or albums in a list, where something is.
pub(super) fn in_batch(text: &str) -> Option<&'static str> {
    let object = object(text)?;
    // A single album has a list of artists.
    let is_single = object.contains_key("type");
    let lists = ["artists", "albums"].into_iter().filter_map(|name| object.get(name));
    let mut rows = lists.filter_map(|list| rows(list.get())).flatten();
    let is_spotifys = object.len() == 1 && rows.all(is_named_or_null);
    if is_single || is_spotifys {
        return None;
    }
    Some(kind(text).unwrap_or("an object with `artists` or `albums` of another program's making"))
}

/// Spotify names each artist and album by an `id`, and an unknown one is `null`.
fn is_named_or_null(row: &str) -> bool {
    let is_name = |id: &&RawValue| id.get().len() > 2 && id.get().starts_with('"');
    row == "null" || object(row).is_some_and(|object| object.get("id").is_some_and(is_name))
}

fn playlists(object: &Object<'_>) -> Option<&'static str> {
    let rows = rows(object.get("playlists")?.get())?;
    let first = rows.first().and_then(|row| self::object(row)).unwrap_or_default();
    Some(match () {
        () if object.contains_key("info") && first.contains_key("pid") => {
            "a slice of the Million Playlist Dataset"
        }
        () if first.contains_key("lastModifiedDate") => {
            "the playlists of a Spotify account's data export"
        }
        () => "an export of playlists by another program",
    })
}

fn is_library(object: &Object<'_>) -> bool {
    let has_list = |name: &str| object.get(name).is_some_and(|list| list.get().starts_with('['));
    has_list("tracks") && ["albums", "artists", "shows", "episodes"].into_iter().any(has_list)
}

fn object(text: &str) -> Option<Object<'_>> {
    serde_json::from_str(text).ok()
}

fn rows(text: &str) -> Option<Vec<&str>> {
    let rows: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(rows.into_iter().map(RawValue::get).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_of_others_are_known_by_their_members() {
        for (text, wanted) in [
            (r#"[{"endTime":"2024-01-01 10:00","msPlayed":1}]"#, "streaming history"),
            (r#"[{"ts":"2024-01-01T10:00:00Z","ms_played":1}]"#, "streaming history"),
            (r#"[{"title":"x"}]"#, "a list of another program's"),
            (r#"{"tracks":[],"shows":[],"other":[]}"#, "library of a Spotify account's"),
            (r#"{"playlists":[{"name":"x","lastModifiedDate":"2024-01-01"}]}"#, "playlists of a"),
            (r#"{"info":{},"playlists":[{"pid":1}]}"#, "Million Playlist Dataset"),
            (r#"{"playlists":[],"albums":[]}"#, "by another program"),
            ("<!doctype html>", "HTML"),
        ] {
            assert!(kind(text).is_some_and(|kind| kind.contains(wanted)), "{text}");
        }
        for text in ["", "{}", "[]", "5", r#"{"error":{"status":404}}"#, r#"{"tracks":[]}"#] {
            assert_eq!(kind(text), None, "{text}");
        }
    }

    #[test]
    fn a_batch_of_spotifys_has_one_list_of_objects_that_have_an_id() {
        for text in [
            r#"{"artists":[{"id":"a"},null]}"#,
            r#"{"albums":[]}"#,
            r#"{"type":"album","id":"x","artists":[{"name":"y"}]}"#,
        ] {
            assert_eq!(in_batch(text), None, "{text}");
        }
        for text in [
            r#"{"artists":[{"name":"x"}]}"#,
            r#"{"artists":[{"id":""}]}"#,
            r#"{"artists":[{"id":5}]}"#,
            r#"{"artists":["x"]}"#,
            r#"{"artists":[],"albums":[]}"#,
            r#"{"playlists":[],"albums":[]}"#,
        ] {
            assert!(in_batch(text).is_some(), "{text}");
        }
    }
}
