//! Runs the checks: those of a table in one statement, and those that have nothing to look at in none.
//!
//! Planning a check costs DuckDB a hundred times what a check of a few rows does, so a small run is little else. What each check
//! finds is what it would find alone.

use std::collections::BTreeSet;

use super::{CheckFile, Doing, Error, Warehouse, catalog};
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

impl Warehouse {
    /// The offending rows of each check, as JSON, in the order of the checks.
    ///
    /// # Errors
    /// [`Error::Statement`] names the check that does not run.
    pub fn offending_rows(&self, checks: &[CheckFile]) -> Result<Vec<Vec<String>>, Error> {
        let counts = self.table_counts()?;
        let is_new = |count: &&super::TableCount| 0 < count.changed_row_count;
        let mut news: BTreeSet<String> =
            counts.iter().filter(is_new).map(|count| unshipped(&count.table)).collect();
        if self.has_checked_reads()? {
            news.extend([READS.to_owned(), COUNTS.to_owned()]);
        }
        let changed: u64 = counts.iter().map(|count| count.changed_row_count).sum();
        let mut found = Vec::new();
        for group in checks.chunk_by(|one, next| table_of(one) == table_of(next)) {
            let busy: Vec<_> = group.iter().filter(|check| !is_idle(check, &news)).collect();
            let mut rows = if changed <= MOST_ROWS_AT_ONCE && 1 < busy.len() {
                match self.together(&busy) {
                    Ok(rows) => rows,
                    // One of them does not run, or not beside the others; alone, it says which.
                    Err(_) => self.alone(&busy)?,
                }
            } else {
                self.alone(&busy)?
            }
            .into_iter();
            found.extend(group.iter().map(|check| match is_idle(check, &news) {
                true => Vec::new(),
                false => rows.next().unwrap_or_default(),
            }));
        }
        Ok(found)
    }

    fn has_checked_reads(&self) -> Result<bool, Error> {
        let sql = "select exists (from staging.checked_reads)";
        self.connection.query_row(sql, [], |row| row.get(0)).doing("look for reads to check")
    }

    fn alone(&self, checks: &[&CheckFile]) -> Result<Vec<Vec<String>>, Error> {
        let run = |check: &&CheckFile| {
            tracing::debug!(check.name = check.name, "check `{}`", check.name);
            let doing = format!("run the check `{}`", check.name);
            self.rows(&catalog::offending(check), &doing, |row| row.get(1))
        };
        checks.iter().map(run).collect()
    }

    fn together(&self, checks: &[&CheckFile]) -> Result<Vec<Vec<String>>, Error> {
        for check in checks {
            tracing::debug!(check.name = check.name, "check `{}`", check.name);
        }
        let parts: Vec<_> = checks.iter().map(|check| catalog::offending(check)).collect();
        let read = |row: &duckdb::Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
        let rows = self.rows(&parts.join("\nunion all\n"), "run the checks", read)?;
        let mut found = vec![Vec::new(); checks.len()];
        for (name, row) in rows {
            if let Some(at) = checks.iter().position(|check| check.name == name) {
                found[at].push(row);
            }
        }
        Ok(found)
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
