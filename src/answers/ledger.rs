//! The ledger, free or held by a run at work, which leaves a copy of what it says beside it.

use serde::Serialize;
use serde_json::Value;

use super::NotAnswered;
use super::verdict::explained;
use crate::ids::{DataDir, RunId};
use crate::ledger::{RunSummary, StatusFile, files_of, findings_of, latest_runs};
use crate::run::{Look, look};

/// How many runs are looked among: as many as a run at work leaves in view.
const RUNS: u32 = 20;

/// The latest runs, newest first; none where there was none.
pub(super) fn runs(data_dir: &DataDir) -> Result<Vec<Value>, NotAnswered> {
    let runs = match open(data_dir)? {
        None => Vec::new(),
        Some(Look::Free(warehouse)) => latest_runs(&warehouse, RUNS)?,
        Some(Look::Held { holder }) => in_view(data_dir, &holder),
    };
    values(&runs)
}

/// What is proven of one run, what differs, and what to do.
pub(super) fn verdict(data_dir: &DataDir, word: &str) -> Result<Vec<Value>, NotAnswered> {
    match open(data_dir)? {
        None => Err(NotAnswered::NoRun),
        Some(Look::Free(warehouse)) => {
            // A name may be of any run that there was.
            let runs = latest_runs(&warehouse, u32::MAX)?;
            let run = meant(word, &runs)?;
            let id = id(run)?;
            let (files, findings) = (files_of(&warehouse, &id)?, findings_of(&warehouse, &id)?);
            values(&explained(run, &files, &findings))
        }
        Some(Look::Held { holder }) => {
            let runs = in_view(data_dir, &holder);
            let run = meant(word, &runs)?;
            let kept = StatusFile::read(data_dir);
            let files = kept.and_then(|mut kept| kept.files.remove(&run.run_id));
            let findings = StatusFile::findings_of(data_dir, &id(run)?);
            values(&explained(run, &files.unwrap_or_default(), &findings))
        }
    }
}

fn open(data_dir: &DataDir) -> Result<Option<Look>, NotAnswered> {
    match data_dir.warehouse().is_file() {
        true => Ok(Some(look(data_dir)?)),
        false => Ok(None),
    }
}

fn in_view(data_dir: &DataDir, holder: &str) -> Vec<RunSummary> {
    StatusFile::read(data_dir).map(|kept| kept.held_by(holder).runs).unwrap_or_default()
}

fn id(run: &RunSummary) -> Result<RunId, NotAnswered> {
    run.run_id.parse().map_err(|_| unknown(&run.run_id, "no run"))
}

/// The run that a word means: an id, a beginning of one, or the latest.
fn meant<'r>(word: &str, runs: &'r [RunSummary]) -> Result<&'r RunSummary, NotAnswered> {
    let beginning = word.to_ascii_uppercase();
    let found: Vec<&RunSummary> = match word {
        "" | "latest" => runs.iter().take(1).collect(),
        _ => runs.iter().filter(|run| run.run_id.starts_with(&beginning)).collect(),
    };
    match found.as_slice() {
        [only] => Ok(only),
        [] if runs.is_empty() => Err(NotAnswered::NoRun),
        [] => Err(unknown(word, "no run")),
        _ => Err(unknown(word, "the beginning of several runs")),
    }
}

fn unknown(word: &str, found: &'static str) -> NotAnswered {
    NotAnswered::UnknownRun { word: word.to_owned(), found }
}

fn values(rows: &[impl Serialize]) -> Result<Vec<Value>, NotAnswered> {
    let unread = |error: serde_json::Error| NotAnswered::Unread { cause: error.to_string() };
    rows.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(unread)
}
