//! Why the embedded DuckDB refused, split by what the reader does next.

use std::path::{Path, PathBuf};

/// Why the embedded DuckDB refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// The file cannot be opened.
    #[error(
        "could not open the warehouse `{path}`: is another program writing to it, or is the disk full? A damaged file must be restored from a copy, or moved away before the next run"
    )]
    Open { path: PathBuf, source: Box<duckdb::Error> },
    /// Another program has the file open.
    #[error("`{path}` is in use by {holder}; close it there, then try again")]
    Held { path: PathBuf, holder: String, process_id: Option<u32> },
    /// The file is somebody else's.
    #[error(
        "`{path}` is a DuckDB file of another program: it has tables, and no ledger of ours. Put ours back from a copy, or move the file away (then everything is shipped anew), or choose another folder with `--data-dir`"
    )]
    NotOurs { path: PathBuf },
    /// A statement of ours failed.
    #[error("could not {doing}")]
    Statement { doing: String, source: Box<duckdb::Error> },
    /// The disk, as DuckDB met it.
    #[error(
        "could not {doing}: the disk refused, because it is full, or because a file was changed or damaged"
    )]
    Disk { doing: String, source: Box<duckdb::Error> },
    /// A question of our own was answered in another form than it has: a bug of ours.
    #[error(
        "the answer to `{name}` has a row that is not as it was asked for: that is a bug of snowtrack"
    )]
    Answer { name: &'static str, source: serde_json::Error },
    /// The analysts' file is not there yet.
    #[error("`{path}` does not exist yet: `snowtrack run` makes it (try `snowtrack run --demo`)")]
    NotPublished { path: PathBuf },
    /// No run was refused since the last one that passed.
    #[error(
        "the quality gate refused no run since the last one that it let pass, so there are no refused rows; `snowtrack check --all` looks at everything"
    )]
    NothingRefused,
    /// A file was about to be noted as something that it cannot be: a bug of ours.
    #[error(
        "`{key}` is {from} and cannot become {to}: that is a bug of snowtrack, and nothing of it was noted"
    )]
    IllegalStep { key: String, from: &'static str, to: &'static str },
    /// A file operation failed.
    #[error("could not {doing} `{path}`")]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
}

impl Error {
    /// Why DuckDB does not open a file. Who has it is known only by the words of the message: `Conflicting lock is held in
    /// /usr/bin/duckdb (PID 4711)`.
    pub(super) fn open(path: &Path, source: duckdb::Error) -> Self {
        let text = source.to_string();
        let path = path.to_owned();
        if !text.contains("Could not set lock on file") {
            return Self::Open { path, source: Box::new(source) };
        }
        let named = text.split_once("held in ").and_then(|(_, rest)| rest.split_once(" (PID "));
        let named = named.and_then(|(program, rest)| Some((program, rest.split_once(')')?.0)));
        match named {
            Some((program, id)) => {
                let holder = format!("`{program}` (process {id}), which has the file open");
                Self::Held { path, holder, process_id: id.parse().ok() }
            }
            None => {
                let holder = "another program, which has the file open".to_owned();
                Self::Held { path, holder, process_id: None }
            }
        }
    }
}

/// How DuckDB's messages tell that a file could not be written or read.
const REFUSALS_OF_THE_DISK: [&str; 3] = ["IO Error", "Could not write", "No space left"];

/// Names what was being done when a statement failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &str) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, duckdb::Error> {
    fn doing(self, doing: &str) -> Result<T, Error> {
        self.map_err(|source| {
            let (text, doing, source) = (source.to_string(), doing.to_owned(), Box::new(source));
            // DuckDB's binding tells kinds apart only by the words of the message.
            if REFUSALS_OF_THE_DISK.iter().any(|part| text.contains(part)) {
                Error::Disk { doing, source }
            } else {
                Error::Statement { doing, source }
            }
        })
    }
}
