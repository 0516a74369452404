//! The quality gate: runs every check and lets a run on only when no error-severity check found a row.
//!
//! In: the transformed warehouse. Out: [`QualityPassed`], without which nothing is published or exported, or [`Refused`].

mod header;
mod sentence;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::ids::RunId;
use crate::phrase::counted;
use crate::warehouse::{
    CHECKS, CheckFile, Doing, EarlierFailure, Error, Finding, NotedFinding, Offending, Warehouse,
};

use header::header;
pub(crate) use header::table_of;
pub(crate) use sentence::{PlaylistNames, playlists_in, sentence};

/// Offending rows that are kept in `meta.check_failures` per check.
pub(crate) const KEPT_FAILURES: usize = 100;
/// Of them, those that a report shows.
const SHOWN_EXAMPLES: usize = 3;

/// What a finding means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Nothing leaves.
    Error,
    /// Worth a look.
    Warn,
}

impl Severity {
    /// As the header of a check and the report write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckResult {
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
    /// The same as sentences.
    pub sentences: Vec<String>,
    /// Those among the rows that an earlier run found already.
    pub standing_row_count: u64,
}

impl CheckResult {
    /// Whether the check found nothing.
    pub(crate) const fn passed(&self) -> bool {
        self.offending_row_count == 0
    }
}

/// Proof that the checks were run on this warehouse and found no error. Only [`gate`] makes one.
#[derive(Debug)]
pub(crate) struct QualityPassed(());

/// Error-severity checks found rows; nothing may leave.
#[derive(Debug)]
pub(crate) struct Refused;

/// What one check found, and how it is asked again.
struct Found {
    file: CheckFile,
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
pub(crate) fn gate(
    warehouse: &mut Warehouse,
    run: &RunId,
    now: DateTime<Utc>,
    warn_only: &BTreeSet<String>,
    refused_rows: &Path,
) -> Result<(Vec<CheckResult>, Result<QualityPassed, Refused>), Error> {
    let found = warehouse.transaction(|warehouse| {
        let offending = warehouse.offending_rows(&CHECKS, KEPT_FAILURES)?;
        let found: Vec<Found> = CHECKS
            .iter()
            .zip(offending)
            .map(|(file, offending)| found(file, file.sql.to_owned(), offending, warn_only))
            .collect();
        let found = told(warehouse, found)?;
        let found = compared(warehouse, run.as_str(), found)?;
        record(warehouse, run.as_str(), now, &found)?;
        Ok::<_, Error>(found)
    })?;
    let is_refused = keep(warehouse, run.as_str(), &found, refused_rows);
    let results = found.into_iter().map(|found| found.result).collect();
    Ok((results, if is_refused { Err(Refused) } else { Ok(QualityPassed(())) }))
}

/// Runs every check on every row, shipped or not, and records nothing. Whether a check of severity error found rows; those are kept in
/// the file `refused_rows`.
///
/// # Errors
/// As [`gate`].
pub(crate) fn look_at_everything(
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
    let asked = CHECKS.iter().map(|file| {
        let query = of_everything(file);
        let offending = warehouse.offending_rows_of(file.name, &query, KEPT_FAILURES)?;
        Ok(found(file, query, offending, warn_only))
    });
    let found: Result<Vec<Found>, Error> = asked.collect();
    let found = found.and_then(|found| told(warehouse, found));
    let kept = found.as_ref().map(|found| keep(warehouse, run_id, found, refused_rows));
    let is_refused = kept.unwrap_or_default();
    set("false")?;
    let results = found?.into_iter().map(|found| found.result).collect();
    Ok((results, if is_refused { Err(Refused) } else { Ok(()) }))
}

/// The checks that refuse, as the middle of a sentence.
pub(crate) fn refusing(results: &[CheckResult]) -> String {
    let failed = results.iter().filter(|it| !it.passed() && it.severity == Severity::Error);
    let told =
        failed.map(|it| format!("`{}` found {}", it.check, counted(it.offending_row_count, "row")));
    told.collect::<Vec<_>>().join(", ")
}

/// The name of the first check that refuses, for an example.
pub(crate) fn first_refusing(results: &[CheckResult]) -> &'static str {
    let mut failed = results.iter().filter(|it| !it.passed() && it.severity == Severity::Error);
    failed.next().map_or("checks", |it| it.check)
}

