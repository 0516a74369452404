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
mod choice;
mod erasure;
mod error;
mod examination;
mod generation;
mod hold;
mod lease;
mod operator;
mod patience;
mod place;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

pub use error::Error;
pub use operator::{Holder, Shown};

pub(crate) use examination::{Conditions, Examined, HeldLease, examine, probe};
pub(crate) use generation::{Current, publish};
pub(crate) use operator::{Pulled, is_empty, is_only_read, pull, push, read, show, unlock};

use crate::blocking::blocking;
use crate::config::StateSettings;
use crate::event::Events;
use crate::ids::DataDir;
use crate::stop::Stop;
use crate::warehouse::{SCHEMA_VERSION, Warehouse};
use choice::{Compared, compare};
use generation::{CURRENT, KEPT, Mark, companions, name};
use hold::{Hold, Tagged, json, replace};
use patience::Patience;
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
    /// The current generation; `None` before the first save.
    current: Option<Current>,
    /// Of `current.json`, which is there before the first generation is; `None` where it is gone.
    tag: Option<String>,
    /// The generations that count, the newest first: with the current one those that it names.
    kept: Vec<u64>,
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

impl State {
    /// Takes the state and makes the data directory's ledger the current one. The directory is locked, and its ledger closed.
    pub(crate) async fn hold(settings: &StateSettings, task: &Task<'_>) -> Result<Self, Error> {
        let mut state = Self::take(settings, task, false).await?;
        match state.choose_ledger(task).await {
            Ok(()) => Ok(state),
            Err(error) => {
                state.give_back().await;
                Err(error)
            }
        }
    }

    /// Takes the lease alone. Where the state is one that cannot be gone on with, `is_replaced` says that it will not be.
    async fn take(
        settings: &StateSettings,
        task: &Task<'_>,
        is_replaced: bool,
    ) -> Result<Self, Error> {
        generation::forget_leftovers(task.data_dir);
        let is_single_writer = task.terms.is_single_writer;
        let patience = Patience::new(task.stop);
        let opened = Place::open(settings, is_single_writer, task.clock);
        let place = Arc::new(patience.to_call(opened).await?);
        let hold = Hold::take(&place, settings.lease, task.terms.wait, &patience).await?;
        let mut state = Self {
            place,
            hold,
            current: None,
            tag: None,
            kept: Vec::new(),
            highest: 0,
            orphans: BTreeSet::new(),
            data_dir: task.data_dir.clone(),
            goes_to_bucket: task.goes_to_bucket,
            save_every: settings.save_every,
            saved_at: Instant::now(),
            patience,
            keeps: KEPT,
        };
        let patience = state.patience.clone();
        match patience.to_call(state.fence(is_replaced)).await {
            Ok(()) => Ok(state),
            Err(error) => {
                state.give_back().await;
                Err(error)
            }
        }
    }

    /// Writes our number into `current.json`, so that whoever had the lease before us replaces it no more.
    ///
    /// It is there before the first generation is, and names none: generations without it are somebody's ledger, and not ours to delete.
    async fn fence(&mut self, is_replaced: bool) -> Result<(), Error> {
        let found = loop {
            let Some(Tagged { what: found, tag }) = generation::found(&self.place).await? else {
                self.kept = generation::written(&self.place).await?;
                self.highest = self.kept.first().copied().unwrap_or_default();
                if self.kept.is_empty() {
                    let none = Current::none(self.hold.number().await);
                    let made = replace(&self.place, CURRENT, &json(&none), None).await?;
                    let Ok(told) = made else { continue };
                    self.tag = Some(told.what);
                    return Ok(());
                }
                // Until the ledger that replaces them is there, nothing names them; what a task does that dies meanwhile is no loss.
                return match is_replaced {
                    true => Ok(()),
                    false => Err(generation::headless(&self.place, &self.kept)),
                };
            };
            if !is_replaced {
                generation::require_known(&self.place, &found)?;
            }
            // Somebody deleted the lease, and with it the number that it had come to.
            self.hold.rise_above(found.fencing_number).await?;
            let ours = Current { fencing_number: self.hold.number().await, ..found.clone() };
            if let Ok(told) = replace(&self.place, CURRENT, &json(&ours), Some(&tag)).await? {
                self.tag = Some(told.what);
                self.kept.clone_from(&ours.generations);
                self.highest = ours.generation;
                self.current = Some(ours).filter(Current::is_one);
                break found;
            }
        };
        // A number that never came to `current.json` is that of a task that was put out.
        let was_put_out = found.fencing_number + 1 < self.hold.number().await;
        if self.hold.is_taken_over || was_put_out {
            let written = generation::written(&self.place).await?;
            self.highest = written.first().copied().unwrap_or_default().max(self.highest);
            self.orphans = written.into_iter().filter(|it| !self.kept.contains(it)).collect();
        }
        Ok(())
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
        self.patience.to_call(self.hold.confirm()).await
    }

    /// The same where that was long ago; a store that cannot be reached renews nothing.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub(crate) async fn confirm_again(&self) -> Result<(), Error> {
        self.patience.to_call(self.hold.confirm_again()).await
    }

    /// Whether it is known that somebody did.
    pub(crate) fn is_fenced(&self) -> Option<Error> {
        self.hold.is_fenced()
    }

    /// Whether a save is likely to take longer than whoever asked to stop will wait.
    fn has_no_time(&self) -> bool {
        let Some(left) = self.patience.left() else { return false };
        let Some(last) = self.current.as_ref().filter(|it| 0 < it.ledger_bytes) else {
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
        patience.to_save(self.try_save(warehouse)).await
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
        let mut generations = vec![generation];
        generations.extend(&self.kept);
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
        match replace(&self.place, CURRENT, &json(&next), self.tag.as_deref()).await? {
            Ok(told) => self.tag = Some(told.what),
            Err(_) => return Err(self.hold.lost().await),
        }
        self.kept.clone_from(&next.generations);
        self.current = Some(next);
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
        self.current.as_ref().map(|current| current.generation)
    }

    /// Gives it back, so that nobody waits for it.
    pub(crate) async fn give_back(self) {
        let patience = self.patience.clone();
        patience.to_give_back(self.hold.give_back()).await;
    }
}
