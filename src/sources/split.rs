//! A document split for landing: its envelope, its rows, and of each row the item that stands in it.
//!
//! In: a document and its parts. Out: what is landed, none of it decoded. A popular song stands in many playlists byte for
//! byte, and an item is nine tenths of its row; cut out, it is landed and read once, whatever the number of its rows.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::document::{Body, Entity, Parts};
use super::rejoin::Joints;
use crate::ids::Subject;

/// 128 bits of an item's SHA-256: long enough that nobody can make one item pass for another.
pub(crate) type ItemDigest = [u8; 16];

/// What stands in a row where its item was. Its length is known to `raw.row_texts`.
const NO_ITEM: &str = "null";

/// A document in pieces; the ranges are places in its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SplitDocument {
    /// The body without its rows.
    pub(crate) envelope: String,
    /// What puts envelope and rows together again.
    pub(crate) joints: Joints,
    /// Position of the first row.
    pub(crate) offset: u32,
    /// Rows that Spotify announces for the whole list.
    pub(crate) total: Option<u32>,
    /// The playlist's snapshot.
    pub(crate) snapshot_id: Option<String>,
    /// The rows. `None`: the document has no list at all (metadata only).
    pub(crate) rows: Option<Vec<SplitRow>>,
}

/// A row of a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SplitRow {
    /// A row without an item to cut out: `null`, of another kind, or odd.
    Whole(Range<usize>),
    /// A row and its item.
    Split {
        /// The row's own bytes with `null` where the item was.
        frame: String,
        /// Characters of the frame before that place.
        item_at: u32,
        /// The item's own bytes.
        item: Range<usize>,
        /// What tells the item from others.
        digest: ItemDigest,
    },
}

impl SplitDocument {
    /// Splits a `body` into pieces; `parts` are its parts.
    pub(crate) fn of(entity: Entity, body: &str, parts: &Parts<'_>) -> Self {
        let rows = parts.rows.iter().flatten().copied();
        let items = rows.map(|row: &str| {
            let read = serde_json::from_str(row).ok().filter(|_| has_items(entity));
            read.and_then(|read| item_of(row, read))
        });
        Self::with_items(body, parts, items)
    }

    fn with_items<'a>(
        body: &str,
        parts: &Parts<'_>,
        items: impl Iterator<Item = Option<&'a str>>,
    ) -> Self {
        let split = |(row, item): (&&str, Option<&str>)| match item {
            Some(item) => SplitRow::around(body, row, item),
            None => SplitRow::Whole(place(body, row)),
        };
        Self {
            envelope: parts.envelope.concat(),
            joints: Joints::of(body, parts),
            offset: parts.offset,
            total: parts.total,
            snapshot_id: parts.snapshot_id.clone(),
            rows: parts.rows.as_ref().map(|rows| rows.iter().zip(items).map(split).collect()),
        }
    }

    /// How many rows the document has.
    pub(crate) fn row_count(&self) -> u32 {
        self.rows.as_ref().map_or(0, |rows| u32::try_from(rows.len()).unwrap_or(u32::MAX))
    }
}

impl SplitRow {
    /// A row split around its item.
    fn around(body: &str, row: &str, item: &str) -> Self {
        let within = place(row, item);
        let (head, tail) = (&row[..within.start], &row[within.end..]);
        let mut digest = ItemDigest::default();
        digest.copy_from_slice(&Sha256::digest(item)[..16]);
        Self::Split {
            frame: [head, NO_ITEM, tail].concat(),
            item_at: u32::try_from(head.chars().count()).unwrap_or(u32::MAX),
            item: place(body, item),
            digest,
        }
    }
}

/// A recorded body: what it turned out to be, and its pieces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recognised {
    pub(super) entity: Entity,
    pub(super) subject: Subject,
    pub(super) split: SplitDocument,
}

