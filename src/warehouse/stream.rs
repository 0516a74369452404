//! What a stream is to be sent: the rows that are new to it, batch by batch, and the keys that are no more. And what was read back of it.
//!
//! In: `core`, and what the ledger knows of the stream. Out: temporary tables of what is lacking, whose rows are told as JSON. Nothing
//! here changes the ledger. Row ids hold as long as nothing changes `core`, which nobody does while the ledger is held.

use duckdb::params;

use super::error::{Doing, Error};
use super::sql_files::{self, stream as sql};
use super::{Warehouse, memory_limit_bytes};
use crate::ids::Table;

/// Which rows may be new to the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// Those that changed since it had everything.
    Changed,
    /// All.
    All,
}

impl Among {
    const fn condition(self) -> &'static str {
        match self {
            Self::Changed => {
                "run_id in (select run_id from meta.pending_runs where consumer = '{stream}')"
            }
            Self::All => "true",
        }
    }
}

/// A row, or the key of one that is no more, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamRow {
    /// The columns of its key, as a JSON array.
    pub(crate) key: String,
    /// Its columns by name, as JSON; `None`: it is no more.
    pub(crate) value: Option<String>,
    /// The run that changed it.
    pub(crate) run_id: String,
    /// Its hash, a decimal text; empty where it is no more.
    pub(crate) row_hash: String,
}

/// Some rows, by where they stand in the table of what is lacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowBatch {
    /// Before its first row.
    pub(crate) after: i64,
    /// Its last row.
    pub(crate) last: i64,
    /// Whether every row in between is lacking.
    is_dense: bool,
    /// Whether an earlier version of any of them was sent.
    pub(crate) has_sent: bool,
}

impl RowBatch {
    const fn condition(self) -> &'static str {
        match self.is_dense {
            true => "true",
            false => {
                "stored.rowid in (select stored_rowid from lacking_{table} \
                 where stored_rowid > ?1 and stored_rowid <= ?2)"
            }
        }
    }
}

/// An event that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundEvent {
    /// The batch in whose range it lies.
    pub(crate) batch: i64,
    /// Its id as it says.
    pub(crate) event_id: String,
    /// The columns of its key, as a JSON array.
    pub(crate) key: String,
    /// Its columns by name, as JSON; `None`: it is a tombstone.
    pub(crate) value: Option<String>,
    /// The hash that it says, a decimal text.
    pub(crate) row_hash: Option<String>,
    /// Whether its id is the one that it must have.
    pub(crate) is_told_right: bool,
}

/// What was sent in a batch, beside what was read back of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BatchProof {
    /// The batch.
    pub(crate) batch: i64,
    /// Events that were sent.
    pub(crate) event_count: u64,
    /// Different ones that were read.
    pub(crate) found_count: u64,
    /// Whether their hashes come to the same sum.
    pub(crate) has_same_sum: bool,
    /// Events of which the stream was sent a later version of the same key.
    pub(crate) superseded_count: u64,
}

const DOING: &str = "look for what the stream lacks";

/// DuckDB's memory while many rows are sent, in bytes: with those that are on their way beside it a million rows take less than 300 MB.
const MEMORY_OF_BATCHES: u64 = 96_000_000;

