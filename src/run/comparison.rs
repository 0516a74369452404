//! A whole table compared, DuckDB against Snowflake's current rows: one statement where it is the same, four where it differs, whatever
//! its size.

use std::collections::BTreeSet;

use serde_json::json;

use super::account::bound;
use super::error::Error;
use crate::blocking::blocking;
use crate::config::Account;
use crate::ids::Table;
use crate::snowflake::compare as compared;
use crate::snowflake::compare::{TableComparison, differences, differing_buckets, differing_keys};
use crate::snowflake::{CompareQuery, Rows, Statement};
use crate::stop::Stop;
use crate::warehouse::Warehouse;

/// Compares a table; `now` is a time as rows have it, and `tag` what Snowflake's query history shows beside the statements.
///
/// # Errors
/// [`Error::Snowflake`], also where its answers do not fit together; [`Error::Warehouse`].
pub(crate) async fn compare(
    (target, tag): (&Account, &str),
    warehouse: &Warehouse,
    (table, now): (Table, &str),
    stop: &Stop,
) -> Result<TableComparison, Error> {
    let rows = ask((target, tag), (table, CompareQuery::Counts), None, stop).await?;
    let remote = compared::table_sum(&rows)?;
    let local = blocking(|| warehouse.table_sum(table))?;
    let is_same = local == remote;
    let mut comparison = TableComparison { table, local, remote, differences: Vec::new() };
    if is_same {
        return Ok(comparison);
    }
    let rows = ask((target, tag), (table, CompareQuery::Buckets), None, stop).await?;
    let local = blocking(|| warehouse.bucket_sums(table))?;
    let remote = compared::bucket_sums(&rows)?;
    let count = remote.iter().map(|sum| sum.row_count).sum::<u64>();
    if count != comparison.remote.row_count {
        let reason = format!(
            "its buckets have {count} rows, and the table {}: compare again, it changes just now",
            comparison.remote.row_count
        );
        let handle = rows.handle().to_owned();
        return Err(crate::snowflake::Error::Incomplete { handle, reason }.into());
    }
    let buckets = differing_buckets(&local, &remote);
    let rows = ask((target, tag), (table, CompareQuery::Keys), Some(&buckets), stop).await?;
    let local = blocking(|| warehouse.bucket_keys(table, &buckets))?;
    let keys = differing_keys(&local, &compared::key_hashes(&rows)?);
    let rows = ask((target, tag), (table, CompareQuery::Rows), Some(&keys), stop).await?;
    let local = blocking(|| warehouse.current_rows(table, &keys))?;
    let remote = compared::current_rows(&rows)?;
    comparison.differences = differences(&table.columns(), &local, &remote, now);
    Ok(comparison)
}

async fn ask(
    (target, tag): (&Account, &str),
    (table, question): (Table, CompareQuery),
    among: Option<&BTreeSet<String>>,
    stop: &Stop,
) -> Result<Rows, Error> {
    let sql = target.names.compare(table, question);
    let statement = match among {
        Some(wanted) => bound(sql, json!(wanted).to_string()),
        None => Statement::new(sql),
    };
    let statement = Statement { query_tag: Some(tag.to_owned()), ..statement };
    Ok(target.connection.run(&statement, stop).await?)
}
