//! The ledger between machines: it lives in a bucket (or a folder), and one task at a time has it.
//!
//! In: an address, and the data directory of a task. Out: a `State`, which the run holds from before it opens the ledger until after
//! it is closed, and saves into.
//!
//! ```text
//! lease.json                    {owner, expires_at, fencing_number}          who may write
//! current.json                  {generation, fencing_number, schema_version} which generation is the current one
//! snowtrack-<generation>.duckdb.zst                                          immutable; the three newest are kept
//! ```
//! Every write is on condition. The lease is taken with one more than its fencing number, and the first thing its owner writes is its
//! number into `current.json`: whoever had the lease before can replace that no more. A generation is an object of its own before
//! `current.json` names it, so that a task that dies between any two calls leaves the one before, whole.

mod bundle;
mod erasure;
mod error;
mod examination;
mod generation;
mod hold;
mod lease;
mod operator;
mod place;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

pub use error::Error;
pub use operator::{Holder, Shown};

pub(crate) use examination::{Conditions, Examined, HeldLease, examine, newer, probe};
pub(crate) use generation::{Current, publish};
pub(crate) use operator::{Pulled, is_only_read, pull, push, read, show, unlock};

use crate::blocking::blocking;
use crate::config::StateSettings;
use crate::event::{Events, Warning, What};
use crate::ids::{DataDir, RunId};
use crate::ledger;
use crate::retry::pause;
use crate::status::FileState;
use crate::stop::Stop;
use crate::warehouse::{SCHEMA_VERSION, Warehouse};
use generation::{CURRENT, KEPT, Mark, companions, current, name, number};
use hold::{Hold, Tagged, json, replace};
use place::Place;

/// How a task asks for the state.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// How long to wait for another task that has it.
    pub wait: Duration,
    /// Whether no other task writes, so that the store need not know conditions.
    pub is_single_writer: bool,
}

/// What a task brings along.
pub(crate) struct Task<'a> {
    pub(crate) data_dir: &'a DataDir,
    /// Whether files go from the local lake to a bucket.
    pub(crate) goes_to_bucket: bool,
    pub(crate) terms: Terms,
    pub(crate) clock: fn() -> DateTime<Utc>,
    pub(crate) events: Events<'a>,
    pub(crate) stop: &'a Arc<Stop>,
}

/// The state, while it is ours.
pub(crate) struct State {
    place: Arc<Place>,
    hold: Hold,
    current: Option<Tagged<Current>>,
    /// The highest generation that anybody wrote, current or not.
    highest: u64,
    /// What a task that died left, and nothing names.
    orphans: BTreeSet<u64>,
    data_dir: DataDir,
    goes_to_bucket: bool,
    save_every: Duration,
    saved_at: Instant,
    patience: Patience,
    /// How many generations a save leaves.
    keeps: usize,
}

/// How long a save may take once somebody asked to stop: a supervisor kills after thirty seconds, and we are out before that.
const SAVE_PATIENCE: Duration = Duration::from_secs(20);
const GIVE_BACK_PATIENCE: Duration = Duration::from_secs(3);

/// When somebody asked to stop.
#[derive(Clone)]
struct Patience {
    stop: Arc<Stop>,
    asked_at: Arc<OnceLock<Instant>>,
}

impl Patience {
    fn new(stop: &Arc<Stop>) -> Self {
        let this = Self { stop: Arc::clone(stop), asked_at: Arc::default() };
        let (stop, asked_at) = (Arc::clone(stop), Arc::clone(&this.asked_at));
        tokio::spawn(async move {
            stop.asked().await;
            let _ = asked_at.set(Instant::now());
        });
        this
    }

    /// What is left for a save; `None` where nobody asked.
    fn left(&self) -> Option<Duration> {
        if !self.stop.is_asked() {
            return None;
        }
        let asked_at = self.asked_at.get_or_init(Instant::now);
        Some(SAVE_PATIENCE.saturating_sub(asked_at.elapsed()))
    }

    fn is_over(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// Does `work`, as long as there is time.
    async fn within<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let over = async {
            self.stop.asked().await;
            pause(self.left().unwrap_or_default()).await;
        };
        tokio::select! {
            biased;
            done = work => done,
            () = over => Err(Error::NoTime),
        }
    }
}

impl State {
    /// Takes the state and makes the data directory's ledger the current one. The directory is locked, and its ledger closed.
    pub(crate) async fn hold(settings: &StateSettings, task: &Task<'_>) -> Result<Self, Error> {
        let mut state = Self::take(settings, task).await?;
        match state.choose_ledger(task).await {
            Ok(()) => Ok(state),
            Err(error) => {
                state.give_back().await;
                Err(error)
            }
        }
    }

