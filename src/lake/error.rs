//! Why files could not be written or uploaded.

use crate::phrase::counted;
use std::path::PathBuf;

/// Why files could not be written or uploaded.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// The disk refused.
    #[error("could not {doing} `{path}`")]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
    /// DuckDB could not write or read back a file.
    #[error("could not export")]
    Warehouse(#[from] crate::warehouse::Error),
    /// A file does not hold what was written to it.
    #[error("`{path}` holds {} after it was written, wanted {wanted}; is the disk full?", counted(*found, "row"))]
    Incomplete { path: PathBuf, wanted: u64, found: u64 },
    /// A file is no longer the one that the manifest vouches for.
    #[error(
        "`{path}` was changed or damaged since it was written: found {found}, wanted {wanted}; it was not uploaded"
    )]
    Changed { path: PathBuf, wanted: String, found: String },
    /// A file is not where it was written.
    #[error("`{path}` is gone since it was written, so it was not uploaded")]
    Gone { path: PathBuf },
    /// Something else lies under a key of ours. Nothing is ever overwritten.
    #[error(
        "`{object}` is there already with other contents: found {found}, wanted {wanted}; it was not overwritten. Find out who wrote it, move it away and run the same command again"
    )]
    Conflict { object: String, wanted: String, found: String },
    /// The store took a file and holds something else.
    #[error(
        "`{object}` does not hold what the store accepted for it: found {found}, wanted {wanted}; is the store, or a proxy before it, losing what it is sent?"
    )]
    NotKept { object: String, wanted: String, found: String },
    /// Every file of a shipment is in the store but these; its manifest is not.
    #[error("{}", stuck_in_words(files))]
    Stuck { files: Vec<StuckFile> },
    /// Files of earlier or this run's that never reached the bucket, by the ledger.
    #[error(
        "`{key}` of run {run_id} never reached the bucket{}: {reason}. The next `snowtrack run` ships its rows in a new file (or `snowtrack run --full`, which ships everything)",
        if *other_count == 0 { String::new() } else { format!(", nor did {}", counted(*other_count as u64, "other")) }
    )]
    Lost { key: String, run_id: String, reason: String, other_count: usize },
    /// The store cannot be used as it is configured.
    #[error("could not open the bucket `{bucket}`")]
    Open { bucket: String, source: Box<Refusal> },
    /// The store did not do what was asked.
    #[error("could not {doing} `{object}`")]
    Store { doing: &'static str, object: String, source: Box<Refusal> },
    /// A person or a supervisor asked to stop.
    #[error("the upload was stopped; what is there stays, the same command continues")]
    Stopped,
}

/// A file that cannot be brought into the store.
#[derive(Debug)]
pub struct StuckFile {
    /// Its key.
    pub key: String,
    /// Why.
    pub error: Error,
}

fn stuck_in_words(files: &[StuckFile]) -> String {
    let first = files.first().map(|file| chain(&file.error)).unwrap_or_default();
    match files.len() {
        0 | 1 => first,
        2 => format!("{first}; and 1 other file cannot go either"),
        count => format!("{first}; and {} other files cannot go either", count - 1),
    }
}

impl Error {
    /// Whether one file is to blame, and neither the store nor the way to it: the others can go.
    pub fn is_about_one_file(&self) -> bool {
        match self {
            Self::File { .. }
            | Self::Changed { .. }
            | Self::Gone { .. }
            | Self::Conflict { .. }
            | Self::NotKept { .. }
            | Self::Stuck { .. } => true,
            Self::Store { source, .. } => matches!(**source, Refusal::WrongChecksum { .. }),
            _ => false,
        }
    }

    /// The error and its causes in one line.
    pub fn in_words(&self) -> String {
        chain(self)
    }

    /// Whether the same command can succeed later without anybody mending anything.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Open { source, .. } | Self::Store { source, .. } => source.is_transient(),
            _ => false,
        }
    }

    /// Whether the configuration is to blame, not the store.
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Open { source, .. } => source.is_usage(),
            _ => false,
        }
    }
}

