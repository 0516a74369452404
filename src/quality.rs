//! The quality gate: runs every check and lets a run on only when no error-severity check found a row.
//!
//! In: the transformed warehouse. Out: [`QualityPassed`], without which nothing is published or exported, or [`Refused`].

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use duckdb::{Connection, params};

use crate::warehouse::{CHECKS, CheckFile, Doing, Error, Warehouse, timestamp};

/// Offending rows that are kept in `meta.check_failures` per check.
const KEPT_FAILURES: usize = 100;

const FINDING: &str = "record a finding";

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

/// Runs every check, records what they found, and says whether the run may go on.
///
/// Checks in `warn_only` count as warnings, whatever their header says.
///
/// # Errors
/// A check that does not run is an error of ours, never a pass.
pub fn gate(
    warehouse: &mut Warehouse,
    run_id: &str,
    now: DateTime<Utc>,
    warn_only: &BTreeSet<String>,
) -> Result<(Vec<CheckResult>, Result<QualityPassed, Refused>), Error> {
    let results = warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        for table in ["check_results", "check_failures"] {
            connection
                .execute(&format!("delete from meta.{table} where run_id = ?"), [run_id])
                .doing("forget earlier findings")?;
        }
        let found = warehouse.offending_rows(CHECKS)?;
        let results: Vec<_> =
            CHECKS.iter().zip(found).map(|(file, found)| result(file, found, warn_only)).collect();
        record(connection, run_id, now, &results)?;
        Ok::<_, Error>(results)
    })?;
    let results: Vec<_> = results.into_iter().map(|(result, _)| result).collect();
    let is_refused =
        results.iter().any(|result| !result.passed() && result.severity == Severity::Error);
    Ok((results, if is_refused { Err(Refused) } else { Ok(QualityPassed(())) }))
}

/// What a check found, and the rows that are kept.
fn result(
    file: &CheckFile,
    found: Vec<String>,
    warn_only: &BTreeSet<String>,
) -> (CheckResult, Vec<String>) {
    let is_eased = warn_only.contains(file.name);
    let result = CheckResult {
        check: file.name,
        severity: if is_eased { Severity::Warn } else { severity_of(file.sql) },
        why: header(file.sql, "why").unwrap_or_default(),
        offending_row_count: found.len() as u64,
        examples: found.iter().take(3).cloned().collect(),
    };
    (result, found)
}

/// What the check's own header says.
fn severity_of(sql: &'static str) -> Severity {
    match header(sql, "severity") {
        Some("warn") => Severity::Warn,
        // A header that cannot be read must not weaken a check.
        _ => Severity::Error,
    }
}

fn record(
    connection: &Connection,
    run_id: &str,
    now: DateTime<Utc>,
    results: &[(CheckResult, Vec<String>)],
) -> Result<(), Error> {
    let mut findings = connection.appender_to_db("check_results", "meta").doing(FINDING)?;
    let mut failures = connection.appender_to_db("check_failures", "meta").doing(FINDING)?;
    for (result, found) in results {
        let (check, severity) = (result.check, result.severity.name());
        let status = if result.passed() { "pass" } else { "fail" };
        let count = result.offending_row_count;
        findings
            .append_row(params![run_id, check, severity, status, count, timestamp(now)])
            .doing(FINDING)?;
        for failure in found.iter().take(KEPT_FAILURES) {
            failures.append_row(params![run_id, check, severity, failure]).doing(FINDING)?;
        }
    }
    findings.flush().and_then(|()| failures.flush()).doing(FINDING)
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
