//! What the published file says of its own making: `operations`, comments, a table of contents, types.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::World;

fn micros(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<DateTime<Utc>>().unwrap().timestamp_micros()
}

/// Some columns of each row, sorted.
fn cells(rows: &[Value], columns: &[&str]) -> Vec<String> {
    let of_row = |row: &Value| {
        let of_column = |column: &&str| row[*column].to_string();
        columns.iter().map(of_column).collect::<Vec<_>>().join(" ")
    };
    let mut cells: Vec<String> = rows.iter().map(of_row).collect();
    cells.sort();
    cells
}

fn rows(world: &World, sql: &str) -> Vec<Value> {
    world.query(sql).as_array().unwrap().clone()
}

/// What dbt's files say of each column.
fn described_by_dbt() -> BTreeMap<String, String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut found) =
        (vec![root.join("dbt/models/staging"), root.join("dbt/models/marts")], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yml") {
                let text = std::fs::read_to_string(&path).unwrap();
                let document: Value = serde_yaml_ng::from_str(&text).unwrap();
                let sources = document["sources"].as_array().into_iter().flatten();
                let tables = sources.flat_map(|source| source["tables"].as_array().unwrap());
                for table in tables.chain(document["models"].as_array().into_iter().flatten()) {
                    for column in table["columns"].as_array().into_iter().flatten() {
                        let text = |value: &Value| value.as_str().unwrap().trim().to_owned();
                        let name = format!("{}.{}", text(&table["name"]), text(&column["name"]));
                        found.insert(name, text(&column["description"]));
                    }
                }
            }
        }
    }
    found
}

const FILE: [&str; 6] = ["run_id", "table", "key", "row_count", "sha256", "state"];
const CHECK: [&str; 4] = ["check", "severity", "status", "offending_row_count"];

#[test]
fn every_run_is_told_as_its_report_tells_it_also_one_without_news() {
    let world = World::new();
    let (mut reports, mut files): (Vec<Value>, Vec<Value>) = Default::default();
    for status in ["exported", "exported", "unchanged"] {
        let (code, report) = world.report(&["--demo"]);
        assert_eq!((code, &report["status"]), (0, &json!(status)), "{report}");
        files.extend(report["files"].as_array().unwrap().clone());
        reports.push(report);
        let runs = rows(
            &world,
            "select run_id, status, epoch_us(started_at) as started_us, epoch_us(finished_at) as finished_us \
            from operations.runs order by run_id",
        );
        let wanted: Vec<Value> = reports
            .iter()
            .map(|report| {
                json!({
                    "run_id": report["run_id"], "status": report["status"],
                    "started_us": micros(&report["started_at"]), "finished_us": micros(&report["finished_at"]),
                })
            })
            .collect();
        let near = |one: &Value, other: &Value| {
            let us = |row: &Value| row["finished_us"].as_i64().unwrap();
            // The report is written a moment before the ledger is.
            (us(one) - us(other)).abs() < 60_000_000
                && ["run_id", "status", "started_us"].iter().all(|it| one[*it] == other[*it])
        };
        assert_eq!(runs.len(), wanted.len());
        assert!(runs.iter().zip(&wanted).all(|(one, other)| near(one, other)), "{runs:?}");
        let told = rows(&world, "from operations.files");
        assert_eq!(cells(&told, &FILE), cells(&files, &FILE));
        let checks = rows(
            &world,
            "from operations.checks where run_id = (select max(run_id) from operations.runs)",
        );
        let made = reports.last().unwrap()["checks"].as_array().unwrap();
        assert!(!made.is_empty());
        assert_eq!(cells(&checks, &CHECK), cells(made, &CHECK));
    }
    let all = rows(&world, "select count(distinct run_id) as n from operations.checks");
    assert_eq!(all[0]["n"], json!(3));
}

#[test]
fn a_playlist_says_when_it_was_looked_at_and_when_it_changed() {
    let world = World::new();
    let reports: Vec<Value> = (0..3).map(|_| world.report(&["--demo"]).1).collect();
    let started = |run: usize| micros(&reports[run]["started_at"]);
    let rows = rows(
        &world,
        "select subject, name, last_run_id, epoch_us(last_run_at) as run_us, last_proof_at, \
        epoch_us(last_looked_at) as looked_us, epoch_us(last_changed_at) as changed_us \
        from operations.freshness order by name",
    );
    let last = &reports[2]["run_id"];
    assert!(rows.iter().all(|row| row["last_run_id"] == *last), "{rows:?}");
    assert!(rows.iter().all(|row| row["run_us"] == json!(started(2))), "{rows:?}");
    assert!(rows.iter().all(|row| row["last_proof_at"].is_null()), "{rows:?}");
    assert!(rows.iter().all(|row| started(2) <= row["looked_us"].as_i64().unwrap()), "{rows:?}");
    // What the demo's two days are made of: three lists change on the second, one has no contents.
    let changed = |name: &str| {
        let row = rows.iter().find(|row| row["name"] == json!(name));
        row.unwrap_or_else(|| panic!("no `{name}`"))["changed_us"].as_i64()
    };
    assert_eq!(changed("Long Way Home"), Some(started(1)));
    assert_eq!(changed("Kitchen Table Radio (Winter Edition)"), Some(started(1)));
    assert_eq!(changed("Liked Songs"), Some(started(1)));
    assert_eq!(changed("Rain on Tin Roofs"), Some(started(0)));
    assert_eq!(changed("Lighthouse Keepers' Choice"), None);
    assert_eq!(changed("Everything"), Some(started(1)));
    assert_eq!(rows.len(), 8);
}

