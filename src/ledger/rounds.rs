//! Rounds without news: of each stretch the newest stays, which says how many there were and since when.
//!
//! Whatever names a run keeps it: its files, a snapshot that it read, a look at a list that no later run looked at.

use chrono::{DateTime, Utc};

use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse, for_consumers, sql_timestamp};

const DOING: &str = "merge rounds without news";

/// Finds the runs that ended before this time and whose place a later one takes, for [`merge`], and counts them.
pub(crate) fn find(warehouse: &Warehouse, before: DateTime<Utc>) -> Result<u64, Error> {
    let connection = warehouse.connection();
    let find = for_consumers(sql::QUIET_ROUNDS);
    connection.execute(&find, [sql_timestamp(before)]).doing(DOING)?;
    let sql = "select count(*) from quiet_rounds";
    connection.query_row(sql, [], |row| row.get(0)).doing(DOING)
}

/// Takes those that were found out of the ledger, in the caller's transaction.
pub(crate) fn merge(warehouse: &Warehouse) -> Result<(), Error> {
    warehouse.connection().execute_batch(sql::MERGE_ROUNDS).doing(DOING)
}

/// Both, of all that there are.
pub(crate) fn merge_all(warehouse: &mut Warehouse, now: DateTime<Utc>) -> Result<(), Error> {
    // One that ends within the same instant counts, too.
    let before = now + chrono::TimeDelta::seconds(1);
    match find(warehouse, before)? {
        0 => Ok(()),
        _ => warehouse.transaction(|warehouse| merge(warehouse)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a minute apart: one with news, then rounds without any, among them each that something names; `b` is of another source.
    const RUNS: &str = r#"
        insert into meta.runs by name
        select
            run_id,
            if(run_id = 'r06', 'b', 'a') as source,
            timestamp '2026-01-01' + to_minutes(n::integer) as started_at,
            started_at as finished_at,
            started_at as exported_at,
            if(run_id in ('r01', 'r21'), 'verified', 'unchanged') as status,
            json_object('status', if(run_id = 'r07', 'failed', 'unchanged')) as report,
            if(run_id = 'r08', 'key', null) as archive_key,
            if(run_id = 'r09', 1, null) as unread_count
        from (select printf('r%02d', n) as run_id, n from range(1, 26) as numbers (n));
        update meta.runs set exported_at = timestamp '2026-02-01' where run_id in ('r10', 'r11');
        insert into meta.files by name select 'r01' as run_id;
        insert into meta.looks by name select 'r12' as run_id, 'list' as playlist_id;
        insert into meta.snapshots by name select 'r13' as run_id;
        insert into meta.pending_runs
        values ('lake', 'r14'), ('published', 'r03'), ('stream', 'r03');
        insert into meta.pending_gone_rows by name select 'stream' as consumer, 'r15' as run_id;
        insert into meta.table_counts by name
        select run_id, 'songs' as "table", 5 as row_count,
            (run_id = 'r16')::int as changed_row_count
        from meta.runs;
        insert into meta.reads by name
        select n as read_id, printf('r%02d', n) as run_id,
            'my_playlists' as entity, 'complete' as status
        from range(1, 21) as numbers (n);
        insert into meta.reads by name
        select 40 as read_id, 'r17' as run_id, 'playlist' as entity, 'complete' as status;
        insert into raw.documents by name select read_id as document_id, read_id from meta.reads;
        insert into raw.rows by name
        select document_id, 0 as position, 'x' as row_json from raw.documents;
        insert into meta.check_results by name
        select run_id, 'c' as "check" from meta.runs
    "#;

    fn texts(warehouse: &Warehouse, sql: &str) -> Vec<String> {
        warehouse.rows(sql, "look", |row| row.get(0)).unwrap()
    }

    #[test]
    fn of_a_stretch_without_news_the_newest_stays_and_whatever_something_names() {
        let (_folder, mut warehouse) = Warehouse::scratch();
        warehouse.connection().execute_batch(RUNS).unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(find(&warehouse, at("2026-01-01T00:03:30Z")).unwrap(), 1, "r02 into r03");
        merge_all(&mut warehouse, at("2026-01-02T00:00:00Z")).unwrap();
        // r20 has the newest list, r21 has news, r25 is the newest.
        let kept = [
            "r01", "r06", "r07", "r08", "r09", "r10", "r11", "r12", "r13", "r14", "r15", "r16",
            "r17", "r20", "r21", "r25",
        ];
        assert_eq!(texts(&warehouse, "select run_id from meta.runs order by 1"), kept);
        let told = "select run_id || ' ' || round_count || ' ' || quiet_since from meta.runs \
            where round_count is not null order by 1";
        let told = texts(&warehouse, told);
        assert_eq!(told, ["r20 7 2026-01-01 00:02:00", "r25 4 2026-01-01 00:22:00"]);
        for (table, count) in [
            ("meta.check_results", 16),
            ("meta.table_counts", 16),
            ("meta.reads", 15),
            ("raw.documents", 15),
            ("raw.rows", 15),
            ("meta.pending_runs", 1),
        ] {
            let sql = format!("select count(*)::varchar from {table}");
            assert_eq!(texts(&warehouse, &sql), [count.to_string()], "{table}");
        }
        // Later rounds go on counting, and nothing is found twice.
        assert_eq!(find(&warehouse, at("2026-01-02T00:00:00Z")).unwrap(), 0);
        let next = "insert into meta.runs by name select 'r26' as run_id, 'a' as source, \
            'unchanged' as status, timestamp '2026-01-01 01:00:00' as started_at, \
            started_at as finished_at, started_at as exported_at";
        warehouse.connection().execute_batch(next).unwrap();
        merge_all(&mut warehouse, at("2026-01-02T00:00:00Z")).unwrap();
        let told = "select round_count || ' ' || quiet_since from meta.runs where run_id = 'r26'";
        assert_eq!(texts(&warehouse, told), ["5 2026-01-01 00:22:00"]);
    }
}
