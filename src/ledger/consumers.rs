//! Which changes of `core` each consumer lacks: the runs whose rows it does not have, and the rows that went.
//!
//! Whatever changes rows notes its run for every consumer in the same transaction (`note_change.sql`, `finish.sql`). Who is sent changes
//! reads `meta.pending_runs` and `meta.pending_gone_rows` under its own name, and acknowledges them in the transaction that notes what
//! it was sent. One run has the ledger at a time, so nothing comes in between.

use duckdb::params;

use super::files::list;
use super::settings::{replace_setting, set_setting};
use crate::ids::Consumer;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, PublishedFile, Warehouse};

/// Makes consumers known to the ledger, in the caller's transaction. One that it does not know yet lacks what every run made.
pub(super) fn register(
    warehouse: &Warehouse,
    consumers: impl Iterator<Item = &'static str>,
) -> Result<(), Error> {
    let doing = "note who is sent changes";
    let connection = warehouse.connection();
    let mut statement = connection.prepare(sql::UNKNOWN_CONSUMERS).doing(doing)?;
    let rows = statement.query_map([list(consumers)], |row| row.get(0)).doing(doing)?;
    for name in rows.collect::<Result<Vec<String>, _>>().doing(doing)? {
        connection.execute(sql::REGISTER_CONSUMER, [&name]).doing(doing)?;
        connection.execute(sql::LACK_EVERY_RUN, [&name]).doing(doing)?;
    }
    Ok(())
}

/// Notes that a consumer has everything, in the caller's transaction.
pub(super) fn acknowledge(warehouse: &Warehouse, consumer: Consumer) -> Result<(), Error> {
    for sql in [sql::ACKNOWLEDGE_RUNS, sql::ACKNOWLEDGE_GONE_ROWS] {
        let noted = warehouse.connection().execute(sql, params![consumer.name()]);
        noted.doing("note what was sent")?;
    }
    Ok(())
}

/// Notes in one transaction what the published file is and that nothing is missing in it.
pub(crate) fn published(warehouse: &mut Warehouse, file: &PublishedFile) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        replace_setting(warehouse, PublishedFile::SETTING, &file.to_json())?;
        acknowledge(warehouse, Consumer::Published)
    })
}

