//! A whole table compared, DuckDB against Snowflake's current rows: one statement where it is the same, four where it differs, whatever
//! its size.

use std::collections::BTreeSet;

use serde_json::json;

use super::account::bound;
use super::error::Error;
use crate::blocking::blocking;
use crate::config::Account;
use crate::ids::Table;
use crate::phrase::counted;
use crate::snowflake::compare as compared;
use crate::snowflake::compare::{TableComparison, differences, differing_buckets, differing_keys};
use crate::snowflake::{CompareQuery, Rows, Statement};
use crate::stop::Stop;
use crate::warehouse::Warehouse;

/// Tables compared with those of an account.
pub(crate) struct Comparison<'a> {
    /// With whose tables.
    pub(crate) account: &'a Account,
    /// What Snowflake's query history shows beside the statements.
    pub(crate) query_tag: &'a str,
    /// The time of the comparison, as rows have it.
    pub(crate) now: &'a str,
    /// What ends it early.
    pub(crate) stop: &'a Stop,
}

/// Compares a table.
///
/// # Errors
/// [`Error::Snowflake`], also where its answers do not fit together; [`Error::Warehouse`].
pub(crate) async fn compare(
    warehouse: &Warehouse,
    table: Table,
    with: &Comparison<'_>,
) -> Result<TableComparison, Error> {
    let rows = ask(with, table, CompareQuery::Counts, None).await?;
    let remote = compared::table_sum(&rows)?;
    let local = blocking(|| warehouse.table_sum(table))?;
    let is_same = local == remote;
    let mut comparison = TableComparison { table, local, remote, differences: Vec::new() };
    if is_same {
        return Ok(comparison);
    }
    let rows = ask(with, table, CompareQuery::Buckets, None).await?;
    let local = blocking(|| warehouse.bucket_sums(table))?;
    let remote = compared::bucket_sums(&rows)?;
    let count = remote.iter().map(|sum| sum.row_count).sum::<u64>();
    if count != comparison.remote.row_count {
        let reason = format!(
            "its buckets have {}, and the table {}: compare again, it changes just now",
            counted(count, "row"),
            comparison.remote.row_count
        );
        let handle = rows.handle().to_owned();
        return Err(crate::snowflake::Error::Incomplete { handle, reason }.into());
    }
    let buckets = differing_buckets(&local, &remote);
    let rows = ask(with, table, CompareQuery::Keys, Some(&buckets)).await?;
    let local = blocking(|| warehouse.bucket_keys(table, &buckets))?;
    let keys = differing_keys(&local, &compared::key_hashes(&rows)?);
    let rows = ask(with, table, CompareQuery::Rows, Some(&keys)).await?;
    let local = blocking(|| warehouse.current_rows(table, &keys))?;
    let remote = compared::current_rows(&rows, table)?;
    comparison.differences = differences(table, &local, &remote, with.now);
    Ok(comparison)
}

async fn ask(
    with: &Comparison<'_>,
    table: Table,
    question: CompareQuery,
    among: Option<&BTreeSet<String>>,
) -> Result<Rows, Error> {
    let Comparison { account, query_tag, stop, .. } = *with;
    let sql = account.names.compare(table, question);
    let statement = match among {
        Some(wanted) => bound(sql, json!(wanted).to_string()),
        None => Statement::new(sql),
    };
    let statement = Statement { query_tag: Some(query_tag.to_owned()), ..statement };
    let answer = account.connection.run(&statement, stop).await;
    answer.map_err(|error| Error::of_table(error, &account.names.table(table), table))
}
