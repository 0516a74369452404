//! The ledger's rules, read from the sources.

use std::path::{Path, PathBuf};

use crate::architecture::sources;

/// Every line of Rust below `src`, with its file.
fn lines() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut lines = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&root).unwrap().to_owned();
        lines.extend(text.lines().map(|line| (name.clone(), line.to_owned())));
    }
    assert!(lines.len() > 10_000, "the test reads no sources");
    lines
}

/// The statements that a line begins; a message that quotes one in backticks begins none, nor does an example of a command.
fn has_sql(line: &str) -> bool {
    let line = line.trim_start();
    !line.starts_with("//")
        && !line.contains('`')
        && !line.contains("snowtrack ")
        && ["select ", "insert into ", "delete from ", "update meta.", "update core."]
            .iter()
            .any(|word| line.contains(word))
}

#[test]
fn no_sql_in_rust_is_wider_than_100_columns() {
    let lines = lines();
    assert!(lines.iter().any(|(_, line)| has_sql(line)), "the test finds no SQL");
    let wide: Vec<_> =
        lines.iter().filter(|(_, line)| line.chars().count() > 100 && has_sql(line)).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn only_the_ledger_and_the_warehouse_speak_sql_of_meta() {
    let lines = lines();
    let is_of_meta = |line: &str| {
        let code = line.trim_start();
        let speaks = |marker| code.split(marker).nth(1).is_some();
        !code.starts_with("//") && (speaks("meta.") && has_sql(code) || speaks("ledger_sql"))
    };
    let (own, foreign): (Vec<_>, Vec<_>) = lines
        .iter()
        // What is compiled for tests alone makes its own world.
        .filter(|(file, _)| !file.ends_with("tests.rs") && !file.ends_with("one_description.rs"))
        .filter(|(_, line)| is_of_meta(line))
        .partition(|(file, _)| file.starts_with("ledger") || file.starts_with("warehouse"));
    assert!(own.len() > 10, "the test finds no SQL of `meta`");
    assert!(foreign.is_empty(), "{foreign:#?}");
}
