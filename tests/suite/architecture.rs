//! What holds the house together: the order of the modules is the order of dependency, what comes from outside has one room, and
//! what must be one is one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ORDER: [&str; 29] = [
    "causes",
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
    "ledger",
    "config",
    "state",
    "run",
    "observe",
    "operate",
    "answers",
    "mcp",
    "ask",
    "cli",
];

pub(crate) fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    files_with_ending(folder, "rs", found);
}

pub(crate) fn files_with_ending(folder: &Path, wanted: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with_ending(&path, wanted, found);
        } else if path.extension().is_some_and(|ending| ending == wanted) {
            found.push(path);
        }
    }
}

/// The code of a file: its lines without comments.
fn code(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The module that a file of `src` is, as the crate sees it.
fn module_of(relative: &Path) -> Vec<String> {
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
fn imports(module: &[String], text: &str) -> Vec<Vec<String>> {
    named_imports(module, text).into_iter().map(|import| import.path).collect()
}

fn named_imports(module: &[String], text: &str) -> Vec<Named> {
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
struct Named {
    path: Vec<String>,
    name: String,
}

/// Every path that a tree of names behind `base` spells.
fn leaves(base: &[String], tree: &str, found: &mut Vec<Named>) {
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
    let lib = include_str!("../../src/lib.rs");
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
            let is_ground = ["causes", "stop", "retry", "http", "disk"]
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
        ("aws_sdk_s3", &["lake/store"]),
        ("aws_config", &["lake/store"]),
        ("aws_types", &["lake/store"]),
        ("aws_smithy_http_client", &["lake/store"]),
        ("rspotify", &["sources/spotify"]),
        ("clap", &["cli"]),
        ("indicatif", &["cli"]),
        ("tracing_subscriber", &["cli"]),
        ("rmcp", &["mcp.rs"]),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        let text = code(&std::fs::read_to_string(&file).unwrap());
        // What the tests of a room compare with, they may know.
        let shipped = text.split("#[cfg(test)]").next().unwrap();
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

/// Each file below `folder` with that ending, by its path in there, with its text.
fn texts_below(folder: &str, ending: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    files_with_ending(&root, ending, &mut files);
    files.sort();
    let texts = files.iter().map(|file| {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(file).unwrap())
    });
    texts.collect()
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
        let shipped = code(&text);
        let shipped = shipped.split("#[cfg(test)]").next().unwrap();
        let is_of_tests = name.ends_with("tests.rs") || name.ends_with("one_description.rs");
        if writes_meta(shipped) && !name.starts_with("ledger/") && !is_of_tests {
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

/// What the `use` statements of a module bring in, of its crate: what [`imports`] finds in them, and what they take of its children.
fn brought_in(module: &[String], text: &str) -> Vec<Named> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for statement in code(text).split(';') {
        let Some((before, tree)) = statement.rsplit_once("use ") else { continue };
        if before.ends_with(is_word) {
            continue;
        }
        if ["crate::", "super::"].iter().any(|root| tree.starts_with(root)) {
            found.extend(named_imports(module, tree));
        } else {
            leaves(module, tree, &mut found);
        }
    }
    found
}

/// The modules of `src`: each with the code that is shipped, without its tests.
fn shipped_modules() -> BTreeMap<Vec<String>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    // A file that only tests are made of is declared behind `#[cfg(test)]`.
    let is_shipped = |file: &&PathBuf| {
        !["tests.rs", "one_description.rs", "main.rs"].iter().any(|name| file.ends_with(name))
    };
    let modules = files.iter().filter(is_shipped).map(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
        (module_of(file.strip_prefix(&root).unwrap()), shipped)
    });
    modules.collect()
}

/// Where what `path` names stands: behind the re-exports of the modules that it goes through.
fn origin(
    mut path: Vec<String>,
    modules: &BTreeMap<Vec<String>, String>,
    brought: &BTreeMap<Vec<String>, Vec<Named>>,
) -> Vec<String> {
    // As often as a name can be handed on: a folder is not deeper.
    for _ in 0..8 {
        let Some(known) = (0..=path.len()).rev().find(|&end| modules.contains_key(&path[..end]))
        else {
            break;
        };
        let Some(name) = path.get(known) else { break };
        let source = brought[&path[..known]].iter().find(|source| source.name == *name);
        let Some(source) = source else { break };
        let next: Vec<String> = source.path.iter().chain(&path[known + 1..]).cloned().collect();
        if next == path {
            break;
        }
        path = next;
    }
    path
}

/// One folder's modules, each with those of its neighbours that it uses, and where.
type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// Who uses whom within each folder of `src`.
///
/// The children of a folder are compared with each other: what a file deep in one of them takes from another counts for the two
/// children, and a name that a `mod.rs` hands on counts for the child that it comes from. The folder's own `mod.rs` is none of them: it
/// is the folder's face, which calls its children, and what it declares itself is the noun that they share.
fn uses_within_folders(modules: &BTreeMap<Vec<String>, String>) -> BTreeMap<Vec<String>, Uses> {
    let brought: BTreeMap<_, _> =
        modules.iter().map(|(module, text)| (module.clone(), brought_in(module, text))).collect();
    let mut folders: BTreeMap<Vec<String>, Uses> = BTreeMap::new();
    for (module, text) in modules {
        for path in imports(module, text) {
            let used = origin(path, modules, &brought);
            let shared = module.iter().zip(&used).take_while(|(own, other)| own == other).count();
            // Between rooms the order rules.
            if shared == 0 || shared == module.len() || used.len() == shared {
                continue;
            }
            if modules.contains_key(&used[..=shared]) {
                let uses = folders.entry(module[..shared].to_vec()).or_default();
                let from = uses.entry(module[shared].clone()).or_default();
                from.entry(used[shared].clone())
                    .or_insert_with(|| format!("{} uses {}", module.join("::"), used.join("::")));
            }
        }
    }
    folders
}

/// The modules that `from` uses, and those that they use.
fn reached(uses: &Uses, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(module) = next.pop() {
        for used in uses.get(&module).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(used.clone()) {
                next.push(used.clone());
            }
        }
    }
    seen
}

/// The circles of a folder, each as its modules in the order of the alphabet.
fn circles(uses: &Uses) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for module in uses.keys() {
        let reached_from_here = reached(uses, module);
        if reached_from_here.contains(module) {
            let is_back = |other: &String| reached(uses, other).contains(module);
            found.insert(reached_from_here.into_iter().filter(is_back).collect());
        }
    }
    found
}

