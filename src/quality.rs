//! The quality gate: runs every check and lets a run on only when no error-severity check found a row.
//!
//! In: the transformed warehouse. Out: [`QualityPassed`], without which nothing is published or exported, or [`Refused`].

use std::collections::BTreeSet;
use std::path::Path;

use duckdb::params;

use crate::warehouse::{CHECKS, CheckFile, Doing, Error, Finding, Warehouse};

/// Offending rows that are kept in `meta.check_failures` per check.
pub const KEPT_FAILURES: usize = 100;
/// Of them, those that a report shows.
const SHOWN_EXAMPLES: usize = 3;

/// What a finding means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing leaves.
    Error,
    /// Worth a look.
    Warn,
}

impl Severity {
    /// As the header of a check and the report write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// `<table>__<what>`.
    pub check: &'static str,
    /// What a finding means.
    pub severity: Severity,
    /// Why the check exists.
    pub why: &'static str,
    /// Rows it found.
    pub offending_row_count: u64,
    /// The first of them, as JSON.
    pub examples: Vec<String>,
}

impl CheckResult {
    /// Whether the check found nothing.
    pub const fn passed(&self) -> bool {
        self.offending_row_count == 0
    }
}

/// Proof that the checks were run on this warehouse and found no error. Only [`gate`] makes one.
#[derive(Debug)]
pub struct QualityPassed(());

/// Error-severity checks found rows; nothing may leave.
#[derive(Debug)]
pub struct Refused;

/// Which rows the checks look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// What no run has shipped yet.
    Unshipped,
    /// Every row.
    Everything,
}

/// What one check found, and how it is asked again.
struct Found {
    result: CheckResult,
    /// The first rows, as JSON.
    rows: Vec<String>,
    query: String,
}

/// Runs every check, records what they found, and says whether the run may go on.
///
/// Checks in `warn_only` count as warnings, whatever their header says. What is refused is kept in the file `refused_rows`.
///
/// # Errors
/// A check that does not run is an error of ours, never a pass.
pub fn gate(
    warehouse: &mut Warehouse,
    (run_id, now): (&str, &str),
    warn_only: &BTreeSet<String>,
    refused_rows: &Path,
) -> Result<(Vec<CheckResult>, Result<QualityPassed, Refused>), Error> {
    let found = warehouse.transaction(|warehouse| {
        let found = find(warehouse, Scope::Unshipped, warn_only)?;
        record(warehouse, (run_id, now), &found)?;
        Ok::<_, Error>(found)
    })?;
    let is_refused = keep(warehouse, run_id, &found, refused_rows);
    let results = found.into_iter().map(|found| found.result).collect();
    Ok((results, if is_refused { Err(Refused) } else { Ok(QualityPassed(())) }))
}

/// Runs every check on every row, shipped or not, and records nothing. Whether a check of severity error found rows; those are kept in
/// the file `refused_rows`.
///
/// # Errors
/// As [`gate`].
pub fn look_at_everything(
    warehouse: &Warehouse,
    run_id: &str,
    warn_only: &BTreeSet<String>,
    refused_rows: &Path,
) -> Result<(Vec<CheckResult>, Result<(), Refused>), Error> {
    let set = |value: &str| {
        let sql = format!("set variable checks_everything = {value}");
        warehouse.connection().execute_batch(&sql).doing("say what the checks look at")
    };
    set("true")?;
    let found = find(warehouse, Scope::Everything, warn_only);
    let kept = found.as_ref().map(|found| keep(warehouse, run_id, found, refused_rows));
    let is_refused = kept.unwrap_or_default();
    set("false")?;
    let results = found?.into_iter().map(|found| found.result).collect();
    Ok((results, if is_refused { Err(Refused) } else { Ok(()) }))
}

