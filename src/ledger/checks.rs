//! What the checks of a run found, as the gate noted it (`Warehouse::note_findings`).

use crate::ids::RunId;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse};

/// What one check found.
pub(crate) struct NotedCheck {
    /// `<table>__<what>`.
    pub(crate) check: String,
    /// `error` or `warn`.
    pub(crate) severity: String,
    /// `pass` or `fail`.
    pub(crate) status: String,
    /// Rows that it found.
    pub(crate) offending_row_count: u64,
}

/// What each check of the run found, as they were made.
pub(crate) fn results_of(warehouse: &Warehouse, run: &RunId) -> Result<Vec<NotedCheck>, Error> {
    let doing = "look up what the checks found";
    let mut statement = warehouse.connection().prepare(sql::CHECK_RESULTS).doing(doing)?;
    let results = statement.query_map([run.as_str()], |row| {
        Ok(NotedCheck {
            check: row.get(0)?,
            severity: row.get(1)?,
            status: row.get(2)?,
            offending_row_count: row.get(3)?,
        })
    });
    results.doing(doing)?.collect::<Result<_, _>>().doing(doing)
}

/// The offending rows that were kept: each one's check and the row as JSON.
pub(crate) fn failures_of(
    warehouse: &Warehouse,
    run: &RunId,
) -> Result<Vec<(String, String)>, Error> {
    let doing = "look up what the checks found";
    let sql = "select \"check\", failure from meta.check_failures where run_id = ? order by rowid";
    let mut statement = warehouse.connection().prepare(sql).doing(doing)?;
    let failures = statement.query_map([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
    failures.doing(doing)?.collect::<Result<_, _>>().doing(doing)
}
