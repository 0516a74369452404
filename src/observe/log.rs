//! Events as lines of the log, each with its fields.
//!
//! A table's progress is a line only where it is news. Which run and which stage a line belongs to is known here for all lines, also
//! those that no event is behind: whoever writes the log adds it to each ([`under_way`]).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use super::words;
use crate::event::{EndedStage, Ending, Event, Stage, TableProgress, WaitFor, What};
use crate::ids::{RunId, Table};
use crate::phrase::counted;
use crate::status::RunStatus;

/// Under which name the log says that a stage ended.
pub(crate) const STAGES: &str = "snowtrack::stages";
/// Under which name it says that a service is waited for.
pub(crate) const WAITS: &str = "snowtrack::waits";

/// What the lines of the log belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnderWay {
    /// The run; that of the end, too, once it has ended.
    pub(crate) run: Option<RunId>,
    /// The stage at work, or the one that ended the run.
    pub(crate) stage: Option<Stage>,
}

static UNDER_WAY: RwLock<UnderWay> = RwLock::new(UnderWay { run: None, stage: None });

/// The run and the stage that lines belong to now.
pub(crate) fn under_way() -> UnderWay {
    UNDER_WAY.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Takes note of a run or a stage that begins.
fn note_beginning(event: &Event) {
    let (run, stage) = match event.what {
        What::RunStarted { .. } => (event.run.clone(), None),
        What::StageStarted { stage } => (event.run.clone(), Some(stage)),
        _ => return,
    };
    *UNDER_WAY.write().unwrap_or_else(PoisonError::into_inner) = UnderWay { run, stage };
}

/// Takes note of a stage that did its work; one that did not is what the end of its run is about.
fn note_end(event: &Event) {
    if let What::StageEnded { ending: Ending::Done, .. } = event.what {
        UNDER_WAY.write().unwrap_or_else(PoisonError::into_inner).stage = None;
    }
}

/// The log.
pub(super) fn log() -> impl Fn(&Event) + Send + Sync {
    // What was last logged of each table: only news is worth a line.
    let logged: Mutex<BTreeMap<Table, TableProgress>> = Mutex::default();
    move |event| {
        if let What::TableProgress(progress) = &event.what
            && let Ok(mut logged) = logged.lock()
            && logged.insert(progress.table, progress.clone()).as_ref() == Some(progress)
        {
            return;
        }
        note_beginning(event);
        line(event);
        note_end(event);
    }
}

fn line(event: &Event) {
    match &event.what {
        What::Alert(alert) => tracing::info!("{}", words::alert(alert)),
        What::Waiting { why, wait } => waiting(*why, *wait),
        What::TableProgress(progress) => table_progress(progress),
        What::Warning(warning) => tracing::warn!("{}", words::warning(warning)),
        What::Retried { url, error } => {
            tracing::warn!(target: WAITS, "asking `{url}` again: {error}");
        }
        What::StageStarted { stage } => tracing::info!("{} started", stage.name()),
        What::ListsFound { list_count } => {
            tracing::debug!(list_count, "{} to look at", counted(*list_count, "list"));
        }
        What::ReadStarted { name, total: Some(total) } => {
            tracing::info!(total, "reading `{name}`, {}", counted(*total, "row"));
        }
        What::ReadStarted { name, total: None } => tracing::info!("reading `{name}`"),
        What::RowsLanded { row_count } => {
            tracing::debug!(row_count, "landed {}", counted(*row_count, "row"));
        }
        What::ListEnded { status } => {
            let status = status.name();
            tracing::debug!(status, "the list is {}", status.replace('_', " "));
        }
        What::AskingAgain { wait, .. } => {
            let (wait_ms, seconds) = (millis(*wait), wait.as_secs_f64());
            tracing::info!(wait_ms, "asking Snowflake again in {seconds:.1} s");
        }
        What::VerifyProgress { verified, total } => {
            let text = format!("{verified} of {} verified", counted(*total as u64, "file"));
            tracing::info!(verified, total, "{text}");
        }
        What::FileWritten { table, row_count, size_bytes } => {
            let (row_count, name) = (*row_count, table.name());
            let (rows, size) = (counted(row_count, "row"), words::size(*size_bytes));
            let text = format!("wrote {rows} of `{name}`, {size}");
            tracing::info!(table = name, row_count, size_bytes, "{text}");
        }
        What::BytesSent { sent_bytes, total_bytes } => {
            let text = format_args!("sent {sent_bytes} of {total_bytes} bytes");
            tracing::debug!(sent_bytes, total_bytes, "{text}");
        }
        What::FileUploaded { table, key, size_bytes } => {
            let name = table.map(Table::name);
            let size = words::size(*size_bytes);
            tracing::info!(table = name, key, size_bytes, "uploaded `{key}`, {size}");
        }
        What::Submitted { table, file_count } => {
            let name = table.name();
            let text = format!("submitted {} of `{name}`", counted(*file_count as u64, "file"));
            tracing::info!(table = name, file_count, "{text}");
        }
        What::StageEnded { stage, ending, duration, counts } => {
            let (stage, duration, counts) = (*stage, *duration, *counts);
            stage_ended(EndedStage { stage, duration, counts }, *ending);
        }
        What::RunStarted { source, first, last } => {
            let (first, last) = (first.name(), last.name());
            let stages = if first == last { first } else { &format!("{first} to {last}") };
            let of = source.as_ref().map(|source| format!(" of `{source}`")).unwrap_or_default();
            tracing::info!(source, first, last, "run{of} started: {stages}");
        }
        // What ended it is told where it is handled.
        What::RunEnded { status, duration, .. } => run_ended(*status, *duration),
        What::RunNotBegun { .. }
        | What::Asked
        | What::SpotifyUsage { .. }
        | What::SnowflakeUsage { .. } => tracing::trace!("{:?}", event.what),
    }
}

fn stage_ended(ended: EndedStage, ending: Ending) {
    let EndedStage { duration, counts, .. } = ended;
    tracing::info!(
        target: STAGES,
        duration_ms = millis(duration),
        row_count = counts.row_count,
        file_count = counts.file_count,
        call_count = counts.call_count,
        check_count = counts.check_count,
        size_bytes = counts.size_bytes,
        "{}",
        words::stage_ended(&ended, ending)
    );
}

fn run_ended(status: RunStatus, duration: Duration) {
    let (duration_ms, status) = (millis(duration), status.name());
    tracing::info!(status, duration_ms, "run ended: {status}");
}

fn waiting(why: WaitFor, wait: Duration) {
    let (wait_ms, why) = (millis(wait), words::wait_for(why));
    match wait.as_secs() {
        0 => tracing::debug!(wait_ms, "waiting for {why}"),
        _ => {
            let seconds = wait.as_secs_f64();
            tracing::warn!(target: WAITS, wait_ms, "waiting {seconds:.1} s for {why}");
        }
    }
}

fn table_progress(progress: &TableProgress) {
    let TableProgress { table, verdict, verified_file_count, file_count, .. } = progress;
    tracing::info!(
        table = table.name(),
        verdict = verdict.name(),
        verified_file_count,
        file_count,
        "{}",
        words::table_progress(progress)
    );
}

/// As a number in JSON, which 128 bits are not.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
