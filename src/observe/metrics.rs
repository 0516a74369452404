//! The fourteen numbers of a run, as every sink of metrics tells them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::event::{Event, Stage, Totals, What};
use crate::ids::{RunId, Table};
use crate::status::RunStatus;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Milliseconds,
    Seconds,
}

/// One number, and its parts where it has some: they add up to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metric {
    /// As CloudWatch has it.
    pub(super) name: &'static str,
    /// What it is, for people.
    pub(super) what: &'static str,
    pub(super) unit: Unit,
    pub(super) total: u64,
    pub(super) parts: Option<Parts>,
}

/// A number by something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// By what: `table`, `bucket`, `stage`.
    pub(super) label: &'static str,
    /// Each, also those of 0.
    pub(super) values: Vec<(&'static str, u64)>,
}

/// A run that ended, in numbers.
pub(super) struct Numbers<'a> {
    pub(super) run: Option<&'a RunId>,
    pub(super) status: RunStatus,
    pub(super) at: DateTime<Utc>,
    pub(super) metrics: Vec<Metric>,
}

/// A sink that gives `write` the numbers of each run that ends.
pub(super) fn metrics(write: impl Fn(&Numbers<'_>) + Send + Sync) -> impl Fn(&Event) + Send + Sync {
    let stages: Mutex<BTreeMap<Stage, Duration>> = Mutex::default();
    move |event| {
        let mut stages = stages.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.what {
            What::RunStarted { .. } => stages.clear(),
            What::StageEnded { stage, duration, .. } => {
                *stages.entry(*stage).or_default() += *duration;
            }
            What::RunEnded { status, duration, totals, .. } => {
                let metrics = numbers(totals, &stages, *duration);
                let (run, status, at) = (event.run.as_ref(), *status, event.at);
                write(&Numbers { run, status, at, metrics });
            }
            _ => {}
        }
    }
}

fn numbers(totals: &Totals, stages: &BTreeMap<Stage, Duration>, run: Duration) -> Vec<Metric> {
    let failed_checks = "Checks of severity error that found something.";
    let fresh = "Time since a run ended well; where none did, since the first began.";
    let mut numbers = Vec::from(rows(totals));
    numbers.extend(files(totals));
    numbers.extend(spotify(totals));
    numbers.extend(durations(stages, run));
    numbers.push(count("ChecksFailed", failed_checks, totals.failed_check_count));
    let freshness = count("FreshnessSeconds", fresh, totals.freshness.as_secs());
    numbers.push(Metric { unit: Unit::Seconds, ..freshness });
    numbers
}

/// A number without parts.
const fn count(name: &'static str, what: &'static str, total: u64) -> Metric {
    Metric { name, what, unit: Unit::Count, total, parts: None }
}

/// The same of a time.
fn time(name: &'static str, what: &'static str, total: Duration) -> Metric {
    Metric { unit: Unit::Milliseconds, ..count(name, what, millis(total)) }
}

fn rows(totals: &Totals) -> [Metric; 3] {
    let by_table = |counts: &BTreeMap<Table, u64>| {
        let values = counts.iter().map(|(table, count)| (table.name(), *count)).collect();
        Some(Parts { label: "table", values })
    };
    let (shipped, verified) = (totals.shipped_row_count(), totals.verified_row_count());
    [
        count("RowsFetched", "Rows of the playlists that were read.", totals.fetched_row_count),
        Metric {
            parts: by_table(&totals.shipped_row_counts),
            ..count("RowsShipped", "Rows of the run's files.", shipped)
        },
        Metric {
            parts: by_table(&totals.verified_row_counts),
            ..count("RowsVerified", "Rows proven in Snowflake.", verified)
        },
    ]
}

fn files(totals: &Totals) -> [Metric; 4] {
    let differing = "Files whose rows or contents differ in Snowflake.";
    [
        count("FilesVerified", "Files proven in Snowflake.", totals.verified_file_count),
        count("FilesPending", "Files on their way to Snowflake.", totals.pending_file_count),
        count("FilesFailed", "Files that Snowflake refused.", totals.failed_file_count),
        count("FilesMismatched", differing, totals.mismatched_file_count),
    ]
}

fn spotify(totals: &Totals) -> [Metric; 3] {
    let calls = "Calls to the Web API, repeated ones included.";
    let values = totals.spotify_call_counts.iter().map(|(bucket, count)| (*bucket, *count));
    let parts = Some(Parts { label: "bucket", values: values.collect() });
    [
        Metric { parts, ..count("SpotifyCalls", calls, totals.spotify_call_count()) },
        count("SpotifyRetries", "Calls that repeat another.", totals.spotify_retry_count),
        time("SpotifyWaitMs", "Time spent waiting for Spotify.", totals.spotify_waited),
    ]
}

fn durations(stages: &BTreeMap<Stage, Duration>, run: Duration) -> [Metric; 2] {
    let took = |stage: &Stage| stages.get(stage).copied().unwrap_or_default();
    let values: Vec<(&str, u64)> =
        Stage::ALL.iter().map(|stage| (stage.name(), millis(took(stage)))).collect();
    // The sum of what is told, which is cut off to whole milliseconds.
    let total = values.iter().map(|(_, millis)| millis).sum();
    let of_stages = time("StageDurationMs", "Time spent in a stage.", Duration::ZERO);
    [
        Metric { total, parts: Some(Parts { label: "stage", values }), ..of_stages },
        time("RunDurationMs", "Time from the command to its end.", run),
    ]
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
