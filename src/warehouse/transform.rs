//! Runs the models in order, merges them in one transaction, and reads what came of them.

use std::collections::HashMap;

use duckdb::Row;

use super::error::{Doing, Error};
use super::{Warehouse, sql_files};
use crate::ids::Table;

/// Rows of one shipped table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct TableCount {
    /// The table.
    pub table: Table,
    /// All its rows.
    pub row_count: u64,
    /// Rows that are not shipped yet.
    pub changed_row_count: u64,
}

/// What a playlist is made of, and what came and went since its snapshot before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlaylistContents {
    /// All rows.
    pub row_count: u64,
    /// Songs.
    pub track_count: u64,
    /// Episodes.
    pub episode_count: u64,
    /// Local files.
    pub local_count: u64,
    /// Removed items.
    pub removed_count: u64,
    /// Songs it gained; none where nothing was held before.
    pub added_song_count: u64,
    /// Songs it lost.
    pub removed_song_count: u64,
}

/// An artist or album of `core` whose full object is not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MissingDetails {
    /// `artists` or `albums`.
    pub entity: String,
    /// Spotify's id.
    pub id: String,
}

impl Warehouse {
    /// Shapes every pending read into the shipped tables. All of it or nothing; doing it again does nothing.
    ///
    /// # Errors
    /// [`Error::Statement`] names the model.
    pub(crate) fn transform(&mut self) -> Result<(), Error> {
        if self.pending_read_count()? == 0 {
            return Ok(());
        }
        for model in sql_files::MODELS.iter() {
            tracing::debug!(model.name, "model `{}`", model.name);
            // Temporary tables only, so a killed transform leaves nothing behind; and DuckDB scans a table of a running
            // transaction on one thread.
            self.connection
                .execute_batch(model.sql)
                .doing(&format!("run the model `{}`", model.name))?;
        }
        self.transaction(|warehouse| {
            for table in Table::ALL {
                let doing = format!("merge `{table}`");
                tracing::debug!(table.name = table.name(), "{doing}");
                warehouse.connection.execute_batch(&sql_files::merge(table)).doing(&doing)?;
            }
            let doing = "note the transform";
            warehouse.connection.execute_batch(sql_files::FINISH).doing(doing)?;
            warehouse.note_change(doing)
        })?;
        self.drop_temporary_tables()
    }

    /// Lists that are landed and not transformed.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn pending_read_count(&self) -> Result<u64, Error> {
        self.land_pages()?;
        let sql = "select count(*) from staging.pending_reads";
        self.connection.query_row(sql, [], |row| row.get(0)).doing("count pending reads")
    }

    /// The models' temporary tables hold a run's rows; they are worth their memory only during the transform.
    fn drop_temporary_tables(&self) -> Result<(), Error> {
        let list = "select table_name from duckdb_tables() where temporary";
        for table in self.rows(list, "list temporary tables", |row| row.get::<_, String>(0))? {
            self.connection
                .execute_batch(&format!("drop table {}", sql_files::quoted(&table)))
                .doing("drop a temporary table")?;
        }
        Ok(())
    }

    /// Notes for everybody who is sent changes that the run changed rows, in the transaction that changes them.
    pub(super) fn note_change(&self, doing: &str) -> Result<(), Error> {
        self.connection.execute_batch(sql_files::ledger::NOTE_CHANGE).doing(doing)
    }

    /// Marks every row of every shipped table as this run's, so that all of them are checked and shipped again.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn unship_everything(&mut self) -> Result<(), Error> {
        self.transaction(|warehouse| {
            for table in Table::ALL {
                let sql = sql_files::for_table(sql_files::UNSHIP, table);
                warehouse.connection.execute_batch(&sql).doing(&format!("unship `{table}`"))?;
            }
            warehouse.note_change("unship everything")
        })
    }

    /// Rows of each shipped table, and how many are about to be shipped.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn table_counts(&self) -> Result<Vec<TableCount>, Error> {
        self.rows(&sql_files::TABLE_COUNTS, "count the tables", |row| {
            Ok(TableCount {
                table: row.get(0)?,
                row_count: row.get(1)?,
                changed_row_count: row.get(2)?,
            })
        })
    }

    /// What the playlists that this run read are made of, by their ids.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn playlist_contents(&self) -> Result<HashMap<String, PlaylistContents>, Error> {
        let rows = self.rows(sql_files::PLAYLIST_CONTENTS, "count rows by kind", |row| {
            let contents = PlaylistContents {
                row_count: row.get("row_count")?,
                track_count: row.get("track_count")?,
                episode_count: row.get("episode_count")?,
                local_count: row.get("local_count")?,
                removed_count: row.get("removed_count")?,
                added_song_count: row.get("added_song_count")?,
                removed_song_count: row.get("removed_song_count")?,
            };
            Ok((row.get("playlist_id")?, contents))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// The name of each playlist that has one.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn playlist_names(&self) -> Result<HashMap<String, String>, Error> {
        let sql = "select id, name from core.playlists where id is not null and name is not null";
        let rows = self.rows(sql, "look up names", |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }

    /// Artists and albums that were never asked for; with `refetch`, not by this run.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn missing_details(&self, refetch: bool) -> Result<Vec<MissingDetails>, Error> {
        let doing = "look for missing details";
        self.connection.execute("set variable refetch = ?", [refetch]).doing(doing)?;
        self.rows(sql_files::MISSING_DETAILS, doing, |row| {
            Ok(MissingDetails { entity: row.get(0)?, id: row.get(1)? })
        })
    }

    /// Hands each row of a query to `read`.
    pub(crate) fn each_row(
        &self,
        sql: &str,
        doing: &str,
        mut read: impl FnMut(&Row<'_>) -> duckdb::Result<()>,
    ) -> Result<(), Error> {
        let mut statement = self.connection.prepare(sql).doing(doing)?;
        let mut rows = statement.query([]).doing(doing)?;
        while let Some(row) = rows.next().doing(doing)? {
            read(row).doing(doing)?;
        }
        Ok(())
    }

    /// Every row of a query, read by `read`.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        doing: &str,
        read: impl FnMut(&Row<'_>) -> duckdb::Result<T>,
    ) -> Result<Vec<T>, Error> {
        self.land_pages()?;
        let mut statement = self.connection.prepare(sql).doing(doing)?;
        let rows = statement.query_map([], read).doing(doing)?;
        rows.collect::<Result<_, _>>().doing(doing)
    }
}
