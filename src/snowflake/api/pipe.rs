//! Snowpipe's REST API: hand files to a pipe, and what the pipe says about them afterwards.
//!
//! In: paths below the pipe's own location. Out: which were queued. A `200` from `insertFiles` says "queued", never "loaded":
//! that is what the report and the table itself are for. The API acts as the user's `DEFAULT_ROLE`; no role, warehouse or
//! database can be sent. Handing in a file twice is harmless: a pipe remembers every path for 14 days, failed ones included.
//!
//! <https://docs.snowflake.com/en/user-guide/data-load-snowpipe-rest-apis>


use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::client::{Answer, Call, Connection};
use super::error::Error;
use super::ident::QualifiedName;
use super::wire::{InsertFile, InsertFilesAnswer, InsertFilesBody, Report, ReportedFile, Status};
use crate::http::shortened;
use crate::stop::Stop;

/// Most files of one call; Snowflake answers 429 to more.
pub const MAX_PIPE_FILES: usize = 5_000;
/// Longest path in bytes; Snowflake answers 400 to a longer one.
const MAX_PATH_BYTES: usize = 1_024;

/// A file to hand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedFile {
    /// Path below the location that the pipe copies from.
    pub path: String,
    /// Its size; spares Snowflake a look into the bucket.
    pub size_bytes: u64,
}

/// What a pipe did with the files handed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// One per call, for Snowflake's support.
    pub request_ids: Vec<String>,
    /// Queued now: neither skipped nor unmatched.
    pub accepted_paths: Vec<String>,
    /// Known to the pipe already.
    pub skipped_paths: Vec<String>,
    /// Refused because they do not match the pipe's `PATTERN`; never loaded.
    pub unmatched_paths: Vec<String>,
}

/// One file as a pipe tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Path below [`stage_location`](Self::stage_location).
    pub path: String,
    /// Where the stage points to, for example `s3://bucket/prefix/`.
    pub stage_location: Option<String>,
    /// Its size.
    pub size_bytes: Option<u64>,
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
pub enum LoadStatus {
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
    /// Hands files to a pipe, 5,000 at a time. When a later call fails, the files of the earlier ones are queued; handing all in
    /// again is harmless.
    pub async fn insert_files(
        &self,
        pipe: &QualifiedName,
        files: &[StagedFile],
        stop: &Stop,
    ) -> Result<Accepted, Error> {
        self.must_submit(pipe)?;
        if let Some(file) = files.iter().find(|file| MAX_PATH_BYTES < file.path.len()) {
            let (path, size_bytes) = (file.path.clone(), file.path.len());
            return Err(Error::PathTooLong { path, size_bytes });
        }
        let mut accepted = Accepted::default();
        for chunk in files.chunks(MAX_PIPE_FILES) {
            let said = match self.hand_in(pipe, chunk, stop).await {
                // An answer that is none is worth a second try, and a pipe skips what it knows.
                Err(error) if error.is_no_answer() => self.hand_in(pipe, chunk, stop).await?,
                said => said?,
            };
            let left_out: Vec<&String> =
                said.skipped_files.iter().chain(&said.unmatched_pattern_files).collect();
            let queued = chunk.iter().filter(|file| !left_out.contains(&&file.path));
            accepted.accepted_paths.extend(queued.map(|file| file.path.clone()));
            accepted.request_ids.extend(said.request_id);
            accepted.skipped_paths.extend(said.skipped_files);
            accepted.unmatched_paths.extend(said.unmatched_pattern_files);
        }
        Ok(accepted)
    }

    async fn hand_in(
        &self,
        pipe: &QualifiedName,
        chunk: &[StagedFile],
        stop: &Stop,
    ) -> Result<InsertFilesAnswer, Error> {
        let doing = "take files";
        let listed = chunk
            .iter()
            .map(|file| InsertFile { path: &file.path, size: file.size_bytes })
            .collect();
        let body = serde_json::to_vec(&InsertFilesBody { files: listed })
            .expect("strings and numbers can be written as JSON");
        let call = Call {
            doing: "hand files to a pipe",
            method: Method::POST,
            path: path_of(pipe, "insertFiles"),
            query: vec![
                ("requestId", Uuid::new_v4().to_string()),
                ("showSkippedFiles", "true".to_owned()),
            ],
            body: Some(&body),
            query_again: None,
        };
        let answer = self.send(&call, stop).await?;
        let said: InsertFilesAnswer = self.pipe_answer(pipe, (doing, "OPERATE"), &answer)?;
        match said.response_code.as_ref().or(said.status.as_ref()) {
            Some(outcome) if outcome.eq_ignore_ascii_case("success") => Ok(said),
            Some(outcome) => Err(Error::PipeRefused {
                pipe: pipe.to_string(),
                doing,
                status: answer.status,
                message: format!("it answers `{}`", shortened(outcome)),
            }),
            None => {
                let words = Status::read(&answer.body).words();
                let said = format!("it does not say whether it took them ({words})");
                Err(self.unexpected(call.doing, answer.status, &said))
            }
        }
    }

    /// What a pipe did lately: at most 10 minutes and 10,000 files back, in the order told; a file can come twice. Costs no
    /// warehouse.
    pub async fn insert_report(
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
        let report: Report = self.pipe_answer(pipe, ("report", "MONITOR"), &answer)?;
        if report.files.is_none() && report.complete_result.is_none() {
            let said = format!("it is no report ({})", Status::read(&answer.body).words());
            return Err(self.unexpected(call.doing, answer.status, &said));
        }
        Ok(report.files.into_iter().flatten().map(FileReport::from).collect())
    }

    fn must_submit(&self, pipe: &QualifiedName) -> Result<(), Error> {
        let credential = &self.login().credential;
        if credential.can_submit_files() {
            return Ok(());
        }
        Err(Error::CannotSubmit { credential: credential.name(), pipe: pipe.to_string() })
    }

    fn pipe_answer<T: DeserializeOwned>(
        &self,
        pipe: &QualifiedName,
        (doing, privilege): (&'static str, &'static str),
        answer: &Answer,
    ) -> Result<T, Error> {
        let (pipe, user) = (pipe.to_string(), self.login().user.clone());
        let message = || Status::read(&answer.body).words();
        match answer.status {
            200 => serde_json::from_slice(&answer.body)
                .map_err(|error| self.unexpected(doing, 200, &error.to_string())),
            403 => Err(Error::PipeForbidden { pipe, user, privilege, message: message() }),
            404 => Err(Error::PipeNotFound { pipe, user }),
            status => Err(Error::PipeRefused { pipe, doing, status, message: message() }),
        }
    }
}

impl From<ReportedFile> for FileReport {
    fn from(file: ReportedFile) -> Self {
        Self {
            path: file.path,
            stage_location: file.stage_location,
            size_bytes: file.file_size,
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

impl FileReport {
    /// The object's key in its bucket, where the report says where the stage points to.
    pub fn object_key(&self) -> Option<String> {
        object_key(self.stage_location.as_deref()?, &self.path)
    }
}

/// An object's key from the two halves that reports and `COPY_HISTORY` give; the `/` between them may be on either side, or on
/// both.
pub fn object_key(stage_location: &str, path: &str) -> Option<String> {
    let (_, below_scheme) = stage_location.split_once("://")?;
    let prefix = below_scheme.split_once('/').map_or("", |(_, prefix)| prefix);
    let (prefix, path) = (prefix.trim_end_matches('/'), path.trim_start_matches('/'));
    Some(if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") })
}

fn path_of(pipe: &QualifiedName, call: &str) -> String {
    format!("/v1/data/pipes/{pipe}/{call}")
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