/// Says what a recorded body is and splits it, in one pass over its rows, which are most of it. `None`: it takes two passes.
pub(super) fn in_one_pass(url: Option<&str>, body: &str) -> Option<Recognised> {
    // The rows are read where they seem to lie. What is left, with one row in their place, says whether they do.
    let list_at = body.find(LIST)? + LIST.len();
    let List { rows, items, end } = read_list(body, list_at)?;
    let rest = [&body[..list_at], "0", &body[end..]].concat();
    let read: Body<'_> = serde_json::from_str(&rest).ok()?;
    let (entity, subject) = read.entity(url).ok()?;
    let parts = read.parts(entity, &rest).ok()?;
    match parts.rows.as_deref() {
        Some([row]) if place(&rest, row).start == list_at && has_items(entity) => {}
        _ => return None,
    }
    let parts = parts.with_rows(body, rows);
    let split = SplitDocument::with_items(body, &parts, items.into_iter());
    Some(Recognised { entity, subject, split })
}

/// How a list of rows begins.
const LIST: &str = r#""items":["#;

/// The rows of a list, as they stand in a body.
struct List<'a> {
    rows: Vec<&'a str>,
    /// The item of each row that has one.
    items: Vec<Option<&'a str>>,
    /// Where the list ends.
    end: usize,
}

/// Reads the list that begins at `at`.
fn read_list(body: &str, mut at: usize) -> Option<List<'_>> {
    let (mut rows, mut items) = (Vec::new(), Vec::new());
    let blanks = |at: usize| {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
        at + body.as_bytes()[at..].iter().take_while(is_blank).count()
    };
    loop {
        at = blanks(at);
        let mut values = serde_json::Deserializer::from_str(&body[at..]).into_iter();
        let read: Option<Row<'_>> = values.next()?.ok()?;
        let row = &body[at..at + values.byte_offset()];
        rows.push(row);
        items.push(read.and_then(|read| item_of(row, read)));
        at = blanks(at + row.len());
        match body.as_bytes().get(at)? {
            b',' => at += 1,
            b']' => return Some(List { rows, items, end: at }),
            _ => return None,
        }
    }
}

/// A row's own members in which its item can stand.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    track: Option<&'a RawValue>,
}

/// The object that the models read: `item` is today's name, `track` the former one; some answers carry both.
fn item_of<'a>(row: &str, read: Row<'a>) -> Option<&'a str> {
    let is_object = |value: &&str| value.starts_with('{');
    let items = [read.item, read.track].into_iter().flatten().map(RawValue::get);
    // A list would be read as if its values had the names.
    Some(row).filter(is_object).and_then(|_| items.into_iter().find(is_object))
}

const fn has_items(entity: Entity) -> bool {
    matches!(entity, Entity::Playlist | Entity::PlaylistItems | Entity::LikedSongs)
}

