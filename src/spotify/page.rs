//! Documents: one response body, and where its rows lie in it.
//!
//! In: a body as received. Out: the rows' own bytes and the envelope around them; nothing is decoded further than that.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a document is about, and so where its rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entity {
    /// `GET /playlists/{id}`, with up to 100 embedded rows.
    Playlist,
    /// `GET /playlists/{id}/items`: a page of rows.
    PlaylistItems,
    /// `GET /me/tracks`: a page of liked songs.
    LikedSongs,
    /// `GET /me/playlists`: a page of playlists without their rows.
    MyPlaylists,
    /// Full artists, one or a batch.
    Artists,
    /// Full albums, one or a batch.
    Albums,
}

impl Entity {
    /// The name under which the document is landed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Playlist => "playlist",
            Self::PlaylistItems => "playlist_items",
            Self::LikedSongs => "liked_songs",
            Self::MyPlaylists => "my_playlists",
            Self::Artists => "artists",
            Self::Albums => "albums",
        }
    }

    /// How many full objects Spotify gives in one call, to apps that may ask for several at once.
    pub const fn batch_size(self) -> usize {
        match self {
            Self::Artists => 50,
            Self::Albums => 20,
            _ => 1,
        }
    }
}

/// One response body, verbatim.
#[derive(Debug, Clone)]
pub struct Document {
    /// What it is about.
    pub entity: Entity,
    /// The playlist that it belongs to.
    pub playlist_id: Option<String>,
    /// Path and query as asked.
    pub url: String,
    /// When it was received.
    pub fetched_at: DateTime<Utc>,
    /// The response's `ETag`.
    pub etag: Option<String>,
    /// The body.
    pub body: String,
}

/// A body taken apart; everything borrows from it.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Each row's own bytes, `null` rows included. `None`: the document has no list at all (metadata only).
    pub rows: Option<Vec<&'a str>>,
    /// The body without its rows: what stands before the first and behind the last.
    pub envelope: [&'a str; 2],
    /// Position of the first row.
    pub offset: u32,
    /// Rows that Spotify announces for the whole list.
    pub total: Option<u32>,
    /// Whether Spotify names a next page.
    pub has_next: bool,
    /// The playlist's snapshot.
    pub snapshot_id: Option<String>,
}

/// Why a body is not the document that it should be.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDocument {
    /// Broken or of another shape.
    #[error("its JSON is broken or of another shape")]
    Json(#[from] serde_json::Error),
    /// Valid, but nothing that is read here.
    #[error(
        "its shape is none that snowtrack reads (playlists, their pages, liked songs, artists, albums)"
    )]
    Unknown,
}

#[derive(Deserialize)]
struct Paging<'a> {
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
    offset: Option<f64>,
    total: Option<f64>,
    #[serde(borrow, default)]
    next: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Playlist<'a> {
    snapshot_id: Option<String>,
    #[serde(borrow, default)]
    items: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tracks: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Artists<'a> {
    #[serde(borrow)]
    artists: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Albums<'a> {
    #[serde(borrow)]
    albums: Vec<&'a RawValue>,
}

impl Document {
    /// Takes the body apart.
    pub fn parts(&self) -> Result<Parts<'_>, InvalidDocument> {
        let body = self.body.as_str();
        match self.entity {
            Entity::Playlist => {
                let playlist: Playlist<'_> = serde_json::from_str(body)?;
                // `items` is today's name, `tracks` the former one; some answers carry both.
                let paging = [playlist.items, playlist.tracks]
                    .into_iter()
                    .flatten()
                    .map(|raw| serde_json::from_str::<Paging<'_>>(raw.get()))
                    .find(|paging| !matches!(paging, Ok(Paging { items: None, .. })));
                let mut parts = match paging {
                    Some(paging) => of_page(body, paging?),
                    None => without_rows(body),
                };
                parts.snapshot_id = playlist.snapshot_id.filter(|id| !id.is_empty());
                Ok(parts)
            }
            Entity::PlaylistItems | Entity::LikedSongs | Entity::MyPlaylists => {
                Ok(of_page(body, serde_json::from_str(body)?))
            }
            Entity::Artists | Entity::Albums => {
                // A single album has `artists`, too, so each kind looks for its own list only.
                let batch = match self.entity {
                    Entity::Artists => {
                        serde_json::from_str(body).map(|Artists { artists }| artists)
                    }
                    _ => serde_json::from_str(body).map(|Albums { albums }| albums),
                };
                // A single object is its own only row.
                let rows = match batch {
                    Ok(rows) => rows,
                    Err(_) => vec![serde_json::from_str(body)?],
                };
                Ok(of_rows(body, rows))
            }
        }
    }
}

