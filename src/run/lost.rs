//! Files that never reached the bucket and never will: their local copy was changed or is gone, or something else has their key.
//!
//! Their rows are still in the tables. The next run that shapes tables makes them its own and ships them under its own keys; then
//! the lost file is `superseded`. Until that is so, whatever ships says what is missing and does not end well.

use chrono::{DateTime, Utc};
use duckdb::params;

use super::Run;
use super::error::Error;
use crate::event::Event;
use crate::ids::{RunId, Table};
use crate::lake;
use crate::lake::StuckFile;
use crate::warehouse;
use crate::warehouse::{Doing, Warehouse, sql_timestamp};

/// A file that never reached the bucket.
struct LostFile {
    key: String,
    run_id: String,
    table: Option<Table>,
    reason: String,
}

fn lost_files(warehouse: &Warehouse) -> Result<Vec<LostFile>, warehouse::Error> {
    let sql = "select key, run_id, \"table\", coalesce(reason, '') from meta.files where lost_at is not null and state not in ('verified', 'superseded') order by run_id, rowid";
    warehouse.rows(sql, "list the lost files", |row| {
        let name: String = row.get(2)?;
        Ok(LostFile {
            key: row.get(0)?,
            run_id: row.get(1)?,
            table: Table::ALL.into_iter().find(|table| table.name() == name),
            reason: row.get(3)?,
        })
    })
}

/// Their keys.
pub(crate) fn keys(warehouse: &Warehouse) -> Result<Vec<String>, Error> {
    Ok(lost_files(warehouse)?.into_iter().map(|file| file.key).collect())
}

/// Notes that files cannot go; how many of them the ledger knows.
pub(crate) fn note(
    warehouse: &mut Warehouse,
    stuck: &[StuckFile],
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let noted = warehouse.transaction(|warehouse| {
        let sql = "update meta.files set lost_at = ?::timestamp, reason = ? where key = ?";
        let mut count = 0;
        for StuckFile { key, error } in stuck {
            let values = params![sql_timestamp(now), error.in_words(), key];
            count += warehouse.connection().execute(sql, values).doing("note a lost file")?;
        }
        Ok::<_, warehouse::Error>(count)
    });
    Ok(noted?)
}

/// Makes the rows of lost files this run's.
pub(crate) fn take_over(run: &mut Run<'_>) -> Result<(), Error> {
    for file in lost_files(&run.warehouse)? {
        let Some(table) = file.table else { continue };
        if run.warehouse.take_over(table, &file.run_id)? > 0 {
            let LostFile { key, run_id, reason, .. } = file;
            let text = format!(
                "`{key}` of run {run_id} never reached the bucket ({reason}): this run ships its rows in a new file"
            );
            (run.events)(Event::Warning(text));
        }
    }
    Ok(())
}

/// Settles the lost files whose rows are all on their way in newer files.
pub(crate) fn settle(run: &mut Run<'_>) -> Result<(), Error> {
    let mut settled = Vec::new();
    for file in lost_files(&run.warehouse)? {
        let Some(table) = file.table else { continue };
        if !run.warehouse.has_rows_to_ship(table, &file.run_id)? {
            settled.push(file.key);
        }
    }
    if settled.is_empty() {
        return Ok(());
    }
    let now = run.now();
    let sql = "update meta.files set state = 'superseded', updated_at = ?::timestamp where key = ?";
    let noted = run.warehouse.transaction(|warehouse| {
        for key in &settled {
            let values = params![sql_timestamp(now), key];
            warehouse.connection().execute(sql, values).doing("note what is superseded")?;
        }
        Ok::<_, warehouse::Error>(())
    });
    noted?;
    for key in settled {
        let text = format!("`{key}` is superseded: its rows go their way in newer files");
        (run.events)(Event::Warning(text));
    }
    Ok(())
}

/// Whether a file of this run's never reached the bucket, whatever replaced it.
pub(crate) fn is_any_of(warehouse: &Warehouse, run: &RunId) -> Result<bool, Error> {
    let sql = "select exists (from meta.files where run_id = ? and lost_at is not null)";
    let found = warehouse.connection().query_row(sql, [run.as_str()], |row| row.get(0));
    Ok(found.doing("look for lost files")?)
}

/// Nothing ends well while rows are in no file that could arrive.
pub(crate) fn require_none(warehouse: &Warehouse, run: Option<&RunId>) -> Result<(), Error> {
    let files = lost_files(warehouse)?.into_iter();
    let mut files = files.filter(|file| run.is_none_or(|run| run.as_str() == file.run_id));
    let Some(LostFile { key, run_id, reason, .. }) = files.next() else { return Ok(()) };
    let other_count = files.count();
    Err(lake::Error::Lost { key, run_id, reason, other_count }.into())
}
