//! Which stream is sent row changes, what it was sent last of each row, and where each batch lies in it.
//!
//! A batch is noted before it is sent and after all of it is acknowledged; one that was only begun is sent again, under the same ids.
//! Every note is one transaction with what it is about.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use duckdb::{OptionalExt, params};

use super::consumers::register;
use super::files::list;
use crate::ids::{Consumer, Table};
use crate::stream::{PlacedRange, StreamRange};
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{
    Among, Doing, Error, RowBatch, StreamRow, Warehouse, for_consumers, for_table, keep_all_keys,
    keep_forgotten_keys, sql_timestamp,
};

const DOING: &str = "note what the stream was sent";

/// The stream that was sent rows last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownStream {
    /// A cluster's id and what its topics begin with, or an ARN.
    pub(crate) identity: String,
    /// As it was configured.
    pub(crate) address: String,
    /// The tables of which every row is being sent again.
    pub(crate) replaying: Vec<Table>,
}

impl KnownStream {
    /// Which rows of a table may be new to it.
    pub(crate) fn among(&self, table: Table) -> Among {
        if self.replaying.contains(&table) { Among::All } else { Among::Changed }
    }
}

/// The stream that was sent rows last; `None` where none ever was.
pub(crate) fn known(warehouse: &Warehouse) -> Result<Option<KnownStream>, Error> {
    let doing = "look for the stream";
    let found = warehouse.connection().query_row(sql::KNOWN_STREAM, [], |row| {
        let tables: Option<String> = row.get(2)?;
        let tables = tables.and_then(|text| serde_json::from_str(&text).ok());
        let replaying = tables.unwrap_or_default();
        Ok(KnownStream { identity: row.get(0)?, address: row.get(1)?, replaying })
    });
    found.optional().doing(doing)
}

/// Notes which stream is sent rows from now on. What another one was sent is of no use any more.
pub(crate) fn begin(
    warehouse: &mut Warehouse,
    identity: &str,
    address: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        for table in ["streams", "stream_rows", "stream_batches", "stream_gone"] {
            connection.execute(&format!("delete from meta.{table}"), []).doing(DOING)?;
        }
        let values = params![identity, address, sql_timestamp(now)];
        connection.execute(sql::REPLACE_STREAM, values).doing(DOING)?;
        register(warehouse, std::iter::once(Consumer::Stream.name()))?;
        // Of tombstones it has none to be sent: it was sent no row.
        let gone = for_consumers(sql::ACKNOWLEDGE_STREAM_GONE);
        connection.execute(&gone, []).doing(DOING)?;
        connection.execute(sql::BEGIN_REPLAY, [list(Table::ALL)]).doing(DOING).map(|_| ())
    })
}

/// Notes that every row of some tables is to be sent again to the same stream.
pub(crate) fn replay(warehouse: &mut Warehouse, tables: &[Table]) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        let tables = list(tables);
        let connection = warehouse.connection();
        connection.execute(sql::LOSE_SENT_ROWS, [&tables]).doing(DOING)?;
        connection.execute(sql::BEGIN_REPLAY, [&tables]).doing(DOING).map(|_| ())
    })
}

/// Takes out the batches of which nobody knows what arrived.
pub(crate) fn lose_begun_batches(warehouse: &Warehouse) -> Result<(), Error> {
    warehouse.connection().execute(sql::LOSE_STREAM_BATCHES, []).doing(DOING).map(|_| ())
}

/// Notes what is about to be sent, and returns the number of the batch.
pub(crate) fn begin_batch(
    warehouse: &Warehouse,
    run_id: &str,
    table: Table,
    rows: &[StreamRow],
    now: DateTime<Utc>,
) -> Result<i64, Error> {
    let hashes = rows.iter().filter_map(|row| row.row_hash.parse::<u64>().ok());
    let sum: u128 = hashes.map(u128::from).sum();
    let deletes = rows.iter().filter(|row| row.value.is_none()).count();
    let values = params![
        run_id,
        table.name(),
        count(rows.len()),
        count(deletes),
        sum.to_string(),
        sql_timestamp(now)
    ];
    let connection = warehouse.connection();
    connection.query_row(sql::BEGIN_STREAM_BATCH, values, |row| row.get(0)).doing(DOING)
}

