//! What a file of `src` takes from others: from modules before it, and from foreign crates in one room each.

use std::path::{Path, PathBuf};

use super::{code, shipped, sources};

const ORDER: [&str; 34] = [
    "causes",
    "phrase",
    "shell",
    "stop",
    "blocking",
    "retry",
    "http",
    "disk",
    "machine",
    "template",
    "table",
    "definitions",
    "ids",
    "status",
    "event",
    "sources",
    "warehouse",
    "guard",
    "quality",
    "lake",
    "snowflake",
    "stream",
    "ledger",
    "config",
    "state",
    "run",
    "observe",
    "report",
    "operate",
    "intelligence",
    "answers",
    "mcp",
    "ask",
    "cli",
];

/// The module that a file of `src` is, as the crate sees it.
pub(super) fn module_of(relative: &Path) -> Vec<String> {
    let mut path: Vec<String> = relative
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if matches!(path.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        path.pop();
    }
    path
}

/// What code of `module` names of its own crate, as paths from the crate's root: `crate::a`, `super::super::b`, and each name of
/// `{c, d::{e}}` after one of them. A module within the file is taken for the file's own: what is before `tests` is before both.
pub(super) fn imports(module: &[String], text: &str) -> Vec<Vec<String>> {
    named_imports(module, text).into_iter().map(|import| import.path).collect()
}

pub(super) fn named_imports(module: &[String], text: &str) -> Vec<Named> {
    let text = code(text);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut depth = 0_i32;
    let mut inner: Vec<i32> = Vec::new();
    for (at, c) in text.char_indices() {
        let before = &text[..at];
        let rest = &text[at..];
        match c {
            '{' => {
                depth += 1;
                let opened = before.trim_end().rsplit([';', '}', '\n']).next().unwrap_or_default();
                if opened.trim_start().trim_start_matches("pub(crate) ").starts_with("mod ") {
                    inner.push(depth);
                }
            }
            '}' => {
                inner.retain(|opened| *opened != depth);
                depth -= 1;
            }
            _ => {}
        }
        // The beginning of a path, not its middle.
        if before.ends_with(is_word) || before.ends_with("::") || before.ends_with('$') {
            continue;
        }
        let supers = count_of(rest, "super::");
        let (base, tail) = if let Some(tail) = rest.strip_prefix("crate::") {
            (Vec::new(), tail)
        } else if supers > 0 {
            let mut base = module.to_vec();
            base.extend(inner.iter().map(|_| "within".to_owned()));
            base.truncate(base.len().saturating_sub(supers));
            (base, &rest["super::".len() * supers..])
        } else {
            continue;
        };
        leaves(&base, tail, &mut found);
    }
    found
}

/// How often a text begins with `part`.
fn count_of(text: &str, part: &str) -> usize {
    text.strip_prefix(part).map_or(0, |rest| 1 + count_of(rest, part))
}

/// A path of the crate, and the name by which what it leads to is known where it was spelt.
pub(super) struct Named {
    pub(super) path: Vec<String>,
    pub(super) name: String,
}

