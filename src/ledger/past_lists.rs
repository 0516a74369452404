//! What a list was at an earlier time, as far as it was read.

use chrono::{DateTime, NaiveDateTime, Utc};
use duckdb::{OptionalExt, params};

use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse, sql_timestamp};

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastRow {
    /// The song; `None` where it is something else.
    pub(crate) song_id: Option<String>,
    /// track, episode, local or removed.
    pub(crate) kind: String,
}

/// A list as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastList {
    /// When it was read so.
    pub(crate) read_at: DateTime<Utc>,
    /// Its rows in their order.
    pub(crate) rows: Vec<PastRow>,
}

/// The list as it was read last by then; `None` where it was not read yet.
pub(crate) fn at(
    warehouse: &Warehouse,
    list: &str,
    at: DateTime<Utc>,
) -> Result<Option<PastList>, Error> {
    let doing = "look up what the list was";
    let connection = warehouse.connection();
    let found = connection.query_row(sql::SNAPSHOT_AT, params![list, sql_timestamp(at)], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, NaiveDateTime>(1)?))
    });
    let Some((snapshot, read_at)) = found.optional().doing(doing)? else { return Ok(None) };
    let mut statement = connection.prepare(sql::ROWS_OF_SNAPSHOT).doing(doing)?;
    let rows = statement.query_map(params![list, snapshot], |row| {
        Ok(PastRow {
            song_id: row.get(0)?,
            kind: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
        })
    });
    let rows = rows.and_then(Iterator::collect).doing(doing)?;
    Ok(Some(PastList { read_at: read_at.and_utc(), rows }))
}

/// When the list was read first, of the readings that are kept.
pub(crate) fn first_read_at(
    warehouse: &Warehouse,
    list: &str,
) -> Result<Option<DateTime<Utc>>, Error> {
    let connection = warehouse.connection();
    let first = connection
        .query_row(sql::FIRST_SNAPSHOT_AT, [list], |row| row.get::<_, Option<NaiveDateTime>>(0));
    Ok(first.doing("look up when the list was read first")?.map(|first| first.and_utc()))
}
