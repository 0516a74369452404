//! The order of the modules is the order of dependency.

use std::path::{Path, PathBuf};

const ORDER: [&str; 13] = [
    "ids",
    "event",
    "retry",
    "http",
    "disk",
    "spotify",
    "warehouse",
    "quality",
    "lake",
    "snowflake",
    "config",
    "pipeline",
    "cli",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
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

/// The files of `snowflake` that talk to Snowflake, without those that know this program's tables and files.
const SNOWFLAKE_CLIENT: [&str; 12] = [
    "account.rs",
    "client.rs",
    "credential.rs",
    "error.rs",
    "ident.rs",
    "jwt.rs",
    "key.rs",
    "pipe.rs",
    "rows.rs",
    "sql_api.rs",
    "usage.rs",
    "wire.rs",
];

#[test]
fn the_snowflake_client_could_be_a_crate_of_its_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/snowflake");
    for name in SNOWFLAKE_CLIENT {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        for (at, marker) in text.match_indices("crate::") {
            let used = &text[at + marker.len()..];
            let is_ground = ["retry::", "http::"].iter().any(|ground| used.starts_with(ground));
            assert!(is_ground || used.starts_with("http;"), "{name} uses `crate::{:.20}…`", used);
        }
        for (at, marker) in text.match_indices("use super::") {
            let used = &text[at + marker.len()..];
            let is_own = |file: &&str| used.starts_with(&file.replace(".rs", "::"));
            let is_test = used.starts_with("*;");
            let is_module = used.starts_with("wire;");
            let is_known = is_test || is_module || SNOWFLAKE_CLIENT.iter().any(is_own);
            assert!(is_known, "{name} uses `super::{:.20}…`", used);
        }
    }
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
