//! What Spotify has put off, by bucket of its quota, as the ledger keeps it between runs.

use chrono::{DateTime, NaiveDateTime, Utc};
use duckdb::params;

use crate::sources::{Bucket, Lockouts};
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
    let doing = "note a rate limit";
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        for (bucket, until) in lockouts.iter() {
            let delete = "delete from meta.not_before where account = ? and bucket = ?";
            connection.execute(delete, params![account, bucket.name()]).doing(doing)?;
            let insert = "insert into meta.not_before by name select ? as account, ? as bucket, ?::timestamp as until";
            let row = params![account, bucket.name(), sql_timestamp(until)];
            connection.execute(insert, row).doing(doing)?;
        }
        Ok(())
    })
}
