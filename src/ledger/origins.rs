//! Where the rows of shipped files come from: the runs that read them, which need not be the ones that exported them.

use std::collections::BTreeMap;

use super::Shipment;
use crate::ids::{RunId, Table};
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse};

/// By run: where the rows in its files come from, each `run time`.
pub(crate) type Origins = BTreeMap<String, Vec<String>>;

/// What the rows in the runs' files say of where they come from: `run time`, as Snowflake is asked for it.
pub(crate) fn of_runs(warehouse: &Warehouse, runs: &[&RunId]) -> Result<Origins, Error> {
    let runs: Vec<&str> = runs.iter().map(|run| run.as_str()).collect();
    let doing = "look up where the files' rows come from";
    let mut statement = warehouse.connection().prepare(sql::ORIGINS_OF_RUNS).doing(doing)?;
    let of_row = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let rows = statement.query_map([serde_json::json!(runs).to_string()], of_row).doing(doing)?;
    let mut origins = Origins::new();
    for row in rows {
        let (run, origin): (String, String) = row.doing(doing)?;
        origins.entry(run).or_default().push(origin);
    }
    Ok(origins)
}

/// What the rows of each of a table's files say of where they come from.
pub(crate) fn by_key(
    shipments: &[Shipment],
    table: Table,
    origins: &Origins,
) -> BTreeMap<String, Vec<String>> {
    let of_shipment = |shipment: &Shipment| {
        let of_run = origins.get(shipment.run.id.as_str()).cloned().unwrap_or_default();
        let keys: Vec<_> = shipment.files_of(table).map(|it| it.file.key.clone()).collect();
        keys.into_iter().map(move |key| (key, of_run.clone()))
    };
    shipments.iter().flat_map(of_shipment).collect()
}