/// Every path that a tree of names behind `base` spells.
pub(super) fn leaves(base: &[String], tree: &str, found: &mut Vec<Named>) {
    let tree = tree.trim_start();
    if let Some(group) = tree.strip_prefix('{') {
        let (mut depth, mut from) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => return leaves(base, &group[from..at], found),
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    leaves(base, &group[from..at], found);
                    from = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let name: String = tree.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        // `*`, or the comma after the last.
        if tree.starts_with('*') {
            found.push(Named { path: base.to_vec(), name: tree[..1].to_owned() });
        }
        return;
    }
    let path: Vec<String> = match name.as_str() {
        "self" => base.to_vec(),
        "super" => base[..base.len().saturating_sub(1)].to_vec(),
        _ => base.iter().cloned().chain([name.clone()]).collect(),
    };
    let rest = &tree[name.len()..];
    if let Some(rest) = rest.strip_prefix("::") {
        return leaves(&path, rest, found);
    }
    let other = rest.trim_start().strip_prefix("as ");
    let known = other.map_or(path.last().cloned(), |other| {
        Some(other.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
    });
    found.push(Named { path, name: known.unwrap_or_default() });
}

#[test]
fn each_form_of_an_import_is_seen() {
    let module = ["run".to_owned(), "verify".to_owned(), "announced".to_owned()];
    let forms = [
        ("use crate::lake::Store;", "lake::Store"),
        ("let x = crate::lake::open(crate::ids::RunId);", "lake::open ids::RunId"),
        (
            "use crate::{cli, lake::{self, store::{A, B as C}},\n    ids::*};",
            "cli lake lake::store::A lake::store::B ids",
        ),
        ("use super::super::super::cli;", "cli"),
        (
            "use super::{Watch, presence::missing};",
            "run::verify::Watch run::verify::presence::missing",
        ),
        ("use super::super::ingest;", "run::ingest"),
        ("pub(in crate::run) fn f() {}", "run"),
        (
            "mod tests {\n    use super::*;\n    use super::super::Window;\n}\nuse super::x;",
            "run::verify::announced run::verify::Window run::verify::x",
        ),
        ("// crate::cli is no import\n/// nor [`crate::cli`]", ""),
        ("use other_crate::cli; let it = my_super::y + their::crate_::z;", ""),
    ];
    for (text, wanted) in forms {
        let found: Vec<String> =
            imports(&module, text).iter().map(|path| path.join("::")).collect();
        assert_eq!(found.join(" "), wanted, "{text}");
    }
}

/// Each file of `src` with what it names of its own crate.
fn files_with_imports() -> Vec<(PathBuf, Vec<Vec<String>>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let with_imports = files.into_iter().map(|file| {
        let relative = file.strip_prefix(&root).unwrap().to_owned();
        let found = imports(&module_of(&relative), &std::fs::read_to_string(&file).unwrap());
        (relative, found)
    });
    with_imports.collect()
}

#[test]
fn the_modules_stand_in_the_order_of_dependency() {
    let lib = include_str!("../../../src/lib.rs");
    let declared = code(lib);
    let names = declared.lines().filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'));
    assert_eq!(names.collect::<Vec<_>>(), ORDER);
}

#[test]
fn a_module_uses_only_modules_before_it() {
    let mut seen = 0;
    for (file, found) in files_with_imports() {
        let module = file.iter().next().unwrap().to_string_lossy().replace(".rs", "");
        let Some(own) = ORDER.iter().position(|name| *name == module) else { continue };
        for path in found {
            let Some(used) = path.first() else { continue };
            if let Some(other) = ORDER.iter().position(|name| name == used) {
                seen += 1;
                assert!(
                    other <= own,
                    "{} uses `{}`, which comes later",
                    file.display(),
                    path.join("::")
                );
            }
        }
    }
    assert!(seen > 500, "the test reads no imports: {seen}");
}

#[test]
fn the_snowflake_client_could_be_a_crate_of_its_own() {
    let mut seen = 0;
    for (file, found) in files_with_imports() {
        if !file.starts_with("snowflake/api") {
            continue;
        }
        for path in found {
            let path = path.join("::");
            let is_ground = ["causes", "phrase", "stop", "retry", "http", "disk"]
                .iter()
                .any(|name| path.split("::").next() == Some(name));
            let is_own = path == "snowflake::api" || path.starts_with("snowflake::api::");
            assert!(is_ground || is_own, "{} uses `{path}`", file.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "the test reads no imports: {seen}");
}

#[test]
fn a_foreign_crate_is_known_in_one_room() {
    let rooms = [
        ("duckdb", &["warehouse", "ledger"][..]),
        ("maud", &["report"]),
        ("rmcp", &["mcp.rs"]),
        ("aws_sdk_kinesis", &["stream/kinesis"]),
        ("rdkafka", &["stream/kafka"]),
        ("aws_sdk_s3", &["lake/store"]),
        ("aws_config", &["lake/store"]),
        ("aws_types", &["lake/store"]),
        ("aws_smithy_http_client", &["lake/store"]),
        ("rspotify", &["sources/spotify"]),
        ("clap", &["cli"]),
        ("indicatif", &["cli"]),
        ("anstream", &["cli/layout"]),
        ("anstyle", &["cli/layout"]),
        ("terminal_size", &["cli/layout"]),
        ("unicode_segmentation", &["cli/layout"]),
        ("unicode_width", &["cli/layout"]),
        ("tracing_subscriber", &["cli"]),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        // What the tests of a room compare with, they may know.
        let shipped = code(&shipped(&std::fs::read_to_string(&file).unwrap()));
        if relative.ends_with("one_description.rs") {
            continue;
        }
        for (name, homes) in rooms {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let is_known = shipped
                .match_indices(&format!("{name}::"))
                .any(|(at, _)| !shipped[..at].ends_with(is_word));
            let is_home = homes.iter().any(|home| relative.starts_with(home));
            assert!(!is_known || is_home, "{} knows `{name}`", relative.display());
        }
    }
}
