//! The work file written anew: what was deleted stands in free pages of a DuckDB file until something else takes their place, and no
//! file of DuckDB's grows smaller by itself.
//!
//! In: an open work file. Out: the same rows in a fresh file under the same name, moved there whole. Needs room for both.

use std::path::Path;

use super::error::{Doing, Error};
use super::published::{remove_if_there, remove_leftovers};
use super::{Warehouse, sql_files};

const DOING: &str = "write the warehouse anew";

impl Warehouse {
    /// Writes every table, `but` those of these names, into a fresh file beside `path`, which is this work file; `change` may change it
    /// there (its database is called `fresh`) before anybody sees it.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Statement`]; the work file is as it was.
    pub(crate) fn copied_afresh(
        &mut self,
        path: &Path,
        temp_directory: &Path,
        but: &[&str],
        change: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<FreshFile, Error> {
        self.land_pages()?;
        let fresh = FreshFile::beside(path);
        remove_leftovers(&fresh.next)?;
        drop(Self::open(&fresh.next, temp_directory)?);
        let name = sql_files::literal(&fresh.next.to_string_lossy());
        let attach = format!("attach {name} as fresh (row_group_size 10240)");
        self.connection.execute_batch(&attach).doing(DOING)?;
        let written = self
            .copy_tables(but)
            .and_then(|()| change(self))
            .and_then(|()| self.connection.execute_batch("checkpoint fresh").doing(DOING));
        let detached = self.connection.execute_batch("detach fresh").doing(DOING);
        match written.and(detached) {
            Ok(()) => Ok(fresh),
            Err(error) => {
                // The error is the one to tell.
                let _ = remove_leftovers(&fresh.next);
                Err(error)
            }
        }
    }

    fn copy_tables(&self, but: &[&str]) -> Result<(), Error> {
        let list = sql_files::FRESH_TABLES;
        let tables =
            self.rows(list, DOING, |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        for (schema, table) in tables.into_iter().filter(|(_, it)| !but.contains(&it.as_str())) {
            let name = format!("{}.{}", sql_files::quoted(&schema), sql_files::quoted(&table));
            // One transaction a table: there is nothing that a torn copy could be taken for.
            let copy = format!(
                "delete from fresh.{name}; insert into fresh.{name} by name from work.{name}"
            );
            self.connection.execute_batch(&copy).doing(DOING)?;
        }
        Ok(())
    }

    /// Closes this work file and puts `fresh` in its place.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Disk`]; then one of the two files is whole under the name.
    pub(crate) fn give_way(self, fresh: &FreshFile, path: &Path) -> Result<(), Error> {
        // A log that is left would be played onto the fresh file.
        self.connection.execute_batch("checkpoint work").doing(DOING)?;
        self.connection.execute_batch("use memory; detach work").doing(DOING)?;
        drop(self);
        remove_if_there(&path.with_extension("duckdb.wal"))?;
        let moved = std::fs::metadata(path)
            .and_then(|former| std::fs::set_permissions(&fresh.next, former.permissions()))
            .and_then(|()| std::fs::File::open(&fresh.next)?.sync_all())
            .and_then(|()| std::fs::rename(&fresh.next, path));
        moved.map_err(|source| Error::File { doing: "replace", path: path.to_owned(), source })
    }
}

/// A work file that is to take another's place.
pub(crate) struct FreshFile {
    /// Where it is.
    pub(crate) next: std::path::PathBuf,
}

impl FreshFile {
    fn beside(path: &Path) -> Self {
        Self { next: path.with_extension("duckdb.new") }
    }
}
