//! Events as lines of the log, each with its fields.
//!
//! A table's progress is a line only where it is news. That stages and runs begin and end, and what they cost, is a line with
//! `-vvv`: their fields are for other sinks.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::words;
use crate::event::{Counts, Event, Stage, TableProgress, WaitFor, What};
use crate::ids::{RunId, Table};
use crate::phrase::counted;

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
        line(event);
    }
}

fn line(event: &Event) {
    let run = event.run.as_ref().map(RunId::as_str);
    match &event.what {
        What::Alert(alert) => {
            let text = words::alert(alert);
            tracing::info!(run.id = run, "{text}");
        }
        What::Waiting { why, wait } => waiting(run, *why, *wait),
        What::TableProgress(progress) => table_progress(run, progress),
        What::Warning(warning) => tracing::warn!(run.id = run, "{}", words::warning(warning)),
        What::Retried { url, error } => {
            tracing::warn!(run.id = run, "asking `{url}` again: {error}");
        }
        What::StageStarted { stage } => {
            tracing::info!(run.id = run, stage = stage.name(), "{} started", stage.name());
        }
        What::ReadStarted { name, total } => {
            tracing::info!(run.id = run, total, "reading `{name}`");
        }
        What::RowsLanded { row_count } => {
            tracing::debug!(run.id = run, row_count, "landed {}", counted(*row_count, "row"));
        }
        What::AskingAgain { wait } => {
            let (wait_ms, seconds) = (wait.as_millis(), wait.as_secs_f64());
            tracing::info!(run.id = run, wait_ms, "asking Snowflake again in {seconds:.1} s");
        }
        What::VerifyProgress { verified, total } => {
            tracing::info!(
                run.id = run,
                verified,
                total,
                "{verified} of {} verified",
                counted(*total as u64, "file")
            );
        }
        What::FileWritten { table, row_count, size_bytes } => {
            let (row_count, name) = (*row_count, table.name());
            let text = format!("wrote {} of `{name}`", counted(row_count, "row"));
            tracing::info!(run.id = run, table.name = name, row_count, size_bytes, "{text}");
        }
        What::BytesSent { sent_bytes, total_bytes } => {
            let text = format_args!("sent {sent_bytes} of {total_bytes} bytes");
            tracing::debug!(run.id = run, sent_bytes, total_bytes, "{text}");
        }
        What::FileUploaded { table, key, size_bytes } => {
            let name = table.map(Table::name);
            let text = format_args!("uploaded `{key}`");
            tracing::info!(run.id = run, table.name = name, file.key = key, size_bytes, "{text}");
        }
        What::Submitted { table, file_count } => {
            let name = table.name();
            let text = format!("submitted {} of `{name}`", counted(*file_count as u64, "file"));
            tracing::info!(run.id = run, table.name = name, file_count, "{text}");
        }
        What::StageEnded { stage, duration, counts, .. } => {
            stage_ended(run, *stage, *duration, *counts);
        }
        What::RunStarted { .. }
        | What::RunEnded { .. }
        | What::RunNotBegun { .. }
        | What::SpotifyUsage { .. }
        | What::SnowflakeUsage { .. } => tracing::trace!(run.id = run, "{:?}", event.what),
    }
}

fn stage_ended(run: Option<&str>, stage: Stage, duration: Duration, counts: Counts) {
    let Counts { row_count, file_count, call_count, check_count, size_bytes } = counts;
    tracing::trace!(
        run.id = run,
        stage = stage.name(),
        duration_ms = duration.as_millis(),
        row_count,
        file_count,
        call_count,
        check_count,
        size_bytes,
        "{} ended",
        stage.name()
    );
}

fn waiting(run: Option<&str>, why: WaitFor, wait: Duration) {
    let (wait_ms, why) = (wait.as_millis(), words::wait_for(why));
    match wait.as_secs() {
        0 => tracing::debug!(run.id = run, wait_ms, "waiting for {why}"),
        _ => {
            let seconds = wait.as_secs_f64();
            tracing::warn!(run.id = run, wait_ms, "waiting {seconds:.1} s for {why}");
        }
    }
}

fn table_progress(run: Option<&str>, progress: &TableProgress) {
    let TableProgress { table, verdict, verified_file_count, file_count, .. } = progress;
    tracing::info!(
        run.id = run,
        table.name = table.name(),
        verdict = verdict.name(),
        verified_file_count,
        file_count,
        "{}",
        words::table_progress(progress)
    );
}