/// The checks that refuse, as the middle of a sentence.
pub fn refusing(results: &[CheckResult]) -> String {
    let failed = results.iter().filter(|it| !it.passed() && it.severity == Severity::Error);
    let told = failed.map(|it| {
        let count = it.offending_row_count;
        format!("`{}` found {count} row{}", it.check, if count == 1 { "" } else { "s" })
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The name of the first check that refuses, for an example.
pub fn first_refusing(results: &[CheckResult]) -> &'static str {
    let mut failed = results.iter().filter(|it| !it.passed() && it.severity == Severity::Error);
    failed.next().map_or("checks", |it| it.check)
}

fn find(
    warehouse: &Warehouse,
    scope: Scope,
    warn_only: &BTreeSet<String>,
) -> Result<Vec<Found>, Error> {
    let checked = CHECKS.iter().map(|file| {
        let mut found = run_check(warehouse, scope, file)?;
        if warn_only.contains(found.result.check) {
            found.result.severity = Severity::Warn;
        }
        Ok(found)
    });
    checked.collect()
}

fn record(
    warehouse: &Warehouse,
    (run_id, now): (&str, &str),
    found: &[Found],
) -> Result<(), Error> {
    let connection = warehouse.connection();
    for table in ["check_results", "check_failures"] {
        connection
            .execute(&format!("delete from meta.{table} where run_id = ?"), [run_id])
            .doing("forget earlier findings")?;
    }
    for Found { result, rows, .. } in found {
        let (severity, count) = (result.severity.name(), result.offending_row_count);
        let status = if result.passed() { "pass" } else { "fail" };
        let insert = "insert into meta.check_results values (?, ?, ?, ?, ?, ?::timestamp)";
        connection
            .execute(insert, params![run_id, result.check, severity, status, count, now])
            .doing("record a finding")?;
        for row in rows {
            connection
                .execute(
                    "insert into meta.check_failures values (?, ?, ?, ?)",
                    params![run_id, result.check, severity, row],
                )
                .doing("record an offending row")?;
        }
    }
    Ok(())
}

/// Keeps what was found where a check refuses, else takes away what was kept. Whether one does.
fn keep(warehouse: &Warehouse, run_id: &str, found: &[Found], file: &Path) -> bool {
    let failed: Vec<_> = found.iter().filter(|found| !found.result.passed()).collect();
    let is_refused = failed.iter().any(|found| found.result.severity == Severity::Error);
    let findings = failed.iter().map(|Found { result, query, .. }| Finding {
        check: result.check,
        severity: result.severity.name(),
        why: result.why,
        row_count: result.offending_row_count,
        query,
    });
    let kept = match is_refused {
        true => warehouse.keep_refused_rows(file, run_id, &findings.collect::<Vec<_>>()),
        false => warehouse.forget_refused_rows(file),
    };
    if let Err(error) = kept {
        // The verdict is the same without it.
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "the refused rows are not in `{}`", file.display());
    }
    is_refused
}

/// What a check asks.
fn query_of(file: &CheckFile, scope: Scope) -> String {
    let query = file.sql.trim().trim_end_matches(';');
    match scope {
        Scope::Unshipped => query.to_owned(),
        // Each of these views is a part of its table; what the reads are, `staging.checked_reads` knows by a variable.
        Scope::Everything => query.replace("staging.unshipped_", "core."),
    }
}

fn run_check(warehouse: &Warehouse, scope: Scope, file: &CheckFile) -> Result<Found, Error> {
    tracing::debug!(check.name = file.name, "check `{}`", file.name);
    let query = query_of(file, scope);
    let sql = format!("select to_json(offending)::varchar from (\n{query}\n) as offending");
    let (mut rows, mut offending_row_count) = (Vec::new(), 0);
    warehouse.each_row(&sql, &format!("run the check `{}`", file.name), |row| {
        offending_row_count += 1;
        if rows.len() < KEPT_FAILURES {
            rows.push(row.get(0)?);
        }
        Ok(())
    })?;
    let result = CheckResult {
        check: file.name,
        severity: severity_of(file),
        why: why_of(file),
        offending_row_count,
        examples: rows.iter().take(SHOWN_EXAMPLES).cloned().collect(),
    };
    Ok(Found { result, rows, query })
}

/// What a finding of the check means.
pub fn severity_of(file: &CheckFile) -> Severity {
    match header(file.sql, "severity") {
        Some("warn") => Severity::Warn,
        // A header that cannot be read must not weaken a check.
        _ => Severity::Error,
    }
}

/// Why the check exists.
pub fn why_of(file: &CheckFile) -> &'static str {
    header(file.sql, "why").unwrap_or_default()
}

/// The table that the check looks at; none where it looks at documents.
pub fn table_of(file: &CheckFile) -> Option<&'static str> {
    header(file.sql, "table")
}

/// The value of a `-- name: value` line at the head of a check.
fn header(sql: &'static str, name: &str) -> Option<&'static str> {
    sql.lines()
        .take_while(|line| line.starts_with("--"))
        .filter_map(|line| line.trim_start_matches("--").trim().split_once(':'))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_says_how_severe_it_is_and_why() {
        for file in CHECKS {
            assert!(
                matches!(header(file.sql, "severity"), Some("error" | "warn")),
                "{}",
                file.name
            );
            assert!(header(file.sql, "why").is_some_and(|why| why.len() > 10), "{}", file.name);
        }
    }
}