/// Notes what the published file is where only what it says of runs is new.
pub(crate) fn renewed(warehouse: &mut Warehouse, file: &PublishedFile) -> Result<(), Error> {
    set_setting(warehouse, PublishedFile::SETTING, &file.to_json())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(warehouse: &Warehouse, sql: &str) -> Vec<String> {
        warehouse.rows(sql, "look", |row| row.get(0)).unwrap()
    }

    /// A run of a new song and a song artist that went, as a transform notes it.
    fn change(warehouse: &Warehouse, run: &str) {
        let connection = warehouse.connection();
        connection.execute("set variable run_id = ?", [run]).unwrap();
        connection.execute("insert into meta.runs by name select ? as run_id", [run]).unwrap();
        let song = "insert into core.songs by name select ? as id, ? as run_id";
        connection.execute(song, [run, run]).unwrap();
        let gone = "insert into meta.pending_gone_rows \
            select consumer, 'song_artists', ?, '0', null from meta.consumers";
        connection.execute(gone, [run]).unwrap();
        connection.execute_batch(sql::NOTE_CHANGE).unwrap();
    }

    /// The songs that a consumer lacks, and those of whose artists it has one too many.
    fn lacks(warehouse: &Warehouse, consumer: &str) -> [Vec<String>; 2] {
        let pending = |what: &str| format!("from meta.{what} where consumer = '{consumer}'");
        let runs = format!("select run_id {}", pending("pending_runs"));
        [
            texts(
                warehouse,
                &format!("select id from core.songs where run_id in ({runs}) order by 1"),
            ),
            texts(
                warehouse,
                &format!("select first_key {} order by 1", pending("pending_gone_rows")),
            ),
        ]
    }

    #[test]
    fn a_consumer_lacks_what_changed_since_it_was_last_sent_something_and_no_other_does() {
        let (_folder, warehouse) = Warehouse::scratch();
        let none: [&str; 0] = [];
        for run in ["r1", "r2", "r2"] {
            change(&warehouse, run);
        }
        for consumer in Consumer::ALL {
            assert_eq!(lacks(&warehouse, consumer.name())[0], ["r1", "r2", "r2"]);
        }
        let notes = "select run_id from meta.pending_runs where consumer = 'lake' order by 1";
        assert_eq!(texts(&warehouse, notes), ["r1", "r2"], "noted once");
        acknowledge(&warehouse, Consumer::Published).unwrap();
        change(&warehouse, "r3");
        assert_eq!(lacks(&warehouse, "published"), [["r3"], ["r3"]]);
        assert_eq!(lacks(&warehouse, "lake")[0], ["r1", "r2", "r2", "r3"]);
        acknowledge(&warehouse, Consumer::Lake).unwrap();
        assert_eq!(lacks(&warehouse, "lake"), [none, none]);
        assert_eq!(lacks(&warehouse, "published"), [["r3"], ["r3"]]);
    }

    #[test]
    fn a_ledger_of_an_earlier_version_knows_what_both_of_its_consumers_lack() {
        let (folder, warehouse) = Warehouse::scratch();
        // As it was then: a run that is published and not exported, one that neither is, one that both are.
        let older = "drop table meta.consumers; drop table meta.pending_runs;
            drop table meta.pending_gone_rows;
            create table meta.unpublished_runs (run_id varchar);
            create table meta.gone_rows (\"table\" varchar, first_key varchar, second_key varchar);
            create view meta.unshipped_runs as
            select run_id from meta.runs where exported_at is null;
            insert into core.songs by name select unnest(['r1', 'r2', 'r3']) as id, id as run_id;
            insert into meta.runs by name select unnest(['r1', 'r2', 'r3']) as run_id;
            update meta.runs set exported_at = timestamp '2025-01-05' where run_id = 'r1';
            insert into meta.unpublished_runs values ('r3'), ('r3');
            insert into meta.gone_rows values ('song_artists', 'r3', '0');";
        warehouse.connection().execute_batch(older).unwrap();
        drop(warehouse);
        let open = || Warehouse::open(&folder.path().join("w.duckdb"), folder.path()).unwrap();
        for _ in 0..2 {
            let warehouse = open();
            assert_eq!(lacks(&warehouse, "lake"), [vec!["r2", "r3"], vec![]]);
            assert_eq!(lacks(&warehouse, "published"), [["r3"], ["r3"]]);
            // Only where something of the schema is other than it was is it applied again.
            warehouse.connection().execute_batch("drop view staging.pending_reads").unwrap();
        }
        let left = "select table_name from duckdb_tables() where table_name in \
            ('unpublished_runs', 'gone_rows') union select view_name from duckdb_views() \
            where view_name = 'unshipped_runs'";
        assert_eq!(texts(&open(), left), [""; 0]);
        // Everything is sent once: nobody is taken for new.
        register(&open(), Consumer::ALL.into_iter().map(Consumer::name)).unwrap();
        assert_eq!(lacks(&open(), "lake")[0], ["r2", "r3"]);
    }

    #[test]
    fn a_consumer_of_another_name_has_a_pending_set_of_its_own() {
        let (_folder, warehouse) = Warehouse::scratch();
        change(&warehouse, "r1");
        acknowledge(&warehouse, Consumer::Lake).unwrap();
        let names = || Consumer::ALL.into_iter().map(Consumer::name).chain(["stream"]);
        register(&warehouse, names()).unwrap();
        let none: [&str; 0] = [];
        // What every run made, of which nothing has gone for whoever never had it.
        assert_eq!(lacks(&warehouse, "stream"), [vec!["r1"], vec![]]);
        assert_eq!(lacks(&warehouse, "lake"), [none, none], "a known one is left as it is");
        change(&warehouse, "r2");
        register(&warehouse, names()).unwrap();
        assert_eq!(lacks(&warehouse, "stream"), [vec!["r1", "r2"], vec!["r2"]]);
        for consumer in Consumer::ALL {
            acknowledge(&warehouse, consumer).unwrap();
        }
        assert_eq!(lacks(&warehouse, "stream"), [vec!["r1", "r2"], vec!["r2"]]);
        let known = texts(&warehouse, "select consumer from meta.consumers order by 1");
        assert_eq!(known, ["lake", "published", "stream"]);
    }
}
