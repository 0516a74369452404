//! What of this machine's history nothing needs any more.

use chrono::{DateTime, Utc};
use duckdb::params;

use super::files::list;
use super::forgets::HeldArchive;
use super::rounds;
use crate::status::FileState;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse, sql_timestamp};

const DOING: &str = "look for what nothing needs any more";

/// Landed documents that may go.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Prunable {
    /// How many.
    pub(crate) document_count: u64,
    /// Their part of all landed text, from 0 to 1.
    pub(crate) share: f64,
}

/// The archives of runs whose files have all arrived.
pub(crate) fn archived_runs(
    warehouse: &Warehouse,
    before: DateTime<Utc>,
    arrived: &[FileState],
) -> Result<Vec<HeldArchive>, Error> {
    let mut statement = warehouse.connection().prepare(sql::ARCHIVED_RUNS).doing(DOING)?;
    let values = params![sql_timestamp(before), states(arrived)];
    let runs = statement
        .query_map(values, |row| Ok(HeldArchive { run_id: row.get(0)?, key: row.get(1)? }));
    runs.doing(DOING)?.collect::<Result<_, _>>().doing(DOING)
}

/// The keys of files that have arrived.
pub(crate) fn arrived_files(
    warehouse: &Warehouse,
    before: DateTime<Utc>,
    arrived: &[FileState],
) -> Result<Vec<String>, Error> {
    let mut statement = warehouse.connection().prepare(sql::ARRIVED_FILES).doing(DOING)?;
    let keys =
        statement.query_map(params![sql_timestamp(before), states(arrived)], |row| row.get(0));
    keys.doing(DOING)?.collect::<Result<_, _>>().doing(DOING)
}

/// Finds the documents that may go: those of transformed reads of these runs, but for the newest of each list.
pub(crate) fn prunable(
    warehouse: &Warehouse,
    before: DateTime<Utc>,
    runs: &[HeldArchive],
) -> Result<Prunable, Error> {
    warehouse.land_pages()?;
    let runs = list(runs.iter().map(|run| &run.run_id));
    let connection = warehouse.connection();
    connection.execute(sql::PRUNABLE_READS, params![sql_timestamp(before), runs]).doing(DOING)?;
    let found = connection.query_row(sql::PRUNABLE_SIZE, [], |row| {
        Ok(Prunable { document_count: row.get(0)?, share: row.get(1)? })
    });
    found.doing(DOING)
}

/// Finds the runs whose counts and passed checks may go, and counts them.
pub(crate) fn old_findings(
    warehouse: &Warehouse,
    before: DateTime<Utc>,
    arrived: &[FileState],
) -> Result<u64, Error> {
    let connection = warehouse.connection();
    let values = params![sql_timestamp(before), states(arrived)];
    connection.execute(sql::OLD_FINDINGS, values).doing(DOING)?;
    let sql = "select count(*) from old_findings";
    connection.query_row(sql, [], |row| row.get(0)).doing(DOING)
}

/// Deletes what was found: documents, counts and passed checks, and rounds without news.
pub(crate) fn prune(warehouse: &mut Warehouse) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        for sql in [sql::PRUNE_DOCUMENTS, sql::PRUNE_FINDINGS] {
            let pruned = warehouse.connection().execute_batch(sql);
            pruned.doing("delete what nothing needs any more")?;
        }
        rounds::merge(warehouse)
    })
}

fn states(arrived: &[FileState]) -> String {
    list(arrived.iter().map(|state| state.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a day apart: one that has files on their way, one that was refused, one that failed a check and was shipped all the same, two
    /// without anything to say, and the newest.
    const RUNS: &str = r#"
        insert into meta.runs by name
        select
            printf('r%d', n) as run_id,
            'a' as source,
            timestamp '2026-01-01' + to_days(n::integer) as started_at,
            started_at as finished_at,
            if(n = 2, null, started_at) as exported_at,
            case when n = 2 then 'refused' when n < 4 then 'verified' else 'exported' end as status
        from range(1, 7) as numbers (n);
        insert into meta.files by name
        select unnest(['r1', 'r3']) as run_id, unnest(['accepted', 'verified']) as state;
        insert into meta.table_counts by name
        select run_id, 'songs' as "table", 1 as row_count, 1 as changed_row_count
        from meta.runs;
        insert into meta.check_results by name
        select run_id, unnest(['one', 'two']) as "check", 'pass' as status from meta.runs;
        update meta.check_results set status = 'fail' where run_id = 'r3' and "check" = 'two'
    "#;

    #[test]
    fn of_old_runs_what_passed_goes_and_what_failed_or_is_under_way_stays() {
        let (_folder, mut warehouse) = Warehouse::scratch();
        warehouse.connection().execute_batch(RUNS).unwrap();
        let arrived = [FileState::Verified];
        let find = |warehouse: &Warehouse, before: &str| {
            let before = before.parse().unwrap();
            prunable(warehouse, before, &[]).unwrap();
            rounds::find(warehouse, before).unwrap();
            old_findings(warehouse, before, &arrived).unwrap()
        };
        assert_eq!(find(&warehouse, "2026-01-05T12:00:00Z"), 2, "r3 and r4");
        assert_eq!(find(&warehouse, "2026-02-01T00:00:00Z"), 3, "never the newest");
        prune(&mut warehouse).unwrap();
        let held =
            |sql: &str| -> Vec<String> { warehouse.rows(sql, "look", |row| row.get(0)).unwrap() };
        let counts = "select run_id from meta.table_counts order by 1";
        assert_eq!(held(counts), ["r1", "r2", "r6"]);
        let checks = "select run_id || ' ' || count(*) from meta.check_results \
            group by run_id order by 1";
        assert_eq!(held(checks), ["r1 2", "r2 2", "r3 1", "r6 2"]);
        assert_eq!(find(&warehouse, "2026-02-01T00:00:00Z"), 0);
    }
}
