//! A ledger that is old: what it costs to ask it; and one that says what it cannot.

use std::collections::BTreeMap;

use chrono::DateTime;
use duckdb::profiling::ProfilingInfo;

use super::file_summary::files_of_runs;
use super::files::{last_proof, note_proof, note_verdicts, sent};
use super::lost::lost_files;
use super::settled::SettledRows;
use super::shipments::{Shipment, asked, outstanding, with_keys};
use super::{Asked, files_of};
use crate::causes::chain;
use crate::ids::RunId;
use crate::snowflake::verify;
use crate::status::Verdict;
use crate::warehouse::{Error, Warehouse};

/// 2,000 runs of ten files each, all of them proven; of the latest, two are on their way.
const HISTORY: &str = "
    insert into meta.runs by name
    select
        printf('01KC%022d', n) as run_id,
        timestamp '2026-01-01' + to_hours(n::integer) as started_at,
        started_at as exported_at,
        'verified' as status,
        'manifest' as manifest_key
    from range(2000) as runs (n);
    insert into meta.files by name
    select
        printf('01KC%022d', n // 10) as run_id,
        'songs' as \"table\",
        printf('%05d.parquet', n) as key,
        3 as row_count,
        100 as size_bytes,
        '' as sha256,
        '0' as row_hash_sum,
        if(n < 19998, 'verified', 'accepted') as state,
        'rest' as way,
        timestamp '2026-01-01' as updated_at,
        if(n < 19998, 'here', null) as verified_in
    from range(20000) as files (n)";

fn old_ledger() -> (tempfile::TempDir, Warehouse) {
    let (folder, warehouse) = Warehouse::scratch();
    let prepare = format!("{HISTORY}; pragma enable_profiling = 'no_output'");
    warehouse.connection().execute_batch(&prepare).unwrap();
    (folder, warehouse)
}

fn run(number: u32) -> RunId {
    format!("01KC{number:022}").parse().unwrap()
}

fn count(shipments: &[Shipment]) -> usize {
    shipments.iter().map(|shipment| shipment.files.len()).sum()
}

/// How many rows the last statement gave, and the most that anything in it passed on but for what reads the tables.
fn cost(warehouse: &Warehouse) -> (usize, usize) {
    fn most(operator: &ProfilingInfo) -> usize {
        let is_scan = operator.metrics.get("OPERATOR_NAME").is_some_and(|it| it == "SEQ_SCAN");
        let passed_on = operator.metrics.get("OPERATOR_CARDINALITY").filter(|_| !is_scan);
        let own = passed_on.map_or(0, |count| count.parse().unwrap());
        operator.children.iter().map(most).fold(own, usize::max)
    }
    let statement = warehouse.connection().get_profiling_info().unwrap();
    (statement.metrics["ROWS_RETURNED"].parse().unwrap(), most(&statement))
}

#[test]
fn the_files_of_a_run_cost_what_the_run_has_however_long_the_history_is() {
    let (_folder, warehouse) = old_ledger();
    assert_eq!(count(&outstanding(&warehouse, Some("here")).unwrap()), 2);
    assert_eq!(cost(&warehouse), (2, 2));
    assert_eq!(count(&asked(&warehouse, &Asked::Run(&run(7))).unwrap()), 10);
    assert_eq!(cost(&warehouse), (10, 10));
    // Which one is the latest is looked for among all.
    assert_eq!(count(&asked(&warehouse, &Asked::Latest).unwrap()), 10);
    assert_eq!(cost(&warehouse).0, 10);
    let keys = ["00003.parquet", "19999.parquet"].map(str::to_owned);
    assert_eq!(count(&with_keys(&warehouse, &keys).unwrap()), 2);
    assert_eq!(cost(&warehouse), (2, 2));
    assert_eq!(count(&with_keys(&warehouse, &[]).unwrap()), 0);
    assert_eq!(cost(&warehouse), (0, 1), "the empty list is a row");
    // Also of an old one.
    assert_eq!(files_of(&warehouse, &run(0)).unwrap().len(), 10);
    assert_eq!(cost(&warehouse), (10, 10));
    let runs = [run(0), run(1_000), run(1_999)];
    let files = files_of_runs(&warehouse, runs.iter().map(RunId::as_str)).unwrap();
    assert_eq!(files.values().map(Vec::len).collect::<Vec<_>>(), [10, 10, 10]);
    assert_eq!(cost(&warehouse), (30, 30));
    assert!(lost_files(&warehouse).unwrap().is_empty());
    assert_eq!(cost(&warehouse), (0, 0));
}

#[test]
fn the_last_proof_is_that_of_a_verification_that_ended_whole() {
    let (_folder, mut warehouse) = old_ledger();
    let proof = |warehouse: &Warehouse| {
        let proof = last_proof(warehouse).unwrap()?;
        Some((proof.run, proof.at.timestamp()))
    };
    assert_eq!(proof(&warehouse), None);
    let looked_at = |at: &str, key: &str| {
        format!("update meta.files set verified_at = timestamp '{at}' where key = '{key}'")
    };
    // An earlier version noted no ends.
    warehouse
        .connection()
        .execute_batch(&looked_at("1970-01-01 00:00:05", "00070.parquet"))
        .unwrap();
    assert_eq!(proof(&warehouse), Some((run(7), 5)));
    let at = DateTime::from_timestamp(10, 0).unwrap();
    note_proof(&mut warehouse, &run(8), at).unwrap();
    // One that was refused an answer looked at some files all the same.
    warehouse
        .connection()
        .execute_batch(&looked_at("1970-01-01 00:00:20", "00090.parquet"))
        .unwrap();
    assert_eq!(proof(&warehouse), Some((run(8), 10)));
}

#[test]
fn what_a_run_that_shipped_every_row_has_proven_is_not_looked_for_in_the_bucket() {
    let (_folder, warehouse) = old_ledger();
    let sent = || sent(&warehouse).unwrap().len();
    let manifests = || super::written::companions(&warehouse).unwrap().len();
    assert_eq!((sent(), manifests()), (20_000, 2_000));
    let full = |number: u32| {
        let sql = format!("update meta.runs set is_full = true where run_id = '{}'", run(number));
        warehouse.connection().execute_batch(&sql).unwrap();
    };
    // Two of its files are on their way.
    full(1_999);
    assert_eq!((sent(), manifests()), (20_000, 2_000));
    full(1_990);
    assert_eq!((sent(), manifests()), (100, 10));
}

#[test]
fn a_file_whose_table_lacks_rows_of_it_after_it_was_settled_is_told_by_that_until_it_has_them() {
    let (_folder, mut warehouse) = old_ledger();
    let prepare = "update meta.files set state = 'superseded'
        where run_id < '01KC0000000000000000000002';
        insert into core.songs by name
        select 'song' as id, '01KC0000000000000000000001' as run_id,
            now()::timestamp as extracted_at, 0 as row_hash";
    warehouse.connection().execute_batch(prepare).unwrap();
    let now = DateTime::UNIX_EPOCH;
    let rows = |warehouse: &Warehouse| {
        SettledRows::of(warehouse, crate::ids::Table::Songs, None).unwrap().expect("there is one")
    };
    let found = |warehouse: &Warehouse, number| -> Vec<Option<String>> {
        let shipments = asked(warehouse, &Asked::Run(&run(number))).unwrap();
        shipments[0].files.iter().map(super::ShippedFile::found_in_table).collect()
    };
    let of_rows = [run(1)];
    let wrong = of_rows.iter().map(RunId::as_str).collect();
    for why in ["1 row is gone", "2 rows are gone"] {
        rows(&warehouse).unsettle(&mut warehouse, &wrong, why, now).unwrap();
        assert_eq!(
            found(&warehouse, 1),
            vec![Some(why.to_owned()); 10],
            "its own count says nothing"
        );
        assert_eq!(found(&warehouse, 0), vec![None; 10], "of another run");
    }
    rows(&warehouse).settle_again(&mut warehouse, &wrong, now).unwrap();
    assert_eq!(found(&warehouse, 1).iter().flatten().count(), 10, "its rows are wrong still");
    rows(&warehouse).settle_again(&mut warehouse, &Default::default(), now).unwrap();
    assert_eq!(found(&warehouse, 1), vec![None; 10]);
    let states = files_of(&warehouse, &run(1)).unwrap().into_iter().map(|it| it.state.to_string());
    assert_eq!(states.collect::<Vec<_>>(), ["superseded"; 10]);
}

#[test]
fn a_table_a_state_or_a_mode_that_nobody_knows_is_an_error_that_names_it() {
    for (column, why) in [
        ("\"table\"", "`other` is not a shipped table (albums, artists,"),
        ("state", "`other` is not a state of a file (exported, uploaded,"),
        ("way", "`other` is no way into Snowflake (rest, auto, copy)"),
        ("request_id", "invalid"),
    ] {
        let (_folder, warehouse) = old_ledger();
        let sql = format!("update meta.files set {column} = 'other' where key = '00070.parquet'");
        warehouse.connection().execute_batch(&sql).unwrap();
        let error = asked(&warehouse, &Asked::Run(&run(7))).unwrap_err();
        assert!(chain(&error).contains(why), "{column}: {}", chain(&error));
        assert_eq!(asked(&warehouse, &Asked::Run(&run(8))).unwrap().len(), 1, "{column}");
    }
    let (_folder, warehouse) = old_ledger();
    let sql = "update meta.table_counts set \"table\" = 'other'";
    let counted = "insert into meta.table_counts by name \
        select '01KC0000000000000000000007' as run_id, 'songs' as \"table\", 1 as row_count, \
        1 as changed_row_count";
    warehouse.connection().execute_batch(counted).unwrap();
    assert_eq!(super::runs::counts_of(&warehouse, &run(7)).unwrap().len(), 1);
    warehouse.connection().execute_batch(sql).unwrap();
    let error = super::runs::counts_of(&warehouse, &run(7)).unwrap_err();
    assert!(chain(&error).contains("`other` is not a shipped table"), "{}", chain(&error));
}

#[test]
fn a_verdict_that_a_file_cannot_take_is_a_bug_and_nothing_of_it_is_noted() {
    let (_folder, mut warehouse) = old_ledger();
    let late = "update meta.files set state = 'superseded' where key = '19998.parquet'";
    warehouse.connection().execute_batch(late).unwrap();
    let shipments = asked(&warehouse, &Asked::Run(&run(1_999))).unwrap();
    let mut verification = verify(
        shipments.iter().flat_map(Shipment::exported),
        &BTreeMap::<_, crate::snowflake::Evidence>::new(),
    );
    let states = |warehouse: &Warehouse| -> Vec<String> {
        let files = files_of(warehouse, &run(1_999)).unwrap();
        files[8..].iter().map(|file| file.state.to_string()).collect()
    };
    // That nothing is known of it changes nothing.
    note_verdicts(&mut warehouse, &verification, &[], "here", DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(states(&warehouse), ["superseded", "accepted"]);
    verification.files.iter_mut().for_each(|file| file.verdict = Verdict::Verified);
    let noted = note_verdicts(&mut warehouse, &verification, &[], "here", DateTime::UNIX_EPOCH);
    let error = noted.unwrap_err();
    assert!(matches!(error, Error::IllegalStep { .. }));
    insta::assert_snapshot!(error, @"`19998.parquet` is superseded and cannot become verified: that is a bug of snowtrack, and nothing of it was noted");
    assert_eq!(states(&warehouse), ["superseded", "accepted"]);
    verification.files.retain(|file| file.key != "19998.parquet");
    note_verdicts(&mut warehouse, &verification, &[], "here", DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(states(&warehouse), ["superseded", "verified"]);
}

#[test]
fn who_went_on_with_a_run_asked_no_source_and_its_lists_are_counted_all_the_same() {
    let (_folder, warehouse) = Warehouse::scratch();
    let prepare = format!(
        "insert into meta.runs by name
         select
             *, 'demo' as source, 'verified' as status, 'verify' as stage,
             timestamp '2026-01-01' as started_at
         from (values
             ('{continued}', '{{\"playlists\": []}}'),
             ('{looked}', '{{\"playlists\": [{{}}, {{}}, {{}}]}}'),
             ('{killed}', null),
             ('{of_nothing}', '{{\"playlists\": []}}')
         ) as runs (run_id, report);
         insert into meta.reads by name
         select *, 'playlist' as entity
         from (values ('{continued}', 'a'), ('{continued}', 'b'), ('{continued}', 'b'), ('{looked}', 'a'), ('{killed}', 'a'))
             as reads (run_id, playlist_id)",
        continued = run(4),
        looked = run(3),
        killed = run(2),
        of_nothing = run(1),
    );
    warehouse.connection().execute_batch(&prepare).unwrap();
    let runs = super::latest_runs(&warehouse, 9).unwrap();
    let counts: Vec<_> = runs.iter().map(|run| run.playlist_count).collect();
    assert_eq!(counts, [Some(2), Some(3), Some(1), Some(0)]);
}
