//! Documents: one response body, and where its rows lie in it.
//!
//! In: a body as received. Out: the rows' own bytes and the envelope around them; nothing is decoded further than that.

use chrono::{DateTime, Utc};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::no_document::InvalidDocument;
use crate::ids::{PlaylistId, Subject};

/// What a document is, and so where its rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Entity {
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
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PlaylistItems => "playlist_items",
            // A page of its own, or all of it: it has the name of what is read.
            Self::Playlist => Subject::PLAYLIST,
            Self::LikedSongs => Subject::LIKED_SONGS,
            Self::MyPlaylists => Subject::OWN_PLAYLISTS,
            Self::Artists => Subject::ARTISTS,
            Self::Albums => Subject::ALBUMS,
        }
    }

    /// What a document that begins a read of `subject` is.
    pub(crate) const fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Playlist(_) => Self::Playlist,
            Subject::LikedSongs(_) => Self::LikedSongs,
            Subject::OwnPlaylists => Self::MyPlaylists,
            Subject::Artists => Self::Artists,
            Subject::Albums => Self::Albums,
        }
    }

    /// How many full objects Spotify gives in one call, to apps that may ask for several at once.
    pub(crate) const fn batch_size(self) -> usize {
        match self {
            Self::Artists => 50,
            Self::Albums => 20,
            _ => 1,
        }
    }
}

/// One response body, verbatim.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// What it is.
    pub(crate) entity: Entity,
    /// What it is about.
    pub(crate) subject: Subject,
    /// Path and query as asked.
    pub(crate) url: String,
    /// When it was received.
    pub(crate) fetched_at: DateTime<Utc>,
    /// The response's `ETag`.
    pub(crate) etag: Option<String>,
    /// The body.
    pub(crate) body: String,
}

impl Document {
    /// What the playlist calls itself, where the document is a playlist.
    pub(crate) fn title(&self) -> Option<String> {
        title(&self.parts().ok()?.envelope.concat())
    }
}

/// The `name` of what the envelope of a body describes.
pub(crate) fn title(envelope: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Titled {
        name: Option<String>,
    }
    serde_json::from_str::<Titled>(envelope).ok()?.name.filter(|name| !name.trim().is_empty())
}

/// A body taken apart; everything borrows from it.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    /// Each row's own bytes, `null` rows included. `None`: the document has no list at all (metadata only).
    pub(crate) rows: Option<Vec<&'a str>>,
    /// The body without its rows: what stands before the first and behind the last.
    pub(crate) envelope: [&'a str; 2],
    /// Position of the first row.
    pub(crate) offset: u32,
    /// Rows that Spotify announces for the whole list.
    pub(crate) total: Option<u32>,
    /// The most rows that this page could have.
    pub(crate) limit: Option<u32>,
    /// The playlist's own id.
    pub(crate) id: Option<String>,
    /// The playlist's snapshot.
    pub(crate) snapshot_id: Option<String>,
    /// Whether a playlist has its list under the name of before February 2026.
    pub(crate) is_former: bool,
}

impl Parts<'_> {
    /// The same with the `rows` of another body.
    pub(super) fn with_rows<'b>(self, body: &'b str, rows: Vec<&'b str>) -> Parts<'b> {
        let Self { offset, total, limit, id, snapshot_id, is_former, .. } = self;
        Parts { offset, total, limit, id, snapshot_id, is_former, ..of_rows(body, rows) }
    }
}

/// A body read once: what tells its kind, and where its rows lie.
#[derive(Deserialize)]
pub(super) struct Body<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    href: Option<String>,
    snapshot_id: Option<String>,
    #[serde(borrow, default)]
    items: Member<'a>,
    #[serde(borrow, default)]
    tracks: Member<'a>,
    #[serde(borrow, default)]
    artists: Member<'a>,
    #[serde(borrow, default)]
    albums: Member<'a>,
    offset: Option<f64>,
    total: Option<f64>,
    limit: Option<f64>,
}

/// What stands where rows are looked for.
#[derive(Default)]
enum Member<'a> {
    /// Nothing, or `null`.
    #[default]
    Absent,
    /// The rows themselves.
    Rows(Vec<&'a str>),
    /// A page of them, as a playlist embeds it.
    Page(Paging<'a>),
    /// A text, a number, a boolean.
    Other,
}

/// The page that a playlist embeds; without `items` it is metadata only.
#[derive(Deserialize)]
struct Paging<'a> {
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
    offset: Option<f64>,
    total: Option<f64>,
    limit: Option<f64>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Member<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("rows, or a page of them")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = list.next_element::<&RawValue>()? {
            rows.push(row.get());
        }
        Ok(Member::Rows(rows))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        Paging::deserialize(MapAccessDeserializer::new(members)).map(Member::Page)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Member::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }
}

impl<'a> Body<'a> {
    /// Says what a recorded body is, by the `url` it was asked with, else by its own `href` and shape.
    pub(super) fn entity(&self, url: Option<&str>) -> Result<(Entity, Subject), InvalidDocument> {
        let url = url.or(self.href.as_deref()).unwrap_or_default();
        let path = url.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let is_list = |member: &Member<'_>| matches!(member, Member::Rows(_));
        let playlist_id = segments
            .iter()
            .position(|part| *part == "playlists")
            .and_then(|at| segments.get(at + 1).copied());
        let whole = |subject| Ok((Entity::of(&subject), subject));
        match (self.kind.as_deref(), segments.as_slice(), playlist_id) {
            (Some("playlist"), ..) => {
                let own = self.id.as_deref().filter(|id| !id.is_empty());
                let id = own.or(playlist_id).ok_or(InvalidDocument::Nameless)?;
                whole(Subject::Playlist(PlaylistId::as_given(id)))
            }
            (Some("artist"), ..) => whole(Subject::Artists),
            (Some("album"), ..) => whole(Subject::Albums),
            (None, [.., "items" | "tracks"], Some(id)) if is_list(&self.items) => {
                Ok((Entity::PlaylistItems, Subject::Playlist(PlaylistId::as_given(id))))
            }
            (None, [.., "me", "tracks"], _) if is_list(&self.items) => {
                whole(Subject::LikedSongs(None))
            }
            (None, [.., "playlists"], _) if is_list(&self.items) => whole(Subject::OwnPlaylists),
            (None, ..) if is_list(&self.artists) => whole(Subject::Artists),
            (None, ..) if is_list(&self.albums) => whole(Subject::Albums),
            _ => Err(InvalidDocument::Unknown),
        }
    }

