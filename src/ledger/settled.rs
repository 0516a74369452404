//! Files that were settled because their table was right: their other rows stand in no newer file, so the table alone vouches for them.

use std::collections::BTreeSet;

use duckdb::params;

use super::files::{judge_runs, list};
use super::step::Step;
use crate::ids::{RunId, Table};
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse, sql_timestamp};

/// Whose rows of one table may stand in settled files.
pub(crate) struct SettledRows {
    table: Table,
    runs: BTreeSet<RunsOfFile>,
    /// How many current rows that is.
    pub(crate) row_count: u64,
}

/// Whose a file is, and who wrote a row that stands in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RunsOfFile {
    file: String,
    row: String,
}

impl SettledRows {
    /// Of a table, in the files of one run or of all; `None` where no current row stands in one.
    pub(crate) fn of(
        warehouse: &Warehouse,
        table: Table,
        run: Option<&RunId>,
    ) -> Result<Option<Self>, Error> {
        let doing = "look for rows of settled files";
        let connection = warehouse.connection();
        let mut statement = connection.prepare(sql::SETTLED_ROWS_OF_RUNS).doing(doing)?;
        let values = params![table.name(), run.map(RunId::as_str)];
        let runs = statement
            .query_map(values, |row| Ok(RunsOfFile { file: row.get(0)?, row: row.get(1)? }));
        let runs: BTreeSet<RunsOfFile> =
            runs.doing(doing)?.collect::<Result<_, _>>().doing(doing)?;
        if runs.is_empty() {
            return Ok(None);
        }
        let sql = sql::ROW_COUNT_OF_RUNS.replace("{table}", table.name());
        let of_rows = list(runs.iter().map(|it| &it.row));
        let row_count = connection.query_row(&sql, [of_rows], |row| row.get(0)).doing(doing)?;
        Ok((0 < row_count).then_some(Self { table, runs, row_count }))
    }

    /// Whether a row that this run wrote may stand in one of the files.
    pub(crate) fn holds(&self, run_id: &str) -> bool {
        self.runs.iter().any(|it| it.row == run_id)
    }

    /// Notes that the table lacks rows which these runs wrote: the files in which they stand are wrong again.
    pub(crate) fn unsettle(
        &self,
        warehouse: &mut Warehouse,
        of_rows: &BTreeSet<&str>,
        reason: &str,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), Error> {
        let held = self.runs.iter().filter(|it| of_rows.contains(it.row.as_str()));
        let of_files: BTreeSet<&String> = held.map(|it| &it.file).collect();
        let (step, now) = (Step::UNSETTLED, sql_timestamp(now));
        let table = self.table.name();
        let values = params![step.to.name(), list(step.from), now, table, list(of_files), reason];
        warehouse.transaction(|warehouse| {
            let connection = warehouse.connection();
            connection.execute(sql::UNSETTLE_FILES, values).doing("note what is wrong again")?;
            judge_runs(warehouse)
        })
    }

    /// Notes of the files in which only other rows stand than those of these runs that the table has theirs, where it lacked some before.
    pub(crate) fn settle_again(
        &self,
        warehouse: &mut Warehouse,
        wrong_rows: &BTreeSet<&str>,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), Error> {
        let is_wrong = |it: &&RunsOfFile| wrong_rows.contains(it.row.as_str());
        let (wrong, right): (Vec<_>, Vec<_>) = self.runs.iter().partition(is_wrong);
        let wrong: BTreeSet<&String> = wrong.into_iter().map(|it| &it.file).collect();
        let right = right.into_iter().map(|it| &it.file).filter(|file| !wrong.contains(file));
        let (step, now) = (Step::SETTLED, sql_timestamp(now));
        let values = params![step.to.name(), list(step.from), now, self.table.name(), list(right)];
        warehouse.transaction(|warehouse| {
            let connection = warehouse.connection();
            connection.execute(sql::SETTLE_FILES_AGAIN, values).doing("note what is settled")?;
            judge_runs(warehouse)
        })
    }
}
