//! What happened, when, and in which run. Without wording: a stage says [`What`], a sink decides how a person reads it.
//!
//! In: what stages say. Out: [`Event`]s, which can be written as JSON. Names and texts of errors are data and stay as they came.

mod alert;
mod teller;
mod totals;
mod warning;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::ids::{RunId, Table};
use crate::status::{PlaylistStatus, RunStatus, Verdict};

pub use alert::{Alert, AlertKind, Incident, IncidentKind, Receipt};
pub use teller::EndedStage;
pub(crate) use teller::Teller;
pub use totals::Totals;
pub use warning::{Exposure, Secret, Warning};

/// The stages of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Ask Spotify (or recorded documents).
    Fetch,
    /// Shape documents into tables.
    Transform,
    /// Look for rows that must not leave.
    Check,
    /// Renew the analysts' file.
    Publish,
    /// Write partitioned files.
    Export,
    /// Bring them into the bucket.
    Upload,
    /// Tell Snowflake of them.
    Ingest,
    /// Prove that they arrived.
    Verify,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 8] = [
        Self::Fetch,
        Self::Transform,
        Self::Check,
        Self::Publish,
        Self::Export,
        Self::Upload,
        Self::Ingest,
        Self::Verify,
    ];

    /// The stage's verb, as logs, ledger and docs name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Transform => "transform",
            Self::Check => "check",
            Self::Publish => "publish",
            Self::Export => "export",
            Self::Upload => "upload",
            Self::Ingest => "ingest",
            Self::Verify => "verify",
        }
    }
}

/// How a run or a stage ended, by what the reader does next; each has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Well.
    Done,
    /// A bug of ours.
    Bug,
    /// Usage or configuration.
    Usage,
    /// Spotify.
    Source,
    /// The quality gate refused.
    Quality,
    /// S3 or disk.
    Lake,
    /// Snowflake: unreachable, refused us, or a pipe that a person must mend.
    Snowflake,
    /// Rows or contents differ, or Snowflake refused a file.
    Mismatch,
    /// The same command continues, later.
    Later,
    /// Somebody asked for it, and the state is saved.
    Interrupted,
}

/// What a stage did, as far as it is counted. What does not fit a stage is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows landed, shaped or written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_count: Option<u64>,
    /// Files written, sent, submitted or verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_count: Option<u64>,
    /// Calls to Spotify or Snowflake, repeated ones included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_count: Option<u64>,
    /// Checks that looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_count: Option<u64>,
    /// Size of the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The run; `None` where none is known yet.
    pub run: Option<RunId>,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened. Whoever writes it as JSON finds the variant's name as `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum What {
    /// A run began, or goes on; `first` and `last` are the stages that it is to go through.
    RunStarted { source: Option<String>, first: Stage, last: Stage },
    /// It came to its end, well or not; `status` as its report has it.
    RunEnded {
        status: RunStatus,
        ending: Ending,
        #[serde(rename = "duration_ms", serialize_with = "millis")]
        duration: Duration,
        error: Option<String>,
        totals: Box<Totals>,
    },
    /// There was no run to begin.
    RunNotBegun { ending: Ending, error: String },
    /// A stage began.
    StageStarted { stage: Stage },
    /// It ended; a verification that found something wrong has done its work, and the run's end tells what it found.
    StageEnded {
        stage: Stage,
        ending: Ending,
        #[serde(rename = "duration_ms", serialize_with = "millis")]
        duration: Duration,
        #[serde(flatten)]
        counts: Counts,
    },
    /// So many more playlists (or lists) are to be looked at.
    ListsFound { list_count: u64 },
    /// A playlist (or list) is being read; `total` rows are announced.
    ReadStarted { name: String, total: Option<u64> },
    /// A playlist (or list) was read, or need not or cannot be.
    ListEnded { status: PlaylistStatus },
    /// Spotify is asked.
    Asked,
    /// Rows arrived and are on disk.
    RowsLanded { row_count: u64 },
    /// The queue waits before its next call.
    Waiting {
        why: WaitFor,
        #[serde(rename = "wait_ms", serialize_with = "millis")]
        wait: Duration,
    },
    /// One call to Spotify was repeated, because of this.
    Retried { url: String, error: String },
    /// What Spotify was asked since the last such event of the run.
    SpotifyUsage {
        call_count: u64,
        retry_count: u64,
        #[serde(rename = "waited_ms", serialize_with = "millis")]
        waited: Duration,
    },
    /// A file was written.
    FileWritten { table: Table, row_count: u64, size_bytes: u64 },
    /// Bytes are in the store.
    BytesSent { sent_bytes: u64, total_bytes: u64 },
    /// A file is in the store; the manifest and the archive belong to no table.
    FileUploaded { table: Option<Table>, key: String, size_bytes: u64 },
    /// A table's files were submitted to Snowflake.
    Submitted { table: Table, file_count: usize },
    /// Snowflake was asked what arrived.
    #[serde(rename = "judged")]
    VerifyProgress { verified: usize, total: usize },
    /// How far a table's files are in Snowflake, as of the last answer.
    #[serde(rename = "table_judged")]
    TableProgress(TableProgress),
    /// Snowflake is asked again after this wait, and no more after `until`.
    AskingAgain {
        #[serde(rename = "wait_ms", serialize_with = "millis")]
        wait: Duration,
        until: Option<DateTime<Utc>>,
    },
    /// What Snowflake was asked since the last such event of the run.
    SnowflakeUsage {
        request_count: u64,
        retry_count: u64,
        statement_count: u64,
        poll_count: u64,
        token_count: u64,
        #[serde(rename = "waited_ms", serialize_with = "millis")]
        waited: Duration,
    },
    /// Something a person should know, although the run goes on.
    Warning(Warning),
    /// Somebody should be called, or told that it is over.
    Alert(Alert),
}

