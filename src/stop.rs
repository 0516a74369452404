//! What ends a run early: one question, asked by a person or a supervisor, that every wait and every stage hears.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A person or a supervisor asks a run to end at its next safe point.
#[derive(Debug, Default)]
pub struct Stop {
    is_asked: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// Asks; waits end at once, work at its next safe point.
    pub fn ask(&self) {
        self.is_asked.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::SeqCst)
    }

    /// The flag itself, for work that looks at it between its own steps.
    pub const fn flag(&self) -> &AtomicBool {
        &self.is_asked
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
