//! How large a document's values may be. DuckDB holds some thousands of them at a time in 256 MB, and what is landed once is read by every
//! run until it is transformed: what it has no room for must not get in.

use super::document::{Document, Entity, Parts};
use super::no_document::{MAX_MEAN_ROW, MAX_VALUE, TooLarge};
use super::split::{SplitDocument, SplitRow};

/// Rows that an average is of at least: one long row among few is no matter.
const LEAST_ROWS: usize = MAX_VALUE / MAX_MEAN_ROW;

/// Whether the warehouse has room for what the document holds.
///
/// # Errors
/// [`TooLarge`] names the first part that it has no room for.
pub(super) fn require_room(document: &Document, split: &SplitDocument) -> Result<(), TooLarge> {
    let rows = split.rows.iter().flatten().map(|row| match row {
        SplitRow::Whole(place) => place.len(),
        SplitRow::Split { frame, item, .. } => frame.len() + item.len(),
    });
    require(document, split.envelope.len(), split.offset, rows)
}

/// The same of a body that just came, whose parts are known and not yet split.
///
/// # Errors
/// As above.
pub(super) fn require_room_for(document: &Document, parts: &Parts<'_>) -> Result<(), TooLarge> {
    let envelope_len = parts.envelope.iter().map(|text| text.len()).sum();
    let rows = parts.rows.iter().flatten().map(|row| row.len());
    require(document, envelope_len, parts.offset, rows)
}

fn require(
    document: &Document,
    envelope_len: usize,
    offset: u32,
    rows: impl Iterator<Item = usize>,
) -> Result<(), TooLarge> {
    let parts = [("address", document.url.len()), ("text around the rows", envelope_len)];
    let too_long = parts.into_iter().find(|(_, size_bytes)| *size_bytes > MAX_VALUE);
    if let Some((part, size_bytes)) = too_long {
        return Err(TooLarge::Value { part: part.to_owned(), size_bytes });
    }
    let (mut row_count, mut sum) = (0, 0);
    for (size_bytes, position) in rows.zip(offset..) {
        if size_bytes > MAX_VALUE {
            let part = format!("row in position {position}");
            return Err(TooLarge::Value { part, size_bytes });
        }
        (row_count, sum) = (row_count + 1, sum + size_bytes);
    }
    let is_list = !matches!(document.entity, Entity::Artists | Entity::Albums);
    match is_list && sum > MAX_MEAN_ROW * row_count.max(LEAST_ROWS) {
        true => Err(TooLarge::Rows { row_count, size_bytes: sum }),
        false => Ok(()),
    }
}