/// What of a batch was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent<'a> {
    /// Rows.
    Rows(RowBatch),
    /// Tombstones: behind the first key, up to the last one.
    Tombstones { after: &'a str, last: &'a str },
}

/// Notes that every event of a batch is in the stream, and where.
pub(crate) fn acknowledge(
    warehouse: &mut Warehouse,
    batch: i64,
    table: Table,
    sent: Sent<'_>,
    found: Acknowledgement<'_>,
) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        let values = params![batch, list(found.ranges), sql_timestamp(found.at)];
        connection.execute(sql::ACKNOWLEDGE_STREAM_BATCH, values).doing(DOING)?;
        match sent {
            Sent::Rows(RowBatch { after, last, has_sent, .. }) => {
                // Looks at all that the stream was ever sent: not for rows that it never was.
                if has_sent {
                    let replace = for_table(sql::REPLACE_STREAM_ROWS, table);
                    connection.execute(&replace, params![after, last]).doing(DOING)?;
                }
                let note = for_table(sql::NOTE_STREAM_ROWS, table);
                connection.execute(&note, params![batch, after, last]).doing(DOING)?;
            }
            Sent::Tombstones { after, last } => {
                let note = for_table(sql::NOTE_TOMBSTONES, table);
                connection.execute(&note, params![batch, after, last]).doing(DOING)?;
            }
        }
        Ok(())
    })
}

/// Where a batch lies, and since when that is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Acknowledgement<'a> {
    /// Where.
    pub(crate) ranges: &'a [StreamRange],
    /// Since when.
    pub(crate) at: DateTime<Utc>,
}

/// Notes that the stream has everything that the gate has passed.
pub(crate) fn has_everything(warehouse: &mut Warehouse) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        for sql in [sql::ACKNOWLEDGE_STREAM_GONE, sql::ACKNOWLEDGE_STREAM_RUNS] {
            connection.execute(&for_consumers(sql), []).doing(DOING)?;
        }
        connection.execute("delete from meta.stream_gone", []).doing(DOING)?;
        connection.execute(sql::END_REPLAY, []).doing(DOING).map(|_| ())
    })
}

/// Notes that every row of the tables was sent again that were to be.
pub(crate) fn end_replay(warehouse: &Warehouse) -> Result<(), Error> {
    warehouse.connection().execute(sql::END_REPLAY, []).doing(DOING).map(|_| ())
}

/// Whether anything is noted that the stream is to be sent, news or not.
pub(crate) fn lacks_anything(warehouse: &Warehouse) -> Result<bool, Error> {
    let sql = for_consumers(sql::STREAM_IS_PENDING);
    let found = warehouse.connection().query_row(&sql, [], |row| row.get(0));
    found.doing("look for what the stream lacks")
}

/// Keeps the keys of rows that are about to be forgotten, in the transaction that takes them out.
pub(crate) fn keep_forgotten(warehouse: &Warehouse, run_id: &str) -> Result<(), Error> {
    for table in Table::ALL {
        let sql = keep_forgotten_keys(table);
        warehouse.connection().execute(&sql, [run_id]).doing("keep the keys of tombstones")?;
    }
    Ok(())
}

/// Keeps the keys of all rows, which are no rows any more.
pub(crate) fn keep_everything(warehouse: &mut Warehouse, run_id: &str) -> Result<(), Error> {
    let doing = "keep the keys of tombstones";
    warehouse.transaction(|warehouse| {
        for table in Table::ALL {
            let connection = warehouse.connection();
            connection.execute(&keep_all_keys(table), [run_id]).doing(doing)?;
            connection.execute(&format!("delete from core.{table}"), []).doing(doing)?;
        }
        Ok(())
    })
}

/// Forgets which rows were sent that are no rows any more, tombstones among them.
pub(crate) fn lose_forgotten(warehouse: &mut Warehouse) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        for table in Table::ALL {
            let sql = for_table(sql::LOSE_FORGOTTEN_ROWS, table);
            warehouse.connection().execute(&sql, []).doing(DOING)?;
        }
        Ok(())
    })
}

/// Whether keys are kept whose tombstones are not sent yet.
pub(crate) fn has_forgotten(warehouse: &Warehouse) -> Result<bool, Error> {
    let sql = "select exists (from meta.stream_gone)";
    warehouse.connection().query_row(sql, [], |row| row.get(0)).doing("look for the stream")
}