/// Where `part` lies in `whole`, of which it is a slice: its address says so.
fn place(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::document::Document;

    fn split(entity: Entity, rows: &[&str]) -> (String, Vec<SplitRow>) {
        let document = Document {
            entity,
            subject: Subject::OwnPlaylists,
            url: String::new(),
            fetched_at: chrono::DateTime::UNIX_EPOCH,
            etag: None,
            body: format!(r#"{{"items":[{}]}}"#, rows.join(",")),
        };
        let split = SplitDocument::of(entity, &document.body, &document.parts().unwrap());
        (document.body, split.rows.unwrap())
    }

    /// `frame|item` of each row that was split.
    fn shown(entity: Entity, row: &str) -> Option<String> {
        let (body, rows) = split(entity, &[row]);
        match &rows[0] {
            SplitRow::Whole(place) => {
                assert_eq!(&body[place.clone()], row);
                None
            }
            SplitRow::Split { frame, item_at, item, .. } => {
                let head: String = frame.chars().take(*item_at as usize).collect();
                let tail: String = frame.chars().skip(*item_at as usize + NO_ITEM.len()).collect();
                assert_eq!(format!("{head}{}{tail}", &body[item.clone()]), row);
                Some(format!("{frame}|{}", &body[item.clone()]))
            }
        }
    }

    #[test]
    fn the_item_that_the_models_read_is_cut_out() {
        for (row, wanted) in [
            (r#"{"a":1,"item":{"id":"x"},"b":2}"#, r#"{"a":1,"item":null,"b":2}|{"id":"x"}"#),
            (r#"{ "track" : {"track":true} }"#, r#"{ "track" : null }|{"track":true}"#),
            (r#"{"track":{"id":"x"},"item":{}}"#, r#"{"track":{"id":"x"},"item":null}|{}"#),
            (r#"{"item":null,"track":{"id":"x"}}"#, r#"{"item":null,"track":null}|{"id":"x"}"#),
            (r#"{"n":"ä😀","item":{"n":"}"}}"#, r#"{"n":"ä😀","item":null}|{"n":"}"}"#),
        ] {
            assert_eq!(shown(Entity::PlaylistItems, row).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn what_has_no_single_item_stays_whole() {
        for row in [
            "null",
            "5",
            "[]",
            "{}",
            r#"{"item":null}"#,
            r#"{"item":"x","track":true}"#,
            r#"{"item":{"id":"x"},"item":{"id":"y"}}"#,
            r#"[{"id":"x"}]"#,
        ] {
            assert_eq!(shown(Entity::LikedSongs, row), None, "{row}");
        }
        // A playlist of a list could have a member of that name; it is no song.
        assert_eq!(shown(Entity::MyPlaylists, r#"{"item":{"id":"x"}}"#), None);
    }

    #[test]
    fn one_pass_splits_as_two_do_or_not_at_all() {
        let rows = r#"{"item":{"id":"x","n":"]}"}} , null,[{"id":1}],{"track":{"track":true}}"#;
        let page =
            format!(r#"{{"href":"h", "items":[{rows}], "offset":50,"total":53,"next":null}}"#);
        let playlist = |members: &str| {
            format!(
                r#"{{"type":"playlist","id":"p","snapshot_id":"s",{members},"z":"\"items\":[" }}"#
            )
        };
        let embedded = format!(r#"{{"items":[ {rows} ],"offset":0,"total":5}}"#);
        for (body, is_split) in [
            (page.clone(), true),
            (playlist(&format!(r#""items":{embedded}"#)), true),
            (playlist(&format!(r#""tracks":{embedded}"#)), true),
            (playlist(&format!(r#""items":{embedded},"tracks":{{"items":[1]}}"#)), true),
            // The list that counts is not the one that stands first.
            (playlist(&format!(r#""tracks":{{"items":[1]}},"items":{embedded}"#)), false),
            (playlist(&format!(r#""x":{{"items":[1]}},"items":{embedded}"#)), false),
            (playlist(r#""items":{"items":[],"total":0}"#), false),
            (page.replace(":[", ": ["), false),
            (page.replace("null,[", "7,["), false),
            (page.replace("}}]", "}}"), false),
            (page.replace("}}]", "}}]]"), false),
        ] {
            let url = Some("/playlists/p/items?offset=50");
            let split = in_one_pass(url, &body);
            assert_eq!(split.is_some(), is_split, "{body}");
            if let Some(split) = split {
                let read: Body<'_> = serde_json::from_str(&body).unwrap();
                let (entity, subject) = read.entity(url).unwrap();
                let parts = read.parts(entity, &body).unwrap();
                let wanted = SplitDocument::of(entity, &body, &parts);
                assert_eq!(split, Recognised { entity, subject, split: wanted });
            }
        }
    }

    #[test]
    fn the_same_item_has_the_same_digest_in_any_row() {
        let rows =
            [r#"{"a":1,"item":{"id":"x"}}"#, r#"{"item":{"id":"x"}}"#, r#"{"item":{"id":"y"}}"#];
        let (_, rows) = split(Entity::PlaylistItems, &rows);
        let digests: Vec<ItemDigest> = rows
            .iter()
            .map(|row| match row {
                SplitRow::Split { digest, .. } => *digest,
                SplitRow::Whole(_) => panic!("{row:?}"),
            })
            .collect();
        assert_eq!(digests[0], digests[1]);
        assert_ne!(digests[0], digests[2]);
    }
}
