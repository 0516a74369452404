//! Snowpipe's REST API, second step: what a pipe says of the files handed to it.
//!
//! In: a pipe. Out: its files of the last minutes, each with how it went. A report can be late or cut short; it proves a failure,
//! and never the lack of a file.
//!
//! <https://docs.snowflake.com/en/user-guide/data-load-snowpipe-rest-apis>

use chrono::{DateTime, Utc};
use reqwest::Method;
use uuid::Uuid;

use super::client::{Call, Connection};
use super::error::Error;
use super::ident::QualifiedName;
use super::insert::{PipeCall, path_of};
use super::wire::{Report, ReportedFile, Status};
use crate::stop::Stop;

/// One file as a pipe tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileReport {
    /// Path below [`stage_location`](Self::stage_location).
    pub path: String,
    /// Where the stage points to, for example `s3://bucket/prefix/`.
    pub stage_location: Option<String>,
    /// When the pipe got to know it.
    pub received_at: Option<DateTime<Utc>>,
    /// When its last row was inserted.
    pub inserted_at: Option<DateTime<Utc>>,
    /// Rows in the table; `None` while it is being read.
    pub inserted_row_count: Option<u64>,
    /// Rows read.
    pub parsed_row_count: Option<u64>,
    /// Rows or values refused.
    pub error_count: u64,
    /// The first error.
    pub first_error: Option<String>,
    /// Where it is.
    pub first_error_line: Option<u64>,
    /// In which column.
    pub first_error_column: Option<String>,
    /// An error that is not the file's.
    pub system_error: Option<String>,
    /// Whether the pipe is done with it.
    pub is_complete: bool,
    /// How it went.
    pub status: LoadStatus,
}

/// How a file went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoadStatus {
    /// Not done.
    InProgress,
    /// All rows are in.
    Loaded,
    /// No row is in.
    Failed,
    /// Some rows are in.
    Partial,
    /// A word that Snowflake does not document.
    Other(String),
}

impl Connection {
    /// What a pipe did lately: at most 10 minutes and 10,000 files back, in the order told; a file can come twice. Costs no
    /// warehouse.
    pub(crate) async fn insert_report(
        &self,
        pipe: &QualifiedName,
        stop: &Stop,
    ) -> Result<Vec<FileReport>, Error> {
        self.must_submit(pipe)?;
        let call = Call {
            doing: "ask a pipe what it loaded",
            method: Method::GET,
            path: path_of(pipe, "insertReport"),
            query: vec![("requestId", Uuid::new_v4().to_string())],
            body: None,
            query_again: None,
        };
        let answer = self.send(&call, stop).await?;
        let report: Report =
            self.pipe_answer(&PipeCall { pipe, doing: "report", privilege: "MONITOR" }, &answer)?;
        if report.files.is_none() && report.complete_result.is_none() {
            let said = format!("it is no report ({})", Status::read(&answer.body).words());
            return Err(self.unexpected(call.doing, answer.status, &said));
        }
        Ok(report.files.into_iter().flatten().map(FileReport::from).collect())
    }
}

impl From<ReportedFile> for FileReport {
    fn from(file: ReportedFile) -> Self {
        Self {
            path: file.path,
            stage_location: file.stage_location,
            received_at: time(file.time_received.as_deref()),
            inserted_at: time(file.last_insert_time.as_deref()),
            inserted_row_count: file.rows_inserted,
            parsed_row_count: file.rows_parsed,
            error_count: file.errors_seen.unwrap_or_default(),
            first_error: file.first_error,
            first_error_line: file.first_error_line_num,
            first_error_column: file.first_error_column_name,
            system_error: file.system_error,
            is_complete: file.complete.unwrap_or_default(),
            status: LoadStatus::from(file.status.as_str()),
        }
    }
}

impl From<&str> for LoadStatus {
    /// Snowpipe's reports say `LOAD_IN_PROGRESS`, `COPY_HISTORY` says `Load in progress`.
    fn from(word: &str) -> Self {
        match word.to_ascii_uppercase().replace(' ', "_").as_str() {
            "LOAD_IN_PROGRESS" => Self::InProgress,
            "LOADED" => Self::Loaded,
            "LOAD_FAILED" => Self::Failed,
            "PARTIALLY_LOADED" => Self::Partial,
            _ => Self::Other(word.to_owned()),
        }
    }
}

/// An object's key from the two halves that reports and `COPY_HISTORY` give; the `/` between them may be on either side, or on
/// both.
pub(crate) fn object_key(stage_location: &str, path: &str) -> Option<String> {
    let (_, below_scheme) = stage_location.split_once("://")?;
    let prefix = below_scheme.split_once('/').map_or("", |(_, prefix)| prefix);
    let (prefix, path) = (prefix.trim_end_matches('/'), path.trim_start_matches('/'));
    Some(if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") })
}

fn time(text: Option<&str>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text?).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objects_key_is_what_stands_behind_the_bucket() {
        for (location, path, key) in [
            (
                "s3://bucket/spotify-data/raw/songs/",
                "year=2026/a.parquet",
                "spotify-data/raw/songs/year=2026/a.parquet",
            ),
            (
                "s3://bucket/spotify-data/raw/songs",
                "/year=2026/a.parquet",
                "spotify-data/raw/songs/year=2026/a.parquet",
            ),
            ("s3://bucket/spotify-data/", "/raw/a.parquet", "spotify-data/raw/a.parquet"),
            ("s3://bucket/", "a.parquet", "a.parquet"),
            ("s3://bucket", "a.parquet", "a.parquet"),
            ("gcs://bucket/x/", "a.parquet", "x/a.parquet"),
        ] {
            assert_eq!(object_key(location, path).as_deref(), Some(key), "{location} {path}");
        }
        assert_eq!(object_key("stages/0b5f/", "a.parquet"), None);
    }

    #[test]
    fn both_spellings_of_a_status_are_one_and_a_new_one_is_kept() {
        for (word, status) in [
            ("LOADED", LoadStatus::Loaded),
            ("Load in progress", LoadStatus::InProgress),
            ("Load failed", LoadStatus::Failed),
            ("PARTIALLY_LOADED", LoadStatus::Partial),
            ("Load skipped", LoadStatus::Other("Load skipped".to_owned())),
        ] {
            assert_eq!(LoadStatus::from(word), status);
        }
    }
}
