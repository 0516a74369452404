//! What a run did, as `run --json` prints it. Fields may be added, never renamed.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use super::error::Error;
use crate::event::EndedStage;
use crate::ids::Table;
use crate::lake::ExportedFile;
use crate::status::{FileState, RunStatus};
use crate::status::{PlaylistStatus, RunVerdict, StreamState};

/// What a run did.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The run.
    pub run_id: String,
    /// How it ended.
    pub status: RunStatus,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// When the same command can get further; `None`: at once, as far as Spotify is concerned.
    pub not_before: Option<DateTime<Utc>>,
    /// What Spotify was asked.
    pub spotify: SpotifyReport,
    /// Per playlist.
    pub playlists: Vec<PlaylistReport>,
    /// What was asked for besides playlists, with `--enrich`.
    pub enrichment: EnrichmentReport,
    /// Recorded files that are no document.
    pub skipped_documents: Vec<String>,
    /// Per shipped table.
    pub tables: Vec<TableReport>,
    /// Per check.
    pub checks: Vec<CheckReport>,
    /// Per written file.
    pub files: Vec<FileReport>,
    /// Per table, what the stream was sent; empty where there is none.
    pub streams: Vec<StreamReport>,
    /// Whether the rows arrived in Snowflake.
    pub verification: VerificationReport,
    /// What Spotify did not give, in words; nothing of it is an error.
    pub notes: Vec<String>,
    /// The stages that this command went through, and how long each took.
    pub stages: Vec<EndedStage>,
    /// What ended the run early.
    pub error: Option<String>,
}

impl RunReport {
    /// The same without what grows with the library: small enough for a scheduler that decides by it, a time in whole seconds, as
    /// schedulers read them, and never before the one that is meant.
    pub(crate) fn short(&self) -> serde_json::Map<String, serde_json::Value> {
        let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(self) else {
            unreachable!("a report is an object of texts, numbers and lists");
        };
        for name in ["playlists", "skipped_documents", "checks", "files", "notes"] {
            fields.remove(name);
        }
        let not_before = self.not_before.map(|until| {
            let whole = until + TimeDelta::milliseconds(999);
            whole.to_rfc3339_opts(SecondsFormat::Secs, true)
        });
        fields.insert("not_before".to_owned(), not_before.into());
        fields
    }

    /// The same fields where there is no run: what its command did stands in none of them.
    pub fn of_no_run(
        status: RunStatus,
        reason: &str,
    ) -> serde_json::Map<String, serde_json::Value> {
        let report = Self {
            run_id: String::new(),
            status,
            started_at: DateTime::UNIX_EPOCH,
            finished_at: DateTime::UNIX_EPOCH,
            not_before: None,
            spotify: SpotifyReport::default(),
            playlists: Vec::new(),
            enrichment: EnrichmentReport::NOTHING,
            skipped_documents: Vec::new(),
            tables: Vec::new(),
            checks: Vec::new(),
            files: Vec::new(),
            streams: Vec::new(),
            verification: VerificationReport {
                verdict: RunVerdict::Skipped,
                reason: reason.to_owned(),
                missing: Vec::new(),
            },
            notes: Vec::new(),
            stages: Vec::new(),
            error: None,
        };
        let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(report) else {
            unreachable!("a report is an object of texts, numbers and lists");
        };
        for name in ["run_id", "started_at", "finished_at"] {
            fields.insert(name.to_owned(), serde_json::Value::Null);
        }
        fields
    }
}

/// A run that came as far as its report.
#[derive(Debug)]
pub struct EndedRun {
    /// What it did.
    pub report: RunReport,
    /// What ended it before its last stage.
    pub error: Option<Error>,
}

impl EndedRun {
    /// The report of a run that came to its end.
    ///
    /// # Errors
    /// What ended it before.
    pub fn completed(self) -> Result<RunReport, Error> {
        self.error.map_or(Ok(self.report), Err)
    }
}

/// What Spotify was asked.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct SpotifyReport {
    /// Data calls.
    pub call_count: u64,
    /// Those among them that repeat another, whatever for.
    pub retry_count: u64,
    /// Time spent waiting.
    pub waited_ms: u64,
    /// When the login ends, from its 150th day on.
    pub login_ends_at: Option<DateTime<Utc>>,
}

