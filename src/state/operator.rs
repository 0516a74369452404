//! What an operator does with the state by hand, and what a command does that only reads it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::error::Error;
use super::generation::{self, Mark, current, publish};
use super::hold::{LEASE, Tagged, json, parsed, replace};
use super::lease::Lease;
use super::place::Place;
use super::{Compared, State, Task, compare};
use crate::blocking::blocking;
use crate::config::StateSettings;
use crate::ids::DataDir;
use crate::warehouse::Warehouse;

/// The state, as it is shown.
#[derive(Debug, Default, Serialize)]
pub struct Shown {
    /// Its address.
    pub location: String,
    /// The current generation; `None` before the first save.
    pub generation: Option<u64>,
    /// The newest fencing number.
    pub fencing_number: u64,
    /// Of the current generation.
    pub schema_version: Option<u32>,
    /// Who has it; `None`: nobody.
    pub lease: Option<Holder>,
    /// Those that are kept, the newest first; where nothing says so, those that are there.
    pub generations: Vec<u64>,
}

/// Who has the state.
#[derive(Debug, Serialize)]
pub struct Holder {
    /// By a name that no other task has.
    pub owner: String,
    /// Unless it is renewed.
    pub expires_at: DateTime<Utc>,
}

async fn lease(place: &Place) -> Result<Option<Tagged<Lease>>, Error> {
    let Some(object) = place.get(LEASE).await?.what else { return Ok(None) };
    Ok(Some(Tagged { what: parsed(place, LEASE, &object)?, tag: object.tag }))
}

/// What is there, and who has it.
pub(crate) async fn show(
    settings: &StateSettings,
    clock: fn() -> DateTime<Utc>,
) -> Result<Shown, Error> {
    let place = Place::open(settings, false, clock).await?;
    // Looking makes no folder.
    if !place.is_there() {
        let location = place.name.clone();
        return Ok(Shown { location, ..Shown::default() });
    }
    let lease = lease(&place).await?.map(|found| found.what);
    // Also of a later version's it can be said which it is.
    let found = place.get(generation::CURRENT).await?.what;
    let current: Option<generation::Current> =
        found.map(|object| parsed(&place, generation::CURRENT, &object)).transpose()?;
    let generations = match &current {
        Some(current) => current.generations.clone(),
        None => generation::written(&place).await?,
    };
    let numbers = [
        lease.as_ref().map_or(0, |lease| lease.fencing_number),
        current.as_ref().map_or(0, |current| current.fencing_number),
    ];
    let holder = |lease: Lease| Some(Holder { owner: lease.owner?, expires_at: lease.expires_at });
    let current = current.filter(generation::Current::is_one);
    Ok(Shown {
        location: place.name.clone(),
        generation: current.as_ref().map(|current| current.generation),
        fencing_number: numbers.into_iter().max().unwrap_or(0),
        schema_version: current.as_ref().map(|current| current.schema_version),
        lease: lease.and_then(holder),
        generations,
    })
}

/// Puts out whoever has the lease, for good: its number rises.
pub(crate) async fn unlock(
    settings: &StateSettings,
    clock: fn() -> DateTime<Utc>,
) -> Result<Option<Lease>, Error> {
    let place = Place::open(settings, false, clock).await?;
    while let Some(Tagged { what: found, tag }) = lease(&place).await? {
        let unlocked = found.unlocked();
        if replace(&place, LEASE, &json(&unlocked), Some(&tag)).await?.is_ok() {
            return Ok(Some(unlocked));
        }
    }
    Ok(None)
}

/// What became of the data directory.
pub(crate) struct Pulled {
    pub(crate) generation: u64,
    /// Whether the analysts' file is there, too.
    pub(crate) is_published: bool,
}

