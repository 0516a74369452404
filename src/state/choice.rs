//! Which of two ledgers goes on: the one of the data directory, or the one of the state.

use std::path::Path;
use std::sync::Arc;

use super::error::Error;
use super::generation::{self, Mark};
use super::{State, Task};
use crate::blocking::blocking;
use crate::event::{Events, Warning, What};
use crate::ids::{DataDir, RunId};
use crate::ledger;
use crate::status::FileState;
use crate::warehouse::Warehouse;

impl State {
    /// Decides which of the two ledgers goes on: the one here, or the one there.
    pub(super) async fn choose_ledger(&mut self, task: &Task<'_>) -> Result<(), Error> {
        let has_ledger = self.data_dir.warehouse().exists();
        let Some(current) = &self.current else {
            // The first to come here brings what it has.
            if has_ledger {
                let path = self.data_dir.warehouse();
                let mut warehouse = blocking(|| Warehouse::open(&path, &self.data_dir.temp()))?;
                self.save(&mut warehouse).await?;
            }
            return Ok(());
        };
        let generation = current.generation;
        let mark = Mark::of(&self.data_dir).filter(|mark| mark.location == self.place.name);
        let is_ours = mark.as_ref().is_some_and(|mark| mark.generation == generation);
        if has_ledger && is_ours {
            return Mark { location: self.place.name.clone(), generation, is_copy: false }
                .write(&self.data_dir);
        }
        let is_behind = match (has_ledger, mark) {
            (false, _) => true,
            (true, Some(mark)) if mark.is_copy => true,
            (true, mark) => self.is_behind(generation, mark.is_some(), task.events).await?,
        };
        if is_behind {
            let place = Arc::clone(&self.place);
            let pulled = generation::pull(&place, generation, &self.data_dir, false);
            self.patience.to_call(pulled).await?;
        }
        Ok(())
    }

    /// Whether the ledger here has nothing that the one there lacks; `false` where it has all that the other has, and more.
    ///
    /// What comes from there and went on here without a save told nobody of it: files leave the machine only after one.
    async fn is_behind(
        &self,
        generation: u64,
        is_descendant: bool,
        events: Events<'_>,
    ) -> Result<bool, Error> {
        let there = generation::other(&self.data_dir);
        let fetched = generation::fetch(&self.place, generation, &self.data_dir, &there, false);
        self.patience.to_call(fetched).await?;
        let compared = blocking(|| compare(&self.data_dir, &there));
        let _ = std::fs::remove_file(&there);
        let Compared { only_here, only_there, has_shipped, has_files } = compared?;
        // Without a bucket the local lake is where the files were to go.
        let has_told = if self.goes_to_bucket { has_shipped } else { has_files };
        let first = |runs: &[String]| runs.first().cloned().unwrap_or_else(|| "none".to_owned());
        if only_here.is_empty() {
            return Ok(true);
        }
        if is_descendant && !has_told {
            let (run_count, run) = (only_here.len(), first(&only_here));
            events(What::Warning(Warning::RunsReplaced { run_count, run }));
            return Ok(true);
        }
        if only_there.is_empty() {
            return Ok(false);
        }
        let location = self.place.name.clone();
        let (here, there) = (first(&only_here), first(&only_there));
        Err(Error::Diverged {
            location,
            here: format!("run {here}"),
            there: format!("run {there}"),
        })
    }
}

/// Two ledgers, by their runs.
pub(super) struct Compared {
    pub(super) only_here: Vec<String>,
    pub(super) only_there: Vec<String>,
    /// Whether one of those that only this one has sent anything out.
    has_shipped: bool,
    /// Whether one of them has made a file at all.
    has_files: bool,
}

pub(super) fn compare(data_dir: &DataDir, there: &Path) -> Result<Compared, Error> {
    let here = Warehouse::look(&data_dir.warehouse())?;
    let runs_here = ledger::run_ids(&here)?;
    let runs_there = ledger::run_ids(&Warehouse::look(there)?)?;
    let lacks = |runs: &[String], run: &String| !runs.contains(run);
    let only_there = runs_there.iter().filter(|run| lacks(&runs_here, run)).cloned().collect();
    let only_here: Vec<String> =
        runs_here.iter().filter(|run| lacks(&runs_there, run)).cloned().collect();
    let (mut has_shipped, mut has_files) = (false, false);
    for run in only_here.iter().filter_map(|run| run.parse::<RunId>().ok()) {
        let files = ledger::files_of(&here, &run)?;
        has_files |= !files.is_empty();
        has_shipped |= files.iter().any(|file| file.state != FileState::Exported);
    }
    Ok(Compared { only_here, only_there, has_shipped, has_files })
}
