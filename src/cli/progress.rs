//! Events as a progress bar on a terminal, and as log lines elsewhere.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use super::harmless::one_line;
use super::watch::LiveTable;
use crate::event::{Event, Stage, TableProgress};
use crate::ids::Table;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drawing {
    /// Nothing: log lines are all there is.
    Nothing,
    /// One line for the stage under way.
    Bar,
    /// That line, and above it one for each table on its way to Snowflake.
    Table,
}

/// Draws events.
pub(super) struct Progress {
    bar: Option<Mutex<ProgressBar>>,
    table: Option<LiveTable>,
    /// What was last told of each table: only news is worth a line.
    told: Mutex<BTreeMap<Table, TableProgress>>,
}

impl Progress {
    /// Draws nothing before the first event.
    pub(super) fn new(drawing: Drawing) -> Self {
        let table = (drawing == Drawing::Table).then(LiveTable::default);
        let bar = (drawing != Drawing::Nothing).then(|| {
            let bar = ProgressBar::new_spinner();
            let bar = table.as_ref().map_or(bar.clone(), |table| table.add_below(bar));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar.set_style(style(Stage::Fetch));
            Mutex::new(bar)
        });
        Self { bar, table, told: Mutex::default() }
    }

    /// Shows one event.
    pub(super) fn show(&self, event: Event) {
        if let Event::TableJudged(progress) = &event
            && !self.is_news(progress)
        {
            return;
        }
        log(&event);
        let Some(bar) = self.bar.as_ref().and_then(|bar| bar.lock().ok()) else { return };
        if let Some(text) = message(&event) {
            bar.set_message(text);
        }
        match event {
            Event::StageStarted(stage) => {
                bar.set_style(style(stage));
                bar.set_prefix(stage.name());
            }
            Event::RowsLanded(count) => bar.inc(count),
            Event::TableJudged(progress) => {
                if let Some(table) = &self.table {
                    table.show(&progress, &bar);
                }
            }
            Event::Warning(text) => bar.println(format!("warning: {}", one_line(&text))),
            _ => {}
        }
    }

    fn is_news(&self, progress: &TableProgress) -> bool {
        let Ok(mut told) = self.told.lock() else { return true };
        told.insert(progress.table, progress.clone()).as_ref() != Some(progress)
    }

    /// Removes the bar; a live table stays as it is.
    pub(super) fn finish(&self) {
        if let Some(bar) = self.bar.as_ref().and_then(|bar| bar.lock().ok()) {
            bar.finish_and_clear();
        }
        self.table.iter().for_each(LiveTable::finish);
    }
}

/// What the bar says from this event on.
fn message(event: &Event) -> Option<String> {
    let text = match event {
        Event::StageStarted(Stage::Transform) => "shaping documents into tables".to_owned(),
        Event::StageStarted(_) => String::new(),
        Event::ReadStarted { name, total: Some(total) } => format!("{name} ({total} rows)"),
        Event::ReadStarted { name, total: None } => name.clone(),
        Event::Waiting { why, wait } => format!("waiting {:.1} s for {why}", wait.as_secs_f64()),
        Event::Retried { url, reason } => format!("again: {url} ({reason})"),
        Event::FileWritten { table, row_count, size_bytes } => {
            format!("{table}: {row_count} rows, {}", HumanBytes(*size_bytes))
        }
        Event::BytesSent { sent_bytes, total_bytes } => {
            format!("{} of {} sent", HumanBytes(*sent_bytes), HumanBytes(*total_bytes))
        }
        Event::FileUploaded { key, .. } => format!("sent {key}"),
        Event::Submitted { table, file_count } => {
            format!("{table}: {file_count} files submitted")
        }
        Event::Judged { verified, total } => format!("{verified} of {total} files verified"),
        Event::AskingAgain { wait } => {
            format!("asking Snowflake again in {:.1} s", wait.as_secs_f64())
        }
        Event::StageFinished(_)
        | Event::RowsLanded(_)
        | Event::TableJudged(_)
        | Event::Warning(_) => return None,
    };
    Some(one_line(&text))
}

/// Only a fetch counts rows.
fn style(stage: Stage) -> ProgressStyle {
    let template = match stage {
        Stage::Fetch => "{spinner} {prefix:>9} {pos} rows ({per_sec}) {wide_msg}",
        _ => "{spinner} {prefix:>9} {wide_msg}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// One event as a log line.
pub(super) fn log(event: &Event) {
    match event {
        Event::StageStarted(stage) => {
            tracing::info!(stage = stage.name(), "{} started", stage.name());
        }
        Event::StageFinished(stage) => {
            tracing::debug!(stage = stage.name(), "{} finished", stage.name());
        }
        Event::ReadStarted { name, total } => tracing::info!(total, "reading `{name}`"),
        Event::RowsLanded(row_count) => tracing::debug!(row_count, "landed {row_count} rows"),
        Event::Waiting { why, wait } if wait.as_secs() > 0 => {
            tracing::warn!(
                wait_ms = wait.as_millis(),
                "waiting {:.1} s for {why}",
                wait.as_secs_f64()
            );
        }
        Event::Waiting { why, wait } => {
            tracing::debug!(wait_ms = wait.as_millis(), "waiting for {why}");
        }
        Event::Retried { url, reason } => tracing::warn!("asking `{url}` again: {reason}"),
        Event::FileWritten { table, row_count, size_bytes } => {
            tracing::info!(
                table.name = table.name(),
                row_count,
                size_bytes,
                "wrote {row_count} rows of `{table}`"
            );
        }
        Event::BytesSent { sent_bytes, total_bytes } => {
            tracing::debug!(sent_bytes, total_bytes, "sent {sent_bytes} of {total_bytes} bytes");
        }
        Event::Submitted { table, file_count } => {
            tracing::info!(
                table.name = table.name(),
                file_count,
                "submitted {file_count} files of `{table}`"
            );
        }
        Event::Judged { verified, total } => {
            tracing::info!(verified, total, "{verified} of {total} files verified");
        }
        Event::TableJudged(progress) => {
            let TableProgress { table, verdict, verified_file_count, file_count, .. } = progress;
            let line = crate::cli::watch::line(progress);
            tracing::info!(
                table.name = table.name(),
                verdict,
                verified_file_count,
                file_count,
                "{line}"
            );
        }
        Event::AskingAgain { wait } => {
            tracing::info!(
                wait_ms = wait.as_millis(),
                "asking Snowflake again in {:.1} s",
                wait.as_secs_f64()
            );
        }
        Event::FileUploaded { table, key, size_bytes } => {
            tracing::info!(
                table.name = table.map(Table::name),
                file.key = key,
                size_bytes,
                "uploaded `{key}`"
            );
        }
        Event::Warning(text) => tracing::warn!("{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_say_stays_in_the_bars_line() {
        let text = "a\u{1b}]0;t\u{7}\u{9b}2J\nwarning: FAKE\u{202E}";
        let events = [
            Event::ReadStarted { name: text.to_owned(), total: None },
            Event::ReadStarted { name: text.to_owned(), total: Some(3) },
            Event::Retried { url: text.to_owned(), reason: text.to_owned() },
            Event::FileUploaded { table: None, key: text.to_owned(), size_bytes: 1 },
        ];
        let safe = "a\u{FFFD}]0;t\u{FFFD}\u{FFFD}2J warning: FAKE\u{FFFD}";
        let wanted = [
            safe.to_owned(),
            format!("{safe} (3 rows)"),
            format!("again: {safe} ({safe})"),
            format!("sent {safe}"),
        ];
        assert_eq!(events.each_ref().map(|event| message(event).unwrap()), wanted);
    }
}