fn of_page<'a>(body: &'a str, page: Paging<'a>) -> Parts<'a> {
    let count = |number: Option<f64>| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a saturating cast is what we want"
        )]
        number.map(|n| n as u32)
    };
    let has_next = page.next.is_some_and(|next| next.get() != "null");
    let (offset, total) = (count(page.offset).unwrap_or(0), count(page.total));
    let parts = match page.items {
        Some(rows) => of_rows(body, rows),
        None => without_rows(body),
    };
    Parts { offset, total, has_next, ..parts }
}

fn of_rows<'a>(body: &'a str, rows: Vec<&'a RawValue>) -> Parts<'a> {
    let rows: Vec<&str> = rows.into_iter().map(RawValue::get).collect();
    // The rows are slices of the body, so their addresses say where they lie in it.
    let start = |row: &str| row.as_ptr() as usize - body.as_ptr() as usize;
    let envelope = match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => [&body[..start(first)], &body[start(last) + last.len()..]],
        _ => [body, ""],
    };
    Parts { rows: Some(rows), envelope, offset: 0, total: None, has_next: false, snapshot_id: None }
}

fn without_rows(body: &str) -> Parts<'_> {
    Parts {
        rows: None,
        envelope: [body, ""],
        offset: 0,
        total: None,
        has_next: false,
        snapshot_id: None,
    }
}

/// Which song a row of the liked songs names, and when it was added: what tells one list from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowIdentity {
    /// A row with an item, or an item that is gone.
    Row {
        /// Null where the item is gone.
        uri: Option<String>,
        /// As Spotify writes it.
        added_at: Option<String>,
    },
    /// `null`, or of another shape: equal only byte by byte.
    Other(String),
}

