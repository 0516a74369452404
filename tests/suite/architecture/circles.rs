//! Within a folder nothing goes in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::imports::{Named, imports, leaves, module_of, named_imports};
use super::{code, shipped, sources};

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
        (module_of(file.strip_prefix(&root).unwrap()), shipped(&text))
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
