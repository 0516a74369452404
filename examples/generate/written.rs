//! The files that the generator writes, and how they differ from what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::definitions::Definitions;
use super::{lookml, semantic_view};

/// Texts by their paths in the repository.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// The folders whose files are all the generator's, but for a README.
const FOLDERS: [&str; 2] = ["integrations/looker", "sql/snowflake/semantic"];

/// Everything that the definitions below `root` make.
pub(crate) fn files(root: &Path) -> Result<Files, String> {
    let definitions = Definitions::read(&root.join("dbt/models"))?;
    let mut files = Files::new();
    for (name, text) in lookml::files(&definitions)? {
        files.insert(Path::new(FOLDERS[0]).join(name), text);
    }
    let view = semantic_view::statement(&definitions);
    files.insert(Path::new(FOLDERS[1]).join("spotify.sql"), view);
    Ok(files)
}

/// What is there and should not be, or is not there as it should be.
pub(crate) fn differences(root: &Path, files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        match fs::read_to_string(root.join(path)) {
            Ok(there) if there == *text => {}
            Ok(_) => found.push(format!("{} differs", path.display())),
            Err(_) => found.push(format!("{} is missing", path.display())),
        }
    }
    let left_over = strangers(root, files).into_iter();
    found.extend(left_over.map(|path| format!("{} is not made any more", path.display())));
    found
}

/// Writes the files and removes what is not made any more.
pub(crate) fn write(root: &Path, files: &Files) -> io::Result<()> {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(path, text)?;
    }
    for path in strangers(root, files) {
        fs::remove_file(root.join(path))?;
    }
    Ok(())
}

fn strangers(root: &Path, files: &Files) -> BTreeSet<PathBuf> {
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if !files.contains_key(&path) && entry.file_name() != "README.md" {
                found.insert(path);
            }
        }
    }
    found
}
