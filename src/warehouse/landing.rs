//! Lands documents: the envelope, each row at its position, each item once. The caller decides what one transaction is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use duckdb::{Appender, params};

use super::error::{Doing, Error};
use super::{Warehouse, timestamp};
use crate::sources::{Document, ItemDigest, SplitDocument, SplitRow};

/// Bytes that DuckDB's appenders may hold, outside its memory limit, before they are written to the tables.
const UNFLUSHED_BYTES: usize = 8 << 20;

/// Items remembered, 40 bytes each. Beyond that the memory starts anew: an item may then be landed twice, which costs space only.
const REMEMBERED_ITEMS: usize = 500_000;

const DOING: &str = "land a document";

/// What a document was received for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReceivedFor<'a> {
    /// The run.
    pub(crate) run_id: &'a str,
    /// Its read.
    pub(crate) read_id: i64,
}

/// Documents on their way into `raw`. It belongs to one transaction, because it remembers which items that has landed.
pub(crate) struct Landing<'w> {
    warehouse: &'w Warehouse,
    documents: Appender<'w>,
    rows: Appender<'w>,
    items: Appender<'w>,
    item_ids: HashMap<ItemDigest, i64>,
    unflushed_bytes: usize,
}

impl Warehouse {
    /// Begins to land documents. Nothing is in the tables before [`Landing::finish`].
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn landing(&self) -> Result<Landing<'_>, Error> {
        let appender = |table| self.connection.appender_to_db(table, "raw").doing(DOING);
        Ok(Landing {
            warehouse: self,
            documents: appender("documents")?,
            rows: appender("rows")?,
            items: appender("items")?,
            item_ids: HashMap::new(),
            unflushed_bytes: 0,
        })
    }

    /// Lands one document by itself.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn land(
        &self,
        read: ReceivedFor<'_>,
        document: &Document,
        split: &SplitDocument,
    ) -> Result<u64, Error> {
        let mut landing = self.landing()?;
        let row_count = landing.land(read, document, split, |_| false)?;
        landing.finish()?;
        Ok(row_count)
    }
}

impl Landing<'_> {
    /// An id for a read that is noted later, whole.
    pub(crate) fn new_read_id(&self) -> i64 {
        self.warehouse.new_read_id()
    }

    /// Lands one document and returns its rows; those at positions that `is_held` already are left out (recorded pages can overlap).
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn land(
        &mut self,
        ReceivedFor { run_id, read_id }: ReceivedFor<'_>,
        document: &Document,
        split: &SplitDocument,
        is_held: impl Fn(u32) -> bool,
    ) -> Result<u64, Error> {
        let next_id = &self.warehouse.next_document_id;
        let document_id = next_id.replace(next_id.get() + 1);
        let body = document.body.as_str();
        self.documents
            .append_row(params![
                document_id,
                read_id,
                run_id,
                document.entity.name(),
                document.url,
                timestamp(document.fetched_at),
                document.etag,
                split.offset,
                split.envelope,
                split.joints.rows_at,
                split.joints.row_count,
                split.joints.row_gaps
            ])
            .doing(DOING)?;
        self.unflushed_bytes += split.envelope.len();
        let mut row_count = 0;
        for (position, row) in (split.offset..).zip(split.rows.iter().flatten()) {
            if is_held(position) {
                continue;
            }
            let (text, item) = match row {
                SplitRow::Whole(place) => (&body[place.clone()], None),
                SplitRow::Split { frame, item_at, item, digest } => {
                    let item_id = self.land_item(&body[item.clone()], *digest)?;
                    (frame.as_str(), Some((*item_at, item_id)))
                }
            };
            let (item_at, item_id) = item.unzip();
            self.rows
                .append_row(params![document_id, position, text, item_at, item_id])
                .doing(DOING)?;
            self.unflushed_bytes += text.len();
            row_count += 1;
        }
        if self.unflushed_bytes > UNFLUSHED_BYTES {
            self.flush()?;
        }
        Ok(row_count)
    }

    /// Lands an item unless this landing has, and returns its id.
    fn land_item(&mut self, text: &str, digest: ItemDigest) -> Result<i64, Error> {
        if self.item_ids.len() >= REMEMBERED_ITEMS {
            self.item_ids.clear();
        }
        match self.item_ids.entry(digest) {
            Entry::Occupied(held) => Ok(*held.get()),
            Entry::Vacant(place) => {
                let next_id = &self.warehouse.next_item_id;
                let item_id = next_id.replace(next_id.get() + 1);
                self.items.append_row(params![item_id, text]).doing(DOING)?;
                self.unflushed_bytes += text.len();
                Ok(*place.insert(item_id))
            }
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.warehouse.has_landed(std::mem::take(&mut self.unflushed_bytes))?;
        for table in [&mut self.documents, &mut self.rows, &mut self.items] {
            table.flush().doing(DOING)?;
        }
        Ok(())
    }

    /// Writes what was landed to the tables.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.flush()
    }
}