#[test]
fn a_circle_is_found_whatever_its_length_and_whoever_hands_the_name_on() {
    let files = [
        (
            "house",
            "mod a;\nmod b;\nmod c;\npub use a::{Noun, Other as Renamed};\nuse b::call;\npub struct Own;",
        ),
        ("house::a", "use super::Own;\npub struct Noun;"),
        ("house::b", "mod deep;"),
        ("house::b::deep", "use crate::house::Noun;"),
        ("house::c", "use super::b::Plan;"),
    ];
    let found = |more: &[(&str, &str)]| {
        let split = |module: &str| module.split("::").map(str::to_owned).collect::<Vec<_>>();
        let files = files.iter().chain(more);
        let modules = files.map(|(module, text)| (split(module), (*text).to_owned())).collect();
        let folders = uses_within_folders(&modules);
        let all = folders.iter().flat_map(|(folder, uses)| {
            let names = circles(uses).into_iter().map(|circle| circle.join(" "));
            names.map(|names| format!("{}: {names}", folder.join("/")))
        });
        all.collect::<Vec<_>>()
    };
    assert_eq!(found(&[]), [""; 0]);
    assert_eq!(found(&[("house::a", "use super::b::Thing;")]), ["house: a b"]);
    assert_eq!(found(&[("house::a", "use super::c::Thing;")]), ["house: a b c"]);
    let within = [("house::b", "mod deep;\nmod other;\npub(crate) use deep::D;")];
    let other = [("house::b::other", "use super::D;"), ("house::b::deep", "use super::other::O;")];
    assert_eq!(found(&[&within[..], &other].concat()), ["house/b: deep other"]);
    assert_eq!(found(&[("house::a", "use super::{Own, Renamed};")]), [""; 0]);
    assert_eq!(
        found(&[("house::b", "use super::Renamed;"), ("house::a", "use super::b::T;")]),
        ["house: a b"]
    );
}

#[test]
fn within_a_folder_nothing_goes_in_a_circle() {
    let folders = uses_within_folders(&shipped_modules());
    let seen: usize = folders.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum();
    assert!(seen > 150, "the test reads no imports: {seen}");
    let mut found = String::new();
    for (folder, uses) in folders {
        let folder = folder.join("/");
        for circle in circles(&uses) {
            found.push_str(&format!("\n{folder}: {}", circle.join(", ")));
            for (_, why) in circle
                .iter()
                .flat_map(|module| &uses[module])
                .filter(|(used, _)| circle.contains(used))
            {
                found.push_str(&format!("\n    {why}"));
            }
        }
    }
    assert_eq!(found, "");
}

/// A function as it is declared.
struct Signature {
    name: String,
    parameters: Vec<String>,
    output: String,
}

