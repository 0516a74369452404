//! A column is described in one place and a table in one place: a scratch copy of `sql/duckdb` gets one of each, and every template of
//! both dialects knows them.

use std::path::Path;

use duckdb::Connection;

use super::sql::tests::{AS_IN_SNOWFLAKE, landing_table, names, on_duckdb};
use crate::table::{Shape, shapes};
use crate::warehouse::Scratch;

/// What is changed or new in the scratch copy. With dbt's description of its sources, which `make dbt` compares with `core`, these are
/// all files that a column and a table take.
const TOUCHED: [&str; 4] = [
    "checks/markets__opened_on_is_known.sql",
    "models/50_albums.sql",
    "models/95_markets.sql",
    "schema/030_core.sql",
];

const MARKETS: &str = "
-- key: id
create table if not exists core.markets (
    id           varchar,
    opened_on    date,
    is_open      boolean,
    run_id       varchar,
    extracted_at timestamp,
    row_hash     decimal(20, 0)
);
";

const MARKETS_MODEL: &str = "create or replace temp table next_markets as
select *, staging.markets_hash(id, opened_on, is_open) as row_hash
from (values ('SE', date '2008-10-07', true), ('XK', null, null)) as rows (id, opened_on, is_open);
";

const MARKETS_CHECK: &str = "-- severity: warn
-- why: a market opened some day
-- table: markets
select * from staging.unshipped_markets where opened_on is null
";

/// A run that has one full album to transform.
const PENDING: &str = r#"
set variable run_id = 'R';
set variable extracted_at = timestamp '2026-01-05';
insert into meta.runs by name select 'R' as run_id;
insert into meta.pending_runs values ('lake', 'R');
insert into meta.reads by name select 1 as read_id, 'albums' as entity, 'complete' as status;
insert into raw.documents by name select 1 as document_id, 1 as read_id, 'albums' as entity;
insert into raw.rows by name select 1 as document_id, 0 as position,
    '{"id":"1vz94WpXDVYIEGja8cjFNa","name":"Blue","release_date":"1971","total_tracks":10,
        "external_urls":{"spotify":"https://open.spotify.com/album/1vz94WpXDVYIEGja8cjFNa"}}' as row_json;
"#;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Albums get a label, and markets become a table.
fn change(folder: &Path) {
    let change = |name: &str, old: &str, new: &str| {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {name}");
        std::fs::write(path, text.replace(old, new)).unwrap();
    };
    let integer = "    total_tracks integer,\n";
    change("schema/030_core.sql", integer, &format!("{integer}    label varchar,\n"));
    let read = "staging.to_integer(album.total_tracks) as total_tracks,\n";
    change("models/50_albums.sql", read, &format!("{read}upper(album.name) as label,\n"));
    change("models/50_albums.sql", "total_tracks, url)", "total_tracks, label, url)");

    let core = folder.join("schema/030_core.sql");
    let text = std::fs::read_to_string(&core).unwrap();
    std::fs::write(core, text + MARKETS).unwrap();
    std::fs::write(folder.join("models/95_markets.sql"), MARKETS_MODEL).unwrap();
    std::fs::write(folder.join("checks/markets__opened_on_is_known.sql"), MARKETS_CHECK).unwrap();
}

/// The files that one folder has otherwise than the other.
fn differing(folder: &Path, original: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(folder).unwrap();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path).ok() != std::fs::read(original.join(relative)).ok() {
                found.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let listed = format!("select concat_ws(' ', *columns(*)) from ({sql}) order by 1");
    let mut statement = connection.prepare(&listed).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// The checks that find something, with how much.
fn findings(connection: &Connection, scratch: &Scratch) -> Vec<String> {
    let found = scratch.checks.iter().filter_map(|check| {
        let rows = texts(connection, check.sql).len();
        (0 < rows).then(|| format!("{}: {rows}", check.name))
    });
    found.collect()
}

/// The scratch copy's warehouse after one transform.
fn transformed(scratch: &Scratch) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("attach ':memory:' as work; use work").unwrap();
    let run = |sql: &str| {
        connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    };
    scratch.schema.iter().for_each(|file| run(file.sql));
    run(PENDING);
    scratch.models.iter().for_each(|file| run(file.sql));
    scratch.merges.iter().for_each(|sql| run(sql));
    connection
}

/// The table in Snowflake's dialect: loaded with what `core` holds, the text of its current rows.
fn in_snowflake(connection: &Connection, shape: &Shape) -> Vec<String> {
    let table = &shape.name;
    let load = format!("insert into landing.{table} select *, 'f', 1, null from core.{table}");
    connection.execute_batch(&on_duckdb(&landing_table(shape))).unwrap();
    connection.execute_batch(&load).unwrap();
    let current = format!("({})", names().current_rows_of(shape));
    let canonical = on_duckdb(&names().canonical(shape, current));
    texts(connection, &format!("select row_key, content, row_hash from ({canonical})"))
}

#[test]
fn a_column_takes_its_line_and_its_model_and_a_table_takes_these_and_its_checks() {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/duckdb");
    let scratch_folder = tempfile::tempdir().unwrap();
    let folder = scratch_folder.path();
    copy(&original, folder);
    change(folder);
    assert_eq!(differing(folder, &original), TOUCHED);

    let core = std::fs::read_to_string(folder.join("schema/030_core.sql")).unwrap();
    let shapes = shapes(&core);
    let scratch = Scratch::read(folder, &shapes);
    let connection = transformed(&scratch);

    // DuckDB: merged, counted and checked, under the names that every table's checks have.
    assert_eq!(texts(&connection, "select name, label from core.albums"), ["Blue BLUE"]);
    let counts = texts(&connection, &scratch.table_counts);
    assert!(counts.contains(&"albums 1 1".to_owned()), "{counts:?}");
    assert!(counts.contains(&"markets 2 2".to_owned()), "{counts:?}");
    for what in ["key_is_not_null", "key_is_unique", "row_hash_is_right", "opened_on_is_known"] {
        let name = format!("markets__{what}");
        assert_eq!(scratch.checks.iter().filter(|check| check.name == name).count(), 1, "{name}");
    }
    assert_eq!(findings(&connection, &scratch), ["markets__opened_on_is_known: 1"]);

    // Snowflake: the same keys, texts and hashes.
    connection.execute_batch(AS_IN_SNOWFLAKE).unwrap();
    for table in ["albums", "markets"] {
        let shape = shapes.iter().find(|shape| shape.name == table).unwrap();
        let here = format!(
            "select row_key, content, row_hash \
                from staging.canonical_{table} join core.{table} on id = row_key"
        );
        assert_eq!(in_snowflake(&connection, shape), texts(&connection, &here), "{table}");
    }

    // The new column is a part of the hash, and the new table's rows are held to theirs.
    connection
        .execute_batch(
            "update core.albums set label = 'x';
            update core.markets set is_open = false where id = 'SE';
            insert into core.markets from core.markets where id = 'XK';
            insert into core.markets by name select 'R' as run_id, date '2020-01-01' as opened_on",
        )
        .unwrap();
    let broken = [
        "albums__row_hash_is_right: 1",
        "markets__key_is_not_null: 1",
        "markets__key_is_unique: 1",
        "markets__opened_on_is_known: 2",
        "markets__row_hash_is_right: 2",
    ];
    assert_eq!(findings(&connection, &scratch), broken);
}
