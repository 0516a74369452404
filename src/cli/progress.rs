//! The terminal as a sink of events: a bar for the stage under way, and with `verify --watch` a line for each table.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use super::harmless::one_line;
use super::told::completed;
use super::watch::LiveTable;
use crate::event::{Event, Stage, What};
use crate::observe::words;
use crate::phrase::counted;

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
        Self { bar, table }
    }

    /// Shows one event.
    pub(super) fn show(&self, event: &Event) {
        let Some(bar) = self.bar.as_ref().and_then(|bar| bar.lock().ok()) else { return };
        if let Some(text) = message(&event.what) {
            bar.set_message(text);
        }
        match &event.what {
            What::StageStarted { stage } => {
                bar.set_style(style(*stage));
                bar.set_prefix(stage.name());
            }
            What::RowsLanded { row_count } => bar.inc(*row_count),
            What::TableProgress(progress) => {
                if let Some(table) = &self.table {
                    table.show(progress, &bar);
                }
            }
            What::Warning(warning) => {
                let text = one_line(&words::warning(warning));
                bar.println(format!("warning: {}", completed(&text)));
            }
            _ => {}
        }
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
fn message(what: &What) -> Option<String> {
    let text = match what {
        What::StageStarted { stage: Stage::Transform } => {
            "shaping documents into tables".to_owned()
        }
        What::StageStarted { .. } => String::new(),
        What::ReadStarted { name, total: Some(total) } => {
            format!("{name} ({})", counted(*total, "row"))
        }
        What::ReadStarted { name, total: None } => name.clone(),
        What::Waiting { why, wait } => {
            format!("waiting {:.1} s for {}", wait.as_secs_f64(), words::wait_for(*why))
        }
        What::Retried { url, error } => format!("again: {url} ({error})"),
        What::FileWritten { table, row_count, size_bytes } => {
            format!("{table}: {}, {}", counted(*row_count, "row"), HumanBytes(*size_bytes))
        }
        What::BytesSent { sent_bytes, total_bytes } => {
            format!("{} of {} sent", HumanBytes(*sent_bytes), HumanBytes(*total_bytes))
        }
        What::FileUploaded { key, .. } => format!("sent {key}"),
        What::Submitted { table, file_count } => {
            format!("{table}: {} submitted", counted(*file_count as u64, "file"))
        }
        What::VerifyProgress { verified, total } => {
            format!("{verified} of {} verified", counted(*total as u64, "file"))
        }
        What::AskingAgain { wait } => {
            format!("asking Snowflake again in {:.1} s", wait.as_secs_f64())
        }
        What::RunStarted { .. }
        | What::Alert(_)
        | What::RunEnded { .. }
        | What::RunNotBegun { .. }
        | What::StageEnded { .. }
        | What::RowsLanded { .. }
        | What::SpotifyUsage { .. }
        | What::SnowflakeUsage { .. }
        | What::TableProgress(_)
        | What::Warning(_) => return None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_say_stays_in_the_bars_line() {
        let text = "a\u{1b}]0;t\u{7}\u{9b}2J\nwarning: FAKE\u{202E}";
        let events = [
            What::ReadStarted { name: text.to_owned(), total: None },
            What::ReadStarted { name: text.to_owned(), total: Some(3) },
            What::Retried { url: text.to_owned(), error: text.to_owned() },
            What::FileUploaded { table: None, key: text.to_owned(), size_bytes: 1 },
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
