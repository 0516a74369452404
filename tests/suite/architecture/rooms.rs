//! What stands in one place only, and how long a place may be.

use std::collections::BTreeSet;
use std::path::Path;

use super::{code, places, shipped, sources, texts_below};

#[test]
fn no_file_is_longer_than_450_lines_without_its_tests() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    // A module of tests has a file of its own where they would make its module too long.
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        let lines = shipped(&text).lines().count();
        assert!(lines <= 450, "{} has {lines} lines", file.display());
    }
}

#[test]
fn there_is_one_way_to_block_and_one_way_to_stop() {
    assert_eq!(places("block_in_place"), ["blocking.rs"]);
    assert_eq!(places("&AtomicBool"), [""; 0]);
    assert_eq!(places("Arc<AtomicBool>"), [""; 0]);
}

/// Whether a text has a statement that writes to a table of `meta`.
fn writes_meta(text: &str) -> bool {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ["insert into meta.", "update meta.", "delete from meta."].iter().any(|it| text.contains(it))
}

#[test]
fn the_ledger_alone_writes_meta_but_for_what_is_one_transaction_with_what_it_is_of() {
    // Statements: those of the ledger's folders; of SQL besides, what ends a transform, and what purges who is forgotten.
    let mut writers = Vec::new();
    for (name, text) in texts_below("src", "rs") {
        let shipped = code(&shipped(&text));
        let is_of_tests = name.ends_with("tests.rs") || name.ends_with("one_description.rs");
        if writes_meta(&shipped) && !name.starts_with("ledger/") && !is_of_tests {
            writers.push(name);
        }
    }
    for (name, text) in texts_below("sql/duckdb", "sql") {
        let text: String =
            text.lines().filter(|it| !it.starts_with("--")).collect::<Vec<_>>().join(" ");
        if writes_meta(&text) && !name.starts_with("ledger/") && !name.starts_with("schema/") {
            writers.push(name);
        }
    }
    assert_eq!(writers, ["finish.sql", "forget/purge.sql"]);
    // Rows without a statement: each place says why.
    let appenders = places("\"meta\"");
    let wanted = ["warehouse/arrivals.rs", "warehouse/check_runs.rs", "warehouse/reads.rs"];
    assert_eq!(appenders.iter().map(String::as_str).collect::<BTreeSet<_>>(), wanted.into());
    assert_eq!(appenders.len(), 4, "`check_runs` fills two tables: {appenders:?}");
    for (name, text) in texts_below("src", "rs") {
        if wanted.contains(&name.as_str()) {
            let reason = text.lines().filter(|it| it.contains("// The ledger's table")).count();
            assert_eq!(reason, 1, "{name} says why it writes the ledger's tables");
        }
    }
}

#[test]
fn a_consumer_is_named_where_it_is_listed() {
    // 070_upgrade.sql speaks of the two that an earlier version had, whatever they are called now.
    for (name, text) in texts_below("sql/duckdb", "sql") {
        let is_named = ["'lake'", "'published'"].iter().any(|consumer| text.contains(consumer));
        assert!(!is_named || name == "schema/070_upgrade.sql", "{name} names a consumer");
    }
}

#[test]
fn a_file_of_the_data_directory_is_named_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let names = [
        "\"snowtrack.duckdb\"",
        "\"spotify.duckdb\"",
        "\"refused.duckdb\"",
        "\"report.html\"",
        "\"spotify_token.json\"",
        "\"status.json\"",
        "\"checks.json\"",
        "\"state.json\"",
        "\"generation.zst\"",
        ".join(\"lake\")",
        ".join(\"lock\")",
        ".join(\"tmp\")",
        ".join(\".doctor\")",
    ];
    let mut seen = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // What a unit test calls its own files is nobody's business.
        let shipped = shipped(&text);
        let found = names.iter().filter(|name| shipped.contains(**name)).count();
        seen += found;
        let is_home = file.ends_with("ids.rs");
        assert!(found == 0 || is_home, "{} names a file of the data directory", file.display());
    }
    assert_eq!(seen, names.len(), "`DataDir` names each of them");
}
