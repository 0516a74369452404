//! The manifest: what a run wrote, so that anyone can check it arrived.

use std::path::Path;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::Error;
use super::file::{digest, failed, write_whole};
use super::format::Format;
use crate::ids::{Run, Table};

/// Grows when a shipped column is added or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// One written file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// The shipped table.
    pub table: Table,
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

/// A file of the lake that no manifest describes, as it was written: a manifest, an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its key.
    pub key: String,
    /// Bytes on disk.
    pub size_bytes: u64,
    /// Of the bytes, as hexadecimal text.
    pub sha256: String,
}

impl WrittenFile {
    /// The file as it is now.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn of(lake: &Path, key: &str) -> Result<Self, Error> {
        let (sha256, size_bytes) = digest(&lake.join(key))?;
        Ok(Self { key: key.to_owned(), size_bytes, sha256 })
    }

    /// Whether the file is still as it was written.
    pub fn is_whole(&self, lake: &Path) -> bool {
        Self::of(lake, &self.key).is_ok_and(|found| found == *self)
    }
}

impl Manifest {
    /// The same from the ledger, whose times have no more than microseconds.
    pub fn new(run: &Run, format: Format, files: Vec<ExportedFile>) -> Self {
        Self {
            run_id: run.id.to_string(),
            started_at: run.started_at.trunc_subsecs(6),
            schema_version: SCHEMA_VERSION,
            format: format.name().to_owned(),
            files,
        }
    }

    /// Writes it below `lake`. The same manifest always gives the same file.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, lake: &Path, key: String) -> Result<WrittenFile, Error> {
        let path = lake.join(&key);
        tracing::debug!("write the manifest");
        let bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| failed("write", &path, error.into()))?;
        write_whole(&path, &bytes)?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(WrittenFile { key, size_bytes: bytes.len() as u64, sha256 })
    }
}
