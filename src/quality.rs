//! The quality gate: runs every check and lets a run on only when no error-severity check found a row.
//!
//! In: the transformed warehouse. Out: [`QualityPassed`], without which nothing is published or exported, or [`Refused`].

use std::collections::BTreeSet;

use duckdb::params;

use crate::warehouse::{CHECKS, CheckFile, Doing, Error, Warehouse};

/// Offending rows that are kept in `meta.check_failures` per check.
const KEPT_FAILURES: usize = 100;

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
    now: &str,
    warn_only: &BTreeSet<String>,
) -> Result<(Vec<CheckResult>, Result<QualityPassed, Refused>), Error> {
    let results = warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        for table in ["check_results", "check_failures"] {
            connection
                .execute(&format!("delete from meta.{table} where run_id = ?"), [run_id])
                .doing("forget earlier findings")?;
        }
        CHECKS
            .iter()
            .map(|file| {
                let mut result = run_check(warehouse, run_id, file)?;
                if warn_only.contains(result.check) {
                    result.severity = Severity::Warn;
                }
                let status = if result.passed() { "pass" } else { "fail" };
                warehouse
                    .connection()
                    .execute(
                        "insert into meta.check_results values (?, ?, ?, ?, ?, ?::timestamp)",
                        params![
                            run_id,
                            result.check,
                            result.severity.name(),
                            status,
                            result.offending_row_count,
                            now
                        ],
                    )
                    .doing("record a finding")?;
                Ok::<_, Error>(result)
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    let is_refused =
        results.iter().any(|result| !result.passed() && result.severity == Severity::Error);
    Ok((results, if is_refused { Err(Refused) } else { Ok(QualityPassed(())) }))
}

fn run_check(warehouse: &Warehouse, run_id: &str, file: &CheckFile) -> Result<CheckResult, Error> {
    tracing::debug!(check.name = file.name, "check `{}`", file.name);
    let query = file.sql.trim().trim_end_matches(';');
    let sql = format!("select to_json(offending)::varchar from (\n{query}\n) as offending");
    let found: Vec<String> =
        warehouse.rows(&sql, &format!("run the check `{}`", file.name), |row| row.get(0))?;
    let severity = match header(file.sql, "severity") {
        Some("warn") => Severity::Warn,
        // A header that cannot be read must not weaken a check.
        _ => Severity::Error,
    };
    for failure in found.iter().take(KEPT_FAILURES) {
        warehouse
            .connection()
            .execute(
                "insert into meta.check_failures values (?, ?, ?, ?)",
                params![run_id, file.name, severity.name(), failure],
            )
            .doing("record an offending row")?;
    }
    Ok(CheckResult {
        check: file.name,
        severity,
        why: header(file.sql, "why").unwrap_or_default(),
        offending_row_count: found.len() as u64,
        examples: found.into_iter().take(3).collect(),
    })
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
