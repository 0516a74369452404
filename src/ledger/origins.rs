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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_from_runs_that_were_exported_together_and_an_earlier_version_kept_old_times() {
        let (_folder, warehouse) = Warehouse::scratch();
        let ids = ["01", "02", "03", "04", "05"].map(|n| format!("{n}ARZ3NDEKTSV4RRFFQ69G5FAV"));
        // 1 failed before its export, and 2 took its rows along; 3 shipped everything and 5 the rows of a lost file of 3 by an
        // earlier version; 4 shipped everything by this one.
        let runs = "insert into meta.runs by name from (values \
            (?1, timestamp '2026-01-01 06:00:00', timestamp '2026-01-02 06:01:00', false, true), \
            (?2, timestamp '2026-01-02 06:00:00', timestamp '2026-01-02 06:01:00', false, true), \
            (?3, timestamp '2026-01-03 06:00:00', timestamp '2026-01-03 06:01:00', true, null), \
            (?4, timestamp '2026-01-04 06:00:00', timestamp '2026-01-04 06:01:00', true, true), \
            (?5, timestamp '2026-01-05 06:00:00', timestamp '2026-01-05 06:01:00', false, null)) \
            as runs(run_id, started_at, exported_at, is_full, renews_times)";
        warehouse.connection().execute(runs, duckdb::params_from_iter(&ids)).unwrap();
        let lost = "insert into meta.files by name \
            select ? as run_id, 'k' as key, timestamp '2026-01-03 07:00:00' as lost_at";
        warehouse.connection().execute(lost, [&ids[2]]).unwrap();
        let runs: Vec<RunId> = ids.iter().map(|id| id.parse().unwrap()).collect();
        let mut origins = of_runs(&warehouse, &runs.iter().collect::<Vec<_>>()).unwrap();
        let mut of = |run: usize| {
            let mut found = origins.remove(runs[run].as_str()).unwrap();
            found.sort();
            found
        };
        let pair = |run: usize, day: u32| format!("{} 2026-01-0{day}T06:00:00.000000", runs[run]);
        assert_eq!(of(1), [pair(0, 1), pair(1, 2)]);
        assert_eq!(of(2), [pair(2, 1), pair(2, 2), pair(2, 3)]);
        assert_eq!(of(3), [pair(3, 4)]);
        assert_eq!(of(4), [pair(4, 3), pair(4, 5)]);
    }
}
