//! What holds the house together: the order of the modules is the order of dependency, what comes from outside has one room, and
//! what must be one is one.

mod circles;
mod image;
mod imports;
mod rooms;
mod signatures;

use std::path::{Path, PathBuf};

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

/// A file without what is compiled for tests alone: each item behind `#[cfg(test)]` is left out, what follows it stays.
fn shipped(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start() != "#[cfg(test)]" {
            kept.extend([line, "\n"]);
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        // An item ends at the bracket that stands under its beginning, or, where it has none, with its statement.
        let mut has_body = false;
        for line in lines.by_ref() {
            let is_under = line.strip_prefix(indent).is_some_and(|rest| !rest.starts_with(' '));
            has_body |= line.ends_with('{');
            if is_under && line.ends_with(['}', ';', ',']) || !has_body && line.ends_with(';') {
                break;
            }
        }
    }
    kept
}

#[test]
fn what_is_shipped_is_all_but_the_items_for_tests() {
    let text = "use a;\n#[cfg(test)]\nuse b;\nfn c() {\n    #[cfg(test)]\n    d();\n    e();\n}\n#[cfg(test)]\n\
                const F: &[u8] =\n    &[1, 2];\nfn g() {}\n#[cfg(test)]\nmod tests {\n    fn h() {\n    }\n}\nfn i() {}\n";
    assert_eq!(shipped(text), "use a;\nfn c() {\n    e();\n}\nfn g() {}\nfn i() {}\n");
}
