//! The manifest: what a run wrote, so that anyone can check it arrived.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Grows when a shipped column is added or changes its meaning.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// One written file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// The shipped table.
    pub table: String,
    /// Its key in the lake.
    pub key: String,
    /// Rows, read back from the file.
    pub row_count: u64,
    /// Bytes on disk.
    pub size_bytes: u64,
    /// Of the bytes, as hexadecimal text.
    pub sha256: String,
    /// Sum of `row_hash`, read back from the file; a decimal text, because it exceeds 64 bits.
    pub row_hash_sum: String,
}

/// Every file of a run; written last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The run.
    pub run_id: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// See `SCHEMA_VERSION`.
    pub schema_version: u32,
    /// `parquet` or `csv`.
    pub format: String,
    /// Tables without changes have no file.
    pub files: Vec<ExportedFile>,
}
