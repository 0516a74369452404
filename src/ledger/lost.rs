//! The ledger of files that never reached the bucket and never will.

use chrono::{DateTime, Utc};
use duckdb::params;
use serde::Serialize;

use super::files::list;
use crate::ids::{RunId, Table};
use crate::lake::StuckFile;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse, sql_timestamp};

/// A file that never reached the bucket, and whose rows are in no newer one yet.
pub(crate) struct LostFile {
    /// Its key.
    pub(crate) key: String,
    /// The run that exported it.
    pub(crate) run_id: String,
    /// The table of its rows.
    pub(crate) table: Table,
    /// Why it never will, in words.
    pub(crate) reason: String,
}

/// Every one of them, oldest run first.
pub(crate) fn lost_files(warehouse: &Warehouse) -> Result<Vec<LostFile>, Error> {
    warehouse.rows(sql::LOST_FILES, "list the lost files", |row| {
        Ok(LostFile {
            key: row.get(0)?,
            run_id: row.get(1)?,
            table: row.get(2)?,
            reason: row.get(3)?,
        })
    })
}

/// Notes that files cannot go; how many of them the ledger knows.
pub(crate) fn note(
    warehouse: &mut Warehouse,
    stuck: &[StuckFile],
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    #[derive(Serialize)]
    struct Noted<'s> {
        key: &'s str,
        reason: String,
    }
    let noted = stuck.iter().map(|file| Noted { key: &file.key, reason: file.error.in_words() });
    let values = params![sql_timestamp(now), list(noted)];
    warehouse.transaction(|warehouse| {
        warehouse.connection().execute(sql::NOTE_LOST_FILES, values).doing("note the lost files")
    })
}

/// Whether a file of the run's never reached the bucket, whatever replaced it.
pub(crate) fn is_any_of(warehouse: &Warehouse, run: &RunId) -> Result<bool, Error> {
    let sql = "select exists (from meta.files where run_id = ? and lost_at is not null)";
    let found = warehouse.connection().query_row(sql, [run.as_str()], |row| row.get(0));
    found.doing("look for lost files")
}
