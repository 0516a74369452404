//! What a person should know although the run goes on.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::ids::RunId;

/// Something a person should know, although the run goes on. `error` is an error's own text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Warning {
    /// Somebody has the data directory, and is waited for until then.
    InUse { path: String, holder: String, until: DateTime<Utc> },
    /// Others may read a credential.
    Exposed(Exposure),
    /// Spotify gave a new login that could not be stored; it is tried again at the end.
    LoginNotStored { error: String },
    /// It could not be stored at the end either.
    LoginLost { error: String },
    /// The lake has files of a run that the ledger does not know; of other runs it may know files.
    UnknownRun {
        run: RunId,
        place: String,
        documents: Option<String>,
        ledger: String,
        knows_files: bool,
    },
    /// The demo's made-up rows are about to be shipped among others.
    DemoAmongOthers,
    /// Spotify gives the contents of followed playlists to nobody but their owners.
    FollowedLeftOut { playlist_count: u64 },
    /// The list of own playlists named fewer than it announced.
    ListingIncomplete { error: String },
    /// They were forgotten, and nobody named them since.
    ForgottenLeftOut { playlist_count: u64 },
    /// Spotify has no answer for one object, or one batch of them.
    ObjectLeftOut { error: String },
    /// The rest of an entity's objects is left for the next run.
    ObjectsLeft { entity: &'static str, count: usize, error: String },
    /// A run that ships rows of a file that never reached the bucket.
    RowsTakenOver { key: String, run_id: String, reason: String },
    /// A file that never reached the bucket, and is no longer needed there.
    Superseded { key: String },
    /// A file cannot go to the bucket; the others can.
    FileStuck { key: String, error: String },
    /// A file of the local lake was not as it was written, and was written anew.
    Rewritten { path: String },
    /// It could not be written anew, because its documents are no longer here.
    ArchiveLost { path: String },
    /// Documents that an earlier version landed are not in the archive.
    ArchiveIncomplete { left_out_count: u64 },
    /// Parts of an upload that nobody continues may still be in the bucket.
    PartsLeft { error: String },
    /// Something that was sent, or was needed to load it, is gone; `name` as the report has it.
    Gone { name: String },
    /// It could not be looked for what is gone from the bucket.
    BucketNotRead { error: String },
    /// The ledger could not be saved for other machines now; it is tried again.
    StateNotSaved { error: String },
    /// There was no time to save it at the end: the generation that was saved last stays the current one.
    StateLeftBehind { generation: Option<u64> },
    /// The published file does not say yet how the run ended; the next run says it.
    OperationsNotRenewed { error: String },
    /// The report could not be put where whoever runs it again looks for it.
    ReportNotPut { to: String, error: String },
    /// Runs of this machine that were never saved give way to those of others.
    RunsReplaced { run_count: usize, run: String },
}

/// A place where others may read a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "exposure", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Exposure {
    /// On the way to an address without encryption, which this setting names.
    SentInClear { setting: &'static str, address: String, secret: Secret },
    /// In the file that keeps the login.
    OpenFile { path: String, mode: u32 },
}

/// What proves who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// To Spotify's API.
    AccessToken,
    /// To Spotify's accounts service.
    Login,
    /// To Snowflake.
    Token,
}
