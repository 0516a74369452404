//! What one run has gathered so far, and the report that it becomes.

use chrono::{DateTime, Utc};

use super::Error;
use super::report::{
    CheckReport, FileReport, PlaylistReport, RunReport, SpotifyReport, TableReport,
    VerificationReport,
};
use crate::ids::RunId;
use crate::lake::Manifest;
use crate::quality::CheckResult;

/// What one run has gathered so far.
pub(super) struct Story {
    pub(super) run: RunId,
    pub(super) started_at: DateTime<Utc>,
    pub(super) spotify: SpotifyReport,
    pub(super) playlists: Vec<PlaylistReport>,
    pub(super) skipped: Vec<String>,
    pub(super) checks: Vec<CheckResult>,
    pub(super) tables: Vec<TableReport>,
    pub(super) manifest: Option<Manifest>,
}

impl Story {
    /// A run that has done nothing yet.
    pub(super) const fn new(run: RunId, started_at: DateTime<Utc>) -> Self {
        Self {
            run,
            started_at,
            spotify: SpotifyReport { call_count: 0, retry_count: 0, waited_ms: 0 },
            playlists: Vec::new(),
            skipped: Vec::new(),
            checks: Vec::new(),
            tables: Vec::new(),
            manifest: None,
        }
    }

    pub(super) fn report(
        &self,
        status: &str,
        error: Option<&Error>,
        now: DateTime<Utc>,
    ) -> RunReport {
        let state = "exported".to_owned();
        let files = self.manifest.iter().flat_map(|manifest| manifest.files.iter().cloned());
        RunReport {
            run_id: self.run.to_string(),
            status: status.to_owned(),
            started_at: self.started_at,
            finished_at: now,
            spotify: self.spotify,
            playlists: self.playlists.clone(),
            skipped_documents: self.skipped.clone(),
            tables: self.tables.clone(),
            checks: self.checks.iter().map(check_report).collect(),
            files: files.map(|file| FileReport { file, state: state.clone() }).collect(),
            verification: VerificationReport {
                verdict: "skipped".to_owned(),
                reason: "no Snowflake account is configured".to_owned(),
            },
            error: error.map(|error| chain(error)),
        }
    }
}

fn check_report(result: &CheckResult) -> CheckReport {
    CheckReport {
        check: result.check.to_owned(),
        severity: result.severity.name().to_owned(),
        status: if result.passed() { "pass" } else { "fail" }.to_owned(),
        offending_row_count: result.offending_row_count,
        why: (!result.passed()).then(|| result.why.to_owned()),
        examples: result.examples.clone(),
    }
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let next = inner.to_string();
        // DuckDB's binding repeats every failure as a bare number.
        if !next.starts_with("Error code") {
            text = format!("{text}: {next}");
        }
        cause = inner.source();
    }
    text
}