/// Why S3 (or the way to it) refused, split by what the reader does next.
///
/// Carries no request and no whole response: both may hold keys and tokens.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Refusal {
    /// Nothing in AWS's own chain.
    #[error(
        "no AWS credentials were found ({reason}); set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE` (after `aws sso login`), or give the machine or task a role"
    )]
    NoCredentials { reason: String },
    /// They were valid once.
    #[error(
        "the AWS credentials have expired; renew them (`aws sso login`, or a new session token) and run the same command again"
    )]
    ExpiredCredentials,
    /// The key is nobody's.
    #[error(
        "S3 does not know the access key: it was deleted or switched off, or is another server's; check `AWS_ACCESS_KEY_ID` (and `AWS_SESSION_TOKEN`, which temporary keys need)"
    )]
    UnknownAccessKey,
    /// The secret is another key's.
    #[error(
        "S3 refused the signature: the secret key does not belong to the access key or was copied incompletely; check `AWS_SECRET_ACCESS_KEY`"
    )]
    WrongSecretKey,
    /// Signatures name a region.
    #[error(
        "no AWS region is configured; set `AWS_REGION` (a server of your own takes `us-east-1`)"
    )]
    NoRegion,
    /// The SDK would find out with its first call.
    #[error(
        "the endpoint `{url}` is no address; give it as `https://host`, with port and path where it has them (`AWS_ENDPOINT_URL`, or `endpoint_url` in the profile)"
    )]
    BadEndpoint { url: String },
    /// The bucket is elsewhere.
    #[error("the bucket is in the region {right}, not in `{configured}`; set `AWS_REGION` to it")]
    WrongRegion { configured: String, right: String },
    /// It was never made, or has another name.
    #[error(
        "there is no such bucket at {endpoint}; correct `S3_BUCKET`, or make it with `aws s3 mb`"
    )]
    NoBucket { endpoint: String },
    /// A grant is missing.
    #[error("access is denied: allow `{action}` on `{resource}` ({message})")]
    Denied { action: &'static str, resource: String, message: String },
    /// Signatures are valid for 15 minutes.
    #[error("the clock of this machine is wrong: S3 says that it is {server_time}; set the clock")]
    ClockSkew { server_time: String },
    /// Repeated as often as the policy allows.
    #[error(
        "S3 has too much to do (`{code}`, status {status}) and said so to each repetition; run the same command later, it continues"
    )]
    Busy { code: String, status: u16 },
    /// Repeated, and each time nothing was there.
    #[error(
        "{endpoint} refuses each write as if something were under the key, and nothing is there; does it (or a proxy before it) know the header `If-None-Match`? See what it says of its conditional writes, or take another store"
    )]
    RefusesWrites { endpoint: String },
    /// No connection at all.
    #[error(
        "{endpoint} cannot be reached; check the network, the proxy and `AWS_ENDPOINT_URL`, then run the same command again"
    )]
    Unreachable { endpoint: String, source: BoxError },
    /// Repeated as often as the policy allows.
    #[error(
        "the connection to {endpoint} broke or timed out with each repetition; run the same command again, it continues"
    )]
    Broken { endpoint: String, source: BoxError },
    /// S3 compared checksums.
    #[error(
        "the bytes arrived damaged, with each repetition (`{code}`); is a proxy rewriting them?"
    )]
    Damaged { code: String },
    /// The store's checksum is not ours.
    #[error("the store says that it holds the checksum `{found}`, sent was `{wanted}`")]
    WrongChecksum { wanted: String, found: String },
    /// Everything else, in S3's own words.
    #[error("S3 answered `{code}` with status {status}: {message} (request `{request_id}`)")]
    Other { code: String, status: u16, message: String, request_id: String },
}

/// A cause of another crate.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Refusal {
    /// Whether the same call can succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }

    const fn is_usage(&self) -> bool {
        matches!(self, Self::NoCredentials { .. } | Self::NoRegion | Self::BadEndpoint { .. })
    }
}

/// An error and its causes in one line; causes that repeat the line before them are left out.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}
