//! Writes a file that is not published yet: a copy with what changed, or all of it.

use std::path::{Path, PathBuf};

use duckdb::Connection;

use super::copy::copy;
use super::descriptions;
use crate::ids::Table;
use crate::warehouse::error::{Doing, Error};
use crate::warehouse::sql_files::{self, ledger};

/// How much of what is made of the tables is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent<'f> {
    /// All of it, from nothing.
    Whole,
    /// The same, in a file that takes the place of this one, whose features stay where none may be made.
    InPlaceOf(&'f Path),
    /// What the changes that were just brought into the file concern.
    Changes,
}

/// Writes to a file that is not published yet.
pub(super) struct Writer<'w> {
    pub(super) connection: &'w Connection,
    pub(super) file: &'w Path,
    /// Asked before each step, because an interruption between two statements interrupts nothing.
    pub(super) is_unwanted: &'w dyn Fn() -> bool,
}

impl Writer<'_> {
    /// Makes the file a copy of `target`.
    pub(super) fn copy(&self, target: &Path) -> Result<(), Error> {
        tracing::debug!("copy the published file");
        remove_leftovers(self.file)?;
        copy(target, self.file, self.is_unwanted).map_err(|source| Error::File {
            doing: "copy the published file to",
            path: self.file.to_owned(),
            source,
        })
    }

    /// Brings what changed into the copy. Returns whether its tables then have as many rows as those of `core`.
    pub(super) fn apply_changes(&self) -> Result<bool, Error> {
        self.with_attached("", || {
            let extent = self.extent_of_changes()?;
            self.in_transaction(|| {
                self.run(&sql_files::publish_gone())?;
                Table::ALL.into_iter().try_for_each(|table| {
                    tracing::debug!("publish the changes of `{table}`");
                    self.run(&sql_files::publish_changes(table))
                })?;
                self.run(&sql_files::publish_details())?;
                self.run(sql_files::PUBLISH_ORIGINS)
            })?;
            for table in Table::ALL {
                let sql = ledger::IS_PUBLISHED.replace("{table}", table.name());
                let is_equal = self.connection.query_row(&sql, [], |row| row.get::<_, bool>(0));
                if !is_equal.doing("compare the published file")? {
                    return Ok(false);
                }
            }
            self.renew_features(extent)?;
            self.run("checkpoint published")?;
            Ok(true)
        })
    }

    /// Writes all of `core` and `marts`, to take the place of `target`.
    pub(super) fn write_anew(&self, target: &Path) -> Result<(), Error> {
        self.write_tables(sql_files::publish_table, Extent::InPlaceOf(target))
    }

    /// Writes all of `target` but the rows of who is forgotten, which never were in the file that is written: none of its pages has
    /// them.
    pub(super) fn write_without_forgotten(&self, target: &Path) -> Result<(), Error> {
        let name = sql_files::literal(&target.to_string_lossy());
        self.end(&format!("attach {name} as former (read_only)"))?;
        // Who is forgotten may be in the features that are there.
        let written = self.write_tables(sql_files::republish_table, Extent::Whole);
        let detached = self.undo("detach former");
        written.and(detached)
    }

    /// Writes each table by a statement of its own, then `marts`.
    fn write_tables(
        &self,
        statement: impl Fn(Table) -> String,
        extent: Extent<'_>,
    ) -> Result<(), Error> {
        remove_leftovers(self.file)?;
        self.with_attached("(storage_version 'v1.0.0')", || {
            self.run("create schema published.core; create schema published.marts")?;
            Table::ALL.into_iter().try_for_each(|table| {
                tracing::debug!("publish `{table}`");
                self.run(&statement(table))
            })?;
            self.run(sql_files::PUBLISH_ALL_DETAILS)?;
            self.run(sql_files::PUBLISH_ORIGINS)?;
            // A view remembers the database in which it was made, so the names inside must be found there.
            self.run("use published")?;
            let marts =
                sql_files::MARTS.iter().try_for_each(|mart| self.run(&sql_files::mart_view(mart)));
            self.undo("use work")?;
            marts?;
            self.run(sql_files::OPERATIONS)?;
            self.run(sql_files::RENEW_OPERATIONS)?;
            // In one transaction, where a comment costs a tenth.
            self.in_transaction(|| self.run(descriptions::STATEMENTS.as_str()))?;
            self.renew_features(extent)?;
            self.run("checkpoint published")
        })
    }

    /// Brings `operations` of the copy to what the ledger says.
    pub(super) fn renew_operations(&self) -> Result<(), Error> {
        self.with_attached("", || {
            self.in_transaction(|| {
                self.run(sql_files::OPERATIONS)?;
                self.run(sql_files::RENEW_OPERATIONS)
            })?;
            self.run("checkpoint published")
        })
    }

    pub(super) fn in_transaction(
        &self,
        work: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.run("begin")?;
        let committed = work().and_then(|()| self.end("commit"));
        if committed.is_err() {
            // Left open, the transaction would keep the file attached. Why it was not committed tells more than what this says.
            let _ = self.undo("rollback");
        }
        committed
    }

    pub(super) fn run(&self, sql: &str) -> Result<(), Error> {
        if (self.is_unwanted)() {
            let source = std::io::ErrorKind::Interrupted.into();
            return Err(Error::File { doing: "write", path: self.file.to_owned(), source });
        }
        self.end(sql)
    }

    /// A statement that is needed whatever is wanted.
    fn end(&self, sql: &str) -> Result<(), Error> {
        self.connection.execute_batch(sql).doing("write the published file")
    }

    /// A statement that takes back what was begun. Who interrupts the work does it once and may meet this one, whose second attempt
    /// then meets nobody.
    pub(super) fn undo(&self, sql: &str) -> Result<(), Error> {
        self.end(sql).or_else(|_| self.end(sql))
    }

    pub(super) fn with_attached<T>(
        &self,
        options: &str,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let name = sql_files::literal(&self.file.to_string_lossy());
        // An attachment that was interrupted may be one all the same.
        let attached = self.run(&format!("attach {name} as published {options}"));
        let done = attached.and_then(|()| work());
        let detached = self.undo("detach published");
        let done = done?;
        detached.map(|()| done)
    }
}

/// Where the next version of `target` is made.
pub(super) fn beside(target: &Path) -> PathBuf {
    target.with_extension("duckdb.new")
}

/// Bytes of a file.
pub(super) fn size(file: &Path) -> Result<u64, Error> {
    std::fs::metadata(file).map(|metadata| metadata.len()).map_err(|source| Error::File {
        doing: "look at",
        path: file.to_owned(),
        source,
    })
}

/// Takes away what a run that was killed may have left.
pub(crate) fn remove_leftovers(next: &Path) -> Result<(), Error> {
    remove_if_there(next)?;
    remove_if_there(&next.with_extension("new.wal"))
}

pub(crate) fn remove_if_there(file: &Path) -> Result<(), Error> {
    match std::fs::remove_file(file) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::File { doing: "remove", path: file.to_owned(), source })
        }
        _ => Ok(()),
    }
}