    /// Takes the lease alone.
    async fn take(settings: &StateSettings, task: &Task<'_>) -> Result<Self, Error> {
        generation::forget_leftovers(task.data_dir);
        let is_single_writer = task.terms.is_single_writer;
        let place = Arc::new(Place::open(settings, is_single_writer, task.clock).await?);
        let hold = Hold::take(&place, settings.lease, task.terms.wait, task.stop).await?;
        let mut state = Self {
            place,
            hold,
            current: None,
            highest: 0,
            orphans: BTreeSet::new(),
            data_dir: task.data_dir.clone(),
            goes_to_bucket: task.goes_to_bucket,
            save_every: settings.save_every,
            saved_at: Instant::now(),
            patience: Patience::new(task.stop),
            keeps: KEPT,
        };
        match state.fence().await {
            Ok(()) => Ok(state),
            Err(error) => {
                state.give_back().await;
                Err(error)
            }
        }
    }

    /// Writes our number into `current.json`, so that whoever had the lease before us replaces it no more.
    async fn fence(&mut self) -> Result<(), Error> {
        while let Some(Tagged { what: found, tag }) = current(&self.place).await? {
            // Somebody deleted the lease, and with it the number that it had come to.
            self.hold.rise_above(found.fencing_number).await?;
            let fencing_number = self.hold.number().await;
            let ours = Current { fencing_number, ..found };
            if let Ok(told) = replace(&self.place, CURRENT, &json(&ours), Some(&tag)).await? {
                self.highest = ours.generation;
                self.current = Some(Tagged { what: ours, tag: told.what });
                break;
            }
        }
        if self.hold.is_taken_over {
            let names = self.place.names().await?;
            let written: Vec<u64> = names.iter().filter_map(|name| number(name)).collect();
            self.highest = written.iter().copied().fold(self.highest, u64::max);
            let kept = self.current.as_ref().map(|it| it.what.generations.clone());
            let kept = kept.unwrap_or_default();
            self.orphans = written.into_iter().filter(|it| !kept.contains(it)).collect();
        }
        Ok(())
    }

