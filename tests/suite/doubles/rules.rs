//! The doubles' rules are written down, each with the tests that show it.

use std::collections::BTreeSet;
use std::path::Path;

/// `file::test` of each test in a folder of the suite and below.
fn tests_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_in(&path, found);
            continue;
        }
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        for after in
            text.split("\n#[test]\n").skip(1).chain(text.split("\n#[tokio::test]\n").skip(1))
        {
            let name = after.split("fn ").nth(1).unwrap().split('(').next().unwrap();
            found.insert(format!("{stem}::{name}"));
        }
    }
}

#[test]
fn every_rule_has_tests_and_every_test_of_a_double_a_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut written = BTreeSet::new();
    tests_in(&root.join("tests/suite/doubles"), &mut written);
    written.retain(|name| !name.starts_with("rules::"));
    let rules = std::fs::read_to_string(root.join("tests/doubles/RULES.md")).unwrap();
    let named: BTreeSet<String> = rules
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains("::"))
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = written.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&written).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "without a rule: {missing:?}; no test: {unknown:?}"
    );
    assert!(written.len() > 80, "{}", written.len());
    let numbers: Vec<usize> =
        rules.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
}
