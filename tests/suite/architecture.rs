//! The order of the modules is the order of dependency.

use std::path::{Path, PathBuf};

const ORDER: [&str; 21] = [
    "causes",
    "stop",
    "blocking",
    "retry",
    "http",
    "disk",
    "template",
    "table",
    "ids",
    "event",
    "sources",
    "warehouse",
    "quality",
    "lake",
    "snowflake",
    "ledger",
    "config",
    "state",
    "run",
    "operate",
    "cli",
];

pub(crate) fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn a_module_uses_only_modules_before_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut seen = 0;
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        let module = relative.iter().next().unwrap().to_string_lossy().replace(".rs", "");
        let Some(own) = ORDER.iter().position(|name| *name == module) else { continue };
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, marker) in text.match_indices("crate::") {
            let name = text[at + marker.len()..].chars();
            let used: String = name.take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(other) = ORDER.iter().position(|name| *name == used) {
                seen += 1;
                assert!(other <= own, "{} uses `{used}`, which comes later", relative.display());
            }
        }
    }
    assert!(seen > 20, "the test reads no imports");
}

#[test]
fn the_snowflake_client_could_be_a_crate_of_its_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/snowflake/api");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut seen = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // `super::super::` leads out of the folder from each of its files but those of its folders.
        let is_nested = file.parent() != Some(&folder);
        for (at, marker) in text.match_indices("crate::") {
            let used = &text[at + marker.len()..];
            let ground = ["causes", "stop", "retry", "http", "disk", "snowflake::api"];
            let is_known = ground.iter().any(|name| used.starts_with(name));
            assert!(is_known, "{} uses `crate::{:.20}…`", file.display(), used);
            seen += 1;
        }
        assert!(is_nested || !text.contains("super::super::"), "{}", file.display());
    }
    assert!(seen > 5, "the test reads no imports");
}

#[test]
fn no_file_is_longer_than_450_lines_without_its_tests() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    // A module of tests has a file of its own where they would make its module too long.
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        let lines = text.lines().take_while(|line| !line.contains("#[cfg(test)]")).count();
        assert!(lines <= 450, "{} has {lines} lines", file.display());
    }
}

/// How often `wanted` stands in the code of `src`, and where.
fn places(wanted: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        found.extend(text.matches(wanted).map(|_| name.clone()));
    }
    found
}

#[test]
fn there_is_one_way_to_block_and_one_way_to_stop() {
    assert_eq!(places("block_in_place"), ["blocking.rs"]);
    assert_eq!(places("&AtomicBool"), [""; 0]);
    assert_eq!(places("Arc<AtomicBool>"), [""; 0]);
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
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        let found = names.iter().filter(|name| shipped.contains(**name)).count();
        seen += found;
        let is_home = file.ends_with("ids.rs");
        assert!(found == 0 || is_home, "{} names a file of the data directory", file.display());
    }
    assert_eq!(seen, names.len(), "`DataDir` names each of them");
}
