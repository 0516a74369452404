//! What of this machine's history nothing needs any more.

use chrono::{DateTime, Utc};
use duckdb::params;

use super::files::list;
use super::forgets::HeldArchive;
use crate::status::FileState;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse, sql_timestamp};

const DOING: &str = "look for what nothing needs any more";

/// Landed documents that may go.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Prunable {
    /// How many.
    pub(crate) document_count: u64,
    /// Their part of all landed text, from 0 to 1.
    pub(crate) share: f64,
}

/// The archives of runs whose files have all arrived.
pub(crate) fn archived_runs(
    warehouse: &Warehouse,
    before: DateTime<Utc>,
    arrived: &[FileState],
) -> Result<Vec<HeldArchive>, Error> {
    let mut statement = warehouse.connection().prepare(sql::ARCHIVED_RUNS).doing(DOING)?;
    let values = params![sql_timestamp(before), states(arrived)];
    let runs = statement
        .query_map(values, |row| Ok(HeldArchive { run_id: row.get(0)?, key: row.get(1)? }));
    runs.doing(DOING)?.collect::<Result<_, _>>().doing(DOING)
}

/// The keys of files that have arrived.
pub(crate) fn arrived_files(
    warehouse: &Warehouse,
    before: DateTime<Utc>,
    arrived: &[FileState],
) -> Result<Vec<String>, Error> {
    let mut statement = warehouse.connection().prepare(sql::ARRIVED_FILES).doing(DOING)?;
    let keys =
        statement.query_map(params![sql_timestamp(before), states(arrived)], |row| row.get(0));
    keys.doing(DOING)?.collect::<Result<_, _>>().doing(DOING)
}

/// Finds the documents that may go: those of transformed reads of these runs, but for the newest of each list.
pub(crate) fn prunable(
    warehouse: &Warehouse,
    before: DateTime<Utc>,
    runs: &[HeldArchive],
) -> Result<Prunable, Error> {
    warehouse.land_pages()?;
    let runs = list(runs.iter().map(|run| &run.run_id));
    let connection = warehouse.connection();
    connection.execute(sql::PRUNABLE_READS, params![sql_timestamp(before), runs]).doing(DOING)?;
    let found = connection.query_row(sql::PRUNABLE_SIZE, [], |row| {
        Ok(Prunable { document_count: row.get(0)?, share: row.get(1)? })
    });
    found.doing(DOING)
}

/// Deletes the documents that were found.
pub(crate) fn prune(warehouse: &mut Warehouse) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        let pruned = warehouse.connection().execute_batch(sql::PRUNE_DOCUMENTS);
        pruned.doing("delete what nothing needs any more")
    })
}

fn states(arrived: &[FileState]) -> String {
    list(arrived.iter().map(|state| state.name()))
}
