//! What `status` shows while a run is at work: the latest runs and their files, as they were when it entered its stage.
//!
//! DuckDB gives its file to one process at a time. So a run leaves a copy of what the ledger says beside it, and renews it with
//! each stage; whoever looks reads that.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::checks::{CheckFinding, findings_of};
use super::file_summary::{FileSummary, files_of_runs};
use super::freshness::Freshness;
use super::run_summary::{RunSummary, latest_runs};
use super::streams::{self, StreamStanding};
use crate::ids::{DataDir, RunId};
use crate::status::RunStatus;
use crate::warehouse::Warehouse;

/// How many runs are kept in view.
const RUNS: u32 = 20;

/// What the checks of the latest runs found: a file of its own, because it changes once in a run.
type Findings = BTreeMap<String, Vec<CheckFinding>>;

/// A copy of the ledger's summary.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StatusFile {
    /// When it was true.
    pub as_of: DateTime<Utc>,
    /// The process that was at work then.
    pub process_id: Option<u32>,
    /// The latest runs, newest first.
    pub runs: Vec<RunSummary>,
    /// Their files.
    pub files: BTreeMap<String, Vec<FileSummary>>,
    /// When the last run ended well; `None`: an older version wrote the copy.
    #[serde(default)]
    pub freshness: Option<Freshness>,
    /// How the stream stands, where there is one.
    #[serde(default)]
    pub stream: Option<StreamStanding>,
}

impl StatusFile {
    /// The last one that a run left, where there is one that can be read.
    pub(crate) fn read(data_dir: &DataDir) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(data_dir.status()).ok()?).ok()
    }

    /// What the checks of a run found; nothing where it came to none.
    pub(crate) fn findings_of(data_dir: &DataDir, run: &RunId) -> Vec<CheckFinding> {
        let kept = findings(data_dir).and_then(|mut findings| findings.remove(run.as_str()));
        kept.unwrap_or_default()
    }

    /// The same as it is while `holder` has the ledger: what another process was at is stopped.
    pub(crate) fn held_by(mut self, holder: &str) -> Self {
        let is_holder = |id: u32| holder.contains(&format!("process {id} "));
        if !self.process_id.is_some_and(is_holder) {
            let running = self.runs.iter_mut().filter(|run| run.state == RunStatus::Running);
            running.for_each(|run| run.state = RunStatus::Stopped);
        }
        self
    }
}

/// Renews the copy, in which `at_work` is the run that is. That it cannot be is no reason to stop a run.
pub(crate) fn write(
    data_dir: &DataDir,
    warehouse: &Warehouse,
    at_work: Option<&RunId>,
    now: DateTime<Utc>,
) {
    let written = || -> Result<(), Box<dyn std::error::Error>> {
        let mut runs = latest_runs(warehouse, RUNS)?;
        let is_at_work =
            |summary: &&mut RunSummary| at_work.is_some_and(|run| summary.run_id == run.as_str());
        for summary in runs.iter_mut().filter(is_at_work) {
            summary.state = RunStatus::Running;
            // An earlier process of it may have ended with one.
            (summary.error, summary.finished_at) = (None, None);
        }
        let runs_in_view = runs.iter().map(|summary| summary.run_id.as_str());
        let files = files_of_runs(warehouse, runs_in_view)?;
        let process_id = at_work.map(|_| std::process::id());
        let freshness = Some(Freshness::of(warehouse)?);
        let stream = streams::standing(warehouse)?;
        let status_file = StatusFile { as_of: now, process_id, runs, files, freshness, stream };
        replace(&data_dir.status(), &serde_json::to_vec(&status_file)?)
    };
    if let Err(error) = written() {
        tracing::debug!("`status` shows nothing new of this run: {error}");
    }
}

/// Notes in the copy, where this process wrote it for `run`, that the run has entered a stage, and else says `false`: what the ledger
/// says of all runs takes longer to ask than a small stage takes.
pub(crate) fn enter(
    data_dir: &DataDir,
    run: &RunId,
    stage: &'static str,
    now: DateTime<Utc>,
) -> bool {
    let Some(mut kept) = StatusFile::read(data_dir) else { return false };
    let of_run = kept.runs.iter_mut().find(|summary| summary.run_id == run.as_str());
    match of_run {
        Some(summary) if kept.process_id == Some(std::process::id()) => {
            summary.stage = Some(stage.to_owned());
        }
        _ => return false,
    }
    kept.as_of = now;
    let Ok(text) = serde_json::to_vec(&kept) else { return false };
    replace(&data_dir.status(), &text).is_ok()
}

/// Adds what the checks of `run` found to the copy; the oldest run's leave it.
pub(crate) fn write_findings(data_dir: &DataDir, warehouse: &Warehouse, run: &RunId) {
    let written = || -> Result<(), Box<dyn std::error::Error>> {
        let mut kept = match findings(data_dir) {
            Some(kept) => kept,
            None => {
                let runs = latest_runs(warehouse, RUNS)?;
                let runs = runs.iter().filter_map(|summary| summary.run_id.parse::<RunId>().ok());
                let found = runs.map(|run| Ok((run.to_string(), findings_of(warehouse, &run)?)));
                found.collect::<Result<_, crate::warehouse::Error>>()?
            }
        };
        kept.insert(run.to_string(), findings_of(warehouse, run)?);
        while kept.len() > RUNS as usize {
            kept.pop_first();
        }
        replace(&data_dir.findings(), &serde_json::to_vec(&kept)?)
    };
    if let Err(error) = written() {
        tracing::debug!("`status --checks` shows nothing new of this run: {error}");
    }
}

/// Puts a new file in an old one's place.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    let fresh = path.with_extension("json.new");
    // What a killed process left, or a link to somebody else's file: never written into.
    let _ = std::fs::remove_file(&fresh);
    File::create_new(&fresh)?.write_all(bytes)?;
    Ok(std::fs::rename(&fresh, path)?)
}

fn findings(data_dir: &DataDir) -> Option<Findings> {
    serde_json::from_slice(&std::fs::read(data_dir.findings()).ok()?).ok()
}
