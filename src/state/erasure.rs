//! What `forget` asks of the state: that one generation alone is left, or nothing at all, in any version that a bucket keeps.

use std::path::Path;

use super::error::Error;
use super::generation::{self, CURRENT, Current, number};
use super::hold::{json, replace};
use super::{State, name};
use crate::warehouse::Warehouse;

/// What a folder has of a generation that somebody was killed over.
fn is_part(name: &str) -> bool {
    name.strip_prefix('.').and_then(|name| name.strip_suffix(".part")).is_some_and(is_generation)
}

fn is_generation(name: &str) -> bool {
    number(name).is_some()
}

impl State {
    /// Saves the ledger as the next generation, and erases every other for good. What another task left, too.
    ///
    /// # Errors
    /// As [`save`](Self::save); killed or not, the next call does what this one did not.
    pub(crate) async fn save_alone(&mut self, warehouse: &mut Warehouse) -> Result<(), Error> {
        self.keeps = 1;
        self.save(warehouse).await?;
        self.hold.confirm_again().await?;
        let current = self.generation().map(name).unwrap_or_default();
        self.place.erase(&|name, is_latest| is_other(name, &current, is_latest)).await
    }

    /// Every generation but the current one that is there, and the current one where `is_theirs` says so of its ledger, in words.
    ///
    /// # Errors
    /// Those of the place, of the disk, and of `is_theirs`.
    pub(crate) async fn left<E: From<Error>>(
        &self,
        is_theirs: &(dyn Fn(&Path) -> Result<bool, E> + Sync),
    ) -> Result<Vec<String>, E> {
        let Some(generation) = self.generation() else { return Ok(Vec::new()) };
        let current = name(generation);
        let others = |name: &str, is_latest: bool| is_other(name, &current, is_latest);
        let mut left = self.place.kept(&others).await?;
        let there = generation::other(&self.data_dir);
        generation::fetch(&self.place, generation, &self.data_dir, &there, false).await?;
        let found = is_theirs(&there);
        let _ = std::fs::remove_file(&there);
        if found? {
            left.push(format!("object `{}`", self.place.object(&current)));
        }
        Ok(left)
    }

    /// Erases everything but the lease, which holds nothing but a number that must not begin anew. Returns what is left, in words.
    ///
    /// # Errors
    /// Those of the place; [`Error::Fenced`].
    pub(crate) async fn erase_everything(&mut self) -> Result<Vec<String>, Error> {
        self.hold.confirm_again().await?;
        // First that there is none: generations that nothing names would be somebody's ledger.
        let none = json(&Current::none(self.hold.number().await));
        match replace(&self.place, CURRENT, &none, self.tag.as_deref()).await? {
            Ok(told) => self.tag = Some(told.what),
            Err(_) => return Err(self.hold.lost().await),
        }
        self.current = None;
        let is_ledger = |name: &str, _: bool| is_generation(name) || is_part(name);
        self.place.erase(&is_ledger).await?;
        self.place.erase(&|name, _| name == CURRENT).await?;
        let goes = |name: &str, _: bool| name == CURRENT || is_generation(name) || is_part(name);
        self.place.kept(&goes).await
    }
}

fn is_other(name: &str, current: &str, is_latest: bool) -> bool {
    is_part(name) || is_generation(name) && (name != current || !is_latest)
}

#[cfg(test)]
mod tests {
    use super::super::hold::LEASE;
    use super::*;

    #[test]
    fn all_but_the_current_version_of_the_current_generation_is_another() {
        let current = name(7);
        assert!(!is_other(&current, &current, true));
        assert!(is_other(&current, &current, false), "an older version of it");
        for other in [name(6), name(8), format!(".{}.part", name(7))] {
            assert!(is_other(&other, &current, true), "{other}");
        }
        for kept in [LEASE, CURRENT, ".lock", ".clock"] {
            assert!(!is_other(kept, &current, false), "{kept}");
        }
    }
}
