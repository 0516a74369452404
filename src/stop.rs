//! What ends work early: one question that every wait and every stage hears. Nobody polls it: a wait awaits it, and work that
//! waits for nothing looks at it between its own steps.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

// Whoever asks to stop kills after thirty seconds; we are out after 25, of which the last three are the traces'. So long after the
// question each kind of work may go on.

/// A call that nothing hangs on: the lease asked for, a generation fetched, the report put.
pub(crate) const CALL: Duration = Duration::from_secs(3);
/// A save of the ledger.
pub(crate) const SAVE: Duration = Duration::from_secs(20);
/// Giving the lease back.
pub(crate) const GIVE_BACK: Duration = Duration::from_millis(20_800);
/// The report, after all of that.
pub(crate) const REPORT: Duration = Duration::from_millis(21_600);

/// Somebody asks for an end at the next safe point: a person or a supervisor of a run, or whoever began work aside of its own.
#[derive(Debug)]
pub struct Stop {
    asked_at: OnceLock<Instant>,
    notify: Notify,
}

impl Stop {
    /// Nobody has asked yet.
    pub const fn new() -> Self {
        Self { asked_at: OnceLock::new(), notify: Notify::const_new() }
    }

    /// Asks; waits end at once, work at its next safe point.
    pub fn ask(&self) {
        self.asked_at.get_or_init(Instant::now);
        self.notify.notify_waiters();
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        self.asked_at.get().is_some()
    }

    /// How long ago somebody first asked.
    pub fn since(&self) -> Option<Duration> {
        self.asked_at.get().map(Instant::elapsed)
    }

    /// What is left of `grace`, which began when somebody asked; all of it where nobody did.
    pub(crate) fn left_of(&self, grace: Duration) -> Duration {
        grace.saturating_sub(self.since().unwrap_or_default())
    }

    /// Returns when somebody asks.
    pub async fn asked(&self) {
        let notified = self.notify.notified();
        tokio::pin!(notified);
        // Registered before the flag is read, so that no question falls between the two.
        notified.as_mut().enable();
        if !self.is_asked() {
            notified.await;
        }
    }

    /// What `work` gives, or `None` where somebody asks before it is done; `work` is then dropped where it waits.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.asked() => None,
            value = work => Some(value),
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_ends_when_somebody_asks_before_or_during_it() {
        let stop = Stop::default();
        assert_eq!(stop.or(async { 7 }).await, Some(7));
        let ((), during) =
            tokio::join!(async { stop.ask() }, stop.or(std::future::pending::<()>()));
        assert_eq!(during, None);
        assert_eq!(stop.or(async { 7 }).await, None);
    }
}
