//! The fourteen numbers of a run, as every sink of metrics tells them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::event::{Event, Stage, Totals, What};
use crate::ids::RunId;
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
    let by_table = |counts: &BTreeMap<crate::ids::Table, u64>| Parts {
        label: "table",
        values: counts.iter().map(|(table, count)| (table.name(), *count)).collect(),
    };
    let took =
        |stage: Stage| (stage.name(), millis(stages.get(&stage).copied().unwrap_or_default()));
    let took: Vec<(&str, u64)> = Stage::ALL.into_iter().map(took).collect();
    let calls = totals.spotify_call_counts.iter().map(|(bucket, count)| (*bucket, *count));
    let metric = |name, what, total| Metric { name, what, unit: Unit::Count, total, parts: None };
    vec![
        metric("RowsFetched", "Rows of the playlists that were read.", totals.fetched_row_count),
        Metric {
            parts: Some(by_table(&totals.shipped_row_counts)),
            ..metric("RowsShipped", "Rows of the run's files.", totals.shipped_row_count())
        },
        Metric {
            parts: Some(by_table(&totals.verified_row_counts)),
            ..metric("RowsVerified", "Rows proven in Snowflake.", totals.verified_row_count())
        },
        metric("FilesVerified", "Files proven in Snowflake.", totals.verified_file_count),
        metric("FilesPending", "Files on their way to Snowflake.", totals.pending_file_count),
        metric("FilesFailed", "Files that Snowflake refused.", totals.failed_file_count),
        metric(
            "FilesMismatched",
            "Files whose rows or contents differ in Snowflake.",
            totals.mismatched_file_count,
        ),
        Metric {
            parts: Some(Parts { label: "bucket", values: calls.collect() }),
            ..metric(
                "SpotifyCalls",
                "Calls to the Web API, repeated ones included.",
                totals.spotify_call_count(),
            )
        },
        metric("SpotifyRetries", "Calls that repeat another.", totals.spotify_retry_count),
        Metric {
            unit: Unit::Milliseconds,
            ..metric(
                "SpotifyWaitMs",
                "Time spent waiting for Spotify.",
                millis(totals.spotify_waited),
            )
        },
        Metric {
            unit: Unit::Milliseconds,
            parts: Some(Parts { label: "stage", values: took.clone() }),
            ..metric(
                "StageDurationMs",
                "Time spent in a stage.",
                took.iter().map(|(_, millis)| millis).sum(),
            )
        },
        Metric {
            unit: Unit::Milliseconds,
            ..metric("RunDurationMs", "Time from the command to its end.", millis(run))
        },
        metric(
            "ChecksFailed",
            "Checks of severity error that found something.",
            totals.failed_check_count,
        ),
        Metric {
            unit: Unit::Seconds,
            ..metric(
                "FreshnessSeconds",
                "Time since a run ended well; where none did, since the first began.",
                totals.freshness.as_secs(),
            )
        },
    ]
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
