//! The published file's marts as files of their own.

use std::path::Path;

use duckdb::{AccessMode, Config, Connection};

use super::error::{Doing, Error};
use super::{connect, sql_files};

/// The published file, open for reading marts out of it.
pub(crate) struct PublishedMarts {
    connection: Connection,
}

impl PublishedMarts {
    /// Opens it.
    ///
    /// # Errors
    /// [`Error::NotPublished`] where there is no file yet.
    pub(crate) fn open(file: &Path) -> Result<Self, Error> {
        if !file.exists() {
            return Err(Error::NotPublished { path: file.to_owned() });
        }
        let config = Config::default()
            .access_mode(AccessMode::ReadOnly)
            .and_then(|config| config.max_memory(&super::memory_limit()))
            .doing("set DuckDB's limits")?;
        Ok(Self { connection: connect(file, config)? })
    }

    /// The names of all marts.
    pub(crate) fn names() -> Vec<&'static str> {
        let mut names: Vec<_> = sql_files::MARTS.iter().map(|mart| mart.name).collect();
        names.sort_unstable();
        names
    }

    /// Writes a mart as Parquet and returns how many rows it has.
    ///
    /// # Errors
    /// What DuckDB says, also where the published file is an older version's, which lacks the mart.
    pub(crate) fn write(&self, mart: &str, to: &Path) -> Result<usize, Error> {
        let to = sql_files::literal(&to.to_string_lossy());
        let sql = format!("copy (from marts.{mart}) to {to} (format parquet, compression zstd)");
        self.connection.execute(&sql, []).doing("write a mart; `snowtrack publish` renews them")
    }
}
