//! Runs the checks: those of a table in one statement, and those that have nothing to look at in none.
//!
//! Planning a check costs DuckDB a hundred times what a check of a few rows does, so a small run is little else. What each check
//! finds is what it would find alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use duckdb::params;

use super::error::{Doing, Error};
use super::sql_files::{self, CheckFile, ledger as sql};
use super::{Warehouse, timestamp};
use crate::ids::Table;

/// With more changed rows the checks of a table run one after the other: side by side they would compete for memory.
const MOST_ROWS_AT_ONCE: u64 = 200_000;

/// The views that give the checks what no run has shipped yet.
const READS: &str = "staging.checked_reads";
const COUNTS: &str = "staging.snapshot_counts"; // of these reads

/// The name of a table's view.
fn unshipped(table: &str) -> String {
    format!("staging.unshipped_{table}")
}

/// What a check found, as the ledger keeps it.
pub(crate) struct NotedFinding<'f> {
    /// `<table>__<what>`.
    pub(crate) check: &'static str,
    /// `error` or `warn`.
    pub(crate) severity: &'static str,
    /// `pass` or `fail`.
    pub(crate) status: &'static str,
    /// Rows that it found.
    pub(crate) row_count: u64,
    /// The first of them, as JSON.
    pub(crate) rows: &'f [String],
}

/// A row that a check found in a run before.
pub(crate) struct EarlierFailure {
    /// The check.
    pub(crate) check: String,
    /// The row, as JSON.
    pub(crate) row: String,
}

