//! The files of runs, as `status` shows them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::files::list;
use crate::ids::{RunId, Table};
use crate::status::FileState;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse};

/// A shipped file as `status --run` shows it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct FileSummary {
    /// The shipped table.
    pub table: Table,
    /// Its key in the lake.
    pub key: String,
    /// Its rows.
    pub row_count: u64,
    /// How far it is.
    pub state: FileState,
    /// Why it is not further, where that is known.
    pub reason: Option<String>,
    /// When it was last proven to be in Snowflake as it was sent, also where it is so no longer.
    #[serde(default)]
    pub verified_at: Option<DateTime<Utc>>,
}

/// The files of a run, in the order in which they were written.
///
/// # Errors
/// [`Error::Statement`].
pub(crate) fn files_of(warehouse: &Warehouse, run: &RunId) -> Result<Vec<FileSummary>, Error> {
    let files = files_of_runs(warehouse, std::iter::once(run.as_str()))?;
    Ok(files.into_values().next().unwrap_or_default())
}

/// The files of each of the runs, in the order in which they were written; a run without any has an empty list.
pub(crate) fn files_of_runs<'r>(
    warehouse: &Warehouse,
    runs: impl Iterator<Item = &'r str>,
) -> Result<BTreeMap<String, Vec<FileSummary>>, Error> {
    let mut files: BTreeMap<_, _> = runs.map(|run| (run.to_owned(), Vec::new())).collect();
    if files.is_empty() {
        return Ok(files);
    }
    let doing = "list the files";
    let mut statement = warehouse.connection().prepare(sql::FILES_OF_RUNS).doing(doing)?;
    let rows = statement.query_map([list(files.keys())], |row| {
        let file = FileSummary {
            table: row.get(1)?,
            key: row.get(2)?,
            row_count: row.get(3)?,
            state: row.get(4)?,
            reason: row.get(5)?,
            verified_at: row.get::<_, Option<NaiveDateTime>>(6)?.map(|at| at.and_utc()),
        };
        Ok((row.get::<_, String>(0)?, file))
    });
    for row in rows.doing(doing)? {
        let (run, file) = row.doing(doing)?;
        if let Some(of_run) = files.get_mut(&run) {
            of_run.push(file);
        }
    }
    Ok(files)
}
