//! Why the embedded DuckDB refused, split by what the reader does next.

use std::path::PathBuf;

/// Why the embedded DuckDB refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// The file cannot be opened.
    #[error(
        "could not open the warehouse `{path}`: is another program writing to it, or is the disk full? A damaged file must be restored from a copy, or moved away before the next run"
    )]
    Open { path: PathBuf, source: Box<duckdb::Error> },
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
    /// A person's query failed.
    #[error("the query failed")]
    Query { source: Box<duckdb::Error> },
    /// The analysts' file is not there yet.
    #[error("`{path}` does not exist yet: `snowtrack run` makes it (try `snowtrack run --demo`)")]
    NotPublished { path: PathBuf },
    /// A file operation failed.
    #[error("could not {doing} `{path}`")]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
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
