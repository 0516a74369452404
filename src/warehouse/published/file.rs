//! What the published file was when it was written, by which it is known again.

use std::path::Path;
use std::time::UNIX_EPOCH;

use duckdb::OptionalExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::descriptions;
use super::writer::size;
use crate::warehouse::error::{Doing, Error};
use crate::warehouse::{Warehouse, sql_files};

/// The published file as it was written. The ledger keeps it in `meta.settings`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PublishedFile {
    layout: String,
    size_bytes: u64,
    modified_ns: u64,
    /// Bytes per thousand rows when it was last written from nothing.
    pub(super) thousand_row_bytes: u64,
}

impl PublishedFile {
    /// The setting that it is kept in.
    pub(crate) const SETTING: &str = "published";

    /// `file` as it is now.
    pub(super) fn of(file: &Path, thousand_row_bytes: u64) -> Result<Self, Error> {
        Ok(Self {
            layout: layout(),
            size_bytes: size(file)?,
            modified_ns: modified_ns(file).unwrap_or_default(),
            thousand_row_bytes,
        })
    }

    /// The same where only what it says of runs is new.
    pub(super) fn renewed(self, file: &Path) -> Result<Self, Error> {
        let Self { layout, thousand_row_bytes, .. } = self;
        Ok(Self { layout, ..Self::of(file, thousand_row_bytes)? })
    }

    /// As the ledger has it.
    pub(super) fn noted(warehouse: &Warehouse) -> Result<Option<Self>, Error> {
        let value: Option<String> = warehouse
            .connection
            .query_row(sql_files::ledger::SETTING, [Self::SETTING], |row| row.get(0))
            .optional()
            .doing("look up the published file")?;
        // What an older version noted otherwise is as good as nothing.
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }

    /// As the ledger keeps it.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether a copy of `file` with what changed is what a new one would be.
    pub(super) fn is_copied(&self, file: &Path) -> bool {
        self.layout == layout() && self.is(file)
    }

    /// Whether `file` is still the one that was written.
    pub(super) fn is(&self, file: &Path) -> bool {
        size(file).ok() == Some(self.size_bytes)
            && modified_ns(file) == Some(self.modified_ns)
            && !file.with_extension("duckdb.wal").exists()
    }
}

/// Changes with everything that the file is made of besides its rows.
fn layout() -> String {
    let mut hash = Sha256::new();
    for file in sql_files::SCHEMA
        .iter()
        .filter(|file| file.name.ends_with("core") || file.name.ends_with("details"))
        .chain(sql_files::MARTS.iter())
    {
        hash.update(file.sql);
    }
    hash.update(sql_files::PUBLISH_ALL_DETAILS);
    hash.update(sql_files::OPERATIONS);
    hash.update(descriptions::STATEMENTS.as_str());
    hash.update(sql_files::PUBLISH_ORIGINS);
    // What changes is brought into the features that are there, which must have been made in the same way.
    for sql in sql_files::features::ALL.iter().chain([&sql_files::features::MEANINGS_JSON]) {
        hash.update(sql);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn modified_ns(file: &Path) -> Option<u64> {
    let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()?;
    modified.duration_since(UNIX_EPOCH).ok()?.as_nanos().try_into().ok()
}
