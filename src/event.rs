//! What happened, without wording: stages report [`Event`]s, and only `cli` draws them.

use std::time::Duration;

use crate::ids::Table;

/// The stages of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// One thing that happened during a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Event {
    /// A stage began.
    StageStarted(Stage),
    /// A stage ended.
    StageFinished(Stage),
    /// A playlist (or list) is being read; `total` rows are announced.
    ReadStarted { name: String, total: Option<u64> },
    /// Rows arrived and are on disk.
    RowsLanded(u64),
    /// The queue waits before its next call.
    Waiting { why: &'static str, wait: Duration },
    /// One call to Spotify was repeated.
    Retried { url: String, reason: String },
    /// A file was written.
    FileWritten { table: Table, row_count: u64, size_bytes: u64 },
    /// Bytes are in the store.
    BytesSent { sent_bytes: u64, total_bytes: u64 },
    /// A file is in the store; the manifest and the archive belong to no table.
    FileUploaded { table: Option<Table>, key: String, size_bytes: u64 },
    /// Snowflake was told of a table's files.
    Submitted { table: Table, file_count: usize },
    /// Snowflake was asked what arrived.
    Judged { verified: usize, total: usize },
    /// How far a table's files are in Snowflake, as of the last answer.
    TableJudged(TableProgress),
    /// Snowflake is asked again after this wait.
    AskingAgain { wait: Duration },
    /// Something a person should know, although the run goes on.
    Warning(String),
}

/// How far a table's files are in Snowflake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableProgress {
    /// The table.
    pub table: Table,
    /// The worst of its files' verdicts.
    pub verdict: &'static str,
    /// Files on their way or arrived.
    pub file_count: usize,
    /// Those of them that are proven.
    pub verified_file_count: usize,
    /// Rows of all these files.
    pub row_count: u64,
    /// Rows of the proven ones.
    pub verified_row_count: u64,
    /// What the worst file waits for or suffers from; empty where every file is proven.
    pub reason: String,
}

/// Where events go.
pub type Events<'a> = &'a (dyn Fn(Event) + Send + Sync);