/// Where the bracket closes that `text` begins with, and what stands before it between commas outside all others.
fn bracketed(text: &str) -> Option<(usize, Vec<String>)> {
    if !text.starts_with(['(', '<']) {
        return None;
    }
    let (mut depth, mut from, mut parts) = (0, 1, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            '>' if text[..at].ends_with(['-', '=']) => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 1 => {
                parts.push(text[from..at].trim().to_owned());
                from = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            parts.push(text[from..at].trim().to_owned());
            parts.retain(|part| !part.is_empty());
            return Some((at, parts));
        }
    }
    None
}

fn signatures(text: &str) -> Vec<Signature> {
    let text = code(text);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let declared = text.match_indices("fn ").filter(|(at, _)| !text[..*at].ends_with(is_word));
    let read = |(at, _)| {
        let rest: &str = &text[at + 3..];
        let (name, mut rest) = rest.split_at(rest.find(|c| !is_word(c))?);
        if rest.starts_with('<') {
            rest = &rest[bracketed(rest)?.0 + 1..];
        }
        let (end, parameters) = bracketed(rest)?;
        let behind = &rest[end + 1..];
        let output = behind.split(['{', ';']).next()?.split("where").next()?.trim();
        let output = output.strip_prefix("->").unwrap_or_default().trim().to_owned();
        Some(Signature { name: name.to_owned(), parameters, output })
    };
    declared.filter_map(read).collect()
}

/// The parts of a tuple, whether pattern or type, by itself or behind a reference.
fn tuple(text: &str) -> Option<Vec<String>> {
    let mut text = text.trim_start_matches('&').trim_start();
    if text.starts_with('\'') {
        text = text.split_once(' ')?.1;
    }
    text = text.strip_prefix("mut ").unwrap_or(text);
    let (_, parts) = bracketed(text).filter(|_| text.starts_with('('))?;
    (parts.len() > 1).then_some(parts)
}

/// Whether it takes several values as one that has no name.
fn takes_a_tuple(signature: &Signature) -> bool {
    let is_tuple = |it: &String| {
        let kind = it.split_once(": ").map_or("", |(_, kind)| kind);
        tuple(it).is_some() || tuple(kind).is_some()
    };
    signature.parameters.iter().any(is_tuple)
}

/// Whether it returns several values of one type that only their order tells apart.
fn returns_twins(signature: &Signature) -> bool {
    let mut output = signature.output.as_str();
    while let Some(inner) =
        ["io::Result<", "Result<", "Option<"].iter().find_map(|outer| output.strip_prefix(outer))
    {
        output = inner;
    }
    let parts = tuple(output).unwrap_or_default();
    parts.iter().collect::<BTreeSet<_>>().len() < parts.len()
}

#[test]
fn each_form_of_an_unnamed_pair_is_seen() {
    let forms = [
        (
            "fn f(a: u8, b: &[(u8, u8)], c: impl Fn((u8, u8)) -> u8) -> Vec<(u8, u8)> {}",
            false,
            false,
        ),
        ("fn f((a, b): (u8, u16)) {}", true, false),
        (
            "fn f<T: Into<u8>, F: Fn(u8) -> T>(&self, &(ref a, _): &'a (T, F)) -> (T, F) {}",
            true,
            false,
        ),
        ("async fn f(\n    a: u8,\n    held: (&str, &mut u8),\n) {}", true, false),
        ("fn f(held: &'a mut (u8, u16)) {}", true, false),
        (
            "fn f(held: &mut (dyn Read + Send), Named { a, b }: Named<u8, u8>) -> () {}",
            false,
            false,
        ),
        ("fn f() -> Result<Option<(u64, u64)>, Error>;", false, true),
        ("fn f() -> io::Result<(u64, String, u64)> where T: X<(u8, u8)> {}", false, true),
        ("// fn f((a, b): (u8, u8)) {}\nlet it: fn((u8, u8)) -> (u8, u8);", false, false),
    ];
    for (text, takes, returns) in forms {
        let found = signatures(text);
        assert_eq!(found.iter().any(takes_a_tuple), takes, "{text}");
        assert_eq!(found.iter().any(returns_twins), returns, "{text}");
    }
}

#[test]
fn what_a_function_takes_and_returns_together_has_a_name() {
    let (mut taken, mut returned, mut seen) = (Vec::new(), Vec::new(), 0);
    for (file, text) in texts_below("src", "rs") {
        let named = |it: &Signature| format!("{file}: {}", it.name);
        let found = signatures(&text);
        seen += found.len();
        taken.extend(found.iter().filter(|it| takes_a_tuple(it)).map(named));
        // Tests compare what they return with tuples on the spot.
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        let shipped = if file.ends_with("tests.rs") { "" } else { shipped };
        returned.extend(signatures(shipped).iter().filter(|it| returns_twins(it)).map(named));
    }
    assert_eq!(taken, [""; 0]);
    assert_eq!(returned, [""; 0]);
    assert!(seen > 2000, "the test reads no functions: {seen}");
}
