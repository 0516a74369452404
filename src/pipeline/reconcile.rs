//! Whole tables compared, DuckDB against Snowflake's current rows, and the rows that differ shipped again.
//!
//! A table that is the same costs one statement; one that differs four, whatever its size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::json;

use super::lock::hold;
use super::settings::Settings;
use super::target::{Target, target};
use super::{Error, parcels, ship};
use crate::config::Config;
use crate::event::Events;
use crate::ids::Table;
use crate::retry::Stop;
use crate::snowflake::reconcile::{
    self as compared, TableComparison, differences, differing_buckets, differing_keys,
};
use crate::snowflake::{Reconcile, Rows, Statement, business_columns};
use crate::warehouse::Warehouse;

/// What a reconciliation found.
pub struct Reconciliation {
    /// Per table.
    pub tables: Vec<TableComparison>,
}

impl Reconciliation {
    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.tables.iter().all(|table| table.differences.is_empty())
    }

    /// The keys that another shipment can mend, per table.
    pub fn keys(&self) -> BTreeMap<Table, BTreeSet<String>> {
        let of = |table: &TableComparison| {
            let keys = table.differences.iter().map(|it| it.key.join("\u{1f}")).collect();
            (table.table, keys)
        };
        let differing = self.tables.iter().filter(|table| !table.differences.is_empty());
        differing.map(of).collect()
    }
}

/// Compares `tables` (all of them where none is named).
///
/// # Errors
/// [`Error::NotConfigured`] without an account, [`Error::Snowflake`].
pub async fn reconcile(
    config: &Config,
    settings: &Settings,
    tables: &[Table],
    (events, stop): (Events<'_>, &Arc<Stop>),
) -> Result<Reconciliation, Error> {
    let target = target(config, settings.shipping.snowflake, settings.clock)?.ok_or(
        Error::NotConfigured { what: "SNOWFLAKE_ACCOUNT", why: "there is nothing to compare with" },
    )?;
    let (_lock, mut warehouse) = hold(settings, "reconcile", events, stop).await?;
    let tables = if tables.is_empty() { &Table::ALL[..] } else { tables };
    let mut found = Vec::new();
    for table in tables {
        let comparison = compare(&target, &warehouse, *table, stop.flag()).await?;
        if comparison.differences.is_empty() {
            // Whatever became of a file once, its rows are right now.
            parcels::settle(&mut warehouse, *table, (settings.clock)())?;
        }
        found.push(comparison);
    }
    Ok(Reconciliation { tables: found })
}

async fn compare(
    target: &Target,
    warehouse: &Warehouse,
    table: Table,
    stop: &AtomicBool,
) -> Result<TableComparison, Error> {
    let rows = ask(target, (table, Reconcile::Counts), None, stop).await?;
    let remote = compared::table_sum(&rows)?;
    let local = tokio::task::block_in_place(|| warehouse.table_sum(table))?;
    let is_same = local == remote;
    let mut comparison = TableComparison { table, local, remote, differences: Vec::new() };
    if is_same {
        return Ok(comparison);
    }
    let rows = ask(target, (table, Reconcile::Buckets), None, stop).await?;
    let local = tokio::task::block_in_place(|| warehouse.bucket_sums(table))?;
    let buckets = differing_buckets(&local, &compared::bucket_sums(&rows)?);
    let rows = ask(target, (table, Reconcile::Keys), Some(&buckets), stop).await?;
    let local = tokio::task::block_in_place(|| warehouse.bucket_keys(table, &buckets))?;
    let keys = differing_keys(&local, &compared::key_hashes(&rows)?);
    let rows = ask(target, (table, Reconcile::Rows), Some(&keys), stop).await?;
    let local = tokio::task::block_in_place(|| warehouse.current_rows(table, &keys))?;
    comparison.differences =
        differences(&business_columns(table), &local, &compared::current_rows(&rows)?);
    Ok(comparison)
}

async fn ask(
    target: &Target,
    (table, question): (Table, Reconcile),
    among: Option<&BTreeSet<String>>,
    stop: &AtomicBool,
) -> Result<Rows, Error> {
    let sql = target.names.reconcile(table, question);
    let statement = match among {
        Some(wanted) => ship::bound(sql, json!(wanted).to_string()),
        None => Statement::new(sql),
    };
    let statement = Statement { query_tag: Some("snowtrack reconcile".to_owned()), ..statement };
    Ok(target.connection.run(&statement, stop).await?)
}