#[test]
fn a_reader_keeps_the_file_that_it_has_and_a_changed_file_is_not_taken_for_ours() {
    let world = World::new();
    assert_eq!(world.report(&["--demo"]).0, 0);
    let path = world.path("data/spotify.duckdb");
    let config = duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).unwrap();
    let reader = duckdb::Connection::open_with_flags(&path, config).unwrap();
    let count = |reader: &duckdb::Connection| -> i64 {
        let sql = "select count(*) from operations.runs";
        reader.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let inode = || std::fs::metadata(&path).unwrap().ino();
    let before = inode();
    // One stage alone, which publishes no row.
    assert!(world.run(&["transform"]).status.success());
    assert_ne!(inode(), before, "a copy took its place");
    assert_eq!(count(&reader), 1);
    drop(reader);
    assert!(!world.path("data/spotify.duckdb.new").exists());
    // Somebody takes rows out of it. A run that publishes nothing says what it did, and the next one that does mends it.
    {
        let writer = duckdb::Connection::open(&path).unwrap();
        writer.execute_batch("delete from core.songs; checkpoint").unwrap();
    }
    assert!(world.run(&["transform"]).status.success());
    let songs = "select count(*) as n from core.songs";
    assert_eq!(world.query(songs)[0]["n"], json!(0));
    assert_eq!(world.report(&["--demo"]).0, 0);
    assert!(world.query(songs)[0]["n"].as_u64().unwrap() > 400);
}

#[test]
fn everything_in_the_file_is_described_and_show_tables_leads_there() {
    let world = World::new();
    assert_eq!(world.report(&["--demo"]).0, 0);
    let undescribed = rows(
        &world,
        "select schema_name, table_name, column_name from duckdb_columns() \
        where database_name = current_database() and schema_name in ('core', 'operations') \
        and coalesce(comment, '') = ''",
    );
    assert_eq!(undescribed, Vec::<Value>::new());
    let undescribed = rows(
        &world,
        "select schema_name, view_name as name from duckdb_views() where not internal and coalesce(comment, '') = '' \
        union all select schema_name, table_name from duckdb_tables() where coalesce(comment, '') = ''",
    );
    assert_eq!(undescribed, Vec::<Value>::new());
    // A view's columns, too, in dbt's own words.
    let comments = rows(
        &world,
        "select table_name || '.' || column_name as name, comment from duckdb_columns() \
        where schema_name in ('core', 'marts', 'operations') and comment is not null",
    );
    let comments: BTreeMap<&str, &str> = comments
        .iter()
        .map(|row| (row["name"].as_str().unwrap(), row["comment"].as_str().unwrap()))
        .collect();
    let wanted = described_by_dbt();
    assert!(80 < wanted.len());
    for (name, description) in &wanted {
        assert_eq!(comments.get(name.as_str()), Some(&description.as_str()), "{name}");
    }
    let shown = rows(&world, "show tables");
    assert_eq!(cells(&shown, &["name"]), ["\"read_me\""]);
    // Each table and view of the three schemas has a line there, and each line can be run.
    let listed = rows(&world, "select schema_name, table_name, description, try_this from read_me");
    let there = rows(
        &world,
        "select table_schema as schema_name, table_name from information_schema.tables \
        where table_schema in ('core', 'marts', 'operations')",
    );
    let names = ["schema_name", "table_name"];
    assert_eq!(cells(&listed, &names), cells(&there, &names));
    for line in &listed {
        assert!(!line["description"].as_str().unwrap().is_empty(), "{line}");
        world.query(line["try_this"].as_str().unwrap());
    }
}

#[test]
fn no_type_is_one_that_other_tools_cannot_read_and_marts_keep_hashes_to_themselves() {
    let world = World::new();
    assert_eq!(world.report(&["--demo"]).0, 0);
    let huge = rows(
        &world,
        "select table_name, column_name from duckdb_columns() \
        where not internal and data_type in ('HUGEINT', 'UHUGEINT', 'UBIGINT')",
    );
    assert_eq!(huge, Vec::<Value>::new());
    let hashes = rows(
        &world,
        "select table_name from duckdb_columns() where schema_name = 'marts' and column_name = 'row_hash'",
    );
    assert_eq!(hashes, Vec::<Value>::new());
}
