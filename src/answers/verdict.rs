//! A run's verdict in sentences: what was proven, what differs, what to do.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::ledger::{CheckFinding, FileSummary, RunSummary};
use crate::run::command;
use crate::shell::Flags;
use crate::status::{FileState, RunStatus};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    run_id: String,
    /// `run`, a file's key, or a check's name.
    subject: String,
    state: String,
    row_count: Option<u64>,
    /// What is known to be so; NULL where nothing is.
    proven: Option<String>,
    /// What is not as it was sent, or as it should be.
    differs: Option<String>,
    /// The next step; NULL where none is needed.
    what_to_do: Option<String>,
}

/// The run itself first, then its files, then the checks that found something.
pub(super) fn explained(
    run: &RunSummary,
    files: &[FileSummary],
    findings: &[CheckFinding],
) -> Vec<Explained> {
    let failing = findings.iter().filter(|finding| finding.status != "pass");
    let mut rows = vec![of_run(run, files)];
    rows.extend(files.iter().map(|file| of_file(run, file)));
    rows.extend(failing.map(|finding| of_check(run, finding)));
    let flags = Flags::default().of_source(command::of_name(&run.source));
    let steps = rows.iter_mut().filter_map(|row| row.what_to_do.as_mut());
    steps.for_each(|step| *step = flags.completed(step).into_owned());
    rows
}

fn of_run(run: &RunSummary, files: &[FileSummary]) -> Explained {
    let verified = files.iter().filter(|file| file.state == FileState::Verified);
    let (verified_files, verified_rows) =
        verified.fold((0_u64, 0_u64), |(files, rows), file| (files + 1, rows + file.row_count));
    let proven = match verified_files {
        0 => None,
        count => Some(format!(
            "{count} of {} files with {verified_rows} rows are in Snowflake as they were sent{}: rows, hashes and contents were compared",
            files.len(),
            at(run.verified_at)
        )),
    };
    let wrong = (0 < run.wrong_file_count)
        .then(|| format!("{} files are not in Snowflake as they were sent", run.wrong_file_count));
    let mended = run.mended_by.as_ref().map(|by| match &run.error {
        Some(error) => format!("{error}; it was mended by {by}"),
        None => format!("it was mended by {by}"),
    });
    Explained {
        run_id: run.run_id.clone(),
        subject: "run".to_owned(),
        state: run.state.name().to_owned(),
        row_count: Some(files.iter().map(|file| file.row_count).sum()),
        proven: proven.or_else(|| unproven(run.state).map(str::to_owned)),
        differs: mended.or(wrong).or_else(|| run.error.clone()),
        what_to_do: next(run).map(str::to_owned),
    }
}

/// What a run without a proof of its own says.
const fn unproven(state: RunStatus) -> Option<&'static str> {
    match state {
        RunStatus::Unchanged => {
            Some("there was nothing to send; in this run nothing was compared with Snowflake")
        }
        RunStatus::Exported => {
            Some("its files are in the local lake; nothing was compared with Snowflake")
        }
        _ => None,
    }
}

/// The next step.
const fn next(run: &RunSummary) -> Option<&'static str> {
    if 0 < run.wrong_file_count && run.mended_by.is_none() {
        return Some(
            "`snowtrack reconcile` shows the rows that differ, `snowtrack reconcile --repair` sends them again",
        );
    }
    match run.state {
        RunStatus::Verified | RunStatus::Unchanged | RunStatus::Superseded => None,
        RunStatus::Exported => Some(
            "nothing, without Snowflake; with an account configured, `snowtrack run` loads and proves the files",
        ),
        RunStatus::Refused => Some(
            "`snowtrack status --run ID --checks` shows what the checks found, `snowtrack query --refused --tables` the rows",
        ),
        RunStatus::Running => Some("wait: it is at work"),
        RunStatus::Failed => {
            Some("mend what the error names, then `snowtrack run`: it continues or begins anew")
        }
        RunStatus::Stopped | RunStatus::Pending | RunStatus::Uploaded | RunStatus::Ingested => {
            Some("`snowtrack run` again: the same command continues it")
        }
    }
}

fn of_file(run: &RunSummary, file: &FileSummary) -> Explained {
    let is_proven = file.state == FileState::Verified;
    let proven = match (is_proven, file.verified_at) {
        (true, when) => Some(format!("its rows are in the table as they were sent{}", at(when))),
        (false, Some(when)) => Some(format!("it was so once{}", at(Some(when)))),
        (false, None) => None,
    };
    let (differs, what_to_do) = match file.state {
        FileState::Verified | FileState::Superseded => (None, None),
        FileState::Mismatch => (
            Some("what is in the table is not what was sent"),
            Some("`snowtrack reconcile` names the rows, with `--repair` it sends them again"),
        ),
        FileState::Failed => (
            Some("Snowflake refused the file"),
            Some("mend what the reason names; `snowtrack snowflake pipes` says how the pipes are"),
        ),
        FileState::Exported => (None, Some("`snowtrack upload` brings it into the bucket")),
        _ => (None, Some("`snowtrack verify` asks about it again")),
    };
    let differs = match (differs, &file.reason) {
        (Some(differs), Some(reason)) => Some(format!("{differs}: {reason}")),
        (differs, reason) => differs.map(str::to_owned).or_else(|| reason.clone()),
    };
    Explained {
        run_id: run.run_id.clone(),
        subject: file.key.clone(),
        state: file.state.name().to_owned(),
        row_count: Some(file.row_count),
        proven,
        differs,
        what_to_do: what_to_do.map(str::to_owned),
    }
}

fn of_check(run: &RunSummary, finding: &CheckFinding) -> Explained {
    let is_error = finding.severity == "error";
    let next = if is_error {
        "`snowtrack query --refused --tables` shows the rows; mend them at their source, then `snowtrack run`"
    } else {
        "look at the rows with `snowtrack status --run ID --checks`; the run went on"
    };
    Explained {
        run_id: run.run_id.clone(),
        subject: finding.check.clone(),
        state: format!("{} ({})", finding.status, finding.severity),
        row_count: Some(finding.offending_row_count),
        proven: None,
        differs: Some(format!("{} rows: {}", finding.offending_row_count, finding.why)),
        what_to_do: Some(next.to_owned()),
    }
}

fn at(when: Option<DateTime<Utc>>) -> String {
    when.map(|at| format!(" on {}", at.format("%Y-%m-%d at %H:%M:%S UTC"))).unwrap_or_default()
}