/// Makes the current generation the ledger here, without the lease. What is here and not there is given up only with `is_forced`.
pub(crate) async fn pull(
    settings: &StateSettings,
    task: &Task<'_>,
    is_forced: bool,
) -> Result<Pulled, Error> {
    let place = Place::open(settings, false, task.clock).await?;
    let found = current(&place, is_forced).await?;
    let generation = found.ok_or_else(|| Error::Empty(place.name.clone()))?;
    let data_dir = task.data_dir;
    if data_dir.warehouse().exists() && !is_forced {
        let there = generation::other(data_dir);
        generation::fetch(&place, generation, data_dir, &there, false).await?;
        let compared = blocking(|| compare(data_dir, &there));
        let _ = std::fs::remove_file(&there);
        let Compared { only_here, only_there, .. } = compared?;
        if let Some(run) = only_here.first() {
            let there = only_there.first().map_or("none".to_owned(), |run| format!("run {run}"));
            let (location, here) = (place.name.clone(), format!("run {run}"));
            return Err(Error::Diverged { location, here, there });
        }
    }
    take_in(&place, generation, task, false).await
}

/// Whether there is no ledger here but one that was read from a state, or none at all.
pub(crate) fn is_only_read(data_dir: &DataDir) -> bool {
    !data_dir.warehouse().exists() || Mark::of(data_dir).is_some_and(|mark| mark.is_copy)
}

/// Whether nothing was ever saved there.
pub(crate) async fn is_empty(
    settings: &StateSettings,
    clock: fn() -> DateTime<Utc>,
) -> Result<bool, Error> {
    let place = Place::open(settings, false, clock).await?;
    Ok(current(&place, false).await?.is_none())
}

/// For a command that reads and finds nothing here: the current generation, and a newer one where the last was only read, too.
pub(crate) async fn read(settings: &StateSettings, task: &Task<'_>) -> Result<(), Error> {
    let data_dir = task.data_dir;
    let place = Place::open(settings, false, task.clock).await?;
    let mark = Mark::of(data_dir).filter(|mark| mark.location == place.name);
    let Some(found) = current(&place, false).await? else { return Ok(()) };
    let is_there = data_dir.warehouse().exists();
    if is_there && mark.is_some_and(|mark| mark.generation == found) {
        return Ok(());
    }
    take_in(&place, found, task, true).await.map(drop)
}

async fn take_in(
    place: &Place,
    generation: u64,
    task: &Task<'_>,
    is_copy: bool,
) -> Result<Pulled, Error> {
    let data_dir = task.data_dir;
    generation::pull(place, generation, data_dir, is_copy).await?;
    let is_published = blocking(|| {
        let mut warehouse = Warehouse::open(&data_dir.warehouse(), &data_dir.temp())?;
        publish(&mut warehouse, data_dir)
    })?;
    Ok(Pulled { generation, is_published })
}

/// Makes the ledger here the next generation. What the one here does not come from is replaced only with `is_forced`: also one that a
/// later version wrote, or generations of which nothing says which one counts.
pub(crate) async fn push(
    settings: &StateSettings,
    task: &Task<'_>,
    is_forced: bool,
) -> Result<u64, Error> {
    let data_dir = task.data_dir;
    if !data_dir.warehouse().exists() {
        return Err(Error::NoLedger(data_dir.path().to_owned()));
    }
    let mut state = State::take(settings, task, is_forced).await?;
    let pushed = push_into(&mut state, task, is_forced).await;
    state.give_back().await;
    pushed
}

async fn push_into(state: &mut State, task: &Task<'_>, is_forced: bool) -> Result<u64, Error> {
    let data_dir = task.data_dir;
    let place = Arc::clone(&state.place);
    let mark = Mark::of(data_dir).filter(|mark| mark.location == place.name);
    // A ledger that never came from there takes its place when somebody says so, and the command alone says it: that is how of two
    // ledgers the one here is kept. The one there stays among the older generations.
    if let (Some(there), Some(mark), false) = (state.generation(), mark, is_forced)
        && mark.generation != there
    {
        let location = place.name.clone();
        return Err(Error::Moved { location, here: mark.generation, there });
    }
    let mut warehouse = blocking(|| Warehouse::open(&data_dir.warehouse(), &data_dir.temp()))?;
    state.save(&mut warehouse).await?;
    Ok(state.generation().unwrap_or_default())
}
