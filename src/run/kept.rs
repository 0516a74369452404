//! What a process that runs again and again keeps between two runs, where the ledger lives between machines: the lease of it, and with
//! that the data directory.

use super::error::Error;
use super::job::Job;
use super::lock::{Lock, lock_ledger};
use super::saving;
use crate::state::{self, State};

/// Nothing at first, and nothing ever where the ledger lives here alone.
#[derive(Default)]
pub(crate) struct Kept {
    /// Whether a run leaves something here.
    pub(super) is_wanted: bool,
    held: Option<Held>,
}

/// A directory and the lease of its state.
struct Held {
    lock: Lock,
    state: State,
}

impl Kept {
    /// For runs that follow each other.
    pub(crate) const fn between_runs() -> Self {
        Self { is_wanted: true, held: None }
    }

    /// What the run before left, or what is taken anew.
    pub(super) async fn take_up(&mut self, job: &Job<'_>) -> Result<(Lock, Option<State>), Error> {
        let Some(Held { lock, mut state }) = self.held.take() else {
            let lock = lock_ledger(job, "a run that begins").await?;
            return Ok((lock, saving::hold(job).await?));
        };
        // What a fetch saves by and by counts from here.
        state.put_off();
        Ok((lock, Some(state)))
    }

    /// Leaves it to the next run; without a state the directory is free until then.
    pub(super) fn keep(&mut self, mut lock: Lock, state: Option<State>) {
        self.held = state.map(|state| {
            lock.describe("watch, between two rounds");
            Held { lock, state }
        });
    }

    /// That somebody took the state meanwhile, who then asked for the end.
    pub(crate) fn fenced(&self) -> Option<state::Error> {
        self.held.as_ref()?.state.is_fenced()
    }

    /// Gives it back.
    pub(crate) async fn give_back(&mut self) {
        if let Some(Held { lock, state }) = self.held.take() {
            state.give_back().await;
            drop(lock);
        }
    }
}
