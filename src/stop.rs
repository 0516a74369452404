//! What ends work early: one question that every wait and every stage hears. Nobody polls it: a wait awaits it, and work that
//! waits for nothing looks at it between its own steps.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Somebody asks for an end at the next safe point: a person or a supervisor of a run, or whoever began work aside of its own.
#[derive(Debug)]
pub struct Stop {
    is_asked: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// Nobody has asked yet.
    pub const fn new() -> Self {
        Self { is_asked: AtomicBool::new(false), notify: Notify::const_new() }
    }

    /// Asks; waits end at once, work at its next safe point.
    pub fn ask(&self) {
        self.is_asked.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::SeqCst)
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
