//! The ledger between machines, by hand; and for commands that only read, where there is none here.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::{Config, StateSettings};
use crate::event::Events;
use crate::lake::StoreTiming;
use crate::run::{Error, Lock};
use crate::state::{self, Pulled, Shown, Task, Terms};
use crate::stop::Stop;

/// What every command about the state is told.
pub(crate) struct StateWork<'a> {
    /// Where everything is.
    pub config: &'a Config,
    /// How the lease is asked for.
    pub terms: Terms,
    /// The clock.
    pub clock: fn() -> DateTime<Utc>,
    /// Who is told.
    pub events: Events<'a>,
    /// Who may end it.
    pub stop: &'a Arc<Stop>,
}

impl StateWork<'_> {
    fn settings(&self) -> Result<StateSettings, Error> {
        let settings = self.config.state_settings(StoreTiming::default());
        Ok(settings.ok_or(state::Error::NotConfigured)?)
    }

    fn task(&self) -> Task<'_> {
        Task {
            data_dir: &self.config.data_dir,
            goes_to_bucket: self.config.lake.bucket.is_some(),
            terms: self.terms,
            clock: self.clock,
            events: self.events,
            stop: self.stop,
        }
    }

    /// What is there, and who has it.
    ///
    /// # Errors
    /// [`Error::State`].
    pub(crate) async fn show(&self) -> Result<Shown, Error> {
        Ok(Box::pin(state::show(&self.settings()?, self.clock)).await?)
    }

    /// Makes the current generation the ledger here. Returns it, and whether the analysts' file came of it.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Locked`].
    pub(crate) async fn pull(&self, is_forced: bool) -> Result<Pulled, Error> {
        let settings = self.settings()?;
        let _lock = Lock::take(&self.config.data_dir, "`state pull`")?;
        Ok(Box::pin(state::pull(&settings, &self.task(), is_forced)).await?)
    }

    /// Makes the ledger here the next generation, and returns it.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Locked`].
    pub(crate) async fn push(&self, is_forced: bool) -> Result<u64, Error> {
        let settings = self.settings()?;
        let _lock = Lock::take(&self.config.data_dir, "`state push`")?;
        Ok(Box::pin(state::push(&settings, &self.task(), is_forced)).await?)
    }

    /// Takes the lease from whoever has it. Returns the new fencing number; `None` where there never was a lease.
    ///
    /// # Errors
    /// [`Error::State`].
    pub(crate) async fn unlock(&self) -> Result<Option<u64>, Error> {
        let unlocked = Box::pin(state::unlock(&self.settings()?, self.clock)).await?;
        Ok(unlocked.map(|lease| lease.fencing_number))
    }

    /// Brings the current generation here, for a command that only reads, where there is no ledger or one that was only read.
    ///
    /// # Errors
    /// [`Error::State`].
    pub(crate) async fn read(&self) -> Result<(), Error> {
        let Ok(settings) = self.settings() else { return Ok(()) };
        let data_dir = &self.config.data_dir;
        if !state::is_only_read(data_dir) {
            return Ok(());
        }
        // Where nothing is, here or there, nothing is made.
        let is_empty_here = !data_dir.warehouse().exists() && !data_dir.lock().exists();
        if is_empty_here && Box::pin(state::is_empty(&settings, self.clock)).await? {
            return Ok(());
        }
        match Lock::take(&self.config.data_dir, "a command that reads the state") {
            Ok(_lock) => Ok(Box::pin(state::read(&settings, &self.task())).await?),
            // Whoever has it has a ledger, or is about to.
            Err(Error::Locked { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
