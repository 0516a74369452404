//! Landed documents, put together again: what the archive holds.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use duckdb::{OptionalExt, params};

use super::Warehouse;
use super::error::{Doing, Error};
use super::sql_files::ledger as sql;
use crate::sources::Joints;

/// A document as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LandedDocument {
    /// Path and query as asked, without the host.
    pub url: String,
    /// When it was received.
    pub fetched_at: DateTime<Utc>,
    /// The body, byte for byte.
    pub body: String,
}

/// A document before its rows are back in their places.
struct Envelope {
    document_id: i64,
    read_id: i64,
    page_offset: u32,
    url: String,
    fetched_at: DateTime<Utc>,
    envelope: String,
    /// `None`: landed by a version that did not note it.
    joints: Option<Joints>,
}

/// Documents in memory at a time, 100 rows of 2 KB each. An item can lie far from its row, so a batch costs a look through many.
const BATCH: u32 = 256;

const DOING: &str = "read landed documents";

impl Warehouse {
    /// Gives `each` document of a run, in the order in which they came; returns how many could not be put together, because
    /// an earlier version landed them. Pages of a read that was torn are left out: nothing came of them.
    ///
    /// # Errors
    /// [`Error::Statement`], or what `each` returns.
    pub(crate) fn each_document<E: From<Error>>(
        &self,
        run_id: &str,
        mut each: impl FnMut(LandedDocument) -> Result<(), E>,
    ) -> Result<u64, E> {
        let (mut after, mut left_out_count) = (0, 0);
        loop {
            let envelopes = self.envelopes(run_id, after)?;
            let (Some(first), Some(last)) = (envelopes.first(), envelopes.last()) else {
                return Ok(left_out_count);
            };
            let mut rows = self.rows_of_documents(first.document_id, last.document_id)?;
            after = last.document_id;
            for envelope in envelopes {
                let own = rows.remove(&envelope.document_id).unwrap_or_default();
                match self.rejoin(&envelope, own)? {
                    Some(body) => {
                        let Envelope { url, fetched_at, .. } = envelope;
                        each(LandedDocument { url, fetched_at, body })?;
                    }
                    None => left_out_count += 1,
                }
            }
        }
    }

    fn envelopes(&self, run_id: &str, after: i64) -> Result<Vec<Envelope>, Error> {
        let sql = sql::DOCUMENTS_OF_RUN;
        let mut statement = self.connection.prepare_cached(sql).doing(DOING)?;
        let envelopes = statement.query_map(params![run_id, after, BATCH], |row| {
            let joints = match (row.get(6)?, row.get(7)?, row.get(8)?) {
                (Some(rows_at), Some(row_count), Some(row_gaps)) => {
                    Some(Joints { rows_at, row_count, row_gaps })
                }
                _ => None,
            };
            Ok(Envelope {
                document_id: row.get(0)?,
                read_id: row.get(1)?,
                page_offset: row.get(2)?,
                url: row.get(3)?,
                fetched_at: row.get::<_, NaiveDateTime>(4)?.and_utc(),
                envelope: row.get(5)?,
                joints,
            })
        });
        envelopes.doing(DOING)?.collect::<Result<_, _>>().doing(DOING)
    }

    /// The rows of documents, by document and position.
    fn rows_of_documents(
        &self,
        first: i64,
        last: i64,
    ) -> Result<BTreeMap<i64, BTreeMap<u32, String>>, Error> {
        let sql = sql::ROWS_OF_DOCUMENTS;
        let mut statement = self.connection.prepare_cached(sql).doing(DOING)?;
        let rows = statement.query_map(params![first, last], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, row.get::<_, String>(2)?))
        });
        let mut found = BTreeMap::<i64, BTreeMap<u32, String>>::new();
        for row in rows.doing(DOING)? {
            let (document_id, position, row) = row.doing(DOING)?;
            found.entry(document_id).or_default().insert(position, row);
        }
        Ok(found)
    }

    fn rejoin(
        &self,
        envelope: &Envelope,
        mut own: BTreeMap<u32, String>,
    ) -> Result<Option<String>, Error> {
        let Some(joints) = &envelope.joints else { return Ok(None) };
        let mut rows = Vec::new();
        for position in (envelope.page_offset..).take(joints.row_count as usize) {
            rows.push(match own.remove(&position) {
                Some(row) => row,
                None => self.row_held_before(envelope, position)?,
            });
        }
        Ok(joints.rejoin(&envelope.envelope, &rows))
    }

    /// Recorded pages can overlap; then a row is kept once, with the first document that had it.
    fn row_held_before(&self, envelope: &Envelope, position: u32) -> Result<String, Error> {
        let sql = sql::ROW_HELD_BEFORE;
        let row = self
            .connection
            .query_row(sql, params![position, envelope.read_id, envelope.document_id], |row| {
                row.get(0)
            })
            .optional();
        Ok(row.doing(DOING)?.unwrap_or_else(|| "null".to_owned()))
    }
}