/// What the queue of calls to Spotify waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// The end of a rate limit.
    RateLimit,
    /// A service that fails.
    Recovery,
    /// An answer to what was asked.
    Answer,
    /// A Premium that Spotify does not see.
    Premium,
    /// The service that gives tokens.
    Accounts,
}

/// How far a table's files are in Snowflake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableProgress {
    /// The table.
    pub table: Table,
    /// The worst of its files' verdicts.
    pub verdict: Verdict,
    /// Files on their way or arrived.
    pub file_count: usize,
    /// Those of them that are proven.
    pub verified_file_count: usize,
    /// Rows of all these files.
    pub row_count: u64,
    /// Rows of the proven ones.
    pub verified_row_count: u64,
    /// What the worst file waits for or suffers from; `None` where every file is proven.
    pub held_by: Option<HeldBy>,
}

/// What a file waits for or suffers from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum HeldBy {
    /// A pipe that does not work; `state` is what is said of it.
    Pipe { state: String },
    /// The bucket's event and the pipe's load.
    BucketEvent,
    /// The report of the pipe.
    PipeReport,
    /// The rows in the landing table.
    Rows,
    /// What the comparison, or Snowflake, says of it.
    Verdict { reason: String },
}

/// Where events go.
pub type Sink<'a> = &'a (dyn Fn(&Event) + Send + Sync);

/// Where a stage says what happened; on the way to the sinks it is given its run and its time.
pub type Events<'a> = &'a (dyn Fn(What) + Send + Sync);

fn millis<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn an_event_is_one_flat_object() {
        let table = Table::ALL[0];
        let of = |run, what| to_value(Event { run, at: DateTime::UNIX_EPOCH, what }).unwrap();
        let counts = Counts { row_count: Some(3), ..Counts::default() };
        let (stage, duration) = (Stage::Fetch, Duration::from_millis(7));
        let ended = What::StageEnded { stage, ending: Ending::Done, duration, counts };
        let run = RunId::new(DateTime::UNIX_EPOCH, 1);
        assert_eq!(
            of(Some(run.clone()), ended),
            json!({
                "run": run.as_str(), "at": "1970-01-01T00:00:00Z", "kind": "stage_ended",
                "stage": "fetch", "ending": "done", "duration_ms": 7, "row_count": 3,
            })
        );
        let progress = TableProgress {
            table,
            verdict: Verdict::Pending,
            file_count: 2,
            verified_file_count: 1,
            row_count: 5,
            verified_row_count: 4,
            held_by: Some(HeldBy::Pipe { state: "PAUSED".to_owned() }),
        };
        assert_eq!(
            of(None, What::TableProgress(progress)),
            json!({
                "run": null, "at": "1970-01-01T00:00:00Z", "kind": "table_judged",
                "table": table.name(), "verdict": "pending", "file_count": 2,
                "verified_file_count": 1, "row_count": 5, "verified_row_count": 4,
                "held_by": {"by": "pipe", "state": "PAUSED"},
            })
        );
        let open = Exposure::OpenFile { path: "t".to_owned(), mode: 0o644 };
        assert_eq!(
            of(None, What::Warning(Warning::Exposed(open))),
            json!({
                "run": null, "at": "1970-01-01T00:00:00Z", "kind": "warning",
                "warning": "exposed", "exposure": "open_file", "path": "t", "mode": 0o644,
            })
        );
    }
}