/// Where the acknowledged batches lie, by table.
pub(crate) fn ranges(warehouse: &Warehouse) -> Result<Vec<PlacedRange>, Error> {
    let doing = "look for what the stream was sent";
    let mut found = Vec::new();
    let mut statement = warehouse.connection().prepare(sql::STREAM_RANGES).doing(doing)?;
    for table in Table::ALL {
        let rows = statement.query_map([table.name()], |row| {
            let at = row.get::<_, NaiveDateTime>(2)?.and_utc();
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, at))
        });
        for row in rows.doing(doing)? {
            let (batch, ranges, acknowledged_at) = row.doing(doing)?;
            let ranges: Vec<StreamRange> = serde_json::from_str(&ranges).unwrap_or_default();
            let placed = |range| PlacedRange { batch, table, acknowledged_at, range };
            found.extend(ranges.into_iter().map(placed));
        }
    }
    Ok(found)
}

/// How the stream stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct StreamStanding {
    /// Where it is, as it was configured.
    pub(crate) address: String,
    /// Events that it acknowledged.
    pub(crate) acknowledged_count: u64,
    /// When it last did.
    pub(crate) acknowledged_at: Option<DateTime<Utc>>,
    /// The start of the first run of which it lacks rows; `None`: it has everything.
    pub(crate) lacks_since: Option<DateTime<Utc>>,
    /// How many rows of each table that may be; one that is shipped again as it was is no event.
    #[serde(default)]
    pub(crate) lacks: BTreeMap<String, u64>,
    /// Tables that are being sent again, whole.
    #[serde(default)]
    pub(crate) replaying: Vec<Table>,
}

impl StreamStanding {
    /// Of a stream that is configured and was sent nothing yet.
    pub(crate) fn of_none(address: String) -> Self {
        Self {
            address,
            acknowledged_count: 0,
            acknowledged_at: None,
            lacks_since: None,
            lacks: BTreeMap::new(),
            replaying: Table::ALL.to_vec(),
        }
    }

    /// What it lacks and since when, in words; `None`: nothing.
    pub(crate) fn lacks(&self) -> Option<String> {
        let replaying = self.replaying.iter().map(|table| table.name()).collect::<Vec<_>>();
        let replay = match replaying.len() {
            0 => None,
            count if count == Table::ALL.len() => Some("it was not sent every row yet".to_owned()),
            _ => Some(format!("a replay of {} is not at its end", replaying.join(", "))),
        };
        let rows = self.lacks_since.map(|since| {
            let since = since.format("%Y-%m-%d %H:%M:%S UTC");
            let counts = self.lacks.iter().map(|(table, count)| format!("{table} {count}"));
            let counts = counts.collect::<Vec<_>>().join(", ");
            match self.lacks.values().sum::<u64>() {
                0 => format!("it lacks rows of runs since {since}"),
                count => format!("it lacks up to {count} rows ({counts}) of runs since {since}"),
            }
        });
        let parts: Vec<String> = replay.into_iter().chain(rows).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// How the stream stands; `None` where none was sent anything.
pub(crate) fn standing(warehouse: &Warehouse) -> Result<Option<StreamStanding>, Error> {
    let sql = for_consumers(sql::STREAM_STANDING);
    let time = |at: Option<NaiveDateTime>| at.map(|at| at.and_utc());
    let found = warehouse.connection().query_row(&sql, [], |row| {
        Ok(StreamStanding {
            address: row.get(0)?,
            acknowledged_count: row.get(1)?,
            acknowledged_at: time(row.get(2)?),
            lacks_since: time(row.get(3)?),
            lacks: BTreeMap::new(),
            replaying: Vec::new(),
        })
    });
    let Some(mut standing) = found.optional().doing("look for the stream")? else {
        return Ok(None);
    };
    standing.replaying = known(warehouse)?.map(|known| known.replaying).unwrap_or_default();
    if standing.lacks_since.is_some() {
        for table in Table::ALL {
            let sql = for_table(sql::STREAM_LACKS, table);
            let count = warehouse.connection().query_row(&sql, [], |row| row.get(0));
            let count: u64 = count.doing("count what the stream lacks")?;
            standing.lacks.extend((0 < count).then(|| (table.to_string(), count)));
        }
    }
    Ok(Some(standing))
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
