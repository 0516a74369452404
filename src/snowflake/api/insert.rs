//! Snowpipe's REST API, first step: hand files to a pipe.
//!
//! In: paths below the pipe's own location. Out: which were not queued. A `200` from `insertFiles` says "queued", never "loaded":
//! that is what the report and the table itself are for. The API acts as the user's `DEFAULT_ROLE`; no role, warehouse or
//! database can be sent. Handing in a file twice is harmless: a pipe remembers every path for 14 days, failed ones included.
//!
//! <https://docs.snowflake.com/en/user-guide/data-load-snowpipe-rest-apis>

use reqwest::Method;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::client::{Call, Connection, UsableAnswer};
use super::error::Error;
use super::ident::QualifiedName;
use super::wire::{InsertFile, InsertFilesAnswer, InsertFilesBody, Status};
use crate::http::shortened;
use crate::stop::Stop;

/// Most files of one call; Snowflake answers 429 to more.
pub(crate) const MAX_PIPE_FILES: usize = 5_000;
/// Longest path in bytes; Snowflake answers 400 to a longer one.
const MAX_PATH_BYTES: usize = 1_024;

/// A file to hand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StagedFile {
    /// Path below the location that the pipe copies from.
    pub path: String,
    /// Its size; spares Snowflake a look into the bucket.
    pub size_bytes: u64,
}

/// What a pipe did with the files handed in: all others are queued.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Known to the pipe already.
    pub skipped_paths: Vec<String>,
    /// Refused because they do not match the pipe's `PATTERN`; never loaded.
    pub unmatched_paths: Vec<String>,
}

impl Connection {
    /// Hands files to a pipe, 5,000 at a time. When a later call fails, the files of the earlier ones are queued; handing all in
    /// again is harmless.
    pub(crate) async fn insert_files(
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
                // An answer without meaning is worth a second try, and a pipe skips what it knows.
                Err(error) if error.is_no_answer() => self.hand_in(pipe, chunk, stop).await?,
                said => said?,
            };
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
        let said: InsertFilesAnswer =
            self.pipe_answer(&PipeCall { pipe, doing, privilege: "OPERATE" }, &answer)?;
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

    pub(super) fn must_submit(&self, pipe: &QualifiedName) -> Result<(), Error> {
        let credential = &self.login().credential;
        if credential.can_submit_files() {
            return Ok(());
        }
        Err(Error::CannotSubmit { credential: credential.name(), pipe: pipe.to_string() })
    }

    /// What a pipe's answer holds.
    pub(super) fn pipe_answer<T: DeserializeOwned>(
        &self,
        asked: &PipeCall<'_>,
        answer: &UsableAnswer,
    ) -> Result<T, Error> {
        let &PipeCall { pipe, doing, privilege } = asked;
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

/// What a pipe was asked.
pub(super) struct PipeCall<'a> {
    pub(super) pipe: &'a QualifiedName,
    /// Completes "could not …".
    pub(super) doing: &'static str,
    /// What may be lacking.
    pub(super) privilege: &'static str,
}

/// Where a pipe takes `call`.
pub(super) fn path_of(pipe: &QualifiedName, call: &str) -> String {
    format!("/v1/data/pipes/{pipe}/{call}")
}