impl Warehouse {
    /// Finds the rows of a table that the stream lacks, for the statements below, and counts them.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn find_lacking(&self, table: Table, among: Among) -> Result<u64, Error> {
        let sql = sql_files::lacking(table, among.condition());
        self.connection.execute_batch(&sql).doing(DOING)?;
        self.count(&format!("lacking_{table}"))
    }

    /// Finds the keys of a table that the stream holds and that are no more, and counts them.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn find_gone(&self, table: Table) -> Result<u64, Error> {
        let question = sql_files::for_table(sql::MAY_BE_GONE, table);
        let may_be = self.connection.query_row(&question, [], |row| row.get(0)).doing(DOING)?;
        let sql = sql_files::for_table(if may_be { sql::GONE } else { sql::NONE_GONE }, table);
        self.connection.execute_batch(&sql).doing(DOING)?;
        self.count(&format!("gone_from_{table}"))
    }

    /// From now on DuckDB keeps little of what it read, and has one thread: many rows are read once, batch by batch, and with
    /// more of them whoever has nothing left to read looks without a pause whether the others are done.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn begin_batches(&self) -> Result<(), Error> {
        self.limit(1, memory_limit_bytes().min(MEMORY_OF_BATCHES))
    }

    /// It has as much as usual again.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn end_batches(&self) -> Result<(), Error> {
        self.limit(self.thread_count(), memory_limit_bytes())
    }

    fn limit(&self, threads: i64, size_bytes: u64) -> Result<(), Error> {
        let set = format!("set threads = {threads}; set memory_limit = '{}KB'", size_bytes / 1000);
        self.connection.execute_batch(&set).doing("set DuckDB's limits")
    }

    fn count(&self, name: &str) -> Result<u64, Error> {
        let sql = format!("select count(*) from {name}");
        self.connection.query_row(&sql, [], |row| row.get(0)).doing(DOING)
    }

    /// The next rows of a table that the stream lacks; `None` behind the last one.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn next_batch(
        &self,
        table: Table,
        after: i64,
        most: usize,
    ) -> Result<Option<RowBatch>, Error> {
        let sql = sql_files::for_table(sql::BATCH_END, table);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let found = self.connection.query_row(&sql, params![after, most], |row| {
            Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        let (last, row_count, sent_count) = found.doing(DOING)?;
        let batch = |last| RowBatch {
            after,
            last,
            is_dense: last - after == row_count,
            has_sent: 0 < sent_count,
        };
        Ok(last.map(batch))
    }

    /// The rows of a batch.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn rows_of_batch(
        &self,
        table: Table,
        batch: RowBatch,
    ) -> Result<Vec<StreamRow>, Error> {
        let sql = sql_files::batch(table, batch.condition());
        let doing = format!("read what the stream lacks of `{table}`");
        let mut statement = self.connection.prepare(&sql).doing(&doing)?;
        let rows = statement.query_map(params![batch.after, batch.last], |row| {
            Ok(StreamRow {
                key: row.get(0)?,
                value: row.get(1)?,
                run_id: row.get(2)?,
                row_hash: row.get(3)?,
            })
        });
        rows.doing(&doing)?.collect::<Result<_, _>>().doing(&doing)
    }

    /// The next keys of a table that are no more, behind `after`.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn gone_batch(
        &self,
        table: Table,
        after: &str,
        most: usize,
    ) -> Result<Vec<StreamRow>, Error> {
        let sql = sql_files::for_table(sql::GONE_BATCH, table);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map(params![after, most], |row| {
            let (key, run_id) = (row.get(0)?, row.get(1)?);
            Ok(StreamRow { key, value: None, run_id, row_hash: String::new() })
        });
        rows.doing(DOING)?.collect::<Result<_, _>>().doing(DOING)
    }

    /// Begins to take what is read back of a stream.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn begin_found(&self) -> Result<(), Error> {
        self.connection.execute_batch(sql::BEGIN_FOUND).doing("take what was read back")
    }

    /// Takes some of it.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn take_found(&self, events: &[FoundEvent]) -> Result<(), Error> {
        let doing = "take what was read back";
        let mut appender = self.connection.appender("found_events").doing(doing)?;
        for event in events {
            let hash: Option<u64> = event.row_hash.as_ref().and_then(|hash| hash.parse().ok());
            let values = params![
                event.batch,
                event.event_id,
                event.key,
                event.value,
                hash,
                event.value.is_none(),
                event.is_told_right,
            ];
            appender.append_row(values).doing(doing)?;
        }
        appender.flush().doing(doing)
    }

    /// What was sent of a table, beside what was read back of it.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn prove_batches(&self, table: Table) -> Result<Vec<BatchProof>, Error> {
        let doing = "compare what was read back";
        let read = sql_files::for_table(sql::PROOF, table);
        self.connection.execute_batch(&read).doing(doing)?;
        self.rows(&sql_files::for_table(sql::PROOF_SUMS, table), doing, |row| {
            Ok(BatchProof {
                batch: row.get(0)?,
                event_count: row.get(1)?,
                found_count: row.get(2)?,
                has_same_sum: row.get(3)?,
                superseded_count: row.get(4)?,
            })
        })
    }

    /// The keys of a table, a hundred at most, of which the stream does not hold what it was sent in these batches.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn differing_keys(
        &self,
        table: Table,
        batches: &[i64],
    ) -> Result<Vec<String>, Error> {
        let doing = "look for what differs";
        let sql = sql_files::for_table(sql::DIFFERING_KEYS, table);
        let mut statement = self.connection.prepare(&sql).doing(doing)?;
        let batches = serde_json::json!(batches).to_string();
        let keys = statement.query_map([batches], |row| row.get(0));
        keys.doing(doing)?.collect::<Result<_, _>>().doing(doing)
    }

    /// How many rows of a table the ledger knows as sent that are no rows any more.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn left_in_stream_rows(&self, table: Table) -> Result<u64, Error> {
        let sql = sql_files::for_table(sql::LEFT, table);
        self.connection.query_row(&sql, [], |row| row.get(0)).doing(DOING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<T: duckdb::types::FromSql>(warehouse: &Warehouse, expression: &str) -> T {
        let sql = format!("select {expression}");
        warehouse.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    /// The ledgers that are there hold them: another hash would send every row again.
    #[test]
    fn a_key_has_the_hash_that_it_always_had() {
        let (_folder, warehouse) = Warehouse::scratch();
        // int.from_bytes(hashlib.md5(key.encode()).digest()[:8], "little")
        let cases = [
            (r#"["a"]"#, 1_731_979_177_759_577_676),
            (r#"["0000000000000000000001",12]"#, 14_546_764_741_855_331_885),
        ];
        for (key, hash) in cases {
            let found: u64 = one(&warehouse, &format!("staging.key_hash('{key}')"));
            assert_eq!(found, hash, "{key}");
        }
    }

    #[test]
    fn a_row_hash_is_the_same_number() {
        let (_folder, warehouse) = Warehouse::scratch();
        for hash in [0, 1, 9_999_999_999_999_999_999, u64::MAX] {
            let decimal = format!("staging.hash_number({hash}::decimal(20, 0))");
            assert_eq!(one::<u64>(&warehouse, &decimal), hash);
        }
    }

    #[test]
    fn what_batches_leave_of_threads_and_memory_is_given_back() {
        let (_folder, warehouse) = Warehouse::scratch();
        let limits = |warehouse: &Warehouse| -> String {
            one(warehouse, "current_setting('threads') || ' ' || current_setting('memory_limit')")
        };
        let before = limits(&warehouse);
        warehouse.landed_bytes.set(None);
        warehouse.begin_batches().unwrap();
        assert!(limits(&warehouse).starts_with("1 "));
        assert_ne!(limits(&warehouse), before);
        warehouse.end_batches().unwrap();
        let memory = before.split_once(' ').unwrap().1;
        assert_eq!(limits(&warehouse), format!("{} {memory}", super::super::most_threads()));
    }
}
