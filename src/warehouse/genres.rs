//! Genres that a file gives: landed as a read of their own, so that whatever ends the run, the next one goes on with them.

use chrono::{DateTime, Utc};
use duckdb::params;

use super::error::{Doing, Error};
use super::reads::ReadStatus;
use super::sql_files::ledger as sql;
use super::{Warehouse, sql_files, sql_timestamp};
use crate::sources::GivenGenre;

/// The read's entity. It is no subject: no document is of it.
const ENTITY: &str = "genres";

const DOING: &str = "land the genres";

/// What a file is landed for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GenreRead<'a> {
    /// The run.
    pub(crate) run_id: &'a str,
    /// The time.
    pub(crate) now: DateTime<Utc>,
}

impl Warehouse {
    /// Lands rows of a file, in one transaction.
    ///
    /// # Errors
    /// What `rows` returns, or [`Error::Statement`].
    pub(crate) fn land_genres<E: From<Error>>(
        &mut self,
        GenreRead { run_id, now }: GenreRead<'_>,
        mut rows: impl Iterator<Item = Result<GivenGenre, E>>,
    ) -> Result<u64, E> {
        self.transaction(|warehouse| {
            let (read_id, now) = (warehouse.new_read_id(), sql_timestamp(now));
            let connection = &warehouse.connection;
            let begun = params![read_id, run_id, ENTITY, Option::<&str>::None, now];
            connection.execute(sql::BEGIN_READ, begun).doing(DOING)?;
            let mut genres = connection.appender_to_db("genres", "raw").doing(DOING)?;
            let count = rows.try_fold(0, |count, row| {
                let GivenGenre { artist_id, genre } = row?;
                genres.append_row(params![read_id, artist_id, genre]).doing(DOING)?;
                Ok::<_, E>(count + 1)
            })?;
            genres.flush().doing(DOING)?;
            let ended = params![ReadStatus::Complete.name(), now, read_id];
            connection.execute(sql::END_READ, ended).doing(DOING)?;
            Ok(count)
        })
    }

    /// How many artists files gave genres of that are not known; they are given up, and so is what was given twice.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn tidy_genres(&mut self) -> Result<u64, Error> {
        let doing = "look at the genres that a file gave";
        let unknown = self.connection.query_row(sql_files::UNKNOWN_GENRES, [], |row| row.get(0));
        let unknown = unknown.doing(doing)?;
        self.connection.execute_batch(sql_files::TIDY_GENRES).doing(doing)?;
        Ok(unknown)
    }
}