impl Warehouse {
    /// What playlists are called; those that have no name are left out.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn names_of_playlists(
        &self,
        ids: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, Error> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let doing = "look up what playlists are called";
        let mut statement = self.connection.prepare(sql::PLAYLIST_NAMES).doing(doing)?;
        let ids = serde_json::json!(ids).to_string();
        let names = statement.query_map([ids], |row| Ok((row.get(0)?, row.get(1)?)));
        names.doing(doing)?.collect::<Result<_, _>>().doing(doing)
    }

    /// Rows that some checks found in the runs before this one.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn earlier_failures(
        &self,
        run_id: &str,
        checks: &[&str],
    ) -> Result<Vec<EarlierFailure>, Error> {
        if checks.is_empty() {
            return Ok(Vec::new());
        }
        let doing = "look up what earlier runs found";
        let mut statement = self.connection.prepare(sql::EARLIER_FAILURES).doing(doing)?;
        let asked = params![serde_json::json!(checks).to_string(), run_id];
        let failure =
            |row: &duckdb::Row<'_>| Ok(EarlierFailure { check: row.get(0)?, row: row.get(1)? });
        let failures = statement.query_map(asked, failure);
        failures.doing(doing)?.collect::<Result<_, _>>().doing(doing)
    }

    /// Notes what the checks of a run found, in place of what was noted of it before; in the caller's transaction, beside the checks.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn note_findings<'f>(
        &self,
        run_id: &str,
        now: DateTime<Utc>,
        findings: impl Iterator<Item = NotedFinding<'f>>,
    ) -> Result<(), Error> {
        let doing = "record a finding";
        let forget = |sql| self.connection.execute(sql, [run_id]).doing("forget earlier findings");
        forget(sql::FORGET_CHECK_RESULTS)?;
        forget(sql::FORGET_CHECK_FAILURES)?;
        // The ledger's tables, written here, because the gate comes before the ledger, its findings are one transaction with the
        // checks, and an appender writes as many rows as were found without a statement for each.
        let mut results = self.connection.appender_to_db("check_results", "meta").doing(doing)?;
        let mut failures = self.connection.appender_to_db("check_failures", "meta").doing(doing)?;
        for NotedFinding { check, severity, status, row_count, rows } in findings {
            results
                .append_row(params![run_id, check, severity, status, row_count, timestamp(now)])
                .doing(doing)?;
            for row in rows {
                failures.append_row(params![run_id, check, severity, row]).doing(doing)?;
            }
        }
        results.flush().and_then(|()| failures.flush()).doing(doing)
    }

    /// What each check finds of what no run has shipped yet, in the order of the checks; of its rows no more than `kept`.
    ///
    /// # Errors
    /// [`Error::Statement`] names the check that does not run.
    pub(crate) fn offending_rows(
        &self,
        checks: &[CheckFile],
        kept: usize,
    ) -> Result<Vec<Offending>, Error> {
        let counts = self.table_counts()?;
        let is_new = |count: &&crate::warehouse::transform::TableCount| 0 < count.changed_row_count;
        let mut news: BTreeSet<String> =
            counts.iter().filter(is_new).map(|count| unshipped(count.table.name())).collect();
        if self.has_checked_reads()? {
            news.extend([READS.to_owned(), COUNTS.to_owned()]);
        }
        let changed: u64 = counts.iter().map(|count| count.changed_row_count).sum();
        let mut found = Vec::new();
        for group in checks.chunk_by(|one, next| table_of(one) == table_of(next)) {
            let busy: Vec<_> = group.iter().filter(|check| !is_idle(check, &news)).collect();
            let mut rows = if changed <= MOST_ROWS_AT_ONCE && 1 < busy.len() {
                match self.together(&busy, kept) {
                    Ok(rows) => rows,
                    // One of them does not run, or not beside the others; alone, it says which.
                    Err(_) => self.alone(&busy, kept)?,
                }
            } else {
                self.alone(&busy, kept)?
            }
            .into_iter();
            found.extend(group.iter().map(|check| match is_idle(check, &news) {
                true => Offending::default(),
                false => rows.next().unwrap_or_default(),
            }));
        }
        Ok(found)
    }

    fn has_checked_reads(&self) -> Result<bool, Error> {
        let sql = "select exists (from staging.checked_reads)";
        self.connection.query_row(sql, [], |row| row.get(0)).doing("look for reads to check")
    }

    /// What the `query` of the check `name` finds; of its rows no more than `kept`.
    ///
    /// # Errors
    /// [`Error::Statement`] names the check.
    pub(crate) fn offending_rows_of(
        &self,
        name: &str,
        query: &str,
        kept: usize,
    ) -> Result<Offending, Error> {
        tracing::debug!(check.name = name, "check `{name}`");
        let mut found = Offending::default();
        let sql = sql_files::offending(name, query);
        self.each_row(&sql, &format!("run the check `{name}`"), |row| found.count(row, kept))?;
        Ok(found)
    }

    fn alone(&self, checks: &[&CheckFile], kept: usize) -> Result<Vec<Offending>, Error> {
        checks.iter().map(|check| self.offending_rows_of(check.name, check.sql, kept)).collect()
    }

    fn together(&self, checks: &[&CheckFile], kept: usize) -> Result<Vec<Offending>, Error> {
        for check in checks {
            tracing::debug!(check.name = check.name, "check `{}`", check.name);
        }
        let parts: Vec<_> =
            checks.iter().map(|check| sql_files::offending(check.name, check.sql)).collect();
        let mut found = vec![Offending::default(); checks.len()];
        self.each_row(&parts.join("\nunion all\n"), "run the checks", |row| {
            let name: String = row.get(0)?;
            match checks.iter().position(|check| check.name == name) {
                Some(at) => found[at].count(row, kept),
                None => Ok(()),
            }
        })?;
        Ok(found)
    }
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offending {
    /// Rows that it found.
    pub row_count: u64,
    /// The first of them, as JSON.
    pub rows: Vec<String>,
}

impl Offending {
    fn count(&mut self, row: &duckdb::Row<'_>, kept: usize) -> duckdb::Result<()> {
        self.row_count += 1;
        if self.rows.len() < kept {
            self.rows.push(row.get(1)?);
        }
        Ok(())
    }
}

fn table_of(check: &CheckFile) -> &str {
    check.name.split_once("__").map_or(check.name, |(table, _)| table)
}

/// Whether every view of news that the check looks at is empty. One that looks at none of them always runs.
fn is_idle(check: &CheckFile, news: &BTreeSet<String>) -> bool {
    let mut views = Table::ALL.iter().map(|table| unshipped(table.name())).collect::<Vec<_>>();
    views.extend([READS.to_owned(), COUNTS.to_owned()]);
    let mut looked_at = views.into_iter().filter(|view| mentions(check.sql, view)).peekable();
    looked_at.peek().is_some() && looked_at.all(|view| !news.contains(&view))
}

