//! What Spotify has put off, by bucket of its quota, as the ledger keeps it between runs.

use chrono::{DateTime, NaiveDateTime, Utc};
use duckdb::params;
use serde::Serialize;

use super::files::list;
use crate::sources::{Bucket, Lockouts};
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse, sql_timestamp};

/// What an account may not ask yet.
pub(crate) fn load(
    warehouse: &Warehouse,
    account: &str,
    now: DateTime<Utc>,
) -> Result<Lockouts, Error> {
    let (sql, doing) =
        ("select bucket, until, account from meta.not_before", "look up the rate limits");
    let rows = warehouse.rows(sql, doing, |row| {
        let until: NaiveDateTime = row.get(1)?;
        Ok((row.get::<_, String>(0)?, until.and_utc(), row.get::<_, String>(2)?))
    })?;
    let mut lockouts = Lockouts::default();
    for (name, until, of) in rows {
        let bucket = Bucket::ALL.into_iter().find(|bucket| bucket.name() == name);
        if let Some(bucket) = bucket.filter(|_| of == account && now < until) {
            lockouts.note(bucket, until);
        }
    }
    Ok(lockouts)
}

/// Remembers what an account may not ask yet.
pub(crate) fn save(
    warehouse: &mut Warehouse,
    account: &str,
    lockouts: &Lockouts,
) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Noted {
        bucket: &'static str,
        until: String,
    }
    let noted = lockouts
        .iter()
        .map(|(bucket, until)| Noted { bucket: bucket.name(), until: sql_timestamp(until) });
    let (noted, doing) = (list(noted), "note the rate limits");
    let buckets = list(lockouts.iter().map(|(bucket, _)| bucket.name()));
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        connection.execute(sql::FORGET_LOCKOUTS, params![account, buckets]).doing(doing)?;
        connection.execute(sql::NOTE_LOCKOUTS, params![account, noted]).doing(doing).map(drop)
    })
}