    /// Decides which of the two ledgers goes on: the one here, or the one there.
    async fn choose_ledger(&mut self, task: &Task<'_>) -> Result<(), Error> {
        let has_ledger = self.data_dir.warehouse().exists();
        let Some(Tagged { what: current, .. }) = &self.current else {
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
            self.patience.within(pulled).await?;
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
        generation::fetch(&self.place, generation, &self.data_dir, &there, false).await?;
        let compared = blocking(|| compare(&self.data_dir, &there));
        let _ = std::fs::remove_file(&there);
        let Compared { only_here, only_there, has_shipped } = compared?;
        let first = |runs: &[String]| runs.first().cloned().unwrap_or_else(|| "none".to_owned());
        if only_here.is_empty() {
            return Ok(true);
        }
        if is_descendant && !has_shipped {
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

    /// Whether a fetch has gone on for so long that it should be saved.
    pub(crate) fn is_due(&self) -> bool {
        self.saved_at.elapsed() >= self.save_every
    }

    /// Not for another such while.
    pub(crate) fn put_off(&mut self) {
        self.saved_at = Instant::now();
    }

    /// Makes sure that nobody took the state from us; before anything is told to anybody.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub(crate) async fn confirm(&self) -> Result<(), Error> {
        self.hold.confirm().await
    }

    /// The same where that was long ago; a store that cannot be reached renews nothing.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub(crate) async fn confirm_again(&self) -> Result<(), Error> {
        self.hold.confirm_again().await
    }

    /// Whether it is known that somebody did.
    pub(crate) fn is_fenced(&self) -> Option<Error> {
        self.hold.is_fenced()
    }

    /// Whether a save is likely to take longer than whoever asked to stop will wait.
    fn has_no_time(&self) -> bool {
        let Some(left) = self.patience.left() else { return false };
        let last = self.current.as_ref().map(|it| &it.what);
        let Some(last) = last.filter(|it| 0 < it.ledger_bytes) else {
            return left.is_zero();
        };
        let size_bytes = std::fs::metadata(self.data_dir.warehouse()).map_or(0, |it| it.len());
        let expected_ms = last.saved_in_ms.saturating_mul(size_bytes) / last.ledger_bytes;
        left < Duration::from_millis(expected_ms)
    }

    /// Saves the ledger as it is as the next generation.
    ///
    /// # Errors
    /// [`Error::Fenced`], [`Error::NoTime`]; then the last generation stays the current one.
    pub(crate) async fn save(&mut self, warehouse: &mut Warehouse) -> Result<(), Error> {
        if self.has_no_time() {
            return Err(Error::NoTime);
        }
        let patience = self.patience.clone();
        patience.within(self.try_save(warehouse)).await
    }

    async fn try_save(&mut self, warehouse: &mut Warehouse) -> Result<(), Error> {
        self.hold.confirm().await?;
        let (began, packed) = (Instant::now(), self.data_dir.generation());
        let ledger_bytes = blocking(|| self.pack(warehouse, &packed));
        let sent = match ledger_bytes {
            Ok(ledger_bytes) => self.send(&packed).await.map(|number| (number, ledger_bytes)),
            Err(error) => Err(error),
        };
        let _ = std::fs::remove_file(&packed);
        let (generation, ledger_bytes) = sent?;
        let kept = self.current.as_ref().map(|last| last.what.generations.as_slice());
        let mut generations = vec![generation];
        generations.extend(kept.unwrap_or_default());
        let dropped = generations.split_off(generations.len().min(self.keeps));
        let saved_in_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let next = Current {
            generation,
            fencing_number: self.hold.number().await,
            schema_version: SCHEMA_VERSION,
            generations,
            ledger_bytes,
            saved_in_ms,
        };
        let tag = self.current.as_ref().map(|last| last.tag.as_str());
        match replace(&self.place, CURRENT, &json(&next), tag).await? {
            Ok(told) => self.current = Some(Tagged { what: next, tag: told.what }),
            Err(_) => return Err(self.hold.lost().await),
        }
        self.saved_at = Instant::now();
        let location = self.place.name.clone();
        Mark { location, generation, is_copy: false }.write(&self.data_dir)?;
        tracing::info!(generation, saved_in_ms, "the state is saved");
        self.tidy(dropped).await;
        Ok(())
    }

    fn pack(&self, warehouse: &mut Warehouse, to: &Path) -> Result<u64, Error> {
        let companions = companions(warehouse, &self.data_dir, self.goes_to_bucket)?;
        let ledger = warehouse.image()?;
        let is_over = || self.patience.is_over();
        bundle::pack(ledger, &companions, to, &is_over).map_err(|source| match source.kind() {
            std::io::ErrorKind::TimedOut => Error::NoTime,
            _ => Error::File { doing: "pack the ledger into", path: to.to_owned(), source },
        })
    }

    /// Sends what is packed under the next number that nobody has used.
    async fn send(&mut self, packed: &Path) -> Result<u64, Error> {
        loop {
            self.highest += 1;
            if self.place.send(packed, &name(self.highest)).await? {
                return Ok(self.highest);
            }
            // A task that died left it, or one that has put us out wrote it.
            self.hold.confirm().await?;
            self.orphans.insert(self.highest);
        }
    }

    /// Deletes what is kept no longer. What cannot be deleted costs a little.
    async fn tidy(&mut self, dropped: Vec<u64>) {
        let orphans = std::mem::take(&mut self.orphans);
        for generation in dropped.into_iter().chain(orphans) {
            if let Err(error) = self.place.remove(&name(generation)).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "an old generation of the state stays behind");
            }
        }
    }

    /// The current generation, for people.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.current.as_ref().map(|current| current.what.generation)
    }

    /// Gives it back, so that nobody waits for it.
    pub(crate) async fn give_back(self) {
        let given = async {
            self.hold.give_back().await;
        };
        tokio::select! {
            () = given => {}
            () = pause(GIVE_BACK_PATIENCE) => {}
        }
    }
}

/// Two ledgers, by their runs.
struct Compared {
    only_here: Vec<String>,
    only_there: Vec<String>,
    /// Whether one of those that only this one has sent anything out.
    has_shipped: bool,
}

fn compare(data_dir: &DataDir, there: &Path) -> Result<Compared, Error> {
    let here = Warehouse::look(&data_dir.warehouse())?;
    let runs_here = ledger::run_ids(&here)?;
    let runs_there = ledger::run_ids(&Warehouse::look(there)?)?;
    let lacks = |runs: &[String], run: &String| !runs.contains(run);
    let only_there = runs_there.iter().filter(|run| lacks(&runs_here, run)).cloned().collect();
    let only_here: Vec<String> =
        runs_here.iter().filter(|run| lacks(&runs_there, run)).cloned().collect();
    let mut has_shipped = false;
    for run in only_here.iter().filter_map(|run| run.parse::<RunId>().ok()) {
        let files = ledger::files_of(&here, &run)?;
        has_shipped |= files.iter().any(|file| file.state != FileState::Exported);
    }
    Ok(Compared { only_here, only_there, has_shipped })
}