/// Whether the view is named, and not only one whose name begins the same (`songs`, `song_artists`).
fn mentions(sql: &str, view: &str) -> bool {
    let is_more = |next: Option<char>| next.is_some_and(|it| it.is_alphanumeric() || it == '_');
    sql.match_indices(view).any(|(at, _)| !is_more(sql[at + view.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warehouse::sql_files::CHECKS;

    /// Rows that are wrong in every way that a table allows, of a run that shipped them and, `is_new`, of one that did not.
    fn world(is_new: bool) -> (tempfile::TempDir, Warehouse) {
        let (folder, warehouse) = Warehouse::scratch();
        let run = |sql: &str| warehouse.connection.execute_batch(sql).unwrap();
        run("insert into meta.runs by name select 'old' as run_id, timestamp '2026-01-01' as \
                exported_at");
        run("insert into meta.runs by name select 'new' as run_id");
        run("insert into meta.pending_runs values ('lake', 'new')");
        run("set variable run_id = 'new'; set variable extracted_at = timestamp '2026-01-05'");
        let run_id = if is_new { "new" } else { "old" };
        for table in Table::ALL {
            // All of NULLs, and twice each value that is nowhere right.
            run(&format!("insert into core.{table} by name select '{run_id}' as run_id"));
            let columns: Vec<(String, String)> = warehouse
                .rows(
                    &format!(
                        "select column_name, data_type from duckdb_columns() where \
                        database_name = 'work' and schema_name = 'core' and table_name = \
                        '{table}' and column_name <> 'run_id'"
                    ),
                    "list columns",
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .unwrap();
            let values = columns.iter().map(|(column, kind)| {
                let value = match kind.as_str() {
                    "VARCHAR" => "''",
                    "BOOLEAN" => "'true'",
                    "DATE" | "TIMESTAMP" => "'1492-10-12'",
                    _ => "'-7'",
                };
                format!("cast({value} as {kind}) as {column}")
            });
            let values: Vec<_> = values.collect();
            run(&format!(
                "insert into core.{table} by name select '{run_id}' as run_id, {} from range(2)",
                values.join(", ")
            ));
        }
        run(&format!(
            "insert into meta.reads by name select 1 as read_id, 'old' as run_id, 'playlist' as \
                entity, 'complete' as status, 9 as total, '{run_id}' as transformed_in"
        ));
        run("insert into meta.snapshots by name select 1 as read_id, '' as playlist_id, '' as \
                snapshot_id, 7 as landed_row_count");
        run("insert into raw.documents by name select 1 as document_id, 1 as read_id, \
                'playlist' as entity, '{' as envelope");
        (folder, warehouse)
    }

    fn sorted(mut found: Vec<Offending>) -> Vec<Offending> {
        found.iter_mut().for_each(|it| it.rows.sort());
        found
    }

    #[test]
    fn together_the_checks_find_what_each_finds_alone() {
        for is_new in [true, false] {
            let (_folder, warehouse) = world(is_new);
            let all: Vec<_> = CHECKS.iter().collect();
            // Also those that are idle: alone, they find nothing.
            let alone = sorted(warehouse.alone(&all, usize::MAX).unwrap());
            let together = sorted(warehouse.offending_rows(&CHECKS, usize::MAX).unwrap());
            for ((check, alone), together) in CHECKS.iter().zip(&alone).zip(&together) {
                assert_eq!(alone, together, "{} (new: {is_new})", check.name);
            }
            let failed = alone.iter().filter(|rows| 0 < rows.row_count).count();
            assert!(if is_new { failed > 40 } else { failed < 3 }, "{failed} (new: {is_new})");
        }
    }

    #[test]
    fn a_check_that_does_not_run_is_named() {
        let (_folder, warehouse) = world(true);
        let checks = [
            CheckFile { name: "songs__right", sql: "select 1 as one" },
            CheckFile { name: "songs__wrong", sql: "select nonsense" },
        ];
        let error = warehouse.offending_rows(&checks, 1).unwrap_err().to_string();
        assert!(error.contains("songs__wrong"), "{error}");
    }

    #[test]
    fn a_check_is_idle_only_where_all_that_it_names_is_empty() {
        let check = |sql| CheckFile { name: "songs__x", sql };
        let news = BTreeSet::from(["staging.unshipped_songs".to_owned()]);
        let idle = [
            ("from staging.unshipped_song_artists", true),
            ("from staging.unshipped_songs", false),
            ("from staging.unshipped_genres join staging.unshipped_songs", false),
            ("from staging.snapshot_counts", true),
            ("from core.songs", false),
        ];
        for (sql, wanted) in idle {
            assert_eq!(is_idle(&check(sql), &news), wanted, "{sql}");
        }
    }
}
