//! The rows that the quality gate refused, as a DuckDB file beside the published one: a table for each check that found some, named after
//! it, and `checks`. What is refused is never published, and whoever has to mend it wants to look at all of it.

use std::path::Path;

use duckdb::params;

use super::error::{Doing, Error};
use super::published::{remove_if_there, remove_leftovers};
use super::{Warehouse, sql_files};

/// Rows that are kept per check.
const KEPT_ROWS: u32 = 100_000;

/// What one check found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finding<'a> {
    /// Its name.
    pub check: &'a str,
    /// `error` or `warn`.
    pub severity: &'a str,
    /// Why it exists.
    pub why: &'a str,
    /// Rows that it found.
    pub row_count: u64,
    /// Selects them.
    pub query: &'a str,
}

impl Warehouse {
    /// Writes the rows that the checks of a run found to `file`, in place of those of the run before.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Statement`].
    pub(crate) fn keep_refused_rows(
        &self,
        file: &Path,
        run_id: &str,
        findings: &[Finding<'_>],
    ) -> Result<(), Error> {
        let next = file.with_extension("duckdb.new");
        remove_leftovers(&next)?;
        let name = sql_files::literal(&next.to_string_lossy());
        self.run(&format!("attach {name} as refused (storage_version 'v1.0.0')"))?;
        let written = self.write_refused_rows(run_id, findings);
        let detached = self.run("detach refused");
        let moved = written.and(detached).and_then(|()| {
            std::fs::rename(&next, file).map_err(|source| Error::File {
                doing: "write",
                path: file.to_owned(),
                source,
            })
        });
        if moved.is_err() {
            // The error is the one to tell.
            let _ = remove_leftovers(&next);
        }
        moved
    }

    /// Takes them away: a run passed.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(crate) fn forget_refused_rows(&self, file: &Path) -> Result<(), Error> {
        remove_if_there(file)
    }

    fn write_refused_rows(&self, run_id: &str, findings: &[Finding<'_>]) -> Result<(), Error> {
        self.run(sql_files::REFUSED)?;
        for finding in findings {
            let Finding { check, severity, why, row_count, query } = *finding;
            let insert = "insert into refused.checks values (?, ?, ?, ?, ?)";
            self.connection
                .execute(insert, params![run_id, check, severity, row_count, why])
                .doing("keep the refused rows")?;
            let name = sql_files::quoted(check);
            self.run(&format!(
                "create table refused.{name} as from (\n{query}\n) limit {KEPT_ROWS}"
            ))?;
        }
        self.run("checkpoint refused")
    }

    fn run(&self, sql: &str) -> Result<(), Error> {
        self.connection.execute_batch(sql).doing("keep the refused rows")
    }
}
