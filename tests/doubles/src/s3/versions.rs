//! A bucket that keeps versions, as Amazon's S3 does: nothing that was written is gone before its version is deleted.

use std::path::{Path, PathBuf};

use super::{FakeS3, READABLE, Shared};

/// The most versions on a page.
pub(super) const MOST_LISTED: usize = 1_000;

/// The id of the only version where none are kept.
const ONLY: &str = "null";

/// One version; without bytes it is the mark of a deletion.
#[derive(Debug, Clone)]
pub(super) struct Version {
    id: String,
    bytes: Option<Vec<u8>>,
}

/// A version in a list.
pub(super) struct Listed {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) is_marker: bool,
    pub(super) is_latest: bool,
}

impl FakeS3 {
    /// From now on every version is kept until it is deleted by its id.
    pub fn keep_versions(&self) {
        self.state().keeps_versions = true;
    }

    /// What another client writes, over whatever is there.
    pub fn write(&self, key: &str, bytes: &[u8]) {
        self.plant(key, bytes);
        self.shared.keep_version(key);
    }

    /// What another client deletes.
    pub fn delete(&self, key: &str) {
        self.shared.delete(key);
    }

    /// The bytes of every version that there is, with its key and id.
    pub fn every_version(&self) -> Vec<(String, String, Vec<u8>)> {
        let listed = self.shared.versions("");
        let read = |it: &Listed| self.shared.version(&it.key, &it.id).unwrap_or_default();
        listed.iter().map(|it| (it.key.clone(), it.id.clone(), read(it))).collect()
    }
}

impl Shared {
    fn path(&self, key: &str) -> PathBuf {
        self.bucket.join(key)
    }

    /// Remembers what is under a key now.
    pub(super) fn keep_version(&self, key: &str) {
        let bytes = std::fs::read(self.path(key)).ok();
        let mut state = self.state();
        if state.keeps_versions {
            state.version_count += 1;
            let id = format!("v{}", state.version_count);
            state.versions.entry(key.to_owned()).or_default().push(Version { id, bytes });
        }
    }

    /// Every version of every key with this prefix, by key, newest first.
    pub(super) fn versions(&self, prefix: &str) -> Vec<Listed> {
        let mut found = Vec::new();
        let mut files = Vec::new();
        files_below(&self.bucket, &self.bucket, &mut files);
        let state = self.state();
        let kept = state.versions.keys().cloned();
        let mut keys: Vec<String> = files.into_iter().chain(kept).collect();
        keys.sort();
        keys.dedup();
        for key in keys.into_iter().filter(|key| key.starts_with(prefix)) {
            match state.versions.get(&key) {
                Some(versions) => {
                    for (at, version) in versions.iter().rev().enumerate() {
                        found.push(Listed {
                            key: key.clone(),
                            id: version.id.clone(),
                            is_marker: version.bytes.is_none(),
                            is_latest: at == 0,
                        });
                    }
                }
                None => found.push(Listed {
                    key,
                    id: ONLY.to_owned(),
                    is_marker: false,
                    is_latest: true,
                }),
            }
        }
        found
    }

    /// A version's bytes.
    pub(super) fn version(&self, key: &str, id: &str) -> Option<Vec<u8>> {
        let state = self.state();
        match state.versions.get(key) {
            Some(versions) => versions.iter().find(|it| it.id == id)?.bytes.clone(),
            None if id == ONLY => std::fs::read(self.path(key)).ok(),
            None => None,
        }
    }

    /// Deletes what a key shows; where versions are kept, that only makes a mark.
    pub(super) fn delete(&self, key: &str) {
        let mut state = self.state();
        if state.keeps_versions {
            state.version_count += 1;
            let id = format!("v{}", state.version_count);
            state.versions.entry(key.to_owned()).or_default().push(Version { id, bytes: None });
        }
        state.tick += 1;
        let tick = state.tick;
        state.deleted.insert(key.to_owned(), tick);
        state.composites.remove(key);
        state.spoilt.remove(key);
        drop(state);
        let _ = std::fs::remove_file(self.path(key));
    }

    /// Deletes one version for good; `false` where there is none of that id. That there is no version of no id is no error.
    pub(super) fn delete_version(&self, key: &str, id: &str) -> bool {
        let mut state = self.state();
        let Some(versions) = state.versions.get_mut(key) else {
            drop(state);
            if id == ONLY {
                self.delete_file(key);
            }
            return id == ONLY;
        };
        let count = versions.len();
        versions.retain(|version| version.id != id);
        let is_known = versions.len() < count || id == ONLY;
        let shown = versions.last().cloned();
        if shown.is_none() {
            state.versions.remove(key);
        }
        drop(state);
        match shown.and_then(|version| version.bytes) {
            Some(bytes) => std::fs::write(self.path(key), bytes).expect(READABLE),
            None => self.delete_file(key),
        }
        is_known
    }

    fn delete_file(&self, key: &str) {
        let mut state = self.state();
        state.composites.remove(key);
        state.spoilt.remove(key);
        drop(state);
        let _ = std::fs::remove_file(self.path(key));
    }
}

fn files_below(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect(READABLE).flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(root, &path, found);
        } else {
            let key = path.strip_prefix(root).expect("it lies below");
            found.push(key.to_string_lossy().into_owned());
        }
    }
}
