//! That every file is listed, and what a folder in place of `sql/duckdb` gives.

use super::*;
use crate::ids::Consumer;

/// What a folder in place of `sql/duckdb` gives, for tests.
pub(crate) struct Scratch {
    pub(crate) schema: Vec<SqlFile>,
    pub(crate) models: Vec<SqlFile>,
    pub(crate) merges: Vec<String>,
    pub(crate) checks: Vec<CheckFile>,
    pub(crate) table_counts: String,
}

impl Scratch {
    pub(crate) fn read(folder: &std::path::Path, shapes: &[Shape]) -> Self {
        let files = |name: &str| {
            let entries = std::fs::read_dir(folder.join(name)).unwrap();
            let mut files: Vec<(&'static str, &'static str)> = entries
                .map(|entry| {
                    let path = entry.unwrap().path();
                    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                    (&*name.leak(), &*std::fs::read_to_string(&path).unwrap().leak())
                })
                .collect();
            files.sort_unstable();
            files
        };
        let listed = |name| files(name).into_iter().map(|(name, sql)| SqlFile { name, sql });
        let counts = std::fs::read_to_string(folder.join("summary/table_counts.sql")).unwrap();
        Self {
            schema: schema(&listed("schema").collect::<Vec<_>>(), shapes),
            models: listed("models").collect(),
            merges: shapes.iter().map(merge_of).collect(),
            checks: checks(&files("checks"), shapes),
            table_counts: of_each_table(&counts, shapes),
        }
    }
}

#[test]
fn the_checks_that_every_table_has_are_its_own_by_name_and_kept_once() {
    for table in Table::ALL {
        for what in ["key_is_not_null", "key_is_unique", "row_hash_is_right"] {
            let name = format!("{table}__{what}");
            let found: Vec<_> = CHECKS.iter().filter(|check| check.name == name).collect();
            assert_eq!(found.len(), 1, "{name}");
            assert!(found[0].sql.contains(&format!("\n-- table: {table}\n")), "{name}");
        }
    }
    // A new check is a file and nothing else; that none goes by mistake is what is counted.
    assert!(71 <= CHECKS.len(), "a check is gone: {}", CHECKS.len());
    for check in CHECKS.iter() {
        assert!(!check.name.contains("each_table"), "{}", check.name);
    }
    let filled = SCHEMA.iter().map(|file| file.sql).chain(CHECKS.iter().map(|check| check.sql));
    for sql in filled.chain([TABLE_COUNTS.as_str()]) {
        for open in ["{table}", "{key}", "{columns}", "{parameters}", "-- each table"] {
            assert!(!sql.contains(open), "{open} in {sql}");
        }
        for open in Consumer::ALL.map(|consumer| format!("{{{}}}", consumer.name())) {
            assert!(!sql.contains(&open), "{open} in {sql}");
        }
    }
}

#[test]
fn every_sql_file_on_disk_is_listed() {
    let listed: Vec<&str> = SCHEMA_FILES
        .iter()
        .map(|file| file.sql)
        .chain(MODEL_FILES.iter().chain(CHECK_FILES).chain(MART_FILES).map(|(_, sql)| *sql))
        .chain(QUESTION_FILES.iter().map(|(_, sql)| *sql))
        .chain([
            MERGE,
            RESHIP,
            UNSHIP,
            TAKE_OVER,
            FINISH,
            PUBLISH,
            PUBLISH_GONE,
            PUBLISH_DETAILS,
            PUBLISH_ALL_DETAILS,
            OPERATIONS,
            RENEW_OPERATIONS,
            PUBLISH_ORIGINS,
            REFUSED,
            TABLE_COUNTS_FILE,
            SCHEMA_WORDS,
            PLAYLIST_CONTENTS,
            MISSING_DETAILS,
        ])
        .chain([KNOWN_READS, UNFINISHED_READ, SEARCH_PATH, TABLES_OF_A_FILE])
        .chain([COLUMNS_OF_A_TABLE, NEAREST_NAME])
        .chain([UNKNOWN_GENRES, TIDY_GENRES])
        .chain(recommend::ALL.iter().chain(features::ALL).chain(features::ASKED).copied())
        .chain([
            forget::WHOSE,
            forget::IN_PARQUET,
            forget::PURGE,
            forget::PURGE_TABLE,
            forget::ORIGINS,
            FRESH_TABLES,
        ])
        .chain([forget::NAMING_ROWS, forget::REPLACE_ROW])
        .chain(forget::ROWS.iter().map(|(_, sql)| *sql))
        .chain(ledger::ALL.iter().copied())
        .chain(stream::ALL)
        .chain([RECONCILE_COUNTS, RECONCILE_BUCKETS, RECONCILE_KEYS, RECONCILE_ROWS, HELD_GROUPS])
        .collect();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("sql/duckdb"), root.join("dbt/models/marts")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "sql") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(listed.contains(&text.as_str()), "{} is not in sql_files", path.display());
                count += 1;
            }
        }
    }
    assert_eq!(count, listed.len());
}

#[test]
fn each_table_says_what_becomes_of_its_rows_where_somebody_is_forgotten() {
    for table in Table::ALL {
        let sql = forgotten_rows(table, "core.x");
        assert!(!sql.contains("{source}") && !sql.contains("{columns}"), "{table}");
        assert!(forgotten_by(table, "gone").is_some(), "{table}");
    }
    assert_eq!(forget::ROWS.len(), Table::ALL.len());
    assert_eq!(
        forgotten_by(Table::PlaylistSongs, "nulled"),
        Some(OwnerColumn { name: "added_by", kind: "user" })
    );
    assert_eq!(forgotten_by(Table::Songs, "nulled"), None);
}

#[test]
fn a_mart_has_no_jinja_left() {
    for mart in MARTS.iter() {
        assert!(!mart_view(mart).contains("{{"), "{}", mart.name);
    }
}
