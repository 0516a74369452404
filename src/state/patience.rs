//! How long a call to the store is waited for: for ever, as its retries go, until somebody asks to stop; then by one clock for all.

use std::sync::Arc;
use std::time::Duration;

use super::error::Error;
use crate::retry::{pause, with_grace};
use crate::stop::{self, Stop};

/// The longest that the end of a task waits for the lease to be given back, which also expires.
const GIVE_BACK: Duration = Duration::from_secs(3);

/// What waits for the store, and ends when somebody asks to stop.
#[derive(Clone)]
pub(super) struct Patience(Arc<Stop>);

impl Patience {
    pub(super) fn new(stop: &Arc<Stop>) -> Self {
        Self(Arc::clone(stop))
    }

    pub(super) const fn stop(&self) -> &Arc<Stop> {
        &self.0
    }

    /// What is left for a save; `None` where nobody asked.
    pub(super) fn left(&self) -> Option<Duration> {
        self.0.is_asked().then(|| self.0.left_of(stop::SAVE))
    }

    pub(super) fn is_over(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// Does what a save takes, as long as there is time.
    pub(super) async fn to_save<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        with_grace(&self.0, stop::SAVE, work).await.unwrap_or(Err(Error::NoTime))
    }

    /// Does what nothing is lost with: a moment is enough for a call under way to be heard.
    pub(super) async fn to_call<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        with_grace(&self.0, stop::CALL, work).await.unwrap_or(Err(Error::Interrupted))
    }

    /// Does the last thing of all.
    pub(super) async fn to_give_back(&self, work: impl Future<Output = ()>) {
        let bounded = async {
            tokio::select! {
                () = work => {}
                () = pause(GIVE_BACK) => {}
            }
        };
        with_grace(&self.0, stop::GIVE_BACK, bounded).await.unwrap_or_default();
    }
}
