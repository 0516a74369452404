//! Why files could not be written.

use std::path::PathBuf;

/// Why files could not be written.
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
    #[error("`{path}` holds {found} rows after it was written, wanted {wanted}; is the disk full?")]
    Incomplete { path: PathBuf, wanted: u64, found: u64 },
}