    /// Takes the body, whose `text` this is, apart.
    pub(super) fn parts(self, entity: Entity, text: &'a str) -> Result<Parts<'a>, InvalidDocument> {
        match entity {
            Entity::Playlist => {
                // `items` is today's name, `tracks` the former one; some answers carry both.
                let is_former = matches!(self.items, Member::Absent);
                let page = [self.items, self.tracks].into_iter().find(|member| {
                    !matches!(member, Member::Absent | Member::Page(Paging { items: None, .. }))
                });
                let mut parts = match page {
                    Some(Member::Page(Paging { items: Some(rows), offset, total, limit })) => {
                        let rows = rows.into_iter().map(RawValue::get).collect();
                        of_page(text, Some(rows), &Window { offset, total, limit })?
                    }
                    Some(_) => return Err(InvalidDocument::NoPage),
                    None => without_rows(text),
                };
                parts.snapshot_id = self.snapshot_id.filter(|id| !id.is_empty());
                parts.id = self.id.filter(|id| !id.is_empty());
                parts.is_former = is_former;
                Ok(parts)
            }
            Entity::PlaylistItems | Entity::LikedSongs | Entity::MyPlaylists => {
                let window = Window { offset: self.offset, total: self.total, limit: self.limit };
                match self.items {
                    Member::Rows(rows) => of_page(text, Some(rows), &window),
                    Member::Absent => of_page(text, None, &window),
                    _ => Err(InvalidDocument::NoPage),
                }
            }
            // A single album has `artists`, too, so each kind looks for its own list only; a single object is its own only row.
            Entity::Artists => Ok(of_batch(text, self.artists)),
            Entity::Albums => Ok(of_batch(text, self.albums)),
        }
    }
}

impl Document {
    /// Takes the body apart.
    pub(crate) fn parts(&self) -> Result<Parts<'_>, InvalidDocument> {
        let text = self.body.as_str();
        match serde_json::from_str::<Body<'_>>(text) {
            Ok(body) => body.parts(self.entity, text),
            // What Spotify answers for an unknown id, `null`, has no members.
            Err(_) if matches!(self.entity, Entity::Artists | Entity::Albums) => {
                serde_json::from_str::<&RawValue>(text)?;
                Ok(of_batch(text, Member::Absent))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn of_batch<'a>(text: &'a str, list: Member<'a>) -> Parts<'a> {
    match list {
        Member::Rows(rows) => of_rows(text, rows),
        _ => of_rows(text, vec![text.trim()]),
    }
}

/// Which rows of how many a page says that it has.
struct Window {
    offset: Option<f64>,
    total: Option<f64>,
    limit: Option<f64>,
}

fn of_page<'a>(
    text: &'a str,
    rows: Option<Vec<&'a str>>,
    window: &Window,
) -> Result<Parts<'a>, InvalidDocument> {
    let offset = count("offset", window.offset)?.unwrap_or(0);
    let total = count("total", window.total)?;
    // Nothing is lost where it is absurd: it only says how many rows to expect.
    let limit = count("limit", window.limit).unwrap_or(None);
    let parts = match rows {
        Some(rows) => of_rows(text, rows),
        None => without_rows(text),
    };
    Ok(Parts { offset, total, limit, ..parts })
}

/// Far more rows than Spotify gives to any list, and half of what `ordinal` in the SQL has room for.
const MAX_ROWS: u32 = 1 << 23;

fn count(member: &'static str, number: Option<f64>) -> Result<Option<u32>, InvalidDocument> {
    let Some(value) = number else { return Ok(None) };
    if !(0.0..f64::from(MAX_ROWS)).contains(&value) {
        return Err(InvalidDocument::NoCount { member, value });
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    Ok(Some(value as u32))
}

fn of_rows<'a>(body: &'a str, rows: Vec<&'a str>) -> Parts<'a> {
    // The rows are slices of the body, so their addresses say where they lie in it.
    let start = |row: &str| row.as_ptr() as usize - body.as_ptr() as usize;
    let envelope = match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => [&body[..start(first)], &body[start(last) + last.len()..]],
        _ => [body, ""],
    };
    Parts { rows: Some(rows), envelope, ..without_rows(body) }
}

fn without_rows(body: &str) -> Parts<'_> {
    Parts {
        rows: None,
        envelope: [body, ""],
        offset: 0,
        total: None,
        limit: None,
        id: None,
        snapshot_id: None,
        is_former: false,
    }
}

/// Which song a row of the liked songs names, and when it was added: what tells one list from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowIdentity {
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
    pub(crate) fn of(row: &str) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn document(entity: Entity, body: &str) -> Document {
        Document {
            entity,
            subject: Subject::OwnPlaylists,
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
        assert_eq!((parts.offset, parts.total, parts.limit), (50, Some(53), None));
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