impl RowIdentity {
    /// Reads a landed or received row.
    pub fn of(row: &str) -> Self {
        #[derive(Deserialize)]
        struct Item {
            uri: Option<String>,
        }
        #[derive(Deserialize)]
        struct SavedRow {
            added_at: Option<String>,
            item: Option<Item>,
            track: Option<Item>,
        }
        match serde_json::from_str::<SavedRow>(row) {
            Ok(SavedRow { added_at, item, track }) => {
                Self::Row { uri: item.or(track).and_then(|item| item.uri), added_at }
            }
            Err(_) => Self::Other(row.to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    href: Option<String>,
    #[serde(borrow, default)]
    items: Option<&'a RawValue>,
    #[serde(borrow, default)]
    artists: Option<&'a RawValue>,
    #[serde(borrow, default)]
    albums: Option<&'a RawValue>,
}

/// Says what a recorded body is, by the `url` it was asked with, else by its own `href` and shape.
pub fn classify(
    url: Option<&str>,
    body: &str,
) -> Result<(Entity, Option<String>), InvalidDocument> {
    let shape: Shape<'_> = serde_json::from_str(body)?;
    let url = url.or(shape.href.as_deref()).unwrap_or_default();
    let path = url.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_list = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get().starts_with('['));
    let playlist_id =
        segments.iter().position(|part| *part == "playlists").and_then(|at| segments.get(at + 1));
    match (shape.kind.as_deref(), segments.as_slice()) {
        (Some("playlist"), _) => Ok((Entity::Playlist, shape.id)),
        (Some("artist"), _) => Ok((Entity::Artists, None)),
        (Some("album"), _) => Ok((Entity::Albums, None)),
        (None, [.., "items" | "tracks"]) if playlist_id.is_some() && is_list(shape.items) => {
            Ok((Entity::PlaylistItems, playlist_id.map(|id| (*id).to_owned())))
        }
        (None, [.., "me", "tracks"]) if is_list(shape.items) => Ok((Entity::LikedSongs, None)),
        (None, [.., "playlists"]) if is_list(shape.items) => Ok((Entity::MyPlaylists, None)),
        (None, _) if is_list(shape.artists) => Ok((Entity::Artists, None)),
        (None, _) if is_list(shape.albums) => Ok((Entity::Albums, None)),
        _ => Err(InvalidDocument::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(entity: Entity, body: &str) -> Document {
        Document {
            entity,
            playlist_id: None,
            url: String::new(),
            fetched_at: DateTime::UNIX_EPOCH,
            etag: None,
            body: body.to_owned(),
        }
    }

    #[test]
    fn rows_keep_their_own_bytes_and_the_envelope_the_rest() {
        let body = r#"{"href":"x","items":[ {"a": 1.0} , null,{"b":"]"}],"offset":50,"total":53,"next":null}"#;
        let page = document(Entity::PlaylistItems, body);
        let parts = page.parts().unwrap();
        assert_eq!(parts.rows.unwrap(), [r#"{"a": 1.0}"#, "null", r#"{"b":"]"}"#]);
        assert_eq!(
            parts.envelope,
            [r#"{"href":"x","items":[ "#, r#"],"offset":50,"total":53,"next":null}"#]
        );
        assert_eq!((parts.offset, parts.total, parts.has_next), (50, Some(53), false));
    }

    #[test]
    fn both_shapes_of_a_playlist_give_its_rows_and_todays_name_wins() {
        for (body, wanted) in [
            (r#"{"snapshot_id":"s","items":{"items":[1],"total":1}}"#, Some(vec!["1"])),
            (r#"{"snapshot_id":"s","tracks":{"items":[2],"total":1}}"#, Some(vec!["2"])),
            (
                r#"{"snapshot_id":"s","tracks":{"items":[2]},"items":{"items":[1]}}"#,
                Some(vec!["1"]),
            ),
            (r#"{"snapshot_id":"s","items":null,"tracks":{"items":[2]}}"#, Some(vec!["2"])),
            (r#"{"snapshot_id":"s","items":{"href":"x","total":7}}"#, None),
            (r#"{"snapshot_id":"s"}"#, None),
        ] {
            let playlist = document(Entity::Playlist, body);
            let parts = playlist.parts().unwrap();
            assert_eq!(parts.rows, wanted, "{body}");
            assert_eq!(parts.snapshot_id.as_deref(), Some("s"));
        }
    }

    #[test]
    fn a_batch_gives_its_objects_and_a_single_object_itself() {
        let album = r#"{"id":"a","type":"album","artists":[{"id":"b"}]}"#;
        for (entity, body, wanted) in [
            (Entity::Albums, album, vec![album]),
            (Entity::Albums, r#"{"albums":[{"id":"a"},null]}"#, vec![r#"{"id":"a"}"#, "null"]),
            (Entity::Artists, r#"{"id":"b"}"#, vec![r#"{"id":"b"}"#]),
            (Entity::Artists, r#"{"artists":[null]}"#, vec!["null"]),
            (Entity::Artists, "null", vec!["null"]),
        ] {
            assert_eq!(document(entity, body).parts().unwrap().rows.unwrap(), wanted, "{body}");
        }
    }

    #[test]
    fn a_liked_song_is_known_by_its_uri_and_time_and_nothing_else() {
        let row = |popularity: u32, time: &str| {
            RowIdentity::of(&format!(
                r#"{{"added_at":"{time}","track":{{"uri":"spotify:track:a","name":"half \\ud83d","popularity":{popularity}}}}}"#
            ))
        };
        assert_eq!(row(1, "2024-01-01T00:00:00Z"), row(2, "2024-01-01T00:00:00Z"));
        assert_ne!(row(1, "2024-01-01T00:00:00Z"), row(1, "2024-01-02T00:00:00Z"));
        assert_eq!(RowIdentity::of("null"), RowIdentity::Other("null".to_owned()));
    }

    #[test]
    fn a_truncated_body_is_an_error() {
        assert!(document(Entity::PlaylistItems, r#"{"items":[{"a":1}"#).parts().is_err());
    }
}
