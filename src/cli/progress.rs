//! The terminal as a sink of events: a line for the stage under way, and above it one for each table on its way to Snowflake.

use std::fmt::Write;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use indicatif::{HumanBytes, ProgressBar, ProgressState, ProgressStyle};

use super::drawing;
use super::harmless::one_line;
use super::layout::{columns_of_stderr, cut};
use super::watch::LiveTable;
use crate::event::{Event, Stage, What};
use crate::observe::words;
use crate::phrase::counted;

/// Draws events.
pub(super) struct Progress(Option<Drawn>);

/// What the line takes before its words: the spinner, and the time up to an hour and more.
const BESIDE: usize = 9;

/// What is on the screen.
struct Drawn {
    bar: ProgressBar,
    table: LiveTable,
    seen: Mutex<Seen>,
}

impl Progress {
    /// Draws nothing before the first event, and where it does not draw, nothing at all.
    pub(super) fn new(draws: bool) -> Self {
        Self(draws.then(|| {
            let table = LiveTable::new(drawing::begin());
            let bar = table.add_below(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("{spinner} {took} {wide_msg}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
            bar.set_style(style.with_key("took", took));
            bar.enable_steady_tick(Duration::from_millis(120));
            Drawn { bar, table, seen: Mutex::default() }
        }))
    }

    /// Shows one event.
    pub(super) fn show(&self, event: &Event) {
        let Some(Drawn { bar, table, seen }) = &self.0 else { return };
        match &event.what {
            What::StageStarted { .. } => bar.reset_elapsed(),
            What::TableProgress(progress) => table.show(progress, bar),
            _ => {}
        }
        let Ok(mut seen) = seen.lock() else { return };
        seen.hear(event);
        bar.set_message(cut(&seen.line(), columns_of_stderr().saturating_sub(BESIDE)).into_owned());
    }

    /// Removes the line; the tables stay as they are, but where somebody asked to stop.
    pub(super) fn finish(&self, is_stopped: bool) {
        let Some(Drawn { bar, table, .. }) = &self.0 else { return };
        bar.finish_and_clear();
        match is_stopped {
            true => drawing::clear(),
            false => table.finish(),
        }
        drawing::end();
    }
}

impl Drop for Progress {
    /// Whatever ended it.
    fn drop(&mut self) {
        drawing::end();
    }
}

/// `2:05`: how long the stage is at work.
fn took(state: &ProgressState, line: &mut dyn Write) {
    let seconds = state.elapsed().as_secs();
    let _ = write!(line, "{}:{:02}", seconds / 60, seconds % 60);
}

/// What is known of the stage under way.
#[derive(Default)]
struct Seen {
    stage: Option<Stage>,
    found_list_count: u64,
    ended_list_count: u64,
    row_count: u64,
    call_count: u64,
    file_count: u64,
    /// What is at work.
    now: String,
    /// What it waits for, and until when.
    wait: Option<String>,
}

impl Seen {
    /// Takes note of an event.
    fn hear(&mut self, event: &Event) {
        let now = match &event.what {
            What::StageStarted { stage } => {
                *self = Self { stage: Some(*stage), ..Self::default() };
                beginning(*stage).to_owned()
            }
            What::ListsFound { list_count } => return self.found_list_count += list_count,
            What::ListEnded { .. } => return self.ended_list_count += 1,
            What::RowsLanded { row_count } => return self.row_count += row_count,
            What::Asked => {
                self.call_count += 1;
                return self.wait = None;
            }
            What::ReadStarted { name, total } => {
                let name: String = one_line(name).chars().take(SHOWN_CHARS).collect();
                let rows = total.map(|total| format!(" ({})", counted(total, "row")));
                name + &rows.unwrap_or_default()
            }
            What::Waiting { why, wait } => {
                let until = clock(event.at, *wait);
                return self.wait =
                    Some(format!("waits until {until} for {}", words::wait_for(*why)));
            }
            What::AskingAgain { wait, until } => {
                let next = clock(event.at, *wait);
                let last = until.map(|until| format!(", until {}", until.format("%H:%M:%S UTC")));
                let last = last.unwrap_or_default();
                return self.wait = Some(format!("asks Snowflake again at {next}{last}"));
            }
            What::FileWritten { table, row_count, size_bytes } => {
                self.file_count += 1;
                self.row_count += row_count;
                format!("{table}: {}, {}", counted(*row_count, "row"), HumanBytes(*size_bytes))
            }
            What::BytesSent { sent_bytes, total_bytes } => {
                format!("{} of {} sent", HumanBytes(*sent_bytes), HumanBytes(*total_bytes))
            }
            What::FileUploaded { key, .. } => {
                self.file_count += 1;
                format!("sent {}", one_line(key))
            }
            What::Submitted { table, file_count } => {
                self.file_count += *file_count as u64;
                format!("{table} submitted")
            }
            What::VerifyProgress { verified, total } => {
                format!("{verified} of {} verified", counted(*total as u64, "file"))
            }
            _ => return,
        };
        (self.now, self.wait) = (now, None);
    }

    /// What the terminal's line says; what comes last is cut off first.
    fn line(&self) -> String {
        let mut counts = Vec::new();
        if 0 < self.found_list_count {
            let found = counted(self.found_list_count, "playlist");
            counts.push(format!("{} of {found}", self.ended_list_count));
        }
        let others =
            [(self.row_count, "row"), (self.file_count, "file"), (self.call_count, "call")];
        let others = others.into_iter().filter(|(count, _)| 0 < *count);
        counts.extend(others.map(|(count, noun)| counted(count, noun)));
        let counts = counts.join(", ");
        let parts = match &self.wait {
            Some(wait) => [wait.as_str(), &counts, &self.now],
            None => [self.now.as_str(), &counts, ""],
        };
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let text = parts.join(" · ");
        match self.stage.map(Stage::name) {
            Some(stage) if text.is_empty() => stage.to_owned(),
            Some(stage) => format!("{stage}: {text}"),
            None => text,
        }
    }
}

/// Letters of a name that leave room for the counts beside it.
const SHOWN_CHARS: usize = 32;

/// What a stage says that tells of nothing while it works.
const fn beginning(stage: Stage) -> &'static str {
    match stage {
        Stage::Transform => "shaping documents into tables",
        Stage::Check => "looking for rows that must not leave",
        Stage::Publish => "renewing the analysts' file",
        _ => "",
    }
}

/// The time of day, so long after `at`.
fn clock(at: DateTime<Utc>, wait: Duration) -> String {
    let until = TimeDelta::from_std(wait).ok().and_then(|wait| at.checked_add_signed(wait));
    until.unwrap_or(at).format("%H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::WaitFor;
    use crate::ids::Table;
    use crate::status::PlaylistStatus;

    /// What the line says after each of these, at 22:59:50.
    fn lines(events: impl IntoIterator<Item = What>) -> Vec<String> {
        let mut seen = Seen::default();
        let at = "2026-11-30T22:59:50Z".parse().unwrap();
        let heard = events.into_iter().map(|what| {
            seen.hear(&Event { run: None, at, what });
            seen.line()
        });
        heard.collect()
    }

    #[test]
    fn a_fetch_says_what_is_read_how_much_is_done_and_until_when_it_waits() {
        let wait = Duration::from_secs(15);
        let events = [
            What::StageStarted { stage: Stage::Fetch },
            What::ListsFound { list_count: 1 },
            What::ListsFound { list_count: 2 },
            What::Asked,
            What::ReadStarted { name: "Long Way Home".to_owned(), total: Some(178) },
            What::RowsLanded { row_count: 100 },
            What::Asked,
            What::RowsLanded { row_count: 78 },
            What::ListEnded { status: PlaylistStatus::Fetched },
            What::Waiting { why: WaitFor::RateLimit, wait },
            What::Asked,
        ];
        insta::assert_snapshot!(lines(events).join("\n"), @r"
        fetch
        fetch: 0 of 1 playlist
        fetch: 0 of 3 playlists
        fetch: 0 of 3 playlists, 1 call
        fetch: Long Way Home (178 rows) · 0 of 3 playlists, 1 call
        fetch: Long Way Home (178 rows) · 0 of 3 playlists, 100 rows, 1 call
        fetch: Long Way Home (178 rows) · 0 of 3 playlists, 100 rows, 2 calls
        fetch: Long Way Home (178 rows) · 0 of 3 playlists, 178 rows, 2 calls
        fetch: Long Way Home (178 rows) · 1 of 3 playlists, 178 rows, 2 calls
        fetch: waits until 23:00:05 UTC for Spotify's rate limit · 1 of 3 playlists, 178 rows, 2 calls · Long Way Home (178 rows)
        fetch: Long Way Home (178 rows) · 1 of 3 playlists, 178 rows, 3 calls
        ");
    }

    #[test]
    fn the_stages_behind_it_say_what_they_wrote_sent_and_wait_for() {
        let (table, wait) = (Table::Songs, Duration::from_secs(4));
        let until = Some("2026-11-30T23:29:50Z".parse().unwrap());
        let events = [
            What::StageStarted { stage: Stage::Transform },
            What::StageStarted { stage: Stage::Export },
            What::FileWritten { table, row_count: 118, size_bytes: 12_288 },
            What::StageStarted { stage: Stage::Verify },
            What::VerifyProgress { verified: 1, total: 8 },
            What::AskingAgain { wait, until },
            What::VerifyProgress { verified: 8, total: 8 },
        ];
        insta::assert_snapshot!(lines(events).join("\n"), @r"
        transform: shaping documents into tables
        export
        export: songs: 118 rows, 12.00 KiB · 118 rows, 1 file
        verify
        verify: 1 of 8 files verified
        verify: asks Snowflake again at 22:59:54 UTC, until 23:29:50 UTC · 1 of 8 files verified
        verify: 8 of 8 files verified
        ");
    }

    #[test]
    fn what_strangers_say_stays_in_the_bars_line() {
        let text = "a\u{1b}]0;t\u{7}\u{9b}2J\nwarning: FAKE\u{202E}";
        let events = [
            What::ReadStarted { name: text.to_owned(), total: None },
            What::ReadStarted { name: text.to_owned(), total: Some(3) },
            What::FileUploaded { table: None, key: text.to_owned(), size_bytes: 1 },
        ];
        let safe = "a\u{FFFD}]0;t\u{FFFD}\u{FFFD}2J warning: FAKE\u{FFFD}";
        let wanted = [safe.to_owned(), format!("{safe} (3 rows)"), format!("sent {safe} · 1 file")];
        assert_eq!(lines(events), wanted);
    }
}