/// One playlist of a run.
#[derive(Debug, Clone, Serialize)]
pub struct PlaylistReport {
    /// The playlist.
    pub playlist_id: String,
    /// Its name, where known.
    pub name: Option<String>,
    /// What became of it.
    pub status: PlaylistStatus,
    /// When it can be asked for, where Spotify put it off.
    pub not_before: Option<DateTime<Utc>>,
    /// Rows of its current snapshot.
    pub row_count: u64,
    /// Songs among the rows.
    pub track_count: u64,
    /// Episodes.
    pub episode_count: u64,
    /// Local files.
    pub local_count: u64,
    /// Removed items.
    pub removed_count: u64,
    /// Songs gained since the snapshot before.
    pub added_song_count: u64,
    /// Songs lost.
    pub removed_song_count: u64,
    /// Why it was not read.
    pub reason: Option<String>,
}

impl PlaylistReport {
    /// What became of a playlist of which nothing is counted yet.
    pub(crate) const fn new(playlist_id: String, status: PlaylistStatus) -> Self {
        Self {
            playlist_id,
            name: None,
            status,
            not_before: None,
            row_count: 0,
            track_count: 0,
            episode_count: 0,
            local_count: 0,
            removed_count: 0,
            added_song_count: 0,
            removed_song_count: 0,
            reason: None,
        }
    }

    /// What a person calls it: its name, else its id.
    pub(crate) fn called(&self) -> &str {
        called(self.name.as_deref(), &self.playlist_id)
    }
}

/// What a person calls a playlist: its name, else its id.
pub(crate) fn called<'n>(name: Option<&'n str>, playlist_id: &'n str) -> &'n str {
    name.filter(|name| !name.trim().is_empty()).unwrap_or(playlist_id)
}

/// Full artists and albums that this run asked for.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct EnrichmentReport {
    /// Artists that came.
    pub artist_count: u64,
    /// Albums that came.
    pub album_count: u64,
    /// Ids that Spotify does not know; they are not asked for again.
    pub unknown_count: u64,
    /// Artists and albums that Spotify answered for, unknown ones among them.
    pub asked_count: u64,
    /// Those that are left for the next run.
    pub left_count: u64,
    /// When the first of those can be asked for, where Spotify put them off.
    pub not_before: Option<DateTime<Utc>>,
}

impl EnrichmentReport {
    /// Nothing was asked for.
    pub(crate) const NOTHING: Self = Self {
        artist_count: 0,
        album_count: 0,
        unknown_count: 0,
        asked_count: 0,
        left_count: 0,
        not_before: None,
    };
}

/// One shipped table.
#[derive(Debug, Clone, Serialize)]
pub struct TableReport {
    /// The table.
    pub table: Table,
    /// All rows.
    pub row_count: u64,
    /// Rows that this run ships.
    pub changed_row_count: u64,
}

/// One check.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// The check.
    pub check: String,
    /// `error` or `warn`.
    pub severity: String,
    /// `pass` or `fail`.
    pub status: String,
    /// Rows it found.
    pub offending_row_count: u64,
    /// Why the check exists; only where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The first offending rows, as JSON.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// The same as sentences: `Lost & Found ☂, row 64: song without a name (taken down)`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sentences: Vec<String>,
    /// Those among the rows that an earlier run warned of already.
    #[serde(skip_serializing_if = "is_none")]
    pub standing_row_count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// One written file.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// The run that wrote it.
    pub run_id: String,
    /// What was written.
    #[serde(flatten)]
    pub file: ExportedFile,
    /// How far it is; never `submitting`, of which only the ledger speaks.
    pub state: FileState,
    /// Why it is not further, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was last found in Snowflake as it was sent; of a file that is so no longer, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<DateTime<Utc>>,
}

/// What of a table the stream was sent.
#[derive(Debug, Clone, Serialize)]
pub struct StreamReport {
    /// The table.
    pub table: Table,
    /// Events that the stream lacked.
    pub event_count: u64,
    /// Those among them that it acknowledged.
    pub acknowledged_count: u64,
    /// How far they are.
    pub state: StreamState,
}

/// Whether the rows arrived in Snowflake.
#[derive(Debug, Clone, Serialize)]
pub struct VerificationReport {
    /// `verified` only of what was compared in this process; `skipped` where nothing was.
    pub verdict: RunVerdict,
    /// In words.
    pub reason: String,
    /// What was there once and is gone: pipes, folders and files; only `verify` looks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}