/// What a check found, by the query that found it.
fn found(
    file: &CheckFile,
    query: String,
    offending: Offending,
    warn_only: &BTreeSet<String>,
) -> Found {
    let is_eased = warn_only.contains(file.name);
    let result = CheckResult {
        check: file.name,
        severity: if is_eased { Severity::Warn } else { severity_of(file) },
        why: why_of(file),
        offending_row_count: offending.row_count,
        examples: offending.rows.iter().take(SHOWN_EXAMPLES).cloned().collect(),
        sentences: Vec::new(),
        standing_row_count: 0,
    };
    Found { file: *file, result, rows: offending.rows, query }
}

/// The same with the examples as sentences.
fn told(warehouse: &Warehouse, mut found: Vec<Found>) -> Result<Vec<Found>, Error> {
    let rows = found.iter().flat_map(|found| &found.result.examples).map(String::as_str);
    let names: PlaylistNames = warehouse.names_of_playlists(&playlists_in(rows))?;
    for Found { file, result, .. } in &mut found {
        let told = result.examples.iter().map(|row| sentence(file, row, &names));
        result.sentences = told.collect();
    }
    Ok(found)
}

/// The same with what only warns compared with what earlier runs found.
fn compared(
    warehouse: &Warehouse,
    run_id: &str,
    mut found: Vec<Found>,
) -> Result<Vec<Found>, Error> {
    let is_asked =
        |found: &Found| found.result.severity == Severity::Warn && !found.result.passed();
    let asked: Vec<_> = found.iter().filter(|it| is_asked(it)).map(|it| it.result.check).collect();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for EarlierFailure { check, row } in warehouse.earlier_failures(run_id, &asked)? {
        known.entry(check).or_default().insert(sentence::identity(&row));
    }
    for Found { result, rows, .. } in found.iter_mut().filter(|it| is_asked(it)) {
        let Some(known) = known.get(result.check) else { continue };
        let standing = rows.iter().filter(|row| known.contains(&sentence::identity(row))).count();
        // More rows than are kept can only be told apart as far as they are kept.
        result.standing_row_count = match standing == rows.len() {
            true => result.offending_row_count,
            false => standing as u64,
        };
    }
    Ok(found)
}

fn record(
    warehouse: &Warehouse,
    run_id: &str,
    now: DateTime<Utc>,
    found: &[Found],
) -> Result<(), Error> {
    let findings = found.iter().map(|Found { result, rows, .. }| NotedFinding {
        check: result.check,
        severity: result.severity.name(),
        status: if result.passed() { "pass" } else { "fail" },
        row_count: result.offending_row_count,
        rows,
    });
    warehouse.note_findings(run_id, now, findings)
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
        query: query.trim().trim_end_matches(';'),
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

/// What a check asks of every row. Each of these views is a part of its table; what the reads are, `staging.checked_reads` knows by a
/// variable.
fn of_everything(file: &CheckFile) -> String {
    file.sql.replace("staging.unshipped_", "core.")
}

/// What a finding of the check means.
pub(crate) fn severity_of(file: &CheckFile) -> Severity {
    match header(file.sql, "severity") {
        Some("warn") => Severity::Warn,
        // A header that cannot be read must not weaken a check.
        _ => Severity::Error,
    }
}

/// Why the check exists.
pub(crate) fn why_of(file: &CheckFile) -> &'static str {
    header(file.sql, "why").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_says_how_severe_it_is_and_why() {
        for file in CHECKS.iter() {
            assert!(
                matches!(header(file.sql, "severity"), Some("error" | "warn")),
                "{}",
                file.name
            );
            assert!(header(file.sql, "why").is_some_and(|why| why.len() > 10), "{}", file.name);
            assert!(header(file.sql, "row").is_some_and(|row| row.len() > 10), "{}", file.name);
        }
    }
}
