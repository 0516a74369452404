//! How often and how patiently one idempotent call is repeated, the only place that sleeps, and what ends a wait early.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// No service asks for a longer pause in earnest (Spotify's longest lockout is 86,400 s): a longer one is a broken header.
pub const LONGEST_PENALTY: Duration = Duration::from_secs(86_400);

/// How often and how patiently one idempotent call is repeated.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Repetitions after the first try.
    pub max_retries: u32,
    /// Backoff before the first repetition.
    pub first_delay: Duration,
    /// Upper bound of one backoff.
    pub max_delay: Duration,
}

impl RetryPolicy {
    /// Delay before retry `n` (1-based), or `None` once retries are spent. `jitter` in 0..1 spreads
    /// callers over the upper half of the delay, so that a fleet does not return in step.
    pub fn delay(&self, n: u32, jitter: f64) -> Option<Duration> {
        if self.max_retries < n {
            return None;
        }
        let backoff = self.first_delay.saturating_mul(1 << (n - 1).min(16)).min(self.max_delay);
        Some(backoff.mul_f64(0.5 + jitter / 2.0))
    }
}

/// Waits without blocking the runtime.
#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
pub async fn pause(delay: Duration) {
    tokio::time::sleep(delay).await;
}

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

    #[test]
    fn delays_double_up_to_the_cap_and_then_end() {
        let policy = RetryPolicy {
            max_retries: 3,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(3),
        };
        let full: Vec<_> = (1..=4).map(|n| policy.delay(n, 1.0).map(|d| d.as_millis())).collect();
        assert_eq!(full, [Some(1000), Some(2000), Some(3000), None]);
        assert_eq!(policy.delay(1, 0.0), Some(Duration::from_millis(500)));
    }
}
